"""The control calls: what a test or a demonstration may make happen."""

from __future__ import annotations

import re

from . import accounts, charges, checkout, disputes, events, payouts, refunds, webhooks
from .engine import OPS, Context
from .errors import StripeFault, rejected

ROUTES = []
MALFORMED = (
    "parameter_unknown",
    "parameter_missing",
    "parameter_invalid_empty",
    "parameter_invalid_integer",
)


class Control:
    """One control call: the service, and what the caller gave."""

    def __init__(self, service, query, given):
        self.service, self.query, self.given = service, query, given
        self.engine, self.deliverer = service.engine, service.deliverer
        self.account = given.get("account") or self.engine.platform
        self.ctx = Context(self.account)
        self.platform = Context(self.engine.platform)

    def get(self, kind, ident):
        return self.engine.get(self.account, kind, ident)


def route(method, pattern, locked=False):
    """Register a call; with `locked` it runs with the engine locked."""

    def register(function):
        ROUTES.append((method, re.compile("/_control/" + pattern), function, locked))
        return function

    return register


def control(service, method, path, query, given):
    """The answer to one control call, as plain values."""
    for wanted, pattern, function, locked in ROUTES:
        match = pattern.fullmatch(path)
        if not match or wanted != method:
            continue
        call = Control(service, query, given)
        if not locked:
            return function(call, *match.groups())
        with service.engine.lock:
            return function(call, *match.groups())
    raise StripeFault(404, f"No such control call: {method} {path}")


# -- the stand-in itself --------------------------------------------------------
@route("GET", "health")
def show_health(call):
    return {
        "ok": True,
        "api_version": call.service.spec.version,
        "sdk": call.service.spec.doc["info"]["x-sdk"],
        "now": call.engine.now(),
        "base_url": call.service.config.base_url,
    }


@route("POST", "reset")
def reset(call):
    call.service.reset()
    return {"ok": True}


@route("GET", "requests")
def list_requests(call):
    rows = list(call.service.requests)
    if "operation" in call.query:
        rows = [r for r in rows if r["operation"] == call.query["operation"]]
    return {"requests": rows[-int(call.query.get("limit", 1000)) :]}


@route("GET", "requests/([^/]+)")
def show_request(call, ident):
    return {"requests": [r for r in call.service.requests if r["request_id"] == ident]}


@route("GET", "contract")
def show_contract(call):
    rows = list(call.service.requests)
    return {
        "rejected_requests": [
            r for r in rows if r["status"] == 400 and (r["error"] or {}).get("code") in MALFORMED
        ],
        "answers_off_spec": call.service.violations,
        "version_mismatches": sum(r["version_mismatch"] for r in rows),
        "without_idempotency_key": sum(
            r["method"] == "POST" and "Idempotency-Key" not in r["headers"] for r in rows
        ),
    }


@route("GET", "events", locked=True)
def list_events(call):
    e = call.engine
    return {
        "events": [
            {
                "id": event["id"],
                "type": event["type"],
                "object": event["data"]["object"].get("id"),
                "account": event.get("account"),
                "pending_webhooks": event["pending_webhooks"],
            }
            for account in list(e.data)
            for event in e.table(account, "event").values()
        ]
    }


@route("POST", "events/([^/]+)/resend", locked=True)
def resend_event(call, ident):
    event = call.get("event", ident)
    call.deliverer.resend(event, call.account)
    return {"resent": event["id"]}


# -- time -------------------------------------------------------------------------
@route("POST", "clock", locked=True)
def shift_clock(call):
    e = call.engine
    e.offset += int(call.given.get("advance", 0))
    for account in list(e.data):
        ctx = Context(account)
        checkout.expire_due(e, account)
        charges.settle_all(e, account)
        if e.settle_due(account):
            e.emit(ctx, "balance.available", OPS["Balance.retrieve"](e, ctx, {}))
        end_refunds(e, ctx)
        end_payouts(e, ctx)
    return {"now": e.now()}


def end_refunds(e, ctx):
    for refund in list(e.table(ctx.account, "refund").values()):
        if e.fact(refund["id"]).pop("due", None) == "fail":
            refunds.refund_fail(e, ctx, refund)
        elif refund["status"] == "pending":
            refunds.refund_succeed(e, ctx, refund)


def end_payouts(e, ctx):
    for payout in list(e.table(ctx.account, "payout").values()):
        if payout["status"] in ("pending", "in_transit") and payout["arrival_date"] <= e.now():
            payouts.payout_paid(e, ctx, payout)


# -- what is to go wrong ------------------------------------------------------------
@route("GET", "faults")
def list_faults(call):
    return {"faults": call.service.faults.rows}


@route("POST", "faults")
def add_fault(call):
    call.service.faults.add(call.given)
    return {"faults": call.service.faults.rows}


@route("DELETE", "faults")
def clear_faults(call):
    call.service.faults.clear()
    return {"faults": []}


@route("POST", "faults/wait")
def wait_for_held_requests(call):
    given = call.given
    return {
        "held": call.service.faults.wait(int(given.get("held", 1)), float(given.get("seconds", 10)))
    }


@route("POST", "faults/release")
def release_held_requests(call):
    return {"released": call.service.faults.release()}


@route("POST", "outcomes", locked=True)
def choose_outcomes(call):
    for name in ("refund", "payout", "payment"):
        call.engine.outcomes[name].extend(call.given.get(name, []))
    return {"outcomes": call.engine.outcomes}


