"""Booking entries: postings first, the header last, nothing ever again.

Rule: docs/adr/0002-append-only-ledger.md
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from marketplace.kernel.db import db
from marketplace.kernel.ids import time_ordered_id
from marketplace.kernel.time import in_utc, now
from marketplace.ledger.chart import DEBIT_CLASSES, path_of, rule_for
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.errors import (
    AccountClosed,
    AlreadyReversed,
    IdempotencyConflict,
    Overdrawn,
    PeriodClosed,
    PeriodSoftClosed,
)
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.ledger.operations.accounts import lock_accounts, open_accounts
from marketplace.ledger.queries.accounts import find_accounts
from marketplace.ledger.queries.balances import balance
from marketplace.ledger.queries.entries import Entry, get_entry

NOT_OPEN = "ledger: account is not open"
OPEN = select(LedgerAccount.code, LedgerAccount.id).where(
    LedgerAccount.code.in_(bindparam("codes", expanding=True)), LedgerAccount.closed_on.is_(None)
)
INTO_POSTINGS = insert(LedgerPosting)
INTO_ENTRIES = insert(LedgerEntry)
AT_ONCE = """
    SELECT ledger_post(
        %(id)s, %(kind)s, %(idem_key)s, %(request_sha256)s, %(effective_on)s, %(occurred_at)s,
        %(posted_at)s, %(line_count)s, %(memo)s, %(ref_kind)s, %(ref_id)s, %(reverses_id)s,
        %(policy_id)s, %(proposed_by)s, %(approved_by)s, %(codes)s, %(amounts)s
    )
