"""The way to Stripe's page and back."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.kernel.config import Config
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import now
from marketplace.orders.errors import OrderNotPayable
from marketplace.orders.models import Order, OrderState
from marketplace.orders.queries import get_order_of, list_goods
from marketplace.orders.views.blueprint import bp
from marketplace.payments.errors import (
    AlreadyPaid,
    PaymentUnderway,
    StripeRefused,
    StripeUnavailable,
)
from marketplace.payments.flows import open_checkout, settle
from marketplace.payments.models import Payment, PaymentState
from marketplace.payments.operations import Seen
from marketplace.payments.queries import list_payments
from marketplace.web.access import signed_in
from marketplace.web.errors import explain
from marketplace.web.locale import current_language


@bp.post("/orders/<number>/payments")
@signed_in
def new_payment(number: str) -> ResponseReturnValue:
    """Try again after a payment that failed or was left."""
    return pay(get_order_of(current_user.id, number))


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


def pay(order: Order) -> ResponseReturnValue:
    """Send the buyer to Stripe's page, or to the order with a sentence why not."""
    if order.state is OrderState.PAID:
        return redirect(url_for(".show_order", number=order.number))
    if order.state is not OrderState.AWAITING_PAYMENT:
        raise OrderNotPayable
    email, locale, urls = of_reader(order)
    return send_to_stripe(
        order,
        lambda: open_checkout(
            "order",
            order.number,
            order.total,
            bill_of(order),
            customer_email=email,
            locale=locale,
            success_url=urls[0],
            cancel_url=urls[1],
            at=now(),
        ),
    )


def of_reader(order: Order) -> tuple[str, str, tuple[str, str]]:
    """What Stripe's page needs to know of the buyer: address, language, the two ways back."""
    back = _outside(url_for(".return_from_payment", number=order.number))
    left = _outside(url_for(".show_order", number=order.number))
    return (
        current_user.email,
        current_language(),
        (f"{back}?session_id={{CHECKOUT_SESSION_ID}}", left),
    )


def send_to_stripe(order: Order, ask: Callable[[], Payment]) -> ResponseReturnValue:
    """To the page of the session that `ask` opens, or to the order with a sentence why not."""
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


def bill_of(order: Order) -> list[tuple[str, Money, int]]:
    """Name, price and number of what is paid for, freight last."""
    lines = list_goods(order)
    if order.shipping_minor:
        lines.append((_("International shipping"), won(order.shipping_minor), 1))
    return lines


def _outside(path: str) -> str:
    """The address as the buyer's browser knows it."""
    config: Config = current_app.config["LUMBUNG"]
    return (request.host_url.rstrip("/") if config.demo else config.base_url) + path
