from __future__ import annotations

from sqlalchemy import bindparam, func, select

from marketplace.kernel.db import db
from marketplace.kernel.rows import run
from marketplace.orders.models import Cart, CartLine

# The buyer's cart, and for strangers the cart of this browser.
OF_BUYER = (Cart.user_id == bindparam("buyer"),)
OF_BROWSER = (Cart.token == bindparam("browser"), Cart.user_id.is_(None))

_CART_OF_BUYER = select(Cart).where(*OF_BUYER)
_CART_OF_BROWSER = select(Cart).where(*OF_BROWSER)
_PIECES = select(func.sum(CartLine.quantity)).join(Cart, Cart.id == CartLine.cart_id)
_PIECES_OF_BUYER = _PIECES.where(*OF_BUYER)
_PIECES_OF_BROWSER = _PIECES.where(*OF_BROWSER)
_QUANTITIES = (
    select(CartLine.variant_id, CartLine.quantity)
    .where(CartLine.cart_id == bindparam("cart"))
    .order_by(CartLine.added_at, CartLine.variant_id)
)


def find_cart(user_id: int | None, token: str | None) -> Cart | None:
    """The buyer's cart, or for strangers the cart of this browser."""
    if user_id is not None:
        return db.session.scalar(_CART_OF_BUYER, {"buyer": user_id})
    return db.session.scalar(_CART_OF_BROWSER, {"browser": token}) if token else None


def count_pieces(user_id: int | None, token: str | None) -> int:
    """How many pieces are in that cart; one query."""
    if user_id is not None:
        return run(_PIECES_OF_BUYER, {"buyer": user_id}).scalar() or 0
    return (run(_PIECES_OF_BROWSER, {"browser": token}).scalar() or 0) if token else 0


def list_quantities(cart: Cart | None) -> dict[int, int]:
    """`{variant id: quantity}`, in the order the goods were added."""
    if cart is None:
        return {}
    return {row.variant_id: row.quantity for row in run(_QUANTITIES, {"cart": cart.id})}
