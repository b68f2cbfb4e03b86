from __future__ import annotations

import re

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from marketplace.catalog.queries import get_offer
from marketplace.catalog.views.product import show_refused
from marketplace.kernel.db import transaction
from marketplace.kernel.time import now
from marketplace.orders.errors import NoLongerSold, NotEnough, TooMany
from marketplace.orders.forms import PiecesForm
from marketplace.orders.models import Order
from marketplace.orders.operations import add_to_cart, change_quantity, open_cart
from marketplace.orders.policies import HOLD
from marketplace.orders.queries import find_unpaid, list_quantities, quote
from marketplace.orders.views.blueprint import bp
from marketplace.orders.views.browser import cart_token, reader_cart, reader_id, remember_cart
from marketplace.orders.views.checkout import weigh
from marketplace.payments.queries import list_underway
from marketplace.web.access import public
from marketplace.web.errors import explain
from marketplace.web.locale import current_language
from marketplace.web.security import same_origin


@bp.get("/cart")
@public
def show_cart() -> ResponseReturnValue:
    return _show()


def _show(refused: PiecesForm | None = None, variant_id: int = 0) -> ResponseReturnValue:
    """The cart; `refused` is what was sent for the line of `variant_id` and cannot be taken."""
    quantities = list_quantities(reader_cart())
    offer = quote(quantities, lang=current_language(), at=now()) if quantities else None
    is_empty = offer is None or not offer.parcels
    page = render_template(
        "orders/cart.html",
        refused=refused,
        refused_id=variant_id,
        unpaid=_find_unpaid() if is_empty else None,
        hold=HOLD,
        quote=None if is_empty else offer,
        weigh=weigh,
        removed=request.args.get("removed", type=int),
        removed_quantity=request.args.get("quantity", 1, type=int),
    )
    return page, 422 if refused else 200


def _find_unpaid() -> Order | None:
    """The reader's order that can be paid: who goes back from paying looks for it here."""
    order = find_unpaid(current_user.id) if current_user.is_authenticated else None
    return None if order is None or list_underway("order", [order.number]) else order


@bp.post("/cart/lines")
@same_origin
@public
def add_line() -> ResponseReturnValue:
    """Put goods in; with `then=checkout` go straight to the checkout.

    Only when nothing else was in: whoever orders one thing now does not expect to pay for others.
    """
    variant_id, form = _whole("variant_id"), PiecesForm()
    lang, at = current_language(), now()
    if not form.validate():
        return show_refused(get_offer(variant_id, lang).slug, form, variant_id=variant_id)
    token, user_id, quantity = cart_token(), reader_id(), form.quantity.data or 1
    try:
        with transaction():
            cart = open_cart(token, user_id=user_id, at=at)
            others = add_to_cart(cart, variant_id, quantity, at=at, lang=lang)
    except (NoLongerSold, NotEnough, TooMany) as error:
        flash(explain(error), "bad")
        return redirect(url_for(".show_cart"))
    wants_checkout = request.form.get("then") == "checkout"
    if wants_checkout and not others:
        response = make_response(redirect(url_for(".checkout")))
    else:
        added = _("Added to your cart.")
        if wants_checkout:
            added = _(
                "Added. There were goods in your cart already: look at all of them, then order."
            )
        flash(added, "ok")
        response = make_response(redirect(url_for(".show_cart")))
    remember_cart(response, cart)
    return response


@bp.post("/cart/lines/<int:variant_id>")
@public
def change_line(variant_id: int) -> ResponseReturnValue:
    """Set the quantity, 0 for none; the buttons send `step`, the cross sends `remove`."""
    cart = reader_cart()
    there = list_quantities(cart).get(variant_id, 0)
    if cart is None or not there:
        return redirect(url_for(".show_cart"))
    quantity, step = 0, _whole("step", 0)
    if "remove" not in request.form:
        form = PiecesForm(least=0, data={"quantity": there})
        form.quantity.id = f"quantity-{variant_id}"
        if not form.validate():
            return _show(form, variant_id)
        quantity = form.quantity.data or 0
        if step:
            quantity = max(1, quantity + step)
    token, user_id, at = cart_token(), reader_id(), now()
    try:
        with transaction():
            cart = open_cart(token, user_id=user_id, at=at)
            change_quantity(cart, variant_id, quantity, at=at, lang=current_language())
    except (NoLongerSold, NotEnough, TooMany) as error:
        flash(explain(error), "bad")
    if quantity:
        return redirect(url_for(".show_cart"))
    return redirect(url_for(".show_cart", removed=variant_id, quantity=there))


def _whole(name: str, default: int | None = None) -> int:
    """A whole number of the form. Without a default, nonsense is a bad request."""
    text = request.form.get(name, "").strip()
    if re.fullmatch(r"-?[0-9]{1,9}", text):
        return int(text)
    if default is None:
        raise BadRequest
    return default
