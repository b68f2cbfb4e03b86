"""What waits for the staff, and the figures by which they see that the books are whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from marketplace.accounts.models import User
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, total, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerHead, LedgerPosting
from marketplace.ledger.queries import AccountBalance, Turnover, fund_balances
from marketplace.ledger.queries.audits import Audit, Result, find_last_audit
from marketplace.ledger.queries.balances import CREDITS, DEBITS
from marketplace.ledger.queries.sealing import find_head
from marketplace.orders.models import Order, OrderState, Parcel, ParcelRequest, ParcelState
from marketplace.orders.policies import SHIP_WITHIN
from marketplace.orders.queries import has_goods_left, has_open_request, is_missing
from marketplace.payments.models import Payment, Refund, RefundState, StripeEvent

AT_MOST = 5
NOT_LONG_AGO = timedelta(days=30)
HELD = "funds:village:held"
UNSETTLED = (RefundState.CREATED, RefundState.PENDING)


def _kind(path: str) -> str:
    """`program` of `funds:program:p-0025`."""
    return path.split(":")[1]


@dataclass(frozen=True, slots=True)
class Queue:
    """The first few that wait, and how many wait in all."""

    rows: Sequence[Any]
    count: int


@dataclass(frozen=True, slots=True)
class Check:
    """Both sides of a year in every currency, and what the funds hold."""

    since: date
    entries: int
    sides: Mapping[str, Turnover]
    funds: tuple[AccountBalance, ...]

    @property
    def is_balanced(self) -> bool:
        return not any(side.balance for side in self.sides.values())

    def side(self, currency: str) -> Turnover:
        nothing = Money(0, currency)
        return self.sides.get(currency, Turnover(nothing, nothing))

    @property
    def in_funds(self) -> Money:
        """Money that is here for villages; a promise is none."""
        return self._sum(lambda path: not path.endswith(":pledged"))

    @property
    def committed(self) -> Money:
        return self._sum(lambda path: path.startswith("funds:program:"))

    @property
    def to_allocate(self) -> Money:
        """Village share that is free for programs."""
        return self._sum(lambda path: path.startswith("funds:village:") and path != HELD)

    @property
    def held(self) -> Money:
        return self._sum(lambda path: path == HELD)

    @property
    def from_companies(self) -> Money:
        """What companies paid of their pledges and no program was given."""
        return self._sum(lambda path: _kind(path) == "csr" and not path.endswith(":pledged"))

    @property
    def filled_funds(self) -> list[AccountBalance]:
        """Funds of the villages with money in won; pledges and programs are sums."""
        rows = [row for row in self.funds if row.balance and row.account.currency == "KRW"]
        real = [row for row in rows if _kind(row.account.path) not in {"csr", "program"}]
        return sorted(real, key=lambda row: _kind(row.account.path) != "village")

    def _sum(self, wanted: Any) -> Money:
        rows = [row.natural for row in self.funds if wanted(row.account.path)]
        return total([amount for amount in rows if amount.currency == "KRW"], "KRW")


@dataclass(frozen=True, slots=True)
class Seal:
    """How far the books are sealed, and what the last audit said of the seals."""

    head: LedgerHead | None
    audit: Audit | None

    @property
    def size(self) -> int:
        return self.head.size if self.head else 0

    @property
    def root(self) -> str:
        return self.head.root.hex() if self.head else ""

    @property
    def day(self) -> date | None:
        return today_in_seoul(self.head.signed_at) if self.head else None

    @property
    def checked_at(self) -> datetime | None:
        """When seals were last compared with the books."""
        return self.audit.at if self.audit and self._results else None

    @property
    def agrees(self) -> bool:
        return not any(result.count for result in self._results)

    @property
    def _results(self) -> list[Result]:
        return (
            [result for result in self.audit.results if result.rule == "I13"] if self.audit else []
        )


def find_seal() -> Seal:
    """Two queries."""
    return Seal(find_head(), find_last_audit())


def check_books(today: date) -> Check:
    """The year of `today` up to now; three queries."""
    since = date(today.year, 1, 1)
    rows = db.session.execute(
        select(LedgerPosting.currency, DEBITS, CREDITS)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerEntry.effective_on >= since)
        .group_by(LedgerPosting.currency)
    )
    entries = db.session.scalar(select(func.count()).select_from(LedgerEntry)) or 0
    return Check(
        since,
        entries,
        {
            currency: Turnover(Money(int(debit), currency), Money(int(credit), currency))
            for currency, debit, credit in rows
        },
        tuple(fund_balances()),
    )


def daily_shares(until: date, *, days: int = 11) -> list[tuple[date, Money]]:
    """The village share booked by sales on each of the last `days`; one query."""
    first = until - timedelta(days=days - 1)
    rows = db.session.execute(
        select(LedgerEntry.effective_on, func.sum(LedgerPosting.amount))
        .select_from(LedgerPosting)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(
            LedgerAccount.code == f"{HELD}:krw",
            LedgerEntry.kind == "sale",
            LedgerEntry.effective_on.between(first, until),
        )
        .group_by(LedgerEntry.effective_on)
    )
    found = {day: -int(minor) for day, minor in rows}
    return [
        (day, won(found.get(day, 0)))
        for day in (first + timedelta(days=place) for place in range(days))
    ]


def names_of(user_ids: Collection[int]) -> dict[int, str]:
    """Who they are, without everything else that people carry with them."""
    if not user_ids:
        return {}
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(sorted(user_ids))))
    return {row.id: row.name for row in rows}


def late_parcels(at: datetime) -> Queue:
    """Paid parcels that should have been sent, or did not arrive; the longest waiting first.

    Neither those that are refunded, nor those that their buyer wants to cancel.
    """
    unsent = and_(
        Parcel.state == ParcelState.WAITING,
        Order.paid_at < at - SHIP_WITHIN,
        has_goods_left(),
        ~has_open_request(),
    )
    return _queue(
        select(
            Parcel.number,
            Order.number.label("order_number"),
            Order.paid_at,
            Parcel.missing_at,
            Cooperative.name.label("cooperative"),
        )
        .join(Order, Order.id == Parcel.order_id)
        .join(Cooperative, Cooperative.id == Parcel.cooperative_id)
        .where(Order.state == OrderState.PAID, or_(unsent, is_missing()))
        .order_by(Order.paid_at, Parcel.id)
    )


def open_requests() -> Queue:
    """What buyers ask of parcels and nobody has answered, oldest first."""
    return _queue(
        select(
            ParcelRequest.kind,
            ParcelRequest.reason,
            ParcelRequest.asked_at,
            Parcel.number,
            Order.number.label("order_number"),
            Cooperative.name.label("cooperative"),
        )
        .join(Parcel, Parcel.id == ParcelRequest.parcel_id)
        .join(Order, Order.id == Parcel.order_id)
        .join(Cooperative, Cooperative.id == Parcel.cooperative_id)
        .where(ParcelRequest.is_open, ParcelRequest.refund_id.is_(None))
        .order_by(ParcelRequest.asked_at, ParcelRequest.id)
    )


def pending_refunds() -> Queue:
    """Refunds that Stripe or a bank has not finished, oldest first."""
    return _queue(
        select(
            Refund.reference,
            Refund.minor,
            Refund.state,
            Refund.created_at,
            Payment.currency,
            Payment.purpose,
            Payment.reference.label("paid_for"),
        )
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Refund.state.in_(UNSETTLED))
        .order_by(Refund.id)
    )


def troubled_events(at: datetime) -> Queue:
    """Stripe's messages of the last month that could not be acted on, newest first."""
    return _queue(
        select(
            StripeEvent.id,
            StripeEvent.kind,
            StripeEvent.object_id,
            StripeEvent.received_at,
            StripeEvent.problem,
        )
        .where(StripeEvent.problem.is_not(None), StripeEvent.received_at >= at - NOT_LONG_AGO)
        .order_by(StripeEvent.received_at.desc(), StripeEvent.id)
    )


def _queue(statement: Any) -> Queue:
    """One query: the number of all stands in every row."""
    rows = db.session.execute(
        statement.add_columns(func.count().over().label("in_all")).limit(AT_MOST)
    ).all()
    return Queue(rows, rows[0].in_all if rows else 0)
