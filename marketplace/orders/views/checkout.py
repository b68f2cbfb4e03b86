from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select

from marketplace.customs.policies import normalize_customs_code, normalize_korean_phone
from marketplace.customs.queries import check_postcode
from marketplace.kernel.config import Config
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError, Invalid
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import now
from marketplace.orders.errors import (
    CartChanged,
    CartEmpty,
    NotEnough,
    OrderNotPayable,
    ParcelAboveLimit,
    QuoteChanged,
)
from marketplace.orders.forms import CheckoutForm
from marketplace.orders.models import Cart, Order, OrderState
from marketplace.orders.operations import place_order
from marketplace.orders.queries import (
    Quote,
    QuoteParcel,
    get_order_of,
    list_goods,
    list_quantities,
    quote,
)
from marketplace.orders.views.blueprint import bp
from marketplace.orders.views.browser import reader_cart
from marketplace.payments.errors import (
    AlreadyPaid,
    PaymentUnderway,
    StripeRefused,
    StripeUnavailable,
)
from marketplace.payments.flows import open_checkout, open_session, settle
from marketplace.payments.models import Payment, PaymentState
from marketplace.payments.operations import Seen, plan_payment
from marketplace.payments.queries import list_payments
from marketplace.web.access import signed_in
from marketplace.web.errors import explain
from marketplace.web.formats import format_weight
from marketplace.web.forms import render_form
from marketplace.web.locale import current_language

EDITION = "2026-04"
CHECKS: dict[str, Callable[[str], str]] = {
    "phone": normalize_korean_phone,
    "postcode": check_postcode,
    "customs_code": normalize_customs_code,
}


@bp.route("/checkout", methods=["GET", "POST"])
@signed_in
def checkout() -> ResponseReturnValue:
    cart = reader_cart()
    form = CheckoutForm(obj=None)
    if cart is None:
        return _back_to_cart()
    if form.validate_on_submit():
        return _place(form, cart)
    if request.method == "POST":
        _check_address(form)
    else:
        _fill_in(form)
    return _show(form, cart)


def _place(form: CheckoutForm, cart: Cart) -> ResponseReturnValue:
    """Order and payment are written down together; then Stripe is asked."""
    seen, at = _read_quote(form.quote.data), now()
    try:
        with transaction():
            order = place_order(
                current_user,
                cart,
                form.address(),
                form_key=form.form_key.data or "",
                at=at,
                locale=current_language(),
                seen=seen.get("fingerprint", ""),
                consents={"terms": EDITION, "overseas_transfer": EDITION},
            )
            # Of an order that a first tap has made, the payment is planned already.
            is_new = order.placed_at == at
            if is_new:
                payment = plan_payment("order", order.number, order.total, at=at, is_first=True)
                bill = _bill(order)
    except CartEmpty:
        return _back_to_cart()
    except ParcelAboveLimit:
        return _show(form, cart)
    except QuoteChanged as error:
        return _show(form, cart, error, before=seen)
    except NotEnough as error:
        return _show(form, cart, error)
    except Invalid:
        _check_address(form)
        if not form.is_refused:
            raise
        return _show(form, cart)
    if not is_new:
        return _pay(order)
    return _send(order, lambda: open_session(payment, bill, *_of_reader(order)))


def _back_to_cart() -> ResponseReturnValue:
    flash(explain(CartEmpty()), "wait")
    return redirect(url_for(".show_cart"))


def _check_address(form: CheckoutForm) -> None:
    """Refuse every field that customs or the post would refuse, not only the first."""
    for name, check in CHECKS.items():
        if not form[name].errors:
            try:
                check(form[name].data or "")
            except Invalid as error:
                form.refuse(name, error)


def _show(
    form: CheckoutForm,
    cart: Cart,
    error: DomainError | None = None,
    before: dict[str, Any] | None = None,
) -> ResponseReturnValue:
    offer = quote(list_quantities(cart), lang=current_language(), at=now())
    if not offer.parcels:
        return _back_to_cart()
    if offer.too_heavy:
        is_asking = request.method == "GET"
        return redirect(url_for(".show_cart")) if is_asking else _show_too_heavy(form, offer)
    has_other_goods = before is not None and before.get("contents", "") != offer.contents
    if isinstance(error, QuoteChanged):
        # Agreed to another amount, or to other goods: both are asked for again.
        form.terms.data = form.transfer.data = False
        error = CartChanged() if has_other_goods else error
    if error is not None:
        form.form_errors = [*form.form_errors, explain(error)]
    form.quote.data = _write_quote(offer)
    form.form_key.data = form.form_key.data or secrets.token_urlsafe(16)
    changes = [
        (label, won(before[name]), amount)
        for label, name, amount in (
            (_("Goods"), "goods", offer.goods),
            (_("International shipping"), "shipping", offer.shipping),
            (_("To pay"), "total", offer.total),
        )
        if before and name in before
    ]
    return render_form(
        "orders/checkout.html",
        form,
        quote=offer,
        changes=changes,
        has_other_goods=has_other_goods,
    )


def _show_too_heavy(form: CheckoutForm, offer: Quote) -> ResponseReturnValue:
    """Nothing can be ordered before the cart is put right; what was typed stays.

    The form keeps the quote that the buyer saw, so that old and new stand side by side after.
    """
    form.form_errors = [*form.form_errors, *map(weigh, offer.too_heavy)]
    return render_form("orders/checkout.html", form, quote=offer, changes=[])


