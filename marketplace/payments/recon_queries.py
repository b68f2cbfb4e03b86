"""What is matched and what waits: lines of Stripe and of banks, money on its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from marketplace.kernel.db import db, exists
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import MINOR_DIGITS, Money
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.chart import account_code, currency_of, path_of
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.payments.models import (
    BankBooking,
    BankLine,
    BankStatement,
    ReconMatch,
    StripeLine,
)

STRIPE = "assets:stripe"
BANKS = ("assets:bank", "assets:bank-trust")
UNCLEAR, EXPLAINED = "stripe_unclassified", "stripe_classified"
# What money passes through, and how old it may get there.
PASSING = {
    "assets:stripe": 30,
    "assets:stripe:unclassified": 3,
    "assets:bank-transit": 7,
    "assets:payout-transit": 7,
    "assets:disburse-transit": 7,
    "assets:disputes": 90,
    "assets:pledge-receivable": 365,
    "liabilities:buyers": 30,
}


def get_stripe_line(line_id: str) -> StripeLine:
    line = db.session.get(StripeLine, line_id)
    if line is None:
        raise NotFound
    return line


def get_bank_line(line_id: int) -> BankLine:
    line = db.session.get(BankLine, line_id)
    if line is None:
        raise NotFound
    return line


def list_unmatched_lines(*, limit: int) -> Sequence[StripeLine]:
    """Lines of Stripe that are not, or not wholly, in the books; oldest first."""
    return db.session.scalars(
        _unmatched_lines().order_by(StripeLine.created_at, StripeLine.id).limit(limit)
    ).all()


def count_unmatched_lines() -> int:
    return _count(_unmatched_lines())


def _unmatched_lines() -> Select[StripeLine]:
    main, fee = aliased(ReconMatch), aliased(ReconMatch)
    return (
        select(StripeLine)
        .outerjoin(main, and_(main.stripe_line_id == StripeLine.id, main.part != "fee"))
        .outerjoin(fee, and_(fee.stripe_line_id == StripeLine.id, fee.part == "fee"))
        .where(
            or_(
                main.id.is_(None),
                and_(StripeLine.category == "charge", StripeLine.fee_minor != 0, fee.id.is_(None)),
            )
        )
    )


def list_unclear_lines() -> Sequence[StripeLine]:
    """Lines of unknown kinds that nobody has explained yet, oldest first."""
    explained = select(LedgerEntry.ref_id).where(LedgerEntry.kind == EXPLAINED)
    unclear = select(LedgerEntry.ref_id).where(
        LedgerEntry.kind == UNCLEAR, LedgerEntry.ref_id.not_in(explained)
    )
    return db.session.scalars(
        select(StripeLine).where(StripeLine.id.in_(unclear)).order_by(StripeLine.created_at)
    ).all()


def is_classified(line_id: str) -> bool:
    return (
        db.session.scalar(
            select(LedgerEntry.id).where(
                LedgerEntry.kind == EXPLAINED, LedgerEntry.ref_id == line_id
            )
        )
        is not None
    )


def find_mirror_start() -> datetime | None:
    """The oldest line of Stripe that we keep: what we booked before it is not compared."""
    return db.session.scalar(select(func.min(StripeLine.created_at)))


def list_unmatched_postings(path: str, since: datetime) -> Sequence[Any]:
    """Our lines on an account that nobody outside has confirmed, oldest first."""
    return db.session.execute(
        _unmatched_postings(path)
        .where(LedgerEntry.occurred_at >= since)
        .order_by(LedgerEntry.posted_at, LedgerPosting.line_no)
    ).all()


def codes_of(path: str) -> list[str]:
    """The accounts of a path, whichever currencies they are in."""
    return [account_code(path, currency) for currency in MINOR_DIGITS]


def _unmatched_postings(path: str) -> Any:
    """What no line of the bank or of Stripe has confirmed.

    An entry that was reversed before any line confirmed it waits for none, and its reversal
    neither.
    """
    reversal, confirmed = aliased(LedgerEntry), aliased(ReconMatch)
    return (
        select(
            LedgerPosting.entry_id,
            LedgerPosting.line_no,
            LedgerPosting.amount,
            LedgerPosting.currency,
            LedgerEntry.kind,
            LedgerEntry.idem_key,
            LedgerEntry.ref_id,
            LedgerEntry.memo,
            LedgerEntry.effective_on,
            LedgerEntry.occurred_at,
            LedgerEntry.posted_at,
        )
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .outerjoin(
            ReconMatch,
            and_(
                ReconMatch.entry_id == LedgerPosting.entry_id,
                ReconMatch.line_no == LedgerPosting.line_no,
            ),
        )
        .where(
            LedgerAccount.code.in_(codes_of(path)),
            ReconMatch.id.is_(None),
            ~select(reversal.id).where(reversal.reverses_id == LedgerEntry.id).exists(),
            or_(
                LedgerEntry.reverses_id.is_(None),
                select(confirmed.id)
                .where(confirmed.entry_id == LedgerEntry.reverses_id)
                .correlate(LedgerEntry)
                .exists(),
            ),
        )
    )


def list_bank_candidates(line: BankLine) -> Sequence[Any]:
    """Our unconfirmed lines on the bank account with the amount of a bank's line."""
    return db.session.execute(
        _unmatched_postings(line.path)
        .where(LedgerPosting.amount == line.minor, LedgerPosting.currency == line.currency)
        .order_by(LedgerEntry.id)
    ).all()


