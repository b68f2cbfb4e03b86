"""Statements of our banks: taken over once, and every line matched to one of ours.

A line is looked for among what other rooms wait for, then among Stripe's payouts on the way, and
then in the books, by reference first and by amount where only one entry fits.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import structlog

from marketplace.kernel.config import OwnBankAccount
from marketplace.kernel.db import db, insert_once, lock
from marketplace.kernel.money import Money
from marketplace.kernel.time import SEOUL, today_in_seoul
from marketplace.ledger.operations import post
from marketplace.payments import recon_postings
from marketplace.payments.errors import (
    AlreadyMatched,
    DoesNotFit,
    StatementCurrency,
    StatementDoesNotAddUp,
    StatementFromTheFuture,
    StatementOfOthers,
    StatementTooLarge,
)
from marketplace.payments.hooks import names, settle_bank_line
from marketplace.payments.models import BankLine, BankStatement, ReconMatch
from marketplace.payments.recon_queries import (
    is_matched,
    list_bank_candidates,
    list_payouts_on_the_way,
    list_unmatched_bank_lines,
)
from marketplace.payments.statement_files import FileStatement, read_statements

log = structlog.get_logger()

LARGEST_FILE = 5 * 1024 * 1024
OWN = "assets:bank"
# Banks and we may be some days apart; Stripe's payout in another currency comes at another rate.
NEAR = timedelta(days=7)
RATE_MARGIN_PERCENT = 5


def import_statements(
    body: bytes,
    file_name: str,
    *,
    accounts: Collection[OwnBankAccount],
    by: int,
    at: datetime,
) -> Sequence[BankStatement]:
    """Take over the statements of a file; lines that are there already add nothing.

    Lines over 0 are left out: there is nothing to match them with. Raises what `read_statements`
    raises, StatementTooLarge, StatementOfOthers, StatementCurrency, StatementDoesNotAddUp,
    StatementFromTheFuture, before anything is written.
    """
    if len(body) > LARGEST_FILE:
        raise StatementTooLarge
    today = today_in_seoul(at)
    found = [(_check(one, accounts, today), one) for one in read_statements(body) if one.moving]
    digest = hashlib.sha256(body).hexdigest()
    taken = [_take_over(path, one, file_name, digest, by, at) for path, one in found]
    match_bank_lines(by=by, at=at)
    return taken


def _check(statement: FileStatement, accounts: Collection[OwnBankAccount], today: date) -> str:
    """The path of the statement's account, once it is ours, adds up, and has happened."""
    own = next((one for one in accounts if one.number == statement.account), None)
    if own is None:
        raise StatementOfOthers(number=statement.account[-4:].rjust(8, "*"))
    if own.currency != statement.currency:
        raise StatementCurrency(found=statement.currency, right=own.currency)
    if statement.sum_minor != statement.closing_minor:
        raise StatementDoesNotAddUp(
            right=Money(statement.sum_minor, own.currency),
            found=Money(statement.closing_minor, own.currency),
        )
    late = next((line for line in statement.lines if line.on > today), None)
    if late is not None:
        raise StatementFromTheFuture(row=late.row, on=late.on, text=late.text or late.reference)
    return own.path


def _take_over(
    path: str, found: FileStatement, file_name: str, digest: str, by: int, at: datetime
) -> BankStatement:
    lines = found.moving
    days = [line.on for line in lines]
    statement = BankStatement(
        path=path,
        account_number=found.account[-4:],
        currency=found.currency,
        file_name=file_name[:200],
        file_sha256=digest,
        opening_minor=found.opening_minor,
        closing_minor=found.closing_minor,
        first_on=min(days),
        last_on=max(days),
        line_count=len(lines),
        new_count=0,
        imported_by=by,
        imported_at=at,
    )
    db.session.add(statement)
    db.session.flush()
    seen: Counter[tuple[object, ...]] = Counter()
    for line in lines:
        key = (line.reference, line.on, line.minor)
        seen[key] += 1
        statement.new_count += insert_once(
            BankLine,
            {
                "statement_id": statement.id,
                "path": path,
                "reference": line.reference,
                "on": line.on,
                "minor": line.minor,
                "nth": seen[key],
                "currency": found.currency,
                "text": line.text,
            },
        )
    db.session.flush()
    log.info("statement imported", statement=statement.id, new=statement.new_count, by=by)
    return statement


