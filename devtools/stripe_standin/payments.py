"""Payment intents, charges, refunds and disputes: the buyer's side of the money."""

from __future__ import annotations

from . import money
from .catalog import make_method, plain, use_method
from .engine import Context, op
from .errors import declined, invalid, not_simulated

DAY = 86400
DECLINES = {  # behaviour -> (code, decline_code, message)
    "card_declined": ("card_declined", "generic_decline", "Your card was declined."),
    "insufficient_funds": (
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    "expired_card": ("expired_card", "expired_card", "Your card has expired."),
    "processing_error": (
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "authentication_failed": (
        "payment_intent_authentication_failure",
        None,
        "The provided PaymentMethod has failed authentication. You can provide "
        "payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent "
        "again.",
    ),
    "provider_declined": (
        "payment_method_provider_decline",
        None,
        "The payment method provider declined the payment.",
    ),
}
OPEN_STATES = (
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "requires_capture",
    "processing",
)


def offered(e, currency, amount, allowed=None, excluded=()):
    """The payment methods that fit: what the account has on, less what cannot."""
    out = []
    for kind in allowed or e.config.payment_methods:
        if kind not in e.config.payment_methods or kind in (excluded or ()) or kind in out:
            continue
        if currency not in money.METHOD_CURRENCIES.get(kind, (currency,)):
            continue
        if amount is not None and not (
            money.METHOD_MINIMUM.get(kind, 0) <= amount <= money.METHOD_MAXIMUM.get(kind, amount)
        ):
            continue
        out.append(kind)
    if not out:
        raise invalid(
            "No valid payment method types for this payment. Please ensure that you have "
            f"activated payment methods compatible with your chosen currency ({currency}) and "
            "amount, and that `allowed_payment_method_types` and `excluded_payment_method_types` "
            "leave at least one of them.",
            param="allowed_payment_method_types" if allowed else None,
        )
    return out


# -- payment intents ---------------------------------------------------------
INTENT_FIELDS = (
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
    "setup_future_usage",
    "on_behalf_of",
    "application_fee_amount",
    "shipping",
    "excluded_payment_method_types",
)


def check_connect(e, ctx, p, amount):
    if p.get("application_fee_amount") and not (
        p.get("transfer_data") or ctx.account != e.platform
    ):
        raise invalid(
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a "
            "direct payment (using an OAuth key or Stripe-Account header) or destination payment "
            "(using `transfer_data[destination]`).",
            param="application_fee_amount",
        )
    if (p.get("application_fee_amount") or 0) > amount:
        raise invalid(
            "The application_fee_amount must be less than or equal to the amount.",
            param="application_fee_amount",
        )
    for holder, param in ((p.get("transfer_data") or {}, "transfer_data[destination]"),):
        if holder.get("destination"):
            e.get(e.platform, "account", holder["destination"], param)
    if p.get("on_behalf_of"):
        e.get(e.platform, "account", p["on_behalf_of"], "on_behalf_of")


def make_intent(e, ctx, p, *, checkout=False):
    currency = e.currency(p.get("currency"))
    amount = e.chargeable(p["amount"], currency)
    check_connect(e, ctx, p, amount)
    kinds = offered(
        e,
        currency,
        amount,
        p.get("allowed_payment_method_types"),
        p.get("excluded_payment_method_types"),
    )
    automatic = {
        "allow_redirects": (p.get("automatic_payment_methods") or {}).get(
            "allow_redirects", "always"
        ),
        "enabled": True,
    }
    ident = e.new_id("pi_3")
    obj = e.shape(
        "payment_intent",
        id=ident,
        amount=amount,
        amount_capturable=0,
        amount_received=0,
        capture_method=p.get("capture_method", "automatic_async"),
        confirmation_method=p.get("confirmation_method", "automatic"),
        created=e.now(),
        currency=currency,
        client_secret=ident + e.secret("_secret_", 24),
        metadata=e.metadata({}, p.get("metadata")),
        payment_method_types=list(kinds),
        status="requires_payment_method",
        amount_details={"tip": {}},
        allowed_payment_method_types=p.get("allowed_payment_method_types") or None,
        automatic_payment_methods=automatic,
        canceled_at=None,
        last_payment_error=None,
        next_action=None,
        payment_method_configuration_details=None,
        payment_method_options=p.get("payment_method_options") or {},
        processing=None,
        shipping=None,
        transfer_data=p.get("transfer_data") or None,
    )
    if obj["amount_details"] == {"tip": {}}:
        obj["amount_details"] = None
    obj.update(plain(p, INTENT_FIELDS))
    if p.get("customer"):
        obj["customer"] = e.get(ctx.account, "customer", p["customer"], "customer")["id"]
    e.fact(ident)["checkout"] = checkout
    e.put(ctx.account, obj)
    return obj


@op("PaymentIntent.create")
def intent_create(e, ctx, p):
    obj = make_intent(e, ctx, p)
    choose_method(e, ctx, obj, p)
    e.emit(ctx, "payment_intent.created", obj)
    if p.get("confirm"):
        return confirm(e, ctx, obj, p)
    for name in ("return_url", "error_on_requires_action", "off_session", "mandate"):
        if name in p:
            raise invalid(
                f"The parameter '{name}' cannot be passed when creating a PaymentIntent unless "
                "confirm is set to true.",
                param=name,
            )
    return obj


def choose_method(e, ctx, obj, p):
    method = None
    if p.get("payment_method"):
        method = use_method(e, ctx, p["payment_method"])
    elif p.get("payment_method_data"):
        data = p["payment_method_data"]
        if data["type"] not in ("card", *money.KOREAN_METHODS):
            raise not_simulated(
                "payment methods of type '{}'".format(data["type"]), "payment_method_data[type]"
            )
        method = make_method(e, ctx, data["type"], details=data.get("billing_details"))
    elif p.get("confirmation_token"):
        raise not_simulated("confirmation tokens", "confirmation_token")
    if method is not None:
        if method["type"] not in obj["payment_method_types"]:
            raise invalid(
                "The PaymentMethod provided ({}) is not allowed for this PaymentIntent. Please "
                "attach a PaymentMethod of one of the following types: {}.".format(
                    method["type"], ", ".join(obj["payment_method_types"])
                ),
                param="payment_method",
                code="payment_intent_invalid_parameter",
            )
        obj["payment_method"] = method["id"]
        if obj["status"] == "requires_payment_method":
            obj["status"] = "requires_confirmation"


@op("PaymentIntent.retrieve")
def intent_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "payment_intent", ident, "intent")


def state_error(verb, obj, allowed):
    return invalid(
        "You cannot {} this PaymentIntent because it has a status of {}. Only a PaymentIntent "
        "with one of the following statuses may be {}: {}.".format(
            verb,
            obj["status"],
            {
                "cancel": "canceled",
                "capture": "captured",
                "confirm": "confirmed",
                "update": "updated",
            }[verb],
            ", ".join(allowed),
        ),
        param="intent",
        code="payment_intent_unexpected_state",
        payment_intent=obj,
    )


@op("PaymentIntent.update")
def intent_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "payment_intent", ident, "intent")
    fields = plain(p, INTENT_FIELDS)
    fields["metadata"] = e.metadata(obj["metadata"], p.get("metadata"))
    if "amount" in p or "currency" in p:
        if obj["status"] not in (
            "requires_payment_method",
            "requires_confirmation",
            "requires_action",
        ):
            raise state_error("update", obj, OPEN_STATES[:3])
        currency = e.currency(p.get("currency", obj["currency"]))
        fields.update(
            currency=currency, amount=e.chargeable(p.get("amount", obj["amount"]), currency)
        )
        fields["payment_method_types"] = offered(
            e,
            currency,
            fields["amount"],
            p.get("allowed_payment_method_types", obj["allowed_payment_method_types"]),
            p.get("excluded_payment_method_types", obj["excluded_payment_method_types"]),
        )
    e.update(ctx, obj, None, **fields)
    choose_method(e, ctx, obj, p)
    return obj


