"""Checkout sessions: creating them, and what the buyer does on the pay page."""

from __future__ import annotations

import re

from . import charges, intents, money
from .catalog import BEHAVIOUR_BY_LAST4, TEST_METHODS, card, make_method, make_price
from .engine import Context, op
from .errors import StripeFault, invalid, not_simulated

UNSIMULATED = (
    "discounts",
    "optional_items",
    "subscription_data",
    "setup_intent_data",
    "managed_payments",
    "invoice_creation",
)


def line_item(e, ctx, given, index):
    label = f"line_items[{index}]"
    if given.get("tax_rates"):
        raise not_simulated("'tax_rates' on line items", f"{label}[tax_rates]")
    e.exactly_one(given, ("price", "price_data"), label)
    quantity = given.get("quantity")
    if quantity is None:
        raise StripeFault(
            400,
            f"Quantity is required. Add `quantity` to `{label}`",
            param=f"{label}[quantity]",
            code="parameter_missing",
            saved=False,
            type="invalid_request_error",
        )
    if not 1 <= quantity <= 999_999:
        raise invalid(
            "This value must be greater than or equal to 1."
            if quantity < 1
            else "This value must be less than or equal to 999999.",
            param=f"{label}[quantity]",
        )
    if "price" in given:
        price = e.get(ctx.account, "price", given["price"], f"{label}[price]")
        if not price["active"]:
            raise invalid(
                "The price specified is inactive. This field only accepts active prices.",
                param=f"{label}[price]",
                code="resource_inactive",
            )
    else:
        data = given["price_data"]
        e.exactly_one(data, ("product", "product_data"), f"{label}[price_data]")
        if data.get("recurring"):
            raise invalid(
                "You specified `payment` mode but passed a recurring price. Either switch to "
                "`subscription` mode or use only one-time prices.",
                param=f"{label}[price]",
            )
        price = make_price(e, ctx, data, f"{label}[price_data]")
        price["active"] = False  # inline prices cannot be used again
        if "product_data" in data:
            e.get(ctx.account, "product", price["product"])["active"] = False
    product = e.get(ctx.account, "product", price["product"])
    total = (
        price["unit_amount"] * quantity
        if price["unit_amount"] is not None
        else int(float(price["unit_amount_decimal"]) * quantity + 0.5)
    )
    return e.shape(
        "item",
        id=e.new_id("li_1"),
        amount_discount=0,
        amount_subtotal=total,
        amount_tax=0,
        amount_total=total,
        currency=price["currency"],
        description=product["name"],
        price=price,
        quantity=quantity,
        adjustable_quantity=None,
    )


