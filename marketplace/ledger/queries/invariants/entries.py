"""Rules about entries and their lines, and the guards that keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, literal, or_, select, text
from sqlalchemy.orm import aliased

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.money import Money
from marketplace.ledger.drafts import seal_body, seal_entry
from marketplace.ledger.hooks import Breach, Finding
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from marketplace.ledger.queries.invariants.counting import count_rows

APPEND_ONLY = (
    "ledger_entries",
    "ledger_postings",
    "split_policies",
    "ledger_audits",
    "ledger_balance_checkpoints",
    "ledger_checkpoint_balances",
    "ledger_late_entries",
    "ledger_decisions",
)
GUARDS = {
    "sqlite": (
        *(
            f"ledger_guard_{table}_{act}"
            for table in APPEND_ONLY
            for act in ("update", "delete", "key_1")
        ),
        "ledger_guard_postings_whole",
        "ledger_guard_entry_balance",
        "ledger_guard_entry_house",
        "ledger_guard_entry_period",
        "ledger_guard_entry_soft_period",
        "ledger_guard_entry_late",
        "ledger_guard_account_update",
        "ledger_guard_account_delete",
        "ledger_guard_period_update",
        "ledger_guard_period_delete",
        "ledger_guard_period_change_update",
        "ledger_guard_period_change_delete",
        "ledger_guard_policy_proposal_update",
        "ledger_guard_policy_proposal_delete",
        "ledger_guard_entry_proposal_update",
        "ledger_guard_entry_proposal_delete",
    ),
    "postgresql": (
        *(f"{table}_{guard}" for table in APPEND_ONLY for guard in ("append_only", "no_truncate")),
        "ledger_entries_whole",
        "ledger_entries_late",
        "ledger_accounts_nature",
        "ledger_accounts_kept",
        "ledger_periods_closed",
        "ledger_period_changes_signed",
        "ledger_period_changes_kept",
        "split_policy_proposals_signed",
        "split_policy_proposals_kept",
        "ledger_entry_proposals_signed",
        "ledger_entry_proposals_kept",
    ),
}
BODY = (
    "id",
    "kind",
    "ref_kind",
    "ref_id",
    "policy_id",
    "proposed_by",
    "approved_by",
    "reverses_id",
    "request_sha256",
)
# Columns of tables, not of models: a million rows are read without what the ORM adds to each.
ENTRIES, POSTINGS, ACCOUNTS = (
    model.__table__ for model in (LedgerEntry, LedgerPosting, LedgerAccount)
)
AT_ONCE = 2_000
CLOSER = 500
STANDING = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    ),
}


def check_balance(at: datetime) -> Finding:
    unbalanced = db.session.execute(
        select(LedgerPosting.entry_id, LedgerPosting.currency, func.sum(LedgerPosting.amount))
        .group_by(LedgerPosting.entry_id, LedgerPosting.currency)
        .having(func.sum(LedgerPosting.amount) != 0)
        .order_by(LedgerPosting.entry_id)
    )
    breaches = [
        Breach(
            N_("The entry is off by %(amount)s."),
            {"amount": Money(int(minor), currency)},
            entry_id,
        )
        for entry_id, currency, minor in unbalanced
    ]
    return Finding(count_rows(LedgerEntry), [*breaches, *_one_sided()])


def _one_sided() -> Iterator[Breach]:
    second = aliased(LedgerPosting)
    lines = select(func.count()).where(LedgerPosting.entry_id == LedgerEntry.id).scalar_subquery()
    rows = db.session.execute(
        select(LedgerEntry.id)
        .outerjoin(second, (second.entry_id == LedgerEntry.id) & (second.line_no == 2))
        # Counted only where there is no second line.
        .where(case((second.entry_id.is_(None), lines), else_=2) < 2)
        .order_by(LedgerEntry.id)
    )
    return (Breach(N_("The entry has fewer than two lines."), {}, row.id) for row in rows)


def check_lines(at: datetime) -> Finding:
    lines = _lines_by_entry()
    wrong = db.session.execute(
        select(LedgerEntry.id, LedgerEntry.line_count, func.coalesce(lines.c.count, 0))
        .outerjoin(lines, lines.c.entry_id == LedgerEntry.id)
        .where(
            or_(
                func.coalesce(lines.c.count, 0) != LedgerEntry.line_count,
                lines.c.last != LedgerEntry.line_count,
                lines.c.least != LedgerEntry.line_count,
                lines.c.most != LedgerEntry.line_count,
            )
        )
        .order_by(LedgerEntry.id)
    )
    breaches = [
        Breach(
            N_("The entry was booked with %(count)s lines and has %(found)s."),
            {"count": count, "found": int(found)},
            entry_id,
        )
        for entry_id, count, found in wrong
    ]
    rows, booked = db.session.execute(
        select(
            select(func.count()).select_from(LedgerPosting).scalar_subquery(),
            select(func.coalesce(func.sum(LedgerEntry.line_count), 0)).scalar_subquery(),
        )
    ).one()
    # Where every entry has its lines and there are no more than those, none stands alone.
    if breaches or rows != booked:
        breaches += _orphans()
    return Finding(rows, breaches)


def _orphans() -> Iterator[Breach]:
    rows = db.session.execute(
        select(LedgerPosting.entry_id)
        .outerjoin(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerEntry.id.is_(None))
        .distinct()
        .order_by(LedgerPosting.entry_id)
    )
    return (Breach(N_("Lines stand without an entry."), {}, row.entry_id) for row in rows)


def check_guards(at: datetime) -> Finding:
    """Whether the database itself still refuses to change what is booked."""
    engine = db.session.connection().dialect.name
    standing = set(db.session.scalars(text(STANDING[engine])))
    missing = [name for name in GUARDS[engine] if name not in standing]
    return Finding(
        len(GUARDS[engine]),
        [Breach(N_("The guard “%(guard)s” is off."), {"guard": name}) for name in missing],
    )


def check_currencies(at: datetime) -> Finding:
    """Whether each line has the currency of its account; all lines of a pair are looked at once."""
    pairs = (
        select(LedgerPosting.account_id, LedgerPosting.currency, func.count().label("lines"))
        .group_by(LedgerPosting.account_id, LedgerPosting.currency)
        .subquery()
    )
    rows = db.session.execute(
        select(pairs, LedgerAccount.code, LedgerAccount.currency.label("own")).outerjoin(
            LedgerAccount, LedgerAccount.id == pairs.c.account_id
        )
    ).all()
    breaches: list[Breach] = []
    for row in rows:
        if row.own != row.currency or not row.code.endswith(row.currency.lower()):
            breaches += _lines_in(row.account_id, row.currency, row.code)
    breaches.sort(key=lambda breach: breach.entry_id or 0)
    return Finding(sum(row.lines for row in rows), breaches)


def _lines_in(account_id: int, currency: str, code: str | None) -> Iterator[Breach]:
    rows = db.session.scalars(
        select(LedgerPosting.entry_id).where(
            LedgerPosting.account_id == account_id, LedgerPosting.currency == currency
        )
    )
    return (
        Breach(
            N_("A line in %(currency)s stands in “%(account)s”."),
            {"currency": currency, "account": code or "?"},
            entry_id,
        )
        for entry_id in rows
    )


def check_bodies(at: datetime) -> Finding:
    """Whether what stands in the entries is what was hashed when they were booked."""
    count, breaches, last = 0, [], -1
    while headers := _headers(ENTRIES.c.id > last, limit=AT_ONCE):
        last = headers[-1].id
        count += len(headers)
        written = _written_lines(POSTINGS.c.entry_id.between(headers[0].id, last))
        closer = [row.id for row in headers if _sealed(row, written.get(row.id)) != row[-1]]
        breaches += [
            Breach(N_("The entry is not what was booked: its seal differs."), {}, entry_id)
            for entry_id in _unlike_their_seals(closer)
        ]
    return Finding(count, breaches)


def _headers(*conditions: ColumnElement[bool], limit: int | None = None) -> Sequence[Any]:
    return db.session.execute(
        select(*(ENTRIES.c[name] for name in BODY))
        .where(*conditions)
        .order_by(ENTRIES.c.id)
        .limit(limit)
    ).all()


def _sealed(header: Any, lines: str | None) -> str | None:
    """The hash of a body whose lines are written already."""
    if lines is None:
        return None
    _id, kind, ref_kind, ref_id, policy, proposed_by, approved_by, reverses, _seal = header
    return seal_body(
        kind=kind,
        lines=lines,
        ref=(ref_kind, ref_id),
        policy_id=policy,
        people=(proposed_by, approved_by),
        reverses_id=reverses,
    )


def _written_lines(*conditions: ColumnElement[bool]) -> dict[int, str]:
    """By entry: its lines as they are hashed, in the order of their text.

    The database writes them, since that makes one row of many. What it writes otherwise than
    `seal_entry` (a quote in a name, one account twice) is looked at closer by the caller.
    """
    line = literal('["').concat(ACCOUNTS.c.code).concat('",')
    text = func.aggregate_strings(line.concat(cast(POSTINGS.c.amount, Text)).concat("]"), "\n")
    rows = db.session.execute(
        select(POSTINGS.c.entry_id, text, func.count())
        .join(ACCOUNTS, ACCOUNTS.c.id == POSTINGS.c.account_id)
        .where(*conditions)
        .group_by(POSTINGS.c.entry_id)
    ).all()
    # Two quotes a line: a code with a quote in it could pretend to be two.
    return {
        entry_id: ",".join(sorted(lines.split("\n")))
        for entry_id, lines, count in rows
        if lines.count('"') == 2 * count and "\\" not in lines
    }


def _unlike_their_seals(entry_ids: Sequence[int]) -> Iterator[int]:
    """Those among `entry_ids` whose body, line by line, gives another hash than was kept."""
    for start in range(0, len(entry_ids), CLOSER):
        ids = entry_ids[start : start + CLOSER]
        lines: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for entry_id, code, amount in db.session.execute(
            select(POSTINGS.c.entry_id, ACCOUNTS.c.code, POSTINGS.c.amount)
            .join(ACCOUNTS, ACCOUNTS.c.id == POSTINGS.c.account_id)
            .where(POSTINGS.c.entry_id.in_(ids))
        ):
            lines[entry_id].append((code, amount))
        for row in _headers(ENTRIES.c.id.in_(ids)):
            body = seal_entry(
                kind=row.kind,
                lines=lines[row.id],
                ref=(row.ref_kind, row.ref_id),
                policy_id=row.policy_id,
                people=(row.proposed_by, row.approved_by),
                reverses_id=row.reverses_id,
            )
            if body != row.request_sha256:
                yield row.id


def check_reversals(at: datetime) -> Finding:
    """Whether each reversal is the mirror of one entry, and the only one."""
    reversal, original = aliased(LedgerPosting), aliased(LedgerPosting)
    undone = (
        select(LedgerEntry.id, LedgerEntry.reverses_id)
        .where(LedgerEntry.reverses_id.is_not(None))
        .subquery()
    )
    twice = db.session.execute(
        select(func.max(undone.c.id).label("id"))
        .group_by(undone.c.reverses_id)
        .having(func.count() > 1)
    )
    breaches = [Breach(N_("An entry is reversed more than once."), {}, row.id) for row in twice]
    both = (
        select(undone.c.id, reversal.account_id, reversal.amount)
        .join(reversal, reversal.entry_id == undone.c.id)
        .union_all(
            select(undone.c.id, original.account_id, original.amount).join(
                original, original.entry_id == undone.c.reverses_id
            )
        )
        .subquery()
    )
    unequal = db.session.execute(
        select(both.c.id)
        .group_by(both.c.id, both.c.account_id)
        .having(func.sum(both.c.amount) != 0)
        .distinct()
    )
    breaches += [
        Breach(N_("The reversal is not the mirror of its entry."), {}, row.id) for row in unequal
    ]
    return Finding(int(db.session.scalar(select(func.count()).select_from(undone)) or 0), breaches)


def _lines_by_entry() -> Any:
    return (
        select(
            LedgerPosting.entry_id,
            func.count().label("count"),
            func.max(LedgerPosting.line_no).label("last"),
            func.min(LedgerPosting.line_count).label("least"),
            func.max(LedgerPosting.line_count).label("most"),
        )
        .group_by(LedgerPosting.entry_id)
        .subquery()
    )