def list_payouts_on_the_way() -> Sequence[tuple[str, Money, datetime]]:
    """Payouts of Stripe that neither arrived nor came back: id, amount, when they were sent."""
    ended = select(LedgerEntry.ref_id).where(
        LedgerEntry.kind.in_(("stripe_payout_arrived", "stripe_payout_failed"))
    )
    rows = db.session.execute(
        select(
            LedgerEntry.ref_id,
            LedgerPosting.amount,
            LedgerPosting.currency,
            LedgerEntry.occurred_at,
        )
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .where(
            LedgerEntry.kind == "stripe_payout",
            LedgerPosting.amount > 0,
            LedgerEntry.ref_id.not_in(ended),
        )
        .order_by(LedgerEntry.id)
    )
    return [(row[0] or "", Money(row[1], row[2]), row[3]) for row in rows]


def list_unmatched_bank_lines(*, limit: int = 200) -> Sequence[BankLine]:
    return db.session.scalars(
        _unmatched_bank_lines().order_by(BankLine.on, BankLine.id).limit(limit)
    ).all()


def count_bank_candidates() -> dict[tuple[str, int], int]:
    """How many of our unconfirmed lines there are, by account of a bank and amount."""
    rows = [
        (path, row.amount)
        for path in BANKS
        for row in db.session.execute(_unmatched_postings(path))
    ]
    return dict(Counter(rows))


def count_unmatched_bank_lines() -> int:
    return _count(_unmatched_bank_lines())


def _unmatched_bank_lines() -> Select[BankLine]:
    return (
        select(BankLine)
        .outerjoin(ReconMatch, ReconMatch.bank_line_id == BankLine.id)
        .where(ReconMatch.id.is_(None))
    )


def is_matched(line: BankLine) -> bool:
    return exists(select(ReconMatch.id).where(ReconMatch.bank_line_id == line.id))


def get_booking(booking_id: int) -> BankBooking:
    """Raises NotFound."""
    booking = db.session.get(BankBooking, booking_id)
    if booking is None:
        raise NotFound
    return booking


def find_match_of(line: BankLine) -> ReconMatch | None:
    """Which line of ours a bank's line is."""
    return db.session.scalar(select(ReconMatch).where(ReconMatch.bank_line_id == line.id))


def entries_of_stripe_line(line: StripeLine) -> Sequence[int]:
    """The entries that a line of Stripe is: what was paid, then its fee."""
    return db.session.scalars(
        select(ReconMatch.entry_id)
        .where(ReconMatch.stripe_line_id == line.id)
        .order_by(ReconMatch.id)
    ).all()


def bank_lines_of(entry_ids: Collection[int]) -> dict[int, BankLine]:
    """The lines of banks that confirm these entries; one query, none for none."""
    if not entry_ids:
        return {}
    rows = db.session.execute(
        select(ReconMatch.entry_id, BankLine)
        .join(BankLine, BankLine.id == ReconMatch.bank_line_id)
        .where(ReconMatch.entry_id.in_(sorted(entry_ids)))
    )
    return {entry_id: line for entry_id, line in rows}


def list_matches_of(entry_id: int) -> Sequence[ReconMatch]:
    """What Stripe and banks say to the lines of an entry, in their order."""
    return db.session.scalars(
        select(ReconMatch).where(ReconMatch.entry_id == entry_id).order_by(ReconMatch.line_no)
    ).all()