@op("Session.create")
def session_create(e, ctx, p):
    mode = p.get("mode")
    if mode is None:
        raise StripeFault(
            400,
            "Missing required param: mode.",
            param="mode",
            code="parameter_missing",
            saved=False,
        )
    if mode != "payment":
        raise not_simulated(f"Checkout in '{mode}' mode", "mode")
    for name in UNSIMULATED:
        if p.get(name):
            raise not_simulated(f"'{name}' on Checkout Sessions", name)
    ui_mode = p.get("ui_mode", "hosted_page")
    if ui_mode != "hosted_page":
        raise not_simulated(f"Checkout with ui_mode '{ui_mode}'", "ui_mode")
    if "success_url" not in p:
        raise StripeFault(
            400,
            "Missing required param: success_url.",
            param="success_url",
            code="parameter_missing",
            saved=False,
        )
    if "return_url" in p:
        raise invalid(
            "`return_url` can only be used when `ui_mode` is `embedded_page` or `elements`.",
            param="return_url",
        )
    e.url(p["success_url"], "success_url")
    e.url(p.get("cancel_url"), "cancel_url")
    if not p.get("line_items"):
        raise StripeFault(
            400,
            "Missing required param: line_items.",
            param="line_items",
            code="parameter_missing",
            saved=False,
        )
    if len(p["line_items"]) > 100:
        raise invalid("A Checkout Session can have at most 100 line items.", param="line_items")
    expires_at = p.get("expires_at", e.now() + 86400)
    if not e.now() + 1800 - 30 <= expires_at <= e.now() + 86400 + 30:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
            if expires_at > e.now()
            else "The `expires_at` timestamp must be at least 30 minutes from Checkout Session "
            "creation.",
            param="expires_at",
        )
    if "customer" in p and "customer_email" in p:
        raise invalid(
            "You may only specify one of these parameters: customer, customer_email.",
            param="customer_email",
            code="parameters_exclusive",
        )
    if "customer" in p:
        e.get(ctx.account, "customer", p["customer"], "customer")
    if "customer_email" in p and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", p["customer_email"]):
        raise invalid(
            "Invalid email address: {}".format(p["customer_email"]),
            param="customer_email",
            code="email_invalid",
        )

    items = [line_item(e, ctx, given, i) for i, given in enumerate(p["line_items"])]
    currencies = {i["currency"] for i in items}
    if len(currencies) > 1:
        raise invalid(
            "All prices on a Checkout session must use the same `currency`. You passed prices "
            f"with: {', '.join(sorted(currencies))}.",
            param="line_items",
            code="checkout_mixed_currencies",
        )
    currency = currencies.pop()
    if "currency" in p and p["currency"].lower() != currency:
        raise invalid(
            f"The currency of the prices ({currency}) does not match the `currency` of the "
            f"session ({p['currency']}).",
            param="currency",
        )
    subtotal = sum(i["amount_subtotal"] for i in items)
    shipping, options = shipping_cost(e, p, currency)
    total = subtotal + (shipping["amount_total"] if shipping else 0)
    if total < money.minimum(currency):
        raise invalid(
            "The Checkout Session's total amount due must add up to at least "
            f"{money.show(money.minimum(currency), currency)} {currency}",
            code="amount_too_small",
            param="line_items",
        )
    e.chargeable(total, currency, "line_items")

    kinds = intents.offered(
        e,
        currency,
        total,
        p.get("allowed_payment_method_types"),
        p.get("excluded_payment_method_types"),
    )
    intent_data = dict(p.get("payment_intent_data") or {})
    intents.check_connect(e, ctx, intent_data, total)
    e.metadata({}, intent_data.get("metadata"), "payment_intent_data[metadata]")

    ident = e.new_id("cs_test_a1", 56)
    obj = e.shape(
        "checkout.session",
        id=ident,
        amount_subtotal=subtotal,
        amount_total=total,
        adaptive_pricing={"enabled": bool((p.get("adaptive_pricing") or {}).get("enabled", False))},
        after_expiration=None,
        allowed_payment_method_types=p.get("allowed_payment_method_types"),
        excluded_payment_method_types=p.get("excluded_payment_method_types"),
        allow_promotion_codes=p.get("allow_promotion_codes"),
        automatic_tax={
            "enabled": bool((p.get("automatic_tax") or {}).get("enabled")),
            "liability": None,
            "provider": None,
            "status": None,
        },
        billing_address_collection=p.get("billing_address_collection"),
        cancel_url=p.get("cancel_url"),
        client_reference_id=p.get("client_reference_id"),
        collected_information=None,
        consent=None,
        consent_collection=None,
        created=e.now(),
        currency=currency,
        currency_conversion=None,
        custom_fields=[],
        custom_text={
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        customer=p.get("customer"),
        customer_creation=p.get("customer_creation", "if_required")
        if "customer" not in p
        else None,
        customer_details=None,
        customer_email=p.get("customer_email"),
        discounts=[],
        expires_at=expires_at,
        invoice_creation={
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        },
        locale=p.get("locale"),
        metadata=e.metadata({}, p.get("metadata")),
        mode=mode,
        payment_intent=None,
        payment_link=None,
        payment_method_collection="if_required",
        payment_method_configuration_details=None,
        payment_method_options=p.get("payment_method_options") or {},
        payment_method_types=kinds,
        payment_status="unpaid",
        permissions=None,
        phone_number_collection={
            "enabled": bool((p.get("phone_number_collection") or {}).get("enabled"))
        },
        saved_payment_method_options=None,
        shipping_address_collection=p.get("shipping_address_collection"),
        shipping_cost=shipping,
        shipping_options=options,
        status="open",
        submit_type=p.get("submit_type"),
        success_url=p["success_url"],
        total_details={
            "amount_discount": 0,
            "amount_shipping": shipping["amount_total"] if shipping else 0,
            "amount_tax": 0,
        },
        ui_mode=ui_mode,
        url=page_url(e, ident),
        wallet_options=None,
    )
    fact = e.fact(ident)
    fact.update(line_items=items, intent_data=intent_data, token=e.secret("", 24))
    e.put(ctx.account, obj)
    return obj


def shipping_cost(e, p, currency):
    given = p.get("shipping_options") or []
    options, cost = [], None
    for index, option in enumerate(given):
        label = f"shipping_options[{index}]"
        data = option.get("shipping_rate_data")
        if data is None:
            raise not_simulated("stored shipping rates", f"{label}[shipping_rate]")
        amount = data.get("fixed_amount")
        if amount is None:
            raise invalid(
                f"Missing required param: {label}[shipping_rate_data][fixed_amount].",
                param=f"{label}[shipping_rate_data][fixed_amount]",
                code="parameter_missing",
            )
        if amount["currency"].lower() != currency:
            raise invalid(
                "The shipping rate's currency must match that of the line items.",
                param=f"{label}[shipping_rate_data][fixed_amount][currency]",
            )
        rate = e.new_id("shr_1")
        options.append({"shipping_amount": amount["amount"], "shipping_rate": rate})
        if cost is None:
            cost = {
                "amount_subtotal": amount["amount"],
                "amount_tax": 0,
                "amount_total": amount["amount"],
                "shipping_rate": rate,
            }
    return cost, options


@op("Session.retrieve")
def session_retrieve(e, ctx, p, ident):
    obj = e.get(ctx.account, "checkout.session", ident, "session")
    expire_due(e, ctx.account)
    return obj


@op("Session.update")
def session_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "checkout.session", ident, "session")
    unknown = [k for k in p if k not in ("metadata", "expand")]
    if unknown:
        raise not_simulated(f"updating '{unknown[0]}' of a Checkout Session", unknown[0])
    e.update(ctx, obj, None, metadata=e.metadata(obj["metadata"], p.get("metadata")))
    return obj


