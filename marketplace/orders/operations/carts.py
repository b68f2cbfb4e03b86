from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError

from marketplace.catalog.queries import get_offer
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.orders.errors import NoLongerSold, NotEnough, TooMany
from marketplace.orders.models import Cart, CartLine
from marketplace.orders.policies import MOST_PIECES
from marketplace.orders.queries.carts import cart_of, find_cart, list_quantities


def open_cart(token: str | None, *, user_id: int | None = None, at: datetime) -> Cart:
    """The buyer's cart, or the one this browser knows by `token`; a new one if there is none."""
    wanted = cart_of(user_id, token)
    cart = None if wanted is None else db.session.scalar(_newest(wanted))
    if cart is not None:
        return cart
    cart = Cart(token=secrets.token_urlsafe(24), user_id=user_id, changed_at=at)
    # Two first taps at once: the second finds the cart of the first.
    with suppress(IntegrityError):
        with db.session.begin_nested():
            db.session.add(cart)
        return cart
    return db.session.scalars(select(Cart).where(Cart.user_id == user_id).with_for_update()).one()


def _newest(wanted: Select[Cart]) -> Select[Cart]:
    return wanted.with_for_update().execution_options(populate_existing=True)


def add_to_cart(
    cart: Cart, variant_id: int, quantity: int, *, at: datetime, lang: str = "ko"
) -> None:
    """Put `quantity` more pieces in. Raises NoLongerSold, NotEnough, TooMany."""
    line = _find_line(cart, variant_id)
    there = line.quantity if line else 0
    _write_line(cart, line, variant_id, there + quantity, at=at, lang=lang)


def change_quantity(
    cart: Cart, variant_id: int, quantity: int, *, at: datetime, lang: str = "ko"
) -> None:
    """Make it `quantity` pieces; zero or less takes the goods out.

    Raises NoLongerSold, NotEnough when so many are not there, TooMany.
    """
    if quantity <= 0:
        remove_from_cart(cart, variant_id, at=at)
        return
    line = _find_line(cart, variant_id)
    _write_line(cart, line, variant_id, quantity, at=at, lang=lang)


def _find_line(cart: Cart, variant_id: int) -> CartLine | None:
    return db.session.get(CartLine, (cart.id, variant_id), populate_existing=True)


def _write_line(
    cart: Cart, line: CartLine | None, variant_id: int, quantity: int, *, at: datetime, lang: str
) -> None:
    try:
        offer = get_offer(variant_id, lang)
    except NotFound as error:
        raise NoLongerSold from error
    if quantity > offer.available:
        raise NotEnough(available=offer.available, name=offer.name)
    if quantity > MOST_PIECES:
        raise TooMany(most=MOST_PIECES, name=offer.name)
    if line is None:
        db.session.add(
            CartLine(cart_id=cart.id, variant_id=variant_id, quantity=quantity, added_at=at)
        )
    else:
        line.quantity = quantity
    cart.changed_at = at
    db.session.flush()


def remove_from_cart(cart: Cart, variant_id: int, *, at: datetime) -> None:
    """Take the goods out; a repeat is harmless."""
    db.session.execute(
        delete(CartLine).where(CartLine.cart_id == cart.id, CartLine.variant_id == variant_id)
    )
    cart.changed_at = at


def empty_cart(cart: Cart, *, at: datetime) -> None:
    db.session.execute(delete(CartLine).where(CartLine.cart_id == cart.id))
    cart.changed_at = at


def merge_carts(token: str, user_id: int, *, at: datetime) -> None:
    """What a stranger chose becomes the buyer's who has signed in; the larger quantity stays."""
    loose = find_cart(None, token)
    if loose is None:
        return
    mine = find_cart(user_id, None)
    if mine is None:
        loose.user_id = user_id
        loose.changed_at = at
        db.session.flush()
        return
    quantities = list_quantities(mine)
    for variant_id, quantity in list_quantities(loose).items():
        line = db.session.get(CartLine, (mine.id, variant_id))
        if line is None:
            db.session.add(
                CartLine(cart_id=mine.id, variant_id=variant_id, quantity=quantity, added_at=at)
            )
        else:
            line.quantity = max(quantities[variant_id], quantity)
    empty_cart(loose, at=at)
    mine.changed_at = at
    db.session.flush()