def weigh(parcel: QuoteParcel) -> str:
    """Which parcel is too heavy, by how much, and what to do."""
    sentence: str = _(
        "The parcel of %(cooperative)s weighs %(weight)s, and the post takes at most %(limit)s. "
        "Take some of its goods out and order them separately.",
        cooperative=parcel.cooperative.name,
        weight=format_weight(parcel.weight_grams),
        limit=format_weight(parcel.most_grams or 0),
    )
    return sentence


def _fill_in(form: CheckoutForm) -> None:
    """Start with the address of the buyer's last order; the consents are given anew."""
    form.form_key.data = form.form_key.data or secrets.token_urlsafe(16)
    last = db.session.scalar(
        select(Order).where(Order.user_id == current_user.id).order_by(Order.id.desc()).limit(1)
    )
    known = {
        "recipient": last.recipient if last else current_user.name,
        "phone": last.phone.replace("+82", "0", 1) if last else "",
        "postcode": last.postcode if last else "",
        "line": last.address_line if last else "",
        "detail": last.address_detail if last else "",
        "customs_code": last.customs_code if last else "",
    }
    for name, value in known.items():
        form[name].data = form[name].data or value


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="quote")


def _write_quote(offer: Quote) -> str:
    """What the buyer sees now, signed, so that old and new can be shown side by side."""
    text = _signer().dumps(
        {
            "fingerprint": offer.fingerprint,
            "contents": offer.contents,
            "goods": offer.goods.minor,
            "shipping": offer.shipping.minor,
            "total": offer.total.minor,
        }
    )
    return text if isinstance(text, str) else text.decode()


def _read_quote(text: str | None) -> dict[str, Any]:
    try:
        found: dict[str, Any] = _signer().loads(text or "")
    except BadSignature:
        return {}
    return found


@bp.post("/orders/<number>/payments")
@signed_in
def new_payment(number: str) -> ResponseReturnValue:
    """Try again after a payment that failed or was left."""
    return _pay(get_order_of(current_user.id, number))


@bp.get("/orders/<number>/payments/return")
@signed_in
def return_from_payment(number: str) -> ResponseReturnValue:
    """Stripe's page leads back here: look how the session stands, then show the order.

    The address proves nothing; the session is asked for, and must be one of this order.
    """
    order = get_order_of(current_user.id, number)
    session_id = request.args.get("session_id", "")
    if session_id in {payment.session_id for payment in list_payments("order", order.number)}:
        try:
            seen = settle(session_id, at=now())
        except (StripeUnavailable, StripeRefused):
            flash(_("We are still waiting for word of your payment. Reload in a minute."), "wait")
        else:
            _thank(order, seen)
    return redirect(url_for(".show_order", number=number))


def _thank(order: Order, seen: Seen) -> None:
    """Say what became of the money, whether this look or the webhook before it settled it."""
    if seen.payment is None or seen.payment.state is not PaymentState.PAID:
        return
    db.session.refresh(order)
    if seen.unwanted is None and order.state is OrderState.PAID:
        flash(_("Paid. Thank you!"), "ok")
    else:
        flash(_("This payment is not needed. It goes back to you in full."), "wait")


def _pay(order: Order) -> ResponseReturnValue:
    """Send the buyer to Stripe's page, or to the order with a sentence why not."""
    if order.state is OrderState.PAID:
        return redirect(url_for(".show_order", number=order.number))
    if order.state is not OrderState.AWAITING_PAYMENT:
        raise OrderNotPayable
    email, locale, urls = _of_reader(order)
    return _send(
        order,
        lambda: open_checkout(
            "order",
            order.number,
            order.total,
            _bill(order),
            customer_email=email,
            locale=locale,
            success_url=urls[0],
            cancel_url=urls[1],
            at=now(),
        ),
    )


def _of_reader(order: Order) -> tuple[str, str, tuple[str, str]]:
    """What Stripe's page needs to know of the buyer: address, language, the two ways back."""
    back = _outside(url_for(".return_from_payment", number=order.number))
    left = _outside(url_for(".show_order", number=order.number))
    return (
        current_user.email,
        current_language(),
        (f"{back}?session_id={{CHECKOUT_SESSION_ID}}", left),
    )


def _send(order: Order, ask: Callable[[], Payment]) -> ResponseReturnValue:
    here = url_for(".show_order", number=order.number)
    try:
        payment = ask()
    except AlreadyPaid:
        return redirect(here)
    except PaymentUnderway as error:
        flash(explain(error), "wait")
        return redirect(here)
    except (StripeUnavailable, StripeRefused) as error:
        flash(explain(error), "bad")
        return redirect(here)
    return redirect(payment.session_url or here, 303)


def _bill(order: Order) -> list[tuple[str, Money, int]]:
    lines = list_goods(order)
    if order.shipping_minor:
        lines.append((_("International shipping"), won(order.shipping_minor), 1))
    return lines


def _outside(path: str) -> str:
    """The address as the buyer's browser knows it."""
    config: Config = current_app.config["LUMBUNG"]
    return (request.host_url.rstrip("/") if config.demo else config.base_url) + path
