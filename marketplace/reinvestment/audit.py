"""What programs add to the audit of the books: purposes, set-aside money, lots, signatures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.kernel.money import won
from marketplace.ledger.hooks import Breach, Finding, register_check
from marketplace.ledger.models import LedgerAccount, LedgerEntry, LedgerLeaf, LedgerPosting
from marketplace.ledger.policies import REFUND_RESERVE
from marketplace.ledger.queries import list_accounts, lots
from marketplace.reinvestment.models import Allocation, Disbursement, LotUse, Pledge, Program
from marketplace.reinvestment.policies import funds_for, seal_body
from marketplace.reinvestment.postings import ALLOCATION, RETURN, committed_to, grants_of

# Entries that give money back to a buyer after its share was released.
RETURNED = ("refund", "dispute_charged")
# Kinds of entries that may take money out of a village fund or a pledge.
SPENDING = (
    ALLOCATION,
    RETURN,
    "refund",
    "dispute_lost",
    "dispute_charged",
    "reversal",
)
SIGNED = (ALLOCATION, "disbursement", "disbursement_settled")


def register_checks() -> None:
    register_check("I5", N_("Funds that programs were paid from"), check_purposes)
    register_check("I5", N_("Entries that spend from funds"), check_spending)
    register_check("I8", N_("Money set aside for programs"), check_committed)
    register_check("I9", N_("Lots and their uses"), check_lots)
    register_check("I9", N_("Uses of lots and allocations"), check_uses)
    register_check("I9", N_("Seals of the lots that programs were given"), check_sealed_lots)
    register_check("I16", N_("Signatures on programs and payments"), check_signatures)
    register_check("I16", N_("Programs and payments as they were signed"), check_signed)


def check_purposes(at: datetime) -> Finding:
    """Whether each program's money came from funds that are meant for it."""
    pledges = db.session.scalars(select(Pledge).order_by(Pledge.id)).all()
    rows = db.session.execute(
        select(Program, Allocation.fund, func.min(Allocation.entry_id).label("entry_id"))
        .join(Program, Program.id == Allocation.program_id)
        .group_by(Program.id, Allocation.fund)
    ).all()
    return Finding(
        len(rows),
        [
            Breach(
                N_("Program %(program)s was paid from “%(fund)s”, which is not for it."),
                {"program": program.number, "fund": fund},
                entry_id,
            )
            for program, fund, entry_id in rows
            if fund not in funds_for(program, pledges)
        ],
    )


def check_spending(at: datetime) -> Finding:
    """Whether only entries that may do so took money from the funds and paid grants.

    What was reversed took nothing: so an adjustment of earlier days is put right.
    Rule: docs/adr/0011-adjustments-and-lots.md
    """
    code, reversal = LedgerAccount.code, aliased(LedgerEntry)
    rows = db.session.execute(
        select(LedgerPosting.entry_id, LedgerEntry.kind, code)
        .select_from(LedgerPosting)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(
            LedgerPosting.amount > 0,
            ~exists().where(reversal.reverses_id == LedgerEntry.id),
            or_(
                and_(_is_spendable(code), LedgerEntry.kind.not_in(SPENDING)),
                and_(
                    code.like("expenses:grants:%"),
                    LedgerEntry.kind.not_in(("disbursement", "reversal")),
                ),
            ),
        )
        .order_by(LedgerPosting.entry_id)
    )
    breaches = [
        Breach(
            N_("An entry of the kind “%(kind)s” took money from “%(account)s”."),
            {"kind": row.kind, "account": row.code},
            row.entry_id,
        )
        for row in rows
    ]
    return Finding(int(db.session.scalar(select(func.count(LedgerEntry.id))) or 0), breaches)


def check_committed(at: datetime) -> Finding:
    """Whether what is still set aside is what was set aside, less what was paid."""
    given = _sums(Allocation, Allocation.minor)
    paid = _sums(Disbursement, Disbursement.minor, Disbursement.released_by.is_not(None))
    balances = {row.account.path: row.natural.minor for row in list_accounts("funds:program")}
    grants = {row.account.path: row.balance.minor for row in list_accounts("expenses:grants")}
    rows = db.session.execute(select(Program.id, Program.number).order_by(Program.id)).all()
    breaches = []
    for program_id, number in rows:
        left = given.get(program_id, 0) - paid.get(program_id, 0)
        held = balances.get(committed_to(number), 0)
        granted = grants.get(grants_of(number), 0)
        if held != left or left < 0 or granted != paid.get(program_id, 0):
            breaches.append(
                Breach(
                    N_("Program %(program)s should hold %(left)s and holds %(held)s."),
                    {"program": number, "left": won(left), "held": won(held)},
                    _last_entry("program", number),
                )
            )
    return Finding(len(rows), breaches)


