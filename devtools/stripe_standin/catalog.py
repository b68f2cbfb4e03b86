"""Customers, products, prices, payment methods and setup intents."""

from __future__ import annotations

from decimal import Decimal

from . import money
from .engine import op
from .errors import invalid, not_simulated


def deleted(kind, ident):
    return {"id": ident, "object": kind, "deleted": True}


def plain(params, names):
    """The given fields, with emptied ones turned into null."""
    return {n: (None if params[n] == "" else params[n]) for n in names if n in params}


# -- customers ---------------------------------------------------------------
CUSTOMER_FIELDS = ("name", "email", "phone", "description", "address", "shipping")


@op("Customer.create")
def customer_create(e, ctx, p):
    obj = e.shape(
        "customer",
        id=e.new_id("cus_", 14),
        created=e.now(),
        metadata=e.metadata({}, p.get("metadata")),
        address=None,
        shipping=None,
        balance=0,
        currency=None,
        delinquent=False,
        discount=None,
        invoice_prefix=e.new_id("", 8).upper(),
        next_invoice_sequence=1,
        tax_exempt=p.get("tax_exempt", "none"),
        preferred_locales=p.get("preferred_locales") or [],
        invoice_settings={
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
    )
    obj.update(plain(p, CUSTOMER_FIELDS))
    e.put(ctx.account, obj)
    if isinstance(p.get("payment_method"), str):
        attach(e, ctx, p["payment_method"], obj["id"])
    e.emit(ctx, "customer.created", obj)
    return obj


@op("Customer.retrieve")
def customer_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "customer", ident, "customer")


@op("Customer.update")
def customer_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "customer", ident, "customer")
    fields = plain(p, (*CUSTOMER_FIELDS, "tax_exempt"))
    fields["metadata"] = e.metadata(obj["metadata"], p.get("metadata"))
    e.update(ctx, obj, "customer.updated", **fields)
    return obj


@op("Customer.delete")
def customer_delete(e, ctx, p, ident):
    obj = e.get(ctx.account, "customer", ident, "customer")
    del e.table(ctx.account, "customer")[ident]
    e.emit(ctx, "customer.deleted", obj)
    return deleted("customer", ident)


@op("Customer.list")
def customer_list(e, ctx, p):
    return e.listing(e.table(ctx.account, "customer").values(), p, "/v1/customers", ("email",))


# -- products and prices -----------------------------------------------------
@op("Product.create")
def product_create(e, ctx, p):
    obj = make_product(e, ctx, p)
    e.emit(ctx, "product.created", obj)
    if "default_price_data" in p:
        price = make_price(
            e, ctx, dict(p["default_price_data"], product=obj["id"]), "default_price_data"
        )
        obj["default_price"] = price["id"]
    return obj


def make_product(e, ctx, p, active=True):
    if p.get("id") and p["id"] in e.table(ctx.account, "product"):
        raise invalid("Product already exists.", param="id", code="resource_already_exists")
    if len(p.get("images") or []) > 8:
        raise invalid("You can only specify up to 8 images.", param="images")
    obj = e.shape(
        "product",
        id=p.get("id") or e.new_id("prod_", 14),
        active=p.get("active", active),
        created=e.now(),
        updated=e.now(),
        images=p.get("images") or [],
        marketing_features=p.get("marketing_features") or [],
        metadata=e.metadata({}, p.get("metadata")),
        name=p["name"],
        type="service",
        default_price=None,
        description=p.get("description") or None,
        package_dimensions=None,
        tax_code=p.get("tax_code"),
        unit_label=p.get("unit_label"),
        url=p.get("url"),
        shippable=p.get("shippable"),
        statement_descriptor=p.get("statement_descriptor"),
    )
    return e.put(ctx.account, obj)


@op("Product.retrieve")
def product_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "product", ident)


@op("Product.update")
def product_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "product", ident)
    fields = plain(
        p,
        (
            "active",
            "name",
            "description",
            "images",
            "url",
            "shippable",
            "default_price",
            "statement_descriptor",
            "tax_code",
            "unit_label",
            "marketing_features",
        ),
    )
    for name in ("images", "marketing_features"):
        if name in fields:
            fields[name] = fields[name] or []
    fields["metadata"] = e.metadata(obj["metadata"], p.get("metadata"))
    previous = e.update(ctx, obj, None, **fields)
    if previous:
        obj["updated"] = e.now()
        e.emit(ctx, "product.updated", obj, previous)
    return obj


