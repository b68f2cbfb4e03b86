"""Payment intents: what is asked for, and how the buyer's attempts end."""

from __future__ import annotations

from . import money
from .catalog import make_method, plain, use_method
from .charges import make_charge, settle, succeed
from .engine import op
from .errors import declined, invalid, not_simulated

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


@op("Charge.capture")
def charge_capture(e, ctx, p, ident):
    obj = e.get(ctx.account, "charge", ident, "charge")
    if obj["captured"]:
        raise invalid(f"Charge {ident} has already been captured.", code="charge_already_captured")
    given = {"amount_to_capture": p["amount"]} if "amount" in p else {}
    intent_capture(e, ctx, given, obj["payment_intent"])
    return obj
