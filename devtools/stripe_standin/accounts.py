"""Accounts: the platform's own and those connected to it."""

from __future__ import annotations

from .catalog import deleted, plain
from .engine import Context, op
from .errors import StripeFault, invalid


# -- accounts ----------------------------------------------------------------
def requirements(due=(), reason=None):
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(due),
        "disabled_reason": reason,
        "errors": [],
        "eventually_due": list(due),
        "past_due": [],
        "pending_verification": [],
    }


def account_object(e, ident, country, email=None, **fields):
    obj = e.shape(
        "account",
        id=ident,
        business_profile={
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "minority_owned_business_designation": None,
            "name": None,
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        capabilities={},
        charges_enabled=False,
        country=country,
        created=e.now(),
        default_currency=e.fees.settlement,
        details_submitted=False,
        email=email,
        external_accounts={
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{ident}/external_accounts",
        },
        future_requirements=requirements(),
        metadata={},
        payouts_enabled=False,
        requirements=requirements(),
        tos_acceptance={"date": None, "ip": None, "user_agent": None},
        type="express",
    )
    obj.update(fields)
    return obj


def platform_account(e):
    return account_object(
        e,
        e.platform,
        e.fees.country,
        email="platform@example.test",
        type="standard",
        charges_enabled=True,
        payouts_enabled=True,
        details_submitted=True,
        capabilities={"card_payments": "active", "transfers": "active"},
    )


@op("Account.retrieve_current")
def account_current(e, ctx, p):
    return e.get(e.platform, "account", ctx.account)


@op("Account.create")
def account_create(e, ctx, p):
    country = (p.get("country") or e.fees.country).upper()
    agreement = (p.get("tos_acceptance") or {}).get("service_agreement")
    if country not in e.config.connect_countries:
        raise invalid(
            f"{country} is not currently supported by Stripe.",
            param="country",
            code="country_unsupported",
        )
    if p.get("type") and p.get("controller"):
        raise invalid(
            "You may only specify one of these parameters: type, controller.",
            param="controller",
            code="parameters_exclusive",
        )
    ident = e.new_id("acct_1", 16)
    controller = p.get("controller") or {}
    kind = p.get("type") or (
        {"express": "express", "none": "custom", "full": "standard"}.get(
            (controller.get("stripe_dashboard") or {}).get("type"), "standard"
        )
    )
    wanted = [k for k, v in (p.get("capabilities") or {}).items() if v and v.get("requested")]
    obj = account_object(
        e,
        ident,
        country,
        email=p.get("email"),
        type=kind,
        metadata=e.metadata({}, p.get("metadata")),
        business_type=p.get("business_type"),
        default_currency=p.get("default_currency") or e.fees.settlement,
        capabilities={k: "inactive" for k in wanted},
        requirements=requirements(
            ("business_type", "external_account", "tos_acceptance.date", "tos_acceptance.ip"),
            "requirements.past_due",
        ),
    )
    if agreement:
        obj["tos_acceptance"]["service_agreement"] = agreement
    e.put(e.platform, obj)
    e.bucket(ident)
    e.emit(Context(ident, ctx.request_id, ctx.idempotency_key), "account.updated", obj)
    return obj


@op("Account.retrieve")
def account_retrieve(e, ctx, p, ident):
    return connected(e, ident)


def connected(e, ident):
    obj = e.table(e.platform, "account").get(ident)
    if obj is None:
        raise StripeFault(
            403,
            f"The provided key does not have access to account '{ident}' (or that account does "
            "not exist). Application access may have been revoked.",
            code="account_invalid",
        )
    return obj


def not_own(e, ident):
    if ident == e.platform:
        raise invalid(
            "You cannot change your own account through the API: use the Dashboard.",
            param="account",
        )


@op("Account.update")
def account_update(e, ctx, p, ident):
    obj = connected(e, ident)
    not_own(e, ident)
    fields = plain(p, ("email", "business_type", "default_currency"))
    fields["metadata"] = e.metadata(obj["metadata"], p.get("metadata"))
    for name, value in (p.get("capabilities") or {}).items():
        if value and value.get("requested"):
            fields["capabilities"] = dict(fields.get("capabilities") or obj["capabilities"])
            fields["capabilities"].setdefault(name, "inactive")
    if p.get("business_profile"):
        fields["business_profile"] = dict(
            obj["business_profile"], **plain(p["business_profile"], p["business_profile"])
        )
    e.update(Context(ident, ctx.request_id, ctx.idempotency_key), obj, "account.updated", **fields)
    return obj


@op("Account.delete")
def account_delete(e, ctx, p, ident):
    connected(e, ident)
    not_own(e, ident)
    del e.table(e.platform, "account")[ident]
    return deleted("account", ident)


@op("Account.list")
def account_list(e, ctx, p):
    rows = [a for a in e.table(e.platform, "account").values() if a["id"] != e.platform]
    return e.listing(rows, p, "/v1/accounts")


def onboard(e, ctx, ident, complete=True):
    """What finishing (or losing) the onboarding does to an account."""
    obj = connected(e, ident)
    state = "active" if complete else "inactive"
    e.update(
        Context(ident),
        obj,
        "account.updated",
        details_submitted=True,
        charges_enabled=complete,
        payouts_enabled=complete,
        capabilities={k: state for k in obj["capabilities"] or {"transfers": 1}},
        requirements=requirements()
        if complete
        else requirements(("individual.verification.document",), "requirements.past_due"),
    )
    for name in obj["capabilities"]:
        e.emit(Context(ident), "capability.updated", capability(e, obj, name))
    return obj


def capability(e, obj, name):
    return e.shape(
        "capability",
        id=name,
        account=obj["id"],
        requested=name in obj["capabilities"],
        requested_at=obj["created"],
        status=obj["capabilities"].get(name, "unrequested"),
        requirements=dict(obj["requirements"]),
        future_requirements=requirements(),
    )


@op("AccountCapability.list")
def capability_list(e, ctx, p, ident):
    obj = connected(e, ident)
    rows = [capability(e, obj, name) for name in obj["capabilities"]]
    return {
        "object": "list",
        "data": rows,
        "has_more": False,
        "url": f"/v1/accounts/{ident}/capabilities",
    }


@op("AccountCapability.retrieve")
def capability_retrieve(e, ctx, p, ident, name):
    known_capability(e, name)
    return capability(e, connected(e, ident), name)


def known_capability(e, name):
    schema = e.spec.resolve(e.spec.schemas["account"]["properties"]["capabilities"])
    if name not in schema["properties"]:
        raise invalid(f"No such capability: '{name}'", param="capability", code="resource_missing")


@op("AccountCapability.update")
def capability_update(e, ctx, p, ident, name):
    obj = connected(e, ident)
    known_capability(e, name)
    if p.get("requested"):
        obj["capabilities"].setdefault(name, "inactive")
    elif "requested" in p:
        obj["capabilities"].pop(name, None)
    return capability(e, obj, name)


@op("AccountLink.create")
def account_link(e, ctx, p):
    connected(e, p["account"])
    for name in ("refresh_url", "return_url"):
        if name not in p:
            raise invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")
        e.url(p[name], name)
    token = e.secret("", 24)
    e.fact(p["account"])["link"] = {"token": token, "return_url": p["return_url"]}
    return {
        "object": "account_link",
        "created": e.now(),
        "expires_at": e.now() + 300,
        "url": "{}/onboard/{}/{}".format(e.config.base_url, p["account"], token),
    }


@op("AccountLoginLink.create")
def login_link(e, ctx, p, ident):
    connected(e, ident)
    return {
        "object": "login_link",
        "created": e.now(),
        "url": f"{e.config.base_url}/login/{ident}",
    }
