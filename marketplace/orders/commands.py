"""What the worker does for orders: expired holds, lost payments, arrivals, releases."""

from __future__ import annotations

from datetime import datetime

import click
import structlog
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.time import now
from marketplace.orders.models import Order, OrderState
from marketplace.orders.operations import (
    assume_arrivals,
    cancel_order,
    release_due,
    remind_of_arrivals,
)
from marketplace.orders.policies import HOLD
from marketplace.payments.errors import AlreadyPaid, PaymentUnderway, StripeUnavailable
from marketplace.payments.flows import catch_up, close_open_sessions

log = structlog.get_logger()


def catch_up_payments() -> int:
    """Settle payments and refunds whose webhooks were lost."""
    return catch_up(at=now())


def give_up_unpaid() -> int:
    """Cancel orders whose hold ran out, after their sessions are closed; returns how many."""
    at = now()
    return sum(_give_up(order, at) for order in _list_unpaid(at))


def _list_unpaid(at: datetime) -> list[Order]:
    return list(
        db.session.scalars(
            select(Order)
            .where(Order.state == OrderState.AWAITING_PAYMENT, Order.placed_at <= at - HOLD)
            .order_by(Order.id)
            .limit(100)
        )
    )


def _give_up(order: Order, at: datetime) -> bool:
    try:
        close_open_sessions("order", order.number, at=at)
    except (AlreadyPaid, PaymentUnderway):
        return False
    except StripeUnavailable:
        log.warning("order waits for Stripe", order=order.number)
        return False
    with transaction():
        return cancel_order(order, at=at)


def follow_up_arrivals() -> int:
    """Take silence of a month as arrival, and warn of it a week before; returns how many."""
    with transaction():
        assumed = assume_arrivals(now())
    with transaction():
        return assumed + remind_of_arrivals(now())


def release_parcels() -> int:
    """Release what was delivered a held window ago; returns how many parcels."""
    with transaction():
        return release_due(now())


def set_up_commands(app: Flask) -> None:
    orders = AppGroup("orders", help="Holds, lost payments, arrivals and releases.")

    @orders.command("tidy")
    def tidy() -> None:
        """Do once what the worker does every few minutes."""
        for name, task in (
            ("payments caught up", catch_up_payments),
            ("unpaid orders canceled", give_up_unpaid),
            ("arrivals followed up", follow_up_arrivals),
            ("parcels released", release_parcels),
        ):
            try:
                click.echo(f"{name}: {task()}")
            except DomainError as error:
                click.echo(f"{name}: {error}")

    app.cli.add_command(orders)
