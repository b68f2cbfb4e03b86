"""Which lots an allocation spends: first in, first out, under the lock of the fund."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Integer, Subquery, case, exists, func, insert, literal, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.ledger.chart import path_of
from marketplace.ledger.drafts import Line
from marketplace.ledger.models import LedgerLeaf
from marketplace.ledger.policies import SHARE_FUNDS
from marketplace.ledger.queries import lots, sealed_lots
from marketplace.reinvestment.errors import KeptByLot, LotSpent, NotSealedYet
from marketplace.reinvestment.models import LotUse
from marketplace.reinvestment.postings import RETURN, is_kept_by_lot

SHARE_CODES = [f"{path}:krw" for path in SHARE_FUNDS.values()]


def use_lots(entry_id: int, fund: str, amount: Money) -> None:
    """Note which lots of `fund` the entry spends, to the won, in the order they were sealed.

    The caller holds the fund's lock and has called `require_sealed`. One statement; the window
    gives each lot what came before it.
    """
    open_lots = _open_lots(fund)
    before = open_lots.c.cumulated - open_lots.c.left
    need = amount.minor
    part = case((open_lots.c.cumulated <= need, open_lots.c.left), else_=need - before)
    chosen = select(
        literal(entry_id, LotUse.entry_id.type), open_lots.c.entry_id, open_lots.c.line_no, part
    ).where(before < need)
    db.session.execute(
        insert(LotUse).from_select(["entry_id", "lot_entry_id", "lot_line_no", "amount"], chosen)
    )
    _check_sum(entry_id, fund, amount)


def require_sealed(fund: str, amount: Money) -> None:
    """Raise NotSealedYet where the fund has `amount`, and a part of it waits for its seal.

    The caller holds the fund's lock. Only what is sealed is spent, so that the order of lots
    stays as it is. Rule: docs/adr/0008-sealed-ledger.md
    """
    open_lots = _open_lots(fund)
    sealed = int(db.session.scalar(select(func.sum(open_lots.c.left))) or 0)
    if sealed < amount.minor <= sealed + _unsealed(fund):
        raise NotSealedYet(sealed=Money(max(sealed, 0), amount.currency))


def _unsealed(fund: str) -> int:
    lot = lots([f"{fund}:krw"], without_kinds=[RETURN]).subquery()
    waiting = ~exists().where(LedgerLeaf.entry_id == lot.c.entry_id)
    return int(db.session.scalar(select(func.sum(lot.c.amount)).where(waiting)) or 0)


def return_lots(entry_id: int, spent_by: int, fund: str, amount: Money) -> None:
    """Give back `amount` of what the entry `spent_by` took of the fund, newest lot first."""
    source = lots([f"{fund}:krw"], without_kinds=[RETURN]).subquery()
    uses = db.session.execute(
        select(LotUse.lot_entry_id, LotUse.lot_line_no, LotUse.amount)
        .join(
            source,
            (source.c.entry_id == LotUse.lot_entry_id) & (source.c.line_no == LotUse.lot_line_no),
        )
        .outerjoin(LedgerLeaf, LedgerLeaf.entry_id == LotUse.lot_entry_id)
        .where(LotUse.entry_id == spent_by)
        .order_by(
            LedgerLeaf.leaf_index.desc(), LotUse.lot_entry_id.desc(), LotUse.lot_line_no.desc()
        )
    )
    left = amount.minor
    for lot_entry_id, lot_line_no, used in uses:
        part = min(left, used)
        if not part:
            break
        left -= part
        db.session.add(
            LotUse(
                entry_id=entry_id,
                lot_entry_id=lot_entry_id,
                lot_line_no=lot_line_no,
                amount=-part,
            )
        )
    db.session.flush()
    _check_sum(entry_id, fund, -amount)


def refuse_adjustment(lines: Sequence[Line]) -> None:
    """Raise KeptByLot for lines on accounts whose lots an adjustment would leave as they are.

    Rule: docs/adr/0011-adjustments-and-lots.md
    """
    for line in lines:
        if is_kept_by_lot(line.path):
            raise KeptByLot(path=line.path)


def check_unspent(entry_id: int) -> None:
    """Raise LotSpent where a program was given something of what the entry put into a fund."""
    used = db.session.scalar(select(func.sum(LotUse.amount)).where(LotUse.lot_entry_id == entry_id))
    if used:
        raise LotSpent


def unspent_shares(entry_id: int) -> dict[str, int]:
    """What is left, in won, of what the entry put into each fund of the village share."""
    lot, used = lots(without_kinds=[RETURN]).subquery(), _uses()
    rows = db.session.execute(
        select(lot.c.code, lot.c.amount - func.coalesce(used.c.amount, 0))
        .outerjoin(
            used,
            (used.c.lot_entry_id == lot.c.entry_id) & (used.c.lot_line_no == lot.c.line_no),
        )
        .where(lot.c.entry_id == entry_id, lot.c.code.in_(SHARE_CODES))
        .order_by(lot.c.line_no)
    )
    return {path_of(code): int(left) for code, left in rows}


def take_shares(entry_id: int, taken_by: int, amounts: Mapping[str, int]) -> None:
    """Note that the entry `taken_by` took `amounts` of what `entry_id` put into the funds."""
    lot = lots(without_kinds=[RETURN]).subquery()
    lines = db.session.execute(
        select(lot.c.code, lot.c.line_no).where(
            lot.c.entry_id == entry_id, lot.c.code.in_([f"{path}:krw" for path in amounts])
        )
    )
    for code, line_no in lines:
        db.session.add(
            LotUse(
                entry_id=taken_by,
                lot_entry_id=entry_id,
                lot_line_no=line_no,
                amount=amounts[path_of(code)],
            )
        )
    db.session.flush()


def _uses() -> Subquery:
    return (
        select(LotUse.lot_entry_id, LotUse.lot_line_no, func.sum(LotUse.amount).label("amount"))
        .group_by(LotUse.lot_entry_id, LotUse.lot_line_no)
        .subquery()
    )


def _open_lots(fund: str) -> Subquery:
    """The fund's sealed lots with something left, and the running sum of what is left."""
    lot = sealed_lots([f"{fund}:krw"], without_kinds=[RETURN]).subquery()
    used = _uses()
    left = (
        select(
            lot.c.leaf_index,
            lot.c.entry_id,
            lot.c.line_no,
            (lot.c.amount - func.coalesce(used.c.amount, 0)).label("left"),
        )
        .outerjoin(
            used,
            (used.c.lot_entry_id == lot.c.entry_id) & (used.c.lot_line_no == lot.c.line_no),
        )
        .subquery()
    )
    return (
        select(
            left.c.entry_id,
            left.c.line_no,
            left.c.left,
            func.sum(left.c.left)
            .over(order_by=[left.c.leaf_index, left.c.line_no])
            .label("cumulated"),
        )
        .where(left.c.left > 0)
        .subquery()
    )


def _check_sum(entry_id: int, fund: str, amount: Money) -> None:
    source = lots([f"{fund}:krw"], without_kinds=[RETURN]).subquery()
    noted = db.session.scalar(
        select(func.coalesce(func.sum(LotUse.amount, type_=Integer), 0))
        .join(
            source,
            (source.c.entry_id == LotUse.lot_entry_id) & (source.c.line_no == LotUse.lot_line_no),
        )
        .where(LotUse.entry_id == entry_id)
    )
    if int(noted or 0) != amount.minor:
        raise RuntimeError(f"the lots of {fund} sum to {noted}, not to {amount.minor}")