@op("PaymentIntent.confirm")
def intent_confirm(e, ctx, p, ident):
    obj = e.get(ctx.account, "payment_intent", ident, "intent")
    if obj["status"] not in ("requires_payment_method", "requires_confirmation", "requires_action"):
        raise state_error(
            "confirm", obj, ("requires_payment_method", "requires_confirmation", "requires_action")
        )
    choose_method(e, ctx, obj, p)
    return confirm(e, ctx, obj, p)


def confirm(e, ctx, obj, p):
    if obj["payment_method"] is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You "
            "can either update the PaymentIntent with a payment method and then confirm it "
            "again, or confirm it again directly with a payment method or ConfirmationToken.",
            code="payment_intent_unexpected_state",
            payment_intent=obj,
        )
    method = e.get(ctx.account, "payment_method", obj["payment_method"])
    behaviour = e.fact(method["id"]).get("behaviour", "succeed")
    redirects = method["type"] != "card" or behaviour == "authenticate"
    auto = obj["automatic_payment_methods"]
    if (
        not p.get("return_url")
        and not p.get("off_session")
        and (
            method["type"] != "card"
            or (
                auto["allow_redirects"] == "always"
                and p.get("confirm")
                and any(k != "card" for k in obj["payment_method_types"])
            )
        )
    ):
        raise invalid(
            "This PaymentIntent is configured to accept payment methods enabled in your "
            "Dashboard. Because some of these payment methods might redirect your customer "
            "off of your page, you must provide a `return_url`. If you don't want to accept "
            "redirect-based payment methods, set `automatic_payment_methods[enabled]` to "
            "`true` and `automatic_payment_methods[allow_redirects]` to `never` when "
            "creating Setup Intents and Payment Intents.",
            param="return_url",
        )
    if redirects:
        if p.get("error_on_requires_action"):
            fail(e, ctx, obj, method, "authentication_failed")
            raise_decline(e, ctx, obj)
        token = e.secret("", 24)
        e.fact(obj["id"])["redirect"] = {"token": token, "return_url": p.get("return_url")}
        url = "{}/redirect/{}/{}".format(e.config.base_url, obj["id"], token)
        e.update(
            ctx,
            obj,
            None,
            status="requires_action",
            next_action={
                "type": "redirect_to_url",
                "redirect_to_url": {"return_url": p.get("return_url"), "url": url},
            },
        )
        e.emit(ctx, "payment_intent.requires_action", obj)
        return obj
    if behaviour in DECLINES:
        fail(e, ctx, obj, method, behaviour)
        raise_decline(e, ctx, obj)
    succeed(e, ctx, obj, method)
    return obj