@op("Product.delete")
def product_delete(e, ctx, p, ident):
    obj = e.get(ctx.account, "product", ident)
    if any(x["product"] == ident for x in e.table(ctx.account, "price").values()):
        raise invalid(
            "This product cannot be deleted because it has one or more user-created prices.",
            param="id",
        )
    del e.table(ctx.account, "product")[ident]
    e.emit(ctx, "product.deleted", obj)
    return deleted("product", ident)


@op("Product.list")
def product_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "product").values(), p, "/v1/products", ("active", "shippable", "url")
    )


def unit_amount(e, p, prefix=""):
    """(unit_amount, unit_amount_decimal) from either parameter."""
    name = e.exactly_one(p, ("unit_amount", "unit_amount_decimal"), prefix)
    label = f"{prefix}[{name}]" if prefix else name
    currency = p["currency"]
    if name == "unit_amount":
        amount = p["unit_amount"]
        if amount == "" or amount < 0:
            raise invalid(
                "Invalid non-negative integer", param=label, code="parameter_invalid_integer"
            )
        return amount, str(amount)
    value = Decimal(p["unit_amount_decimal"])
    if value != value.to_integral_value():
        if currency in money.ZERO_DECIMAL:
            raise invalid(f"Invalid decimal: {currency} is a zero-decimal currency.", param=label)
        return None, str(value.normalize())
    return int(value), str(int(value))


def make_price(e, ctx, p, prefix=""):
    p = dict(p)
    label = lambda n: f"{prefix}[{n}]" if prefix else n  # noqa: E731
    p["currency"] = e.currency(p.get("currency"), label("currency"))
    for name in (
        "recurring",
        "tiers",
        "custom_unit_amount",
        "currency_options",
        "transform_quantity",
    ):
        if p.get(name):
            raise not_simulated(f"prices with '{name}'", label(name))
    amount, text = unit_amount(e, p, prefix)
    if "product" in p:
        product = e.get(ctx.account, "product", p["product"], label("product"))
    else:
        product = make_product(
            e, ctx, dict(p["product_data"]), active=p.get("product_data", {}).get("active", True)
        )
    obj = e.shape(
        "price",
        id=e.new_id("price_1"),
        active=p.get("active", True),
        billing_scheme="per_unit",
        created=e.now(),
        currency=p["currency"],
        metadata=e.metadata({}, p.get("metadata")),
        product=product["id"],
        type="one_time",
        custom_unit_amount=None,
        recurring=None,
        tax_behavior=p.get("tax_behavior", "unspecified"),
        transform_quantity=None,
        unit_amount=amount,
        unit_amount_decimal=text,
        lookup_key=p.get("lookup_key"),
        nickname=p.get("nickname"),
    )
    return e.put(ctx.account, obj)


@op("Price.create")
def price_create(e, ctx, p):
    e.exactly_one(p, ("product", "product_data"))
    obj = make_price(e, ctx, p)
    e.emit(ctx, "price.created", obj)
    return obj


@op("Price.retrieve")
def price_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "price", ident, "price")


@op("Price.update")
def price_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "price", ident, "price")
    fields = plain(p, ("active", "nickname", "lookup_key", "tax_behavior"))
    fields["metadata"] = e.metadata(obj["metadata"], p.get("metadata"))
    e.update(ctx, obj, "price.updated", **fields)
    return obj


@op("Price.list")
def price_list(e, ctx, p):
    rows = e.table(ctx.account, "price").values()
    if "lookup_keys" in p:
        rows = [r for r in rows if r["lookup_key"] in p["lookup_keys"]]
    return e.listing(rows, p, "/v1/prices", ("active", "currency", "product", "type"))


