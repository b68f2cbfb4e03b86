from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime

from sqlalchemy import bindparam, delete, update
from sqlalchemy.exc import IntegrityError

from marketplace.catalog.queries import get_offer
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.rows import run, upsert
from marketplace.orders.errors import NoLongerSold, NotEnough, TooMany
from marketplace.orders.models import Cart, CartLine
from marketplace.orders.policies import MOST_PIECES
from marketplace.orders.queries.carts import OF_BROWSER, OF_BUYER, find_cart, list_quantities

_TOUCH = (
    update(Cart)
    .values(changed_at=bindparam("at"))
    .returning(Cart)
    .execution_options(populate_existing=True, synchronize_session=False)
)
_TOUCH_OF_BUYER = _TOUCH.where(*OF_BUYER)
_TOUCH_OF_BROWSER = _TOUCH.where(*OF_BROWSER)
_LOCK = update(Cart).where(Cart.id == bindparam("cart")).values(changed_at=bindparam("at"))
_EMPTY = delete(CartLine).where(CartLine.cart_id == bindparam("cart"))
_TAKE_OUT = _EMPTY.where(CartLine.variant_id == bindparam("variant"))


def open_cart(token: str | None, *, user_id: int | None = None, at: datetime) -> Cart:
    """The buyer's cart, or the one this browser knows by `token`; a new one if there is none.

    It counts as changed `at`, and is locked until the transaction ends.
    """
    cart = _touch(user_id, token, at)
    if cart is not None:
        return cart
    cart = Cart(token=secrets.token_urlsafe(24), user_id=user_id, changed_at=at)
    # Two first taps at once: the second finds the cart of the first.
    with suppress(IntegrityError):
        with db.session.begin_nested():
            db.session.add(cart)
        return cart
    return db.session.scalars(_TOUCH_OF_BUYER, {"buyer": user_id, "at": at}).one()


def _touch(user_id: int | None, token: str | None, at: datetime) -> Cart | None:
    if user_id is not None:
        return db.session.scalar(_TOUCH_OF_BUYER, {"buyer": user_id, "at": at})
    return db.session.scalar(_TOUCH_OF_BROWSER, {"browser": token, "at": at}) if token else None


def lock_cart(cart: Cart, *, at: datetime) -> None:
    """It counts as changed `at`, and is locked until the transaction ends."""
    run(_LOCK, {"cart": cart.id, "at": at})


def add_to_cart(
    cart: Cart, variant_id: int, quantity: int, *, at: datetime, lang: str = "ko"
) -> dict[int, int]:
    """Put `quantity` more pieces in; returns what was in before, as `{variant id: quantity}`.

    Raises NoLongerSold, NotEnough, TooMany.
    """
    before = list_quantities(cart)
    _write_line(cart, variant_id, before.get(variant_id, 0) + quantity, at=at, lang=lang)
    return before


def change_quantity(
    cart: Cart, variant_id: int, quantity: int, *, at: datetime, lang: str = "ko"
) -> None:
    """Make it `quantity` pieces; zero or less takes the goods out.

    Raises NoLongerSold, NotEnough when so many are not there, TooMany.
    """
    if quantity <= 0:
        remove_from_cart(cart, variant_id)
    else:
        _write_line(cart, variant_id, quantity, at=at, lang=lang)


def _write_line(cart: Cart, variant_id: int, quantity: int, *, at: datetime, lang: str) -> None:
    try:
        offer = get_offer(variant_id, lang)
    except NotFound as error:
        raise NoLongerSold from error
    if quantity > offer.available:
        raise NotEnough(available=offer.available, name=offer.name)
    if quantity > MOST_PIECES:
        raise TooMany(most=MOST_PIECES, name=offer.name)
    line = {"cart_id": cart.id, "variant_id": variant_id, "quantity": quantity, "added_at": at}
    upsert(CartLine, [line], key=("cart_id", "variant_id"), change=("quantity",))


def remove_from_cart(cart: Cart, variant_id: int) -> None:
    """Take the goods out; a repeat is harmless."""
    run(_TAKE_OUT, {"cart": cart.id, "variant": variant_id})


def empty_cart(cart: Cart) -> None:
    """Take all goods out."""
    run(_EMPTY, {"cart": cart.id})


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
    there = list_quantities(mine)
    upsert(
        CartLine,
        [
            {
                "cart_id": mine.id,
                "variant_id": variant_id,
                "quantity": max(quantity, there.get(variant_id, 0)),
                "added_at": at,
            }
            for variant_id, quantity in list_quantities(loose).items()
        ],
        key=("cart_id", "variant_id"),
        change=("quantity",),
    )
    empty_cart(loose)
    loose.changed_at = mine.changed_at = at
    db.session.flush()