"""


def post(entry: NewEntry) -> int:
    """Book `entry` and return its id; the same fact again returns the id it already has.

    Raises OneSided, ZeroLine, UnknownAccount, Unbalanced, SelfApproval before anything is read;
    IdempotencyConflict, PeriodClosed, AccountClosed, AlreadyReversed and Overdrawn(available=…)
    with nothing written and the transaction still usable.
    """
    entry.check()
    spent = _spent(entry.lines)
    if spent:
        lock_accounts(spent)
        booked = _booked(entry)
        if booked is not None:
            return booked
        _check_available(spent)
    connection = db.session.connection()
    write = _write_at_once if connection.dialect.name == "postgresql" else _write_in_turn
    header = _header(entry)
    refused = write(connection, entry, header)
    if refused == NOT_OPEN:
        with connection.begin_nested() as opening:
            open_accounts({line.code for line in entry.lines}, on=entry.effective_on)
            refused = write(connection, entry, header)
            if refused is not None:
                opening.rollback()
    if refused is None:
        return int(header["id"])
    booked = _booked(entry)
    if booked is None:
        raise _refusal(refused, entry)
    return booked


def reverse(
    entry_id: int,
    *,
    occurred_at: datetime,
    effective_on: date,
    memo: str,
    proposed_by: int | None = None,
    approved_by: int | None = None,
) -> int:
    """Book the mirror image of an entry, once. Raises EntryNotFound and what `post` raises."""
    original = get_entry(entry_id)
    return post(
        NewEntry(
            kind="reversal",
            idem_key=f"reversal:{original.id}",
            occurred_at=occurred_at,
            effective_on=effective_on,
            memo=memo,
            lines=mirror(original),
            ref_kind=original.ref_kind,
            ref_id=original.ref_id,
            policy_id=original.policy_id,
            proposed_by=proposed_by,
            approved_by=approved_by,
            reverses_id=original.id,
        )
    )


def mirror(entry: Entry) -> list[Line]:
    """The lines that undo `entry`."""
    return [Line(posting.path, -posting.amount) for posting in entry.postings]


def _spent(lines: Sequence[Line]) -> dict[str, int]:
    """What the entry takes out of accounts that must not be overdrawn, by code."""
    taken: Counter[str] = Counter()
    for line in lines:
        rule = rule_for(line.path)
        if not rule.may_overdraw:
            sign = -1 if rule.account_class in DEBIT_CLASSES else 1
            taken[line.code] += sign * line.amount.minor
    return {code: minor for code, minor in taken.items() if minor > 0}


def _check_available(spent: dict[str, int]) -> None:
    for code, minor in sorted(spent.items()):
        held = balance(code)
        available = held if rule_for(path_of(code)).account_class in DEBIT_CLASSES else -held
        if minor > available.minor:
            raise Overdrawn(available=available, path=path_of(code))


def _booked(entry: NewEntry) -> int | None:
    row = db.session.execute(
        select(LedgerEntry.id, LedgerEntry.request_sha256).where(
            LedgerEntry.idem_key == entry.idem_key
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_sha256 != entry.sha256():
        raise IdempotencyConflict(key=entry.idem_key)
    return int(row.id)


def _refusal(said: str, entry: NewEntry) -> Exception:
    if said == NOT_OPEN:
        accounts = find_accounts({line.code for line in entry.lines}).values()
        return AccountClosed(code=next(each.code for each in accounts if each.closed_on))
    if "ledger: period is closed" in said:
        return PeriodClosed(day=entry.effective_on)
    if "ledger: period is soft-closed" in said:
        return PeriodSoftClosed(day=entry.effective_on)
    if "ledger: already reversed" in said or "uq_ledger_entries_reverses_id" in said:
        return AlreadyReversed()
    return RuntimeError(said)


def _header(entry: NewEntry) -> dict[str, Any]:
    # The books' own clock, not the caller's: ids and posted_at say when it was written here.
    at = now()
    return {
        "id": time_ordered_id(at),
        "kind": entry.kind,
        "idem_key": entry.idem_key,
        "request_sha256": entry.sha256(),
        "effective_on": entry.effective_on,
        "occurred_at": in_utc(entry.occurred_at),
        "posted_at": at,
        "line_count": len(entry.lines),
        "memo": entry.memo,
        "ref_kind": entry.ref_kind,
        "ref_id": entry.ref_id,
        "reverses_id": entry.reverses_id,
        "policy_id": entry.policy_id,
        "proposed_by": entry.proposed_by,
        "approved_by": entry.approved_by,
    }


def _write_in_turn(connection: Connection, entry: NewEntry, header: dict[str, Any]) -> str | None:
    """Portable: one statement after the other. What the database said where nothing was written."""
    codes = [line.code for line in entry.lines]
    accounts = {code: key for code, key in connection.execute(OPEN, {"codes": codes})}
    if not accounts.keys() >= set(codes):
        return NOT_OPEN
    rows = [
        {
            "entry_id": header["id"],
            "line_no": line_no,
            "line_count": len(codes),
            "account_id": accounts[code],
            "currency": line.amount.currency,
            "amount": line.amount.minor,
        }
        for line_no, (code, line) in enumerate(zip(codes, entry.lines, strict=True), start=1)
    ]
    refused = None
    connection.exec_driver_sql("SAVEPOINT entry")
    try:
        connection.execute(INTO_POSTINGS, rows)
        connection.execute(INTO_ENTRIES, header)
    except IntegrityError as error:
        refused = str(error.orig)
        connection.exec_driver_sql("ROLLBACK TO entry")
    connection.exec_driver_sql("RELEASE entry")
    return refused


def _write_at_once(connection: Connection, entry: NewEntry, header: dict[str, Any]) -> str | None:
    """PostgreSQL: one round trip. What the database said where nothing was written."""
    # Arrays as they are written in SQL: neither codes nor numbers need quoting.
    codes = ",".join(line.code for line in entry.lines)
    amounts = ",".join(str(line.amount.minor) for line in entry.lines)
    said: str | None = connection.exec_driver_sql(
        AT_ONCE, {**header, "codes": f"{{{codes}}}", "amounts": f"{{{amounts}}}"}
    ).scalar_one()
    return said