def raise_decline(e, ctx, obj):
    error = dict(obj["last_payment_error"])
    extra = {k: v for k, v in error.items() if k in ("charge", "payment_method")}
    raise declined(
        error["code"], error["message"], error.get("decline_code"), payment_intent=obj, **extra
    )


def fail(e, ctx, obj, method, behaviour):
    """A refused attempt: the intent goes back to wanting a payment method."""
    code, decline_code, message = DECLINES[behaviour]
    charge = None
    if behaviour != "authentication_failed":
        charge = make_charge(e, ctx, obj, method, failed=(code, decline_code, message))
        e.emit(ctx, "charge.failed", charge)
    error = {
        "code": code,
        "message": message,
        "payment_method": method,
        "type": "card_error" if method["type"] == "card" else "invalid_request_error",
        "doc_url": "https://stripe.com/docs/error-codes/" + code.replace("_", "-"),
    }
    if decline_code:
        error["decline_code"] = decline_code
    if charge:
        error["charge"] = charge["id"]
    e.update(
        ctx,
        obj,
        None,
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error=error,
        latest_charge=charge["id"] if charge else obj["latest_charge"],
    )
    e.emit(ctx, "payment_intent.payment_failed", obj)
    return error


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
        from .connect import make_transfer

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


@op("PaymentIntent.capture")
def intent_capture(e, ctx, p, ident):
    obj = e.get(ctx.account, "payment_intent", ident, "intent")
    if obj["status"] != "requires_capture":
        raise state_error("capture", obj, ("requires_capture",))
    amount = p.get("amount_to_capture", obj["amount_capturable"])
    if not 0 < amount <= obj["amount_capturable"]:
        raise invalid(
            "The amount to capture must be between 1 and the amount capturable.",
            param="amount_to_capture",
            code="amount_too_large",
        )
    charge = e.get(ctx.account, "charge", obj["latest_charge"])
    charge.update(captured=True, amount_captured=amount, amount_refunded=0)
    settle(e, ctx, charge)
    e.update(ctx, obj, None, status="succeeded", amount_capturable=0, amount_received=amount)
    e.emit(ctx, "charge.captured", charge)
    e.emit(ctx, "payment_intent.succeeded", obj)
    from .checkout import captured

    captured(e, ctx, obj)
    return obj


@op("PaymentIntent.cancel")
def intent_cancel(e, ctx, p, ident):
    obj = e.get(ctx.account, "payment_intent", ident, "intent")
    if obj["status"] not in OPEN_STATES:
        raise state_error("cancel", obj, OPEN_STATES)
    if e.fact(ident).get("checkout") and any(
        s["payment_intent"] == ident and s["status"] == "open"
        for s in e.table(ctx.account, "checkout.session").values()
    ):
        raise invalid(
            "You cannot cancel this PaymentIntent because it was created by a Checkout Session. "
            "Expire the Checkout Session instead.",
            param="intent",
        )
    return cancel(e, ctx, obj, p.get("cancellation_reason"))


def cancel(e, ctx, obj, reason):
    if obj["status"] == "requires_capture":
        charge = e.get(ctx.account, "charge", obj["latest_charge"])
        charge.update(refunded=True, amount_refunded=charge["amount"])
        e.emit(ctx, "charge.refunded", charge)
    e.update(
        ctx,
        obj,
        None,
        status="canceled",
        canceled_at=e.now(),
        cancellation_reason=reason,
        amount_capturable=0,
        next_action=None,
    )
    e.emit(ctx, "payment_intent.canceled", obj)
    return obj


@op("PaymentIntent.list")
def intent_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "payment_intent").values(), p, "/v1/payment_intents", ("customer",)
    )


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


