from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.orm import defer

from marketplace.accounts.models import User
from marketplace.catalog.errors import OutOfStock
from marketplace.catalog.operations import release_stock, take_stock
from marketplace.kernel.db import db, lock
from marketplace.kernel.money import Money
from marketplace.kernel.outbox import write_mail
from marketplace.ledger.operations import post
from marketplace.orders import postings
from marketplace.orders.models import Order, OrderState
from marketplace.orders.queries.orders import list_shares
from marketplace.payments.models import Payment, Refund

log = structlog.get_logger()

# Nothing of the delivery is needed here, and reading what is encrypted takes long.
_SECRET = (
    Order.recipient,
    Order.phone,
    Order.customs_code,
    Order.address_line,
    Order.address_detail,
)
_WITH_BUYER = (
    select(Order, User.email)
    .join(User, User.id == Order.user_id)
    .where(Order.number == bindparam("number"))
    .options(*map(defer, _SECRET))
    .with_for_update(of=Order)
    .execution_options(populate_existing=True)
)


def settle_order(payment: Payment, *, at: datetime) -> bool:
    """The buyer has paid: the order is paid, its stock sold, the sale in the ledger; once.

    False when this money is not wanted: the order is paid already, the buyer has canceled it, or
    its goods are gone. It is then booked as owed to the buyer, and the payments room sends it
    back. An order that was only given up for its hold comes back to life.
    """
    order, email = _lock_order(payment.reference)
    if order.state is OrderState.PAID:
        _refuse(order, payment, "paid twice", at)
        return False
    if order.canceled_by is not None:
        _refuse(order, payment, "canceled by the buyer", at)
        return False
    try:
        take_stock(order.number, at)
    except OutOfStock:
        _refuse(order, payment, "paid too late", at)
        return False
    paid_at = payment.paid_at or at
    order.state = OrderState.PAID
    order.paid_at = paid_at
    order.canceled_at = None
    post(
        postings.sale(
            order.number,
            list_shares(order),
            policy_id=order.policy_id,
            occurred_at=paid_at,
            at=at,
        )
    )
    _write_mail(order, email, at)
    log.info("order paid", order=order.number, payment=payment.id)
    return True


def cancel_order(order: Order, *, at: datetime, by: int | None = None) -> bool:
    """Give up an order that was not paid, and its stock; False when it is no longer waiting.

    Canceled `by` its buyer it stays canceled, even when a payment arrives later.
    """
    order = lock(Order, order.id)
    if order.state is not OrderState.AWAITING_PAYMENT:
        return False
    order.state = OrderState.CANCELED
    order.canceled_at = at
    order.canceled_by = by
    release_stock(order.number, at)
    log.info("order canceled", order=order.number, by=by)
    return True


def book_stripe_fee(
    payment: Payment, transaction_id: str, fee: Money, *, occurred_at: datetime, at: datetime
) -> None:
    """Stripe's fee (in won) for a payment, once per balance transaction."""
    if fee:
        post(
            postings.stripe_fee(
                payment.reference, transaction_id, fee, occurred_at=occurred_at, at=at
            )
        )


def book_returned_payment(payment: Payment, refund: Refund, *, at: datetime) -> None:
    """An unwanted payment went back to the buyer, once."""
    amount = Money(refund.minor, payment.currency)
    post(postings.unwanted_payment_returned(payment.reference, refund.reference, amount, at=at))


def _lock_order(number: str) -> tuple[Order, str]:
    """The order with its newest values, and the address of its buyer."""
    row = db.session.execute(_WITH_BUYER, {"number": number}).one()
    return row[0], row[1]


def _refuse(order: Order, payment: Payment, reason: str, at: datetime) -> None:
    log.error("payment not wanted", reason=reason, order=order.number, payment=payment.id)
    post(
        postings.unwanted_payment(
            order.number, payment.id, payment.amount, occurred_at=payment.paid_at or at, at=at
        )
    )


def _write_mail(order: Order, email: str, at: datetime) -> None:
    write_mail(
        f"order-paid:{order.number}",
        email,
        template="order_paid",
        locale=order.locale,
        facts={
            "order": order.number,
            "receipt_code": order.receipt_code,
            "total_minor": order.total_minor,
        },
        at=at,
    )
