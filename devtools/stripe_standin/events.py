"""Events, and the endpoints they are sent to."""

from __future__ import annotations

from .catalog import deleted, plain
from .engine import DAY, op
from .errors import invalid


# -- events and webhook endpoints --------------------------------------------
@op("Event.retrieve")
def event_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "event", ident)


@op("Event.list")
def event_list(e, ctx, p):
    rows = [r for r in e.table(ctx.account, "event").values() if r["created"] > e.now() - 30 * DAY]
    if "type" in p and "types" in p:
        raise invalid(
            "You may pass either type or types, but not both.",
            param="types",
            code="parameters_exclusive",
        )
    if len(p.get("types", ())) > 20:
        raise invalid("You can pass at most 20 types.", param="types")
    if "type" in p:
        prefix = p["type"].rstrip("*")
        rows = [
            r
            for r in rows
            if r["type"] == p["type"] or ("*" in p["type"] and r["type"].startswith(prefix))
        ]
    if "types" in p:
        rows = [r for r in rows if r["type"] in p["types"]]
    if "delivery_success" in p:
        rows = [r for r in rows if (r["pending_webhooks"] == 0) == p["delivery_success"]]
    return e.listing(rows, p, "/v1/events")


@op("WebhookEndpoint.create")
def endpoint_create(e, ctx, p):
    obj = make_endpoint(
        e,
        ctx,
        p["url"],
        p["enabled_events"],
        p.get("connect", False),
        p.get("api_version"),
        p.get("description"),
        e.metadata({}, p.get("metadata")),
    )
    return dict(obj, secret=e.fact(obj["id"])["secrets"][0])


def make_endpoint(
    e, ctx, url, events, connect=False, version=None, description=None, metadata=None, secret=None
):
    e.url(url, "url")
    if not events:
        raise invalid("You must specify at least one event.", param="enabled_events")
    obj = e.shape(
        "webhook_endpoint",
        id=e.new_id("we_1"),
        created=e.now(),
        enabled_events=list(events),
        status="enabled",
        url=url,
        api_version=version,
        description=description,
        metadata=metadata or {},
    )
    e.fact(obj["id"]).update(secrets=[secret or e.secret("whsec_")], connect=bool(connect))
    return e.put(ctx.account, obj)


@op("WebhookEndpoint.retrieve")
def endpoint_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "webhook_endpoint", ident, "webhook_endpoint")


@op("WebhookEndpoint.update")
def endpoint_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "webhook_endpoint", ident, "webhook_endpoint")
    if "url" in p:
        e.url(p["url"], "url")
    fields = plain(p, ("url", "enabled_events", "description"))
    if "disabled" in p:
        fields["status"] = "disabled" if p["disabled"] else "enabled"
    e.update(ctx, obj, None, metadata=e.metadata(obj["metadata"], p.get("metadata")), **fields)
    return obj


@op("WebhookEndpoint.delete")
def endpoint_delete(e, ctx, p, ident):
    e.get(ctx.account, "webhook_endpoint", ident, "webhook_endpoint")
    del e.table(ctx.account, "webhook_endpoint")[ident]
    return deleted("webhook_endpoint", ident)


@op("WebhookEndpoint.list")
def endpoint_list(e, ctx, p):
    return e.listing(e.table(ctx.account, "webhook_endpoint").values(), p, "/v1/webhook_endpoints")