# -- payment methods ---------------------------------------------------------
# Stripe's published test payment methods: id -> (brand, last4, country, behaviour)
TEST_METHODS = {
    "pm_card_visa": ("visa", "4242", "US", "succeed"),
    "pm_card_mastercard": ("mastercard", "4444", "US", "succeed"),
    "pm_card_kr": ("visa", "0001", "KR", "succeed"),
    "pm_card_visa_debit": ("visa", "5556", "US", "succeed"),
    "pm_card_chargeDeclined": ("visa", "0002", "US", "card_declined"),
    "pm_card_visa_chargeDeclined": ("visa", "0002", "US", "card_declined"),
    "pm_card_chargeDeclinedInsufficientFunds": ("visa", "9995", "US", "insufficient_funds"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("visa", "9995", "US", "insufficient_funds"),
    "pm_card_chargeDeclinedExpiredCard": ("visa", "0069", "US", "expired_card"),
    "pm_card_chargeDeclinedProcessingError": ("visa", "0119", "US", "processing_error"),
    "pm_card_authenticationRequired": ("visa", "3184", "US", "authenticate"),
    "pm_card_threeDSecure2Required": ("visa", "3220", "US", "authenticate"),
    "pm_card_threeDSecureRequired": ("visa", "3155", "US", "authenticate"),
    "pm_card_bypassPending": ("visa", "0077", "US", "bypass_pending"),
    "pm_card_createDispute": ("visa", "0259", "US", "dispute"),
    "pm_card_refundFail": ("visa", "5126", "US", "refund_fail"),
    "pm_card_pendingRefund": ("visa", "7726", "US", "refund_pending"),
}
BEHAVIOUR_BY_LAST4 = {last4: behaviour for _, last4, _, behaviour in TEST_METHODS.values()}


def billing_details(given=None):
    out = {
        "address": {
            "city": None,
            "country": None,
            "line1": None,
            "line2": None,
            "postal_code": None,
            "state": None,
        },
        "email": None,
        "name": None,
        "phone": None,
        "tax_id": None,
    }
    for key, value in (given or {}).items():
        if key == "address" and isinstance(value, dict):
            out["address"].update(plain(value, value))
        else:
            out[key] = None if value == "" else value
    return out


def card(brand="visa", last4="4242", country="US"):
    return {
        "brand": brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass",
        },
        "country": country,
        "display_brand": brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": "StandInCard" + last4,
        "funding": "credit",
        "generated_from": None,
        "last4": last4,
        "networks": {"available": [brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
        "regulated_status": "unregulated",
    }


def make_method(
    e, ctx, kind, *, details=None, card_fields=None, behaviour="succeed", metadata=None, store=True
):
    obj = e.shape(
        "payment_method",
        id=e.new_id("pm_1"),
        created=e.now(),
        type=kind,
        allow_redisplay="unspecified",
        billing_details=billing_details(details),
        metadata=metadata or {},
    )
    obj[kind] = card_fields or card() if kind == "card" else {}
    if kind == "kr_card":
        obj[kind] = {"brand": "shinhan", "last4": "1234"}
    elif kind == "naver_pay":
        obj[kind] = {"buyer_id": None, "funding": "card"}
    e.fact(obj["id"])["behaviour"] = behaviour
    return e.put(ctx.account, obj) if store else obj


def use_method(e, ctx, ident, param="payment_method"):
    """A stored payment method, or a fresh copy of one of Stripe's test ones."""
    if ident in TEST_METHODS:
        brand, last4, country, behaviour = TEST_METHODS[ident]
        return make_method(
            e, ctx, "card", card_fields=card(brand, last4, country), behaviour=behaviour
        )
    return e.get(ctx.account, "payment_method", ident, param)


def attach(e, ctx, ident, customer):
    e.get(ctx.account, "customer", customer, "customer")
    obj = use_method(e, ctx, ident)
    e.update(ctx, obj, None, customer=customer)
    e.emit(ctx, "payment_method.attached", obj)
    return obj


@op("PaymentMethod.create")
def method_create(e, ctx, p):
    kind = p.get("type") or ("card" if "card" in p else None)
    if kind is None:
        raise invalid("Missing required param: type.", param="type", code="parameter_missing")
    if kind not in ("card", *money.KOREAN_METHODS):
        raise not_simulated(f"payment methods of type '{kind}'", "type")
    fields, behaviour = None, "succeed"
    if kind == "card":
        given = p.get("card") or {}
        if "number" in given:
            raise invalid(
                "Sending credit card numbers directly to the Stripe API is generally unsafe. We "
                "suggest you use test tokens that map to the test card you are using, see "
                "https://stripe.com/docs/testing.",
                param="card[number]",
            )
        if "token" in given:
            stem = given["token"].replace("tok_", "pm_card_", 1)
            brand, last4, country, behaviour = TEST_METHODS.get(stem, TEST_METHODS["pm_card_visa"])
            fields = card(brand, last4, country)
    return make_method(
        e,
        ctx,
        kind,
        details=p.get("billing_details"),
        card_fields=fields,
        behaviour=behaviour,
        metadata=e.metadata({}, p.get("metadata")),
    )


@op("PaymentMethod.retrieve")
def method_retrieve(e, ctx, p, ident):
    return use_method(e, ctx, ident)


@op("PaymentMethod.update")
def method_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "payment_method", ident, "payment_method")
    if "billing_details" in p:
        obj["billing_details"] = billing_details(p["billing_details"])
    e.update(
        ctx, obj, "payment_method.updated", metadata=e.metadata(obj["metadata"], p.get("metadata"))
    )
    return obj


@op("PaymentMethod.list")
def method_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "payment_method").values(),
        p,
        "/v1/payment_methods",
        ("customer", "type"),
    )