# -- money in -------------------------------------------------------------------------
@route("POST", "checkout/([^/]+)/(pay|fail|async)", locked=True)
def end_checkout(call, ident, action):
    given = call.given
    outcomes = {"pay": None, "fail": given.get("reason", "card_declined"), "async": "async"}
    return checkout.pay(
        call.engine,
        call.account,
        ident,
        kind=given.get("method", "card"),
        test_card=given.get("card", "4242"),
        outcome=outcomes[action],
        email=given.get("email"),
        name=given.get("name"),
        country=given.get("country"),
    )


@route("POST", "checkout/([^/]+)/expire", locked=True)
def expire_checkout(call, ident):
    session = checkout.open_session(call.engine, call.account, ident)
    return checkout.expire(call.engine, call.ctx, session)


@route("POST", "checkout/([^/]+)/(settle|settle_fail)", locked=True)
def settle_checkout(call, ident, action):
    return checkout.settle_async(call.engine, call.account, ident, action == "settle")


@route("POST", "charges/settle", locked=True)
def settle_charges(call):
    return {"charges": charges.settle_all(call.engine, call.account)}


# -- money back -----------------------------------------------------------------------
@route("POST", "refunds/([^/]+)/succeed", locked=True)
def succeed_refund(call, ident):
    refund = call.get("refund", ident)
    refunds.refund_succeed(call.engine, call.ctx, refund)
    return refund


@route("POST", "refunds/([^/]+)/fail", locked=True)
def fail_refund(call, ident):
    refund = call.get("refund", ident)
    reason = call.given.get("reason", "expired_or_canceled_card")
    refunds.refund_fail(call.engine, call.ctx, refund, reason)
    return refund


@route("POST", "disputes", locked=True)
def open_dispute(call):
    given = call.given
    ident = (
        given.get("charge") or call.get("payment_intent", given["payment_intent"])["latest_charge"]
    )
    return disputes.open_dispute(
        call.engine,
        call.ctx,
        call.get("charge", ident),
        given.get("amount"),
        given.get("reason", "fraudulent"),
    )


@route("POST", "disputes/([^/]+)/(won|lost)", locked=True)
def close_dispute(call, ident, end):
    return disputes.close_dispute(call.engine, call.ctx, call.get("dispute", ident), end)


# -- connected accounts and payouts -----------------------------------------------------
@route("POST", "accounts/([^/]+)/(activate|restrict)", locked=True)
def onboard_account(call, ident, action):
    return accounts.onboard(call.engine, call.platform, ident, action == "activate")


@route("POST", "payouts/automatic", locked=True)
def sweep_balance(call):
    return {"payouts": payouts.automatic_payout(call.engine, call.ctx)}


@route("POST", "payouts/([^/]+)/pay", locked=True)
def pay_payout(call, ident):
    return payouts.payout_paid(call.engine, call.ctx, call.get("payout", ident))


@route("POST", "payouts/([^/]+)/fail", locked=True)
def fail_payout(call, ident):
    code = call.given.get("code", "account_closed")
    return payouts.payout_failed(call.engine, call.ctx, call.get("payout", ident), code)


# -- webhooks ---------------------------------------------------------------------------
@route("GET", "webhooks")
def list_deliveries(call):
    hooks = call.deliverer
    return {
        "deliveries": hooks.history,
        "pending": hooks.pending(),
        "faults": hooks.faults,
        "order": hooks.order,
        "manual": hooks.manual,
    }


@route("POST", "webhooks/endpoint", locked=True)
def add_endpoint(call):
    given = call.given
    endpoint = events.make_endpoint(
        call.engine,
        call.platform,
        given["url"],
        given.get("enabled_events") or ["*"],
        given.get("connect", False),
        secret=given.get("secret"),
    )
    return dict(endpoint, secret=call.engine.fact(endpoint["id"])["secrets"][0])


@route("POST", "webhooks/faults")
def add_delivery_fault(call):
    if call.given.get("kind") not in webhooks.FAULTS:
        raise rejected("kind must be one of " + ", ".join(webhooks.FAULTS), param="kind")
    call.deliverer.faults.append(dict(call.given, times=int(call.given.get("times", 1))))
    return {"faults": call.deliverer.faults}


@route("POST", "webhooks/order")
def order_deliveries(call):
    if call.given.get("order") not in webhooks.ORDERS:
        raise rejected("order must be one of " + ", ".join(webhooks.ORDERS), param="order")
    call.deliverer.set_order(call.given["order"], int(call.given.get("window_ms", 300)))
    return {"order": call.deliverer.order}


@route("POST", "webhooks/manual")
def hold_deliveries(call):
    call.deliverer.set_manual(bool(call.given.get("manual", True)))
    return {"manual": call.deliverer.manual}


@route("POST", "webhooks/flush")
def flush_deliveries(call):
    return {"released": call.deliverer.flush()}


@route("POST", "webhooks/wait")
def wait_for_deliveries(call):
    return {"idle": call.deliverer.wait_idle(float(call.given.get("seconds", 10)))}


@route("POST", "webhooks/roll", locked=True)
def roll_secret(call):
    e = call.engine
    endpoint = e.get(e.platform, "webhook_endpoint", call.given["endpoint"])
    secrets = e.fact(endpoint["id"])["secrets"]
    secrets.insert(0, e.secret("whsec_"))
    if not call.given.get("keep_old", True):
        del secrets[1:]
    return {"endpoint": endpoint["id"], "secret": secrets[0], "valid": len(secrets)}