def find_booking_of(line: BankLine) -> BankBooking | None:
    """What waits for a signature about a line, or what it was booked by."""
    return db.session.scalar(
        select(BankBooking).where(
            BankBooking.bank_line_id == line.id, BankBooking.withdrawn_by.is_(None)
        )
    )


def waiting_bookings() -> Select[BankBooking]:
    return select(BankBooking).where(
        BankBooking.approved_by.is_(None), BankBooking.withdrawn_by.is_(None)
    )


def list_waiting_bookings() -> Sequence[BankBooking]:
    """Proposals that nobody has decided on, oldest first."""
    return db.session.scalars(waiting_bookings().order_by(BankBooking.id)).all()


def list_statements(limit: int = 20) -> Sequence[BankStatement]:
    """The latest statements, newest first."""
    return db.session.scalars(
        select(BankStatement).order_by(BankStatement.id.desc()).limit(limit)
    ).all()


def expected_openings(statements: Sequence[BankStatement]) -> dict[int, Money]:
    """What their accounts held before the first days, by the earlier statements; two queries.

    The last statement that ended on an earlier day, and the lines read since of the days between.
    A statement that begins on the last day of another is taken at its word.
    """
    paths = {statement.path for statement in statements}
    read = db.session.scalars(
        select(BankStatement)
        .where(BankStatement.path.in_(paths))
        .order_by(BankStatement.last_on, BankStatement.id)
    ).all()
    pairs = [(one, _last_before(one, read)) for one in statements]
    begins = [last.last_on for _, last in pairs if last]
    sums = db.session.execute(
        select(BankLine.path, BankLine.on, BankLine.statement_id, func.sum(BankLine.minor))
        .where(BankLine.path.in_(paths), BankLine.on >= min(begins, default=date.max))
        .group_by(BankLine.path, BankLine.on, BankLine.statement_id)
    ).all()
    return {one.id: Money(_opening(one, last, sums), one.currency) for one, last in pairs}


def _last_before(statement: BankStatement, read: Sequence[BankStatement]) -> BankStatement | None:
    earlier = [
        one
        for one in read
        if one.path == statement.path
        and one.id != statement.id
        and one.last_on <= statement.first_on
    ]
    return earlier[-1] if earlier else None


def _opening(
    statement: BankStatement,
    last: BankStatement | None,
    sums: Sequence[Row[str, date, int, int]],
) -> int:
    if last is None or last.last_on == statement.first_on:
        return statement.opening_minor
    return last.closing_minor + sum(
        int(minor)
        for path, on, statement_id, minor in sums
        if path == statement.path
        and on < statement.first_on
        and (on, statement_id) > (last.last_on, last.id)
    )


def _count(statement: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0


@dataclass(frozen=True, slots=True)
class Age:
    """How much is in an account that money passes through, and how long the oldest of it."""

    path: str
    balance: Money
    oldest_on: date | None
    days: int
    limit: int

    @property
    def is_late(self) -> bool:
        return bool(self.balance) and self.days > self.limit


def list_ages(at: datetime) -> Sequence[Age]:
    """The accounts that money passes through, with the age of the oldest that is still there.

    What came first is taken to leave first.
    """
    rows = db.session.execute(
        select(LedgerAccount.code, LedgerEntry.effective_on, func.sum(LedgerPosting.amount))
        .select_from(LedgerPosting)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(or_(*(_is_passing(path) for path in PASSING)))
        .group_by(LedgerAccount.code, LedgerEntry.effective_on, LedgerPosting.amount > 0)
        .order_by(LedgerAccount.code, LedgerEntry.effective_on.desc())
    ).all()
    by_code: dict[str, list[tuple[date, int]]] = {}
    for code, on, minor in rows:
        by_code.setdefault(code, []).append((on, int(minor)))
    return [_age(code, days, at) for code, days in by_code.items()]


def _is_passing(path: str) -> ColumnElement[bool]:
    tail = ":%:___" if path == "assets:pledge-receivable" else ":___"
    return LedgerAccount.code.like(path + tail)


def _age(code: str, days: list[tuple[date, int]], at: datetime) -> Age:
    balance = left = sum(minor for _, minor in days)
    oldest = None
    for on, minor in days:
        # The newest that came makes up what is left, back to the day that covers it.
        if minor * balance > 0 and left * balance > 0:
            left -= minor
            oldest = on
    path = path_of(code)
    kind = next(known for known in sorted(PASSING, reverse=True) if path.startswith(known))
    old = (today_in_seoul(at) - oldest) if oldest else timedelta(0)
    return Age(path, Money(balance, currency_of(code)), oldest, old.days, PASSING[kind])
