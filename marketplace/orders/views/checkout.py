from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from typing import Any

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select

from marketplace.customs.policies import normalize_customs_code, normalize_korean_phone
from marketplace.customs.queries import check_postcode
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError, Invalid
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import now
from marketplace.orders.errors import (
    CartChanged,
    CartEmpty,
    NotEnough,
    ParcelAboveLimit,
    QuoteChanged,
)
from marketplace.orders.forms import STEPS, CheckoutForm
from marketplace.orders.models import Cart, Order
from marketplace.orders.operations import place_order
from marketplace.orders.queries import Quote, QuoteParcel, list_quantities, quote
from marketplace.orders.views.blueprint import bp
from marketplace.orders.views.browser import reader_cart
from marketplace.orders.views.checkout_steps import steps_of
from marketplace.orders.views.paying import bill_of, of_reader, pay, send_to_stripe
from marketplace.payments.flows import open_session
from marketplace.payments.operations import plan_payment
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
    """One form in three steps; a button named `step` opens that step, the one without name pays."""
    cart = reader_cart()
    form = CheckoutForm(obj=None)
    if cart is None:
        return _back_to_cart()
    if request.method == "GET":
        return _begin(form, cart)
    wanted = request.form.get("step", "")
    if wanted in STEPS:
        _check(form, _before(wanted))
        return _show(form, cart, wanted=wanted)
    if form.validate_on_submit():
        return _place(form, cart)
    _check_address(form)
    return _show(form, cart)


def _begin(form: CheckoutForm, cart: Cart) -> ResponseReturnValue:
    """The first step, or the second for whom the first is filled in already."""
    _fill_in(form)
    _check(form, ["recipient"])
    wanted = "recipient" if form.is_refused else "customs"
    for name in STEPS["recipient"]:
        form[name].errors = []
    return _show(form, cart, wanted=wanted)


def _before(wanted: str) -> list[str]:
    return list(STEPS)[: list(STEPS).index(wanted)]


def _check(form: CheckoutForm, steps: Collection[str]) -> None:
    """Refuse what is wrong in these steps; the others say nothing yet."""
    form.check(steps)
    _check_address(form, [name for step in steps for name in STEPS[step]])


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
                bill = bill_of(order)
    except CartEmpty:
        return _back_to_cart()
    except ParcelAboveLimit:
        return _show(form, cart)
    except QuoteChanged as error:
        return _show(form, cart, error)
    except NotEnough as error:
        return _show(form, cart, error)
    except Invalid:
        _check_address(form)
        if not form.is_refused:
            raise
        return _show(form, cart)
    if not is_new:
        return pay(order)
    return send_to_stripe(order, lambda: open_session(payment, bill, *of_reader(order)))


def _back_to_cart() -> ResponseReturnValue:
    flash(explain(CartEmpty()), "wait")
    return redirect(url_for(".show_cart"))


def _check_address(form: CheckoutForm, names: Collection[str] = tuple(CHECKS)) -> None:
    """Refuse every field that customs or the post would refuse, not only the first."""
    for name, check in CHECKS.items():
        if name in names and not form[name].errors:
            try:
                check(form[name].data or "")
            except Invalid as error:
                form.refuse(name, error)


def _show(
    form: CheckoutForm, cart: Cart, error: DomainError | None = None, *, wanted: str = "payment"
) -> ResponseReturnValue:
    """The form with the step that is `wanted` open, or those in which something is wrong."""
    offer = quote(list_quantities(cart), lang=current_language(), at=now())
    if not offer.parcels:
        return _back_to_cart()
    if offer.too_heavy:
        if request.method == "GET":
            return redirect(url_for(".show_cart"))
        return _show_too_heavy(form, offer, wanted)
    before = _read_quote(form.quote.data)
    if error is None and before and before["fingerprint"] != offer.fingerprint:
        error = QuoteChanged()
    is_changed = isinstance(error, QuoteChanged)
    has_other_goods = is_changed and before.get("contents", "") != offer.contents
    if is_changed:
        # Agreed to another amount, or to other goods: both are asked for again.
        form.terms.data = form.transfer.data = False
        error = CartChanged() if has_other_goods else error
    if error is not None:
        form.refuse_whole(error)
    form.quote.data = _write_quote(offer)
    form.form_key.data = form.form_key.data or secrets.token_urlsafe(16)
    changes = _old_and_new(before, offer) if is_changed else []
    return _render(form, offer, wanted, changes=changes, has_other_goods=has_other_goods)


def _old_and_new(before: dict[str, Any], offer: Quote) -> list[tuple[str, Money, Money]]:
    """What the buyer saw and what holds now, side by side."""
    amounts = (
        (_("Goods"), "goods", offer.goods),
        (_("International shipping"), "shipping", offer.shipping),
        (_("To pay"), "total", offer.total),
    )
    return [(label, won(before[name]), amount) for label, name, amount in amounts if name in before]


def _show_too_heavy(form: CheckoutForm, offer: Quote, wanted: str) -> ResponseReturnValue:
    """Nothing can be ordered before the cart is put right; what was typed stays.

    The form keeps the quote that the buyer saw, so that old and new stand side by side after.
    """
    form.form_errors = [*form.form_errors, *map(weigh, offer.too_heavy)]
    return _render(form, offer, wanted, changes=[])


def _render(form: CheckoutForm, offer: Quote, wanted: str, **more: Any) -> ResponseReturnValue:
    return render_form(
        "orders/checkout.html",
        form,
        quote=offer,
        steps=steps_of(form, wanted),
        has_moved=request.method == "POST" and not form.is_refused,
        **more,
    )


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
