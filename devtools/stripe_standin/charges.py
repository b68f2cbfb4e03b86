"""Charges: money that came, and when it settles."""

from __future__ import annotations

from . import money
from .catalog import plain
from .disputes import open_dispute
from .engine import DAY, Context, op
from .transfers import make_transfer


def card_country(method):
    if method["type"] == "card":
        return method["card"]["country"]
    return "KR" if method["type"] in money.KOREAN_METHODS else None


def method_details(method):
    kind = method["type"]
    if kind != "card":
        details = {}
        if kind == "kr_card":
            details = {
                "brand": "shinhan",
                "buyer_id": "standin-buyer",
                "last4": "1234",
                "transaction_id": "standin-" + method["id"][-8:],
            }
        elif kind in ("kakao_pay", "naver_pay", "payco", "samsung_pay"):
            details = {
                "buyer_id": "standin-buyer",
                "transaction_id": "standin-" + method["id"][-8:],
            }
        return {"type": kind, kind: details}
    card = method["card"]
    return {
        "type": "card",
        "card": {
            "amount_authorized": None,
            "authorization_code": None,
            "brand": card["brand"],
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": "pass",
            },
            "country": card["country"],
            "exp_month": card["exp_month"],
            "exp_year": card["exp_year"],
            "fingerprint": card["fingerprint"],
            "funding": card["funding"],
            "installments": None,
            "last4": card["last4"],
            "mandate": None,
            "network": card["brand"],
            "network_token": {"used": False},
            "network_transaction_id": "standin" + card["last4"],
            "regulated_status": "unregulated",
            "three_d_secure": None,
            "wallet": None,
        },
    }


def make_charge(e, ctx, obj, method, *, failed=None, captured=True):
    prefix = "ch_3" if method["type"] == "card" else "py_3"
    descriptor = obj["statement_descriptor"] or e.config.descriptor
    charge = e.shape(
        "charge",
        id=e.new_id(prefix),
        amount=obj["amount"],
        amount_captured=obj["amount"] if captured and not failed else 0,
        amount_refunded=0,
        balance_transaction=None,
        billing_details=dict(method["billing_details"]),
        calculated_statement_descriptor=descriptor,
        captured=captured and not failed,
        created=e.now(),
        currency=obj["currency"],
        customer=obj["customer"],
        description=obj["description"],
        disputed=False,
        fraud_details={},
        metadata=dict(obj["metadata"]),
        on_behalf_of=obj["on_behalf_of"],
        paid=not failed,
        outcome={
            "advice_code": None,
            "network_advice_code": None,
            "network_decline_code": None,
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        payment_intent=obj["id"],
        payment_method=method["id"],
        payment_method_details=method_details(method),
        receipt_email=obj["receipt_email"],
        refunded=False,
        shipping=obj["shipping"],
        receipt_url=None,
        status="failed" if failed else "succeeded",
        transfer_data=obj["transfer_data"],
        transfer_group=obj["transfer_group"]
        or (("group_" + obj["id"]) if obj["transfer_data"] else None),
        application_fee_amount=obj["application_fee_amount"],
    )
    if failed:
        code, decline_code, message = failed
        charge.update(
            failure_code=code,
            failure_message=message,
            outcome=dict(
                charge["outcome"],
                network_status="declined_by_network",
                reason=decline_code or code,
                type="issuer_declined",
                seller_message="The bank did not return any further details with this decline.",
            ),
        )
    else:
        charge["receipt_url"] = "{}/receipts/{}".format(e.config.base_url, charge["id"])
    e.fact(charge["id"])["behaviour"] = e.fact(method["id"]).get("behaviour", "succeed")
    return e.put(ctx.account, charge)


def succeed(e, ctx, obj, method):
    manual = obj["capture_method"] == "manual"
    charge = make_charge(e, ctx, obj, method, captured=not manual)
    common = {
        "latest_charge": charge["id"],
        "payment_method": method["id"],
        "next_action": None,
        "last_payment_error": None,
        "processing": None,
    }
    if manual:
        e.update(
            ctx, obj, None, status="requires_capture", amount_capturable=obj["amount"], **common
        )
        e.emit(ctx, "charge.succeeded", charge)
        e.emit(ctx, "payment_intent.amount_capturable_updated", obj)
        return charge
    e.update(ctx, obj, None, status="succeeded", amount_received=obj["amount"], **common)
    if obj["capture_method"] == "automatic":
        settle(e, ctx, charge)
        e.emit(ctx, "charge.succeeded", charge)
    else:
        # automatic_async (the default): the charge is announced before its
        # balance transaction exists; charge.updated brings it later
        e.emit(ctx, "charge.succeeded", charge)
    e.emit(ctx, "payment_intent.succeeded", obj)
    if obj["capture_method"] != "automatic":
        e.fact(charge["id"])["unsettled"] = True
        if e.config.balance_delay > 0:
            e.later(e.config.balance_delay, settle_late, ctx, charge)
        else:
            settle_late(e, ctx, charge)
    if e.fact(charge["id"]).get("behaviour") == "dispute":
        open_dispute(e, ctx, charge)
    return charge


def settle_late(e, ctx, charge):
    if e.fact(charge["id"]).pop("unsettled", None):
        settle(e, ctx, charge)
        e.emit(ctx, "charge.updated", charge, {"balance_transaction": None})


def settle_all(e, account):
    late = [c for c in e.table(account, "charge").values() if e.fact(c["id"]).get("unsettled")]
    for charge in late:
        settle_late(e, Context(account), charge)
    return [c["id"] for c in late]


def settle(e, ctx, charge):
    """The balance transaction of a captured charge, and a destination's share."""
    amount = charge["amount_captured"]
    country = card_country_of(charge)
    settled, fee, details, exchange = e.fees.charge(amount, charge["currency"], country)
    bypass = e.fact(charge["id"]).get("behaviour") == "bypass_pending"
    kind = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
    txn = e.post(
        ctx,
        amount=settled,
        currency=e.fees.settlement,
        type=kind,
        category="charge",
        source=charge["id"],
        fee=fee,
        details=details,
        exchange=exchange,
        description=charge["description"],
        available_on=e.now() if bypass else e.now() + e.config.payout_delay * DAY,
    )
    charge["balance_transaction"] = txn["id"]
    if charge["transfer_data"] and charge["transfer_data"].get("destination"):
        share = charge["transfer_data"].get("amount")
        if share is None:
            share = amount - (charge["application_fee_amount"] or 0)
        share = money.convert(share, charge["currency"], e.fees.settlement)
        transfer = make_transfer(
            e,
            ctx,
            share,
            e.fees.settlement,
            charge["transfer_data"]["destination"],
            source=charge,
            group=charge["transfer_group"],
        )
        charge["transfer"] = transfer["id"]
    return txn


def card_country_of(charge):
    details = charge["payment_method_details"]
    if details["type"] == "card":
        return details["card"]["country"]
    return "KR" if details["type"] in money.KOREAN_METHODS else None


# -- charges -----------------------------------------------------------------
@op("Charge.retrieve")
def charge_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "charge", ident, "charge")


@op("Charge.update")
def charge_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "charge", ident, "charge")
    fields = plain(p, ("description", "receipt_email", "transfer_group", "shipping", "customer"))
    fields["metadata"] = e.metadata(obj["metadata"], p.get("metadata"))
    if "fraud_details" in p:
        fields["fraud_details"] = p["fraud_details"] or {}
    e.update(ctx, obj, "charge.updated", **fields)
    return obj


@op("Charge.list")
def charge_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "charge").values(),
        p,
        "/v1/charges",
        ("customer", "payment_intent", "transfer_group"),
    )