@op("Session.expire")
def session_expire(e, ctx, p, ident):
    obj = e.get(ctx.account, "checkout.session", ident, "session")
    if obj["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            "Session has a "
            'status of "{}".'.format(obj["status"]),
            param="session",
            code="checkout_session_not_open",
        )
    return expire(e, ctx, obj)


@op("Session.list")
def session_list(e, ctx, p):
    expire_due(e, ctx.account)
    return e.listing(
        e.table(ctx.account, "checkout.session").values(),
        p,
        "/v1/checkout/sessions",
        ("customer", "payment_intent", "status"),
    )


@op("SessionLineItem.list")
def session_items(e, ctx, p, ident):
    e.get(ctx.account, "checkout.session", ident, "session")
    rows = e.fact(ident)["line_items"][::-1]
    return e.listing(rows, p, f"/v1/checkout/sessions/{ident}/line_items")


def expire(e, ctx, obj):
    obj.update(status="expired", url=None)
    if obj["payment_intent"]:
        intent = e.get(ctx.account, "payment_intent", obj["payment_intent"])
        if intent["status"] in intents.OPEN_STATES:
            intents.cancel(e, ctx, intent, "automatic")
    e.emit(ctx, "checkout.session.expired", obj)
    return obj


def page_url(e, ident):
    return f"{e.config.base_url}/c/pay/{ident}"


def move_pages(e):
    """Give open sessions of a kept state the address that the server has now."""
    for account in list(e.data):
        for session in e.table(account, "checkout.session").values():
            if session["status"] == "open":
                session["url"] = page_url(e, session["id"])


def expire_due(e, account):
    for obj in list(e.table(account, "checkout.session").values()):
        if obj["status"] == "open" and obj["expires_at"] <= e.now():
            expire(e, Context(account), obj)


# -- the buyer ---------------------------------------------------------------
def open_session(e, account, ident):
    expire_due(e, account)
    obj = e.table(account, "checkout.session").get(ident)
    if obj is None:
        raise StripeFault(404, "No such checkout session.")
    return obj


