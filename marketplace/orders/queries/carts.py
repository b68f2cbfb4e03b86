from __future__ import annotations

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.orders.models import Cart, CartLine


def find_cart(user_id: int | None, token: str | None) -> Cart | None:
    """The buyer's cart, or for strangers the cart of this browser."""
    if user_id is not None:
        return db.session.scalar(select(Cart).where(Cart.user_id == user_id))
    if token:
        return db.session.scalar(select(Cart).where(Cart.token == token, Cart.user_id.is_(None)))
    return None


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