def match_bank_lines(*, by: int, at: datetime) -> int:
    """Match what waits, oldest first; returns how many found their place."""
    lines = list_unmatched_bank_lines(limit=1000)
    return sum(_match_bank_line(line, lines, by, at) for line in lines)


def _match_bank_line(line: BankLine, others: Sequence[BankLine], by: int, at: datetime) -> bool:
    found = _by_reference(line) or _settled(line, by, at) or _by_amount(line, others)
    if found is None:
        return False
    note_match(line, found, at, by=None)
    return True


def _settled(line: BankLine, by: int, at: datetime) -> Any:
    """What a room, or a payout of Stripe, waited for and is booked now."""
    before = {row.entry_id for row in list_bank_candidates(line)}
    if settle_bank_line(line, by=by, at=at) or _settle_stripe_payout(line, by, at):
        fresh = [row for row in list_bank_candidates(line) if row.entry_id not in before]
        return fresh[0] if len(fresh) == 1 else None
    return None


def _settle_stripe_payout(line: BankLine, by: int, at: datetime) -> bool:
    if line.minor <= 0 or line.path != OWN:
        return False
    waiting = [one for one in list_payouts_on_the_way() if _may_be(one, line)]
    named = [one for one in waiting if names(line, one[0])]
    fitting = named or [one for one in waiting if names(line, "STRIPE")]
    if len(fitting) != 1:
        return False
    payout_id, sent, sent_at = fitting[0]
    post(
        recon_postings.stripe_payout_arrived(
            payout_id,
            OWN,
            sent,
            line.amount,
            line.reference or "-",
            by=by,
            occurred_at=max(sent_at, noon_of(line, at)),
            at=at,
        )
    )
    return True


def _may_be(payout: tuple[str, Money, datetime], line: BankLine) -> bool:
    _, sent, sent_at = payout
    is_after = line.on >= sent_at.astimezone(SEOUL).date()
    near = abs(sent.minor - line.minor) * 100 <= sent.minor * RATE_MARGIN_PERCENT
    return is_after and sent.currency == line.currency and near


def _by_reference(line: BankLine) -> Any:
    """The one entry that carries the bank's reference, or whose number the bank's words name."""
    fitting = [
        row
        for row in list_bank_candidates(line)
        if (line.reference and line.reference in f"{row.memo} {row.idem_key}")
        or (row.ref_id and names(line, row.ref_id))
        or names(line, row.idem_key.partition(":")[2])
    ]
    return fitting[0] if len(fitting) == 1 else None


def _by_amount(line: BankLine, others: Sequence[BankLine]) -> Any:
    """The one entry over the amount near the day, when no other line could be meant."""
    near = [row for row in list_bank_candidates(line) if abs(row.effective_on - line.on) <= NEAR]
    rivals = [
        other
        for other in others
        if (other.path, other.minor) == (line.path, line.minor)
        and other.id != line.id
        and not is_matched(other)
    ]
    return near[0] if len(near) == 1 and not rivals else None


def match_by_hand(line: BankLine, entry_id: int, line_no: int, *, by: int, at: datetime) -> None:
    """A person says which entry a bank's line is. Raises AlreadyMatched, DoesNotFit."""
    line = lock(BankLine, line.id)
    if is_matched(line):
        raise AlreadyMatched
    for row in list_bank_candidates(line):
        if (row.entry_id, row.line_no) == (entry_id, line_no):
            note_match(line, row, at, by=by)
            return
    raise DoesNotFit


def note_match(line: BankLine, row: Any, at: datetime, *, by: int | None) -> None:
    """Write down which line of ours (`row`) the bank's line is."""
    db.session.add(
        ReconMatch(
            bank_line_id=line.id,
            part="net",
            entry_id=row.entry_id,
            line_no=row.line_no,
            at=at,
            by_user_id=by,
        )
    )
    db.session.flush()


def noon_of(line: BankLine, at: datetime) -> datetime:
    """When the bank moved the money: all it says is the day."""
    return min(at, datetime.combine(line.on, time(12), SEOUL))