@op("PaymentMethod.attach")
def method_attach(e, ctx, p, ident):
    if "customer" not in p:
        raise invalid(
            "Missing required param: customer.", param="customer", code="parameter_missing"
        )
    return attach(e, ctx, ident, p["customer"])


@op("PaymentMethod.detach")
def method_detach(e, ctx, p, ident):
    obj = e.get(ctx.account, "payment_method", ident, "payment_method")
    e.update(ctx, obj, "payment_method.detached", customer=None)
    return obj


# -- setup intents -----------------------------------------------------------
@op("SetupIntent.create")
def setup_create(e, ctx, p):
    ident = e.new_id("seti_1")
    obj = e.shape(
        "setup_intent",
        id=ident,
        created=e.now(),
        client_secret=ident + e.secret("_secret_", 16),
        customer=p.get("customer"),
        description=p.get("description"),
        last_setup_error=None,
        metadata=e.metadata({}, p.get("metadata")),
        next_action=None,
        status="requires_payment_method",
        payment_method=None,
        payment_method_types=p.get("allowed_payment_method_types") or ["card"],
        allowed_payment_method_types=p.get("allowed_payment_method_types"),
        payment_method_options=None,
        usage=p.get("usage", "off_session"),
        automatic_payment_methods={"allow_redirects": "always", "enabled": True},
    )
    if p.get("customer"):
        e.get(ctx.account, "customer", p["customer"], "customer")
    e.put(ctx.account, obj)
    if p.get("payment_method"):
        obj["payment_method"] = use_method(e, ctx, p["payment_method"])["id"]
        obj["status"] = "requires_confirmation"
    e.emit(ctx, "setup_intent.created", obj)
    if p.get("confirm"):
        return setup_confirm(e, ctx, {}, ident)
    return obj


@op("SetupIntent.retrieve")
def setup_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "setup_intent", ident, "intent")


@op("SetupIntent.update")
def setup_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "setup_intent", ident, "intent")
    fields = plain(p, ("customer", "description"))
    if p.get("payment_method"):
        fields.update(
            payment_method=use_method(e, ctx, p["payment_method"])["id"],
            status="requires_confirmation",
        )
    e.update(ctx, obj, None, metadata=e.metadata(obj["metadata"], p.get("metadata")), **fields)
    return obj


@op("SetupIntent.confirm")
def setup_confirm(e, ctx, p, ident):
    obj = e.get(ctx.account, "setup_intent", ident, "intent")
    if p.get("payment_method"):
        obj["payment_method"] = use_method(e, ctx, p["payment_method"])["id"]
    if obj["status"] in ("succeeded", "canceled"):
        raise invalid(
            "You cannot confirm this SetupIntent because it has a status of {}.".format(
                obj["status"]
            ),
            code="setup_intent_unexpected_state",
            param="intent",
        )
    if obj["payment_method"] is None:
        raise invalid(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            code="setup_intent_unexpected_state",
            param="intent",
        )
    e.update(ctx, obj, None, status="succeeded")
    if obj["customer"]:
        attach(e, ctx, obj["payment_method"], obj["customer"])
    e.emit(ctx, "setup_intent.succeeded", obj)
    return obj


@op("SetupIntent.cancel")
def setup_cancel(e, ctx, p, ident):
    obj = e.get(ctx.account, "setup_intent", ident, "intent")
    if obj["status"] in ("succeeded", "canceled"):
        raise invalid(
            "You cannot cancel this SetupIntent because it has a status of {}.".format(
                obj["status"]
            ),
            code="setup_intent_unexpected_state",
            param="intent",
        )
    e.update(ctx, obj, None, status="canceled", cancellation_reason=p.get("cancellation_reason"))
    e.emit(ctx, "setup_intent.canceled", obj)
    return obj


@op("SetupIntent.list")
def setup_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "setup_intent").values(),
        p,
        "/v1/setup_intents",
        ("customer", "payment_method"),
    )