def check_lots(at: datetime) -> Finding:
    """Whether no lot was used for more than it is, or given back more than was used."""
    lot = lots(without_kinds=[RETURN]).subquery()
    used = (
        select(
            LotUse.lot_entry_id,
            LotUse.lot_line_no,
            func.sum(LotUse.amount).label("minor"),
            func.max(LotUse.entry_id).label("entry_id"),
        )
        .group_by(LotUse.lot_entry_id, LotUse.lot_line_no)
        .subquery()
    )
    rows = db.session.execute(
        select(used.c.lot_entry_id, used.c.minor, func.coalesce(lot.c.amount, 0).label("amount"))
        .outerjoin(
            lot,
            and_(lot.c.entry_id == used.c.lot_entry_id, lot.c.line_no == used.c.lot_line_no),
        )
        .where(
            or_(lot.c.entry_id.is_(None), used.c.minor > lot.c.amount, used.c.minor < 0),
        )
        .order_by(used.c.lot_entry_id)
    )
    breaches = [
        Breach(
            N_("A lot of %(amount)s was used for %(used)s."),
            {"amount": won(int(row.amount)), "used": won(int(row.minor))},
            row.lot_entry_id,
        )
        for row in rows
    ]
    return Finding(_count(LotUse), breaches)


def check_uses(at: datetime) -> Finding:
    """Whether the lots noted for each entry and fund sum to what it took of the fund.

    The reserve gives refunds more than the order's own part, so it is not among these funds.
    """
    lot = lots(without_kinds=[RETURN]).subquery()
    used = (
        select(LotUse.entry_id.label("entry_id"), lot.c.code, LotUse.amount)
        .join(lot, and_(lot.c.entry_id == LotUse.lot_entry_id, lot.c.line_no == LotUse.lot_line_no))
        .where(lot.c.code != f"{REFUND_RESERVE}:krw")
    )
    taken = select(Allocation.entry_id, Allocation.fund.concat(literal(":krw")), -Allocation.minor)
    # Whatever else took of a fund says of which lots too: what was given back to buyers takes from
    # those of its own order. Who reverses an entry takes its lots away, and what was reversed took
    # nothing.
    reversal = aliased(LedgerEntry)
    others = (
        select(LedgerPosting.entry_id, LedgerAccount.code, -LedgerPosting.amount)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(
            LedgerPosting.amount > 0,
            _is_spendable(LedgerAccount.code),
            or_(
                LedgerEntry.kind.in_(RETURNED),
                and_(
                    LedgerEntry.kind != ALLOCATION,
                    LedgerEntry.reverses_id.is_(None),
                    ~exists().where(reversal.reverses_id == LedgerEntry.id),
                ),
            ),
        )
    )
    both = used.union_all(taken, others).subquery()
    rows = db.session.execute(
        select(both.c.entry_id, both.c.code, func.sum(both.c.amount).label("minor"))
        .group_by(both.c.entry_id, both.c.code)
        .having(func.sum(both.c.amount) != 0)
        .order_by(both.c.entry_id)
    )
    breaches = [
        Breach(
            N_("Lots and allocations of “%(fund)s” differ by %(amount)s."),
            {"fund": row.code, "amount": won(int(row.minor))},
            row.entry_id,
        )
        for row in rows
    ]
    return Finding(_count(Allocation), breaches)


def check_sealed_lots(at: datetime) -> Finding:
    """Whether every lot was sealed before a program was given anything of it."""
    lot, given = aliased(LedgerLeaf), aliased(LedgerLeaf)
    rows = db.session.execute(
        select(LotUse.lot_entry_id, func.sum(LotUse.amount).label("minor"))
        .join(LedgerEntry, LedgerEntry.id == LotUse.entry_id)
        .join(given, given.entry_id == LotUse.entry_id)
        .outerjoin(lot, lot.entry_id == LotUse.lot_entry_id)
        .where(
            LedgerEntry.kind == ALLOCATION,
            or_(lot.leaf_index.is_(None), lot.leaf_index > given.leaf_index),
        )
        .group_by(LotUse.lot_entry_id)
        .order_by(LotUse.lot_entry_id)
    )
    breaches = [
        Breach(
            N_("A program was given %(amount)s of a lot that was not sealed."),
            {"amount": won(int(row.minor))},
            row.lot_entry_id,
        )
        for row in rows
    ]
    return Finding(_count(LotUse), breaches)