@op("Charge.capture")
def charge_capture(e, ctx, p, ident):
    obj = e.get(ctx.account, "charge", ident, "charge")
    if obj["captured"]:
        raise invalid(f"Charge {ident} has already been captured.", code="charge_already_captured")
    given = {"amount_to_capture": p["amount"]} if "amount" in p else {}
    intent_capture(e, ctx, given, obj["payment_intent"])
    return obj


@op("Charge.list")
def charge_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "charge").values(),
        p,
        "/v1/charges",
        ("customer", "payment_intent", "transfer_group"),
    )


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
        from .connect import reverse_for_refund

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


# -- disputes ----------------------------------------------------------------
EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


def open_dispute(e, ctx, charge, amount=None, reason="fraudulent"):
    if charge["disputed"]:
        raise invalid("Charge {} is already disputed.".format(charge["id"]))
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid("Charge {} was not captured, so it cannot be disputed.".format(charge["id"]))
    amount = amount or charge["amount_captured"]
    ident = e.new_id("du_1")
    txn = e.post(
        ctx,
        amount=-money.convert(amount, charge["currency"], e.fees.settlement),
        currency=e.fees.settlement,
        type="adjustment",
        category="dispute",
        source=ident,
        fee=e.fees.dispute,
        details=[
            {
                "amount": e.fees.dispute,
                "application": None,
                "currency": e.fees.settlement,
                "description": "Dispute fee",
                "type": "stripe_fee",
            }
        ],
        description="Chargeback withdrawal for " + charge["id"],
    )
    dispute = e.shape(
        "dispute",
        id=ident,
        amount=amount,
        balance_transactions=[txn],
        charge=charge["id"],
        created=e.now(),
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence=dict({k: None for k in EVIDENCE}, enhanced_evidence={}),
        evidence_details={
            "due_by": e.now() + 9 * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=False,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="needs_response",
    )
    if charge["payment_method_details"]["type"] == "card":
        brand = charge["payment_method_details"]["card"]["brand"]
        dispute["payment_method_details"] = {
            "type": "card",
            "card": {
                "brand": brand,
                "case_type": "chargeback",
                "network": brand,
                "network_reason_code": "10.4",
            },
        }
    e.put(ctx.account, dispute)
    charge["disputed"] = True
    e.emit(ctx, "charge.dispute.created", dispute)
    e.emit(ctx, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(e, ctx, dispute, status):
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise invalid("This dispute is already closed", param="dispute")
    previous = {"status": dispute["status"]}
    dispute["status"] = status
    if status == "won":
        txn = e.post(
            ctx,
            amount=money.convert(dispute["amount"], dispute["currency"], e.fees.settlement),
            currency=e.fees.settlement,
            type="adjustment",
            category="dispute_reversal",
            source=dispute["id"],
            fee=-e.fees.dispute,
            details=[
                {
                    "amount": -e.fees.dispute,
                    "application": None,
                    "currency": e.fees.settlement,
                    "description": "Dispute fee refund",
                    "type": "stripe_fee",
                }
            ],
            description="Chargeback reversal for " + dispute["charge"],
        )
        dispute["balance_transactions"] = dispute["balance_transactions"] + [txn]
        e.get(ctx.account, "charge", dispute["charge"])["disputed"] = True
    e.emit(ctx, "charge.dispute.closed", dispute, previous)
    if status == "won":
        e.emit(ctx, "charge.dispute.funds_reinstated", dispute)
    return dispute


@op("Dispute.retrieve")
def dispute_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "dispute", ident, "dispute")


@op("Dispute.update")
def dispute_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "dispute", ident, "dispute")
    if p.get("evidence") and obj["status"] in ("won", "lost"):
        raise invalid("This dispute is already closed", param="dispute")
    previous = {}
    if p.get("evidence"):
        previous["evidence"] = dict(obj["evidence"])
        obj["evidence"].update(plain(p["evidence"], [k for k in p["evidence"] if k in EVIDENCE]))
        obj["evidence_details"]["has_evidence"] = True
        if p.get("submit", True):
            previous["status"] = obj["status"]
            obj["status"] = "under_review"
            obj["evidence_details"]["submission_count"] += 1
            obj["evidence_details"]["submission_method"] = "manual"
    metadata = e.metadata(obj["metadata"], p.get("metadata"))
    if metadata != obj["metadata"]:
        previous["metadata"], obj["metadata"] = obj["metadata"], metadata
    if previous:
        e.emit(ctx, "charge.dispute.updated", obj, previous)
    return obj


@op("Dispute.close")
def dispute_close(e, ctx, p, ident):
    return close_dispute(e, ctx, e.get(ctx.account, "dispute", ident, "dispute"), "lost")


@op("Dispute.list")
def dispute_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "dispute").values(), p, "/v1/disputes", ("charge", "payment_intent")
    )
