"""Refunds: money that goes back to the buyer."""

from __future__ import annotations

from . import money
from .engine import op
from .errors import invalid, not_simulated
from .transfers import reverse_for_refund


# -- refunds -----------------------------------------------------------------
@op("Refund.create")
def refund_create(e, ctx, p):
    if p.get("origin") or p.get("customer"):
        raise not_simulated("refunds of a customer balance", "origin")
    e.exactly_one(p, ("charge", "payment_intent"))
    if "payment_intent" in p:
        intent = e.get(ctx.account, "payment_intent", p["payment_intent"], "payment_intent")
        if not intent["latest_charge"] or intent["status"] not in ("succeeded", "requires_capture"):
            raise invalid(
                "This PaymentIntent ({}) does not have a successful charge to refund.".format(
                    intent["id"]
                ),
                param="payment_intent",
            )
        charge = e.get(ctx.account, "charge", intent["latest_charge"])
    else:
        charge = e.get(ctx.account, "charge", p["charge"], "charge")
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid(
            "Charge {} has not been captured, so it cannot be refunded.".format(charge["id"]),
            code="charge_not_refundable",
        )
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["disputed"] and not charge_refundable(e, ctx, charge):
        raise invalid(
            "Charge {} has been charged back; cannot issue a refund.".format(charge["id"]),
            code="charge_disputed",
        )
    if left <= 0:
        raise invalid(
            "Charge {} has already been refunded.".format(charge["id"]),
            code="charge_already_refunded",
        )
    amount = p.get("amount", left)
    if amount <= 0:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if amount > left:
        raise invalid(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})".format(
                money.show(amount, charge["currency"]), money.show(left, charge["currency"])
            ),
            param="amount",
        )
    if "currency" in p and p["currency"].lower() != charge["currency"]:
        raise invalid("The currency of the refund must match that of the charge.", param="currency")

    behaviour = e.fact(charge["id"]).get("behaviour")
    outcome = (
        e.outcomes["refund"].pop(0)
        if e.outcomes["refund"]
        else {"refund_fail": "fail_later", "refund_pending": "pending"}.get(behaviour, "succeed")
    )
    is_card = charge["payment_method_details"]["type"] == "card"
    txn = e.post(
        ctx,
        amount=-money.convert(amount, charge["currency"], e.fees.settlement),
        currency=e.fees.settlement,
        type="refund" if is_card else "payment_refund",
        category="refund",
        source=None,
        exchange=None
        if charge["currency"] == e.fees.settlement
        else float(money.rate(charge["currency"], e.fees.settlement)),
        description="REFUND FOR CHARGE"
        + (" ({})".format(charge["description"]) if charge["description"] else ""),
    )
    refund = e.shape(
        "refund",
        id=e.new_id("re_3" if is_card else "pyr_1"),
        amount=amount,
        balance_transaction=txn["id"],
        charge=charge["id"],
        created=e.now(),
        currency=charge["currency"],
        metadata=e.metadata({}, p.get("metadata")),
        payment_intent=charge["payment_intent"],
        reason=p.get("reason"),
        destination_details={
            "type": "card",
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
        }
        if is_card
        else {"type": charge["payment_method_details"]["type"]},
        status="pending" if outcome == "pending" else "succeeded",
    )
    if refund["destination_details"]["type"] not in destination_kinds(e):
        refund["destination_details"] = None
    elif not is_card:
        refund["destination_details"][refund["destination_details"]["type"]] = {}
    txn["source"] = refund["id"]
    e.put(ctx.account, refund)
    if p.get("reverse_transfer"):
        reverse_for_refund(e, ctx, charge, refund)
    previous = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    e.emit(ctx, "refund.created", refund)
    e.emit(ctx, "charge.refunded", charge, previous)
    if outcome == "fail":
        refund_fail(e, ctx, refund)
    elif outcome == "fail_later":
        e.fact(refund["id"])["due"] = "fail"
    return refund


def destination_kinds(e):
    schema = e.spec.resolve(e.spec.schemas["refund"]["properties"]["destination_details"])
    return schema["properties"]


def charge_refundable(e, ctx, charge):
    return all(
        d["is_charge_refundable"]
        for d in e.table(ctx.account, "dispute").values()
        if d["charge"] == charge["id"]
    )


def refund_succeed(e, ctx, refund):
    e.update(ctx, refund, "refund.updated", status="succeeded")
    e.emit(ctx, "charge.refund.updated", refund)


def give_back(e, ctx, refund, description):
    charge = e.get(ctx.account, "charge", refund["charge"])
    txn = e.post(
        ctx,
        amount=money.convert(refund["amount"], refund["currency"], e.fees.settlement),
        currency=e.fees.settlement,
        type="refund_failure",
        category="refund_failure",
        source=refund["id"],
        description=description,
    )
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    return txn


def refund_fail(e, ctx, refund, reason="expired_or_canceled_card"):
    """The bank sends the money back: the charge is no longer refunded."""
    if refund["status"] in ("failed", "canceled"):
        raise invalid("Refund {} is already {}.".format(refund["id"], refund["status"]))
    txn = give_back(e, ctx, refund, "REFUND FAILURE")
    previous = {"status": refund["status"]}
    refund.update(status="failed", failure_reason=reason, failure_balance_transaction=txn["id"])
    e.emit(ctx, "refund.updated", refund, previous)
    e.emit(ctx, "charge.refund.updated", refund, previous)
    e.emit(ctx, "refund.failed", refund)
    return refund


@op("Refund.retrieve")
def refund_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "refund", ident, "refund")


@op("Refund.update")
def refund_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "refund", ident, "refund")
    previous = e.update(
        ctx, obj, "refund.updated", metadata=e.metadata(obj["metadata"], p.get("metadata"))
    )
    if previous:
        e.emit(ctx, "charge.refund.updated", obj, previous)
    return obj


@op("Refund.cancel")
def refund_cancel(e, ctx, p, ident):
    obj = e.get(ctx.account, "refund", ident, "refund")
    if obj["status"] != "requires_action":
        raise invalid(
            "You can only cancel a refund with a status of requires_action.", param="refund"
        )
    give_back(e, ctx, obj, "REFUND CANCELED")
    e.update(ctx, obj, "refund.updated", status="canceled")
    return obj


@op("Refund.list")
def refund_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "refund").values(), p, "/v1/refunds", ("charge", "payment_intent")
    )