def check_signatures(at: datetime) -> Finding:
    """Whether two different people stand on what spends the funds."""
    alone = db.session.execute(
        select(LedgerEntry.id)
        .where(
            LedgerEntry.kind.in_(SIGNED),
            or_(
                LedgerEntry.proposed_by.is_(None),
                LedgerEntry.approved_by.is_(None),
                LedgerEntry.proposed_by == LedgerEntry.approved_by,
            ),
        )
        .order_by(LedgerEntry.id)
    )
    breaches = [Breach(N_("The entry has one signature only."), {}, row.id) for row in alone]
    programs = db.session.execute(
        select(Program.number, Allocation.entry_id)
        .join(Allocation, Allocation.program_id == Program.id)
        .where(or_(Program.approved_by.is_(None), Program.approved_by == Program.proposed_by))
        .distinct()
    )
    payments = db.session.execute(
        select(Disbursement.number, Disbursement.entry_id).where(
            Disbursement.released_by == Disbursement.proposed_by
        )
    )
    breaches += [
        Breach(N_("One person alone decided on %(number)s."), {"number": number}, entry_id)
        for number, entry_id in [*programs, *payments]
    ]
    return Finding(_count(Program) + _count(Disbursement), breaches)


def check_signed(at: datetime) -> Finding:
    """Whether programs say what was signed, by those whose names stand on the sealed entries."""
    programs = db.session.scalars(select(Program).order_by(Program.id)).all()
    breaches = [
        Breach(N_("%(number)s no longer says what was signed."), {"number": program.number})
        for program in programs
        if program.body_sha256 != seal_body(program)
    ]
    allocated = db.session.execute(
        select(Program.number, LedgerEntry.id)
        .join(Allocation, Allocation.program_id == Program.id)
        .join(LedgerEntry, LedgerEntry.id == Allocation.entry_id)
        .where(
            LedgerEntry.kind == ALLOCATION,
            or_(
                LedgerEntry.proposed_by != Program.proposed_by,
                LedgerEntry.approved_by.is_distinct_from(Program.approved_by),
            ),
        )
        .distinct()
        .order_by(Program.number)
    )
    paid = db.session.execute(
        select(Disbursement.number, LedgerEntry.id)
        .join(LedgerEntry, LedgerEntry.id == Disbursement.entry_id)
        .where(
            or_(
                LedgerEntry.proposed_by != Disbursement.proposed_by,
                LedgerEntry.approved_by.is_distinct_from(Disbursement.released_by),
            )
        )
        .order_by(Disbursement.number)
    )
    released = db.session.execute(
        select(Disbursement.number, Disbursement.purpose, LedgerEntry.memo, LedgerEntry.id)
        .join(LedgerEntry, LedgerEntry.id == Disbursement.entry_id)
        .order_by(Disbursement.number)
    )
    breaches += [
        Breach(N_("%(number)s no longer says what was signed."), {"number": number}, entry_id)
        for number, purpose, memo, entry_id in released
        # The memos of before named no purpose.
        if ": " in memo and memo.partition(": ")[2] != purpose
    ]
    breaches += [
        Breach(N_("%(number)s names others than its entry does."), {"number": number}, entry_id)
        for number, entry_id in [*allocated, *paid]
    ]
    return Finding(len(programs) + _count(Disbursement), breaches)


def _is_spendable(code: Any) -> ColumnElement[bool]:
    return or_(
        and_(code.like("funds:village:%"), code.not_like("funds:village:held:%")),
        code.like("funds:csr:%:available:%"),
    )


def _sums(model: Any, minor: Any, *conditions: Any) -> dict[int, int]:
    rows = db.session.execute(
        select(model.program_id, func.sum(minor)).where(*conditions).group_by(model.program_id)
    )
    return {program_id: int(amount) for program_id, amount in rows}


def _count(model: Any) -> int:
    return int(db.session.scalar(select(func.count()).select_from(model)) or 0)


def _last_entry(ref_kind: str, ref_id: str) -> int | None:
    return db.session.scalar(
        select(func.max(LedgerEntry.id)).where(
            LedgerEntry.ref_kind == ref_kind, LedgerEntry.ref_id == ref_id
        )
    )
