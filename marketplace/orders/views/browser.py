"""The cart of whoever is reading: the buyer's own, or the one of this browser's cookie."""

from __future__ import annotations

from datetime import datetime

from flask import Response, current_app, has_request_context, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from marketplace.accounts.models import User
from marketplace.kernel.config import Config
from marketplace.orders.models import Cart
from marketplace.orders.operations import merge_carts
from marketplace.orders.queries import count_pieces, find_cart

COOKIE = "cart"
DAYS_90 = 90 * 24 * 3600


def reader_id() -> int | None:
    return current_user.id if current_user.is_authenticated else None


def cart_token() -> str | None:
    return request.cookies.get(COOKIE, "")[:64] or None


def reader_cart() -> Cart | None:
    return find_cart(reader_id(), cart_token())


def remember_cart(response: Response, cart: Cart) -> None:
    """Let a stranger's browser find the cart again; buyers are known by their account."""
    if cart.user_id is None and cart.token != cart_token():
        config: Config = current_app.config["LUMBUNG"]
        response.set_cookie(
            COOKIE,
            cart.token,
            max_age=DAYS_90,
            httponly=True,
            samesite="Lax",
            secure=config.is_https,
        )


def adopt_cart(user: User, at: datetime) -> None:
    """What a stranger chose stays with them when they sign in."""
    token = cart_token() if has_request_context() else None
    if token:
        merge_carts(token, user.id, at=at)


def count_cart() -> dict[str, int]:
    """`cart_count` for the head of every page; no query for visitors without a cart."""
    if not has_request_context() or (reader_id() is None and cart_token() is None):
        return {}
    try:
        return {"cart_count": count_pieces(reader_id(), cart_token())}
    except SQLAlchemyError:
        return {}
