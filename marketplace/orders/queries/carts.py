from __future__ import annotations

from sqlalchemy import Select, func, select

from marketplace.kernel.db import db
from marketplace.orders.models import Cart, CartLine


def find_cart(user_id: int | None, token: str | None) -> Cart | None:
    """The buyer's cart, or for strangers the cart of this browser."""
    wanted = cart_of(user_id, token)
    return None if wanted is None else db.session.scalar(wanted)


def cart_of(user_id: int | None, token: str | None) -> Select[Cart] | None:
    """What `find_cart` asks for; None where there can be no cart."""
    if user_id is not None:
        return select(Cart).where(Cart.user_id == user_id)
    if token:
        return select(Cart).where(Cart.token == token, Cart.user_id.is_(None))
    return None


def count_pieces(user_id: int | None, token: str | None) -> int:
    """How many pieces are in that cart; one query."""
    wanted = cart_of(user_id, token)
    if wanted is None:
        return 0
    pieces = wanted.join(CartLine, CartLine.cart_id == Cart.id)
    return db.session.scalar(pieces.with_only_columns(func.sum(CartLine.quantity))) or 0


def list_quantities(cart: Cart | None) -> dict[int, int]:
    """`{variant id: quantity}`, in the order the goods were added."""
    if cart is None:
        return {}
    rows = db.session.execute(
        select(CartLine.variant_id, CartLine.quantity)
        .where(CartLine.cart_id == cart.id)
        .order_by(CartLine.added_at, CartLine.variant_id)
    )
    return {row.variant_id: row.quantity for row in rows}