def pay(
    e,
    account,
    ident,
    *,
    kind="card",
    test_card="4242",
    outcome=None,
    email=None,
    name=None,
    country=None,
    shipping=None,
):
    """What submitting the pay page does.

    outcome: None (as the test card says), "succeed", "async" (money comes
    later), or one of intents.DECLINES.
    """
    ctx = Context(account)
    session = open_session(e, account, ident)
    if session["status"] != "open":
        raise invalid(
            "This Checkout Session is {}.".format(session["status"]),
            code="checkout_session_not_open",
        )
    if kind not in session["payment_method_types"]:
        raise invalid(
            f"Payment method '{kind}' is not offered by this session.",
            param="payment_method_type",
        )
    fact = e.fact(ident)
    if outcome is None and e.outcomes["payment"]:
        outcome = e.outcomes["payment"].pop(0)
    behaviour = BEHAVIOUR_BY_LAST4.get(test_card, "succeed") if kind == "card" else "succeed"
    if behaviour == "authenticate":
        behaviour = "succeed"  # the page stands for the challenge as well
    if outcome in intents.DECLINES:
        behaviour = outcome
    elif outcome == "succeed" and behaviour in intents.DECLINES:
        behaviour = "succeed"
    email = email or session["customer_email"] or "buyer@example.test"
    details = {
        "email": email,
        "name": name or "Demo Buyer",
        "address": {"country": country or "KR"},
    }
    fields = None
    if kind == "card":
        brand, last4, card_country = next(
            ((b, n, c) for b, n, c, _ in TEST_METHODS.values() if n == test_card),
            ("visa", "4242", "US"),
        )
        fields = card(brand, last4, country or card_country)
    method = make_method(e, ctx, kind, details=details, card_fields=fields, behaviour=behaviour)

    if session["payment_intent"]:
        intent = e.get(account, "payment_intent", session["payment_intent"])
    else:
        data = fact["intent_data"]
        params = {k: v for k, v in data.items() if v is not None}
        params.update(
            amount=session["amount_total"],
            currency=session["currency"],
            customer=session["customer"],
            allowed_payment_method_types=session["payment_method_types"],
            payment_method_options=session["payment_method_options"],
        )
        intent = intents.make_intent(e, ctx, params, checkout=True)
        session["payment_intent"] = intent["id"]
        e.emit(ctx, "payment_intent.created", intent)

    if behaviour in intents.DECLINES:
        return {
            "paid": False,
            "error": intents.fail(e, ctx, intent, method, behaviour),
            "session": session,
        }

    session["customer_details"] = {
        "address": dict(method["billing_details"]["address"]),
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": details["name"],
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    if session["customer_creation"] == "always" and not session["customer"]:
        customer = e.shape(
            "customer",
            id=e.new_id("cus_", 14),
            created=e.now(),
            email=email,
            name=details["name"],
            metadata={},
        )
        e.put(account, customer)
        e.emit(ctx, "customer.created", customer)
        session["customer"] = intent["customer"] = customer["id"]
    if session["shipping_address_collection"]:
        where = shipping or {
            "name": details["name"],
            "address": dict(
                method["billing_details"]["address"],
                line1="1 Sejong-daero",
                city="Seoul",
                postal_code="04524",
            ),
        }
        session["collected_information"] = {
            "business_name": None,
            "individual_name": None,
            "shipping_details": where,
        }
        intent["shipping"] = dict(where, carrier=None, phone=None, tracking_number=None)

    if outcome == "async":
        e.update(
            ctx,
            intent,
            None,
            status="processing",
            payment_method=method["id"],
            last_payment_error=None,
        )
        session.update(status="complete", url=None)
        e.emit(ctx, "payment_intent.processing", intent)
        e.emit(ctx, "checkout.session.completed", session)
        return {"paid": False, "session": session, "redirect": success_url(session)}
    charges.succeed(e, ctx, intent, method)
    manual = intent["status"] == "requires_capture"
    session.update(status="complete", url=None, payment_status="unpaid" if manual else "paid")
    e.emit(ctx, "checkout.session.completed", session)
    return {"paid": not manual, "session": session, "redirect": success_url(session)}


def settle_async(e, account, ident, success=True, behaviour="processing_error"):
    """The later half of a delayed payment."""
    ctx = Context(account)
    session = open_session(e, account, ident)
    intent = e.get(account, "payment_intent", session["payment_intent"] or "none")
    if intent["status"] != "processing":
        raise invalid("This Checkout Session has no delayed payment waiting.")
    method = e.get(account, "payment_method", intent["payment_method"])
    if success:
        charges.succeed(e, ctx, intent, method)
        session["payment_status"] = "paid"
        e.emit(ctx, "checkout.session.async_payment_succeeded", session)
    else:
        intents.fail(e, ctx, intent, method, behaviour)
        e.emit(ctx, "checkout.session.async_payment_failed", session)
    return session


def captured(e, ctx, intent):
    for session in e.table(ctx.account, "checkout.session").values():
        if session["payment_intent"] == intent["id"] and session["status"] == "complete":
            session["payment_status"] = "paid"


def success_url(session):
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])


def finish_redirect(e, account, ident, token, success):
    """The buyer's answer on a bank or wallet page of a confirmed intent."""
    ctx = Context(account)
    intent = e.get(account, "payment_intent", ident)
    waiting = e.fact(ident).get("redirect")
    if not waiting or waiting["token"] != token or intent["status"] != "requires_action":
        raise invalid("This page is no longer valid.")
    method = e.get(account, "payment_method", intent["payment_method"])
    del e.fact(ident)["redirect"]
    if success:
        charges.succeed(e, ctx, intent, method)
    else:
        intents.fail(
            e,
            ctx,
            intent,
            method,
            "authentication_failed" if method["type"] == "card" else "provider_declined",
        )
    back = waiting["return_url"]
    if back:
        joiner = "&" if "?" in back else "?"
        back += "{}payment_intent={}&payment_intent_client_secret={}&redirect_status={}".format(
            joiner,
            ident,
            intent["client_secret"],
            "succeeded" if success else "failed",
        )
    return back
