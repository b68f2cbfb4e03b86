"""The sealed log: heads, tiles, proofs, and what is in it as its leaves need it."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
)

from marketplace.kernel.db import db
from marketplace.ledger.decisions import Decided, written_decision
from marketplace.ledger.errors import NotSealed
from marketplace.ledger.leaves import (
    Booked,
    BookedLine,
    are_plain,
    leaf_of,
    private_part,
    written_leaf,
)
from marketplace.ledger.merkle import (
    TILE_WIDTH,
    consistency_proof,
    inclusion_proof,
    subtree_hash,
)
from marketplace.ledger.models import (
    LedgerAccount,
    LedgerCosignature,
    LedgerDecision,
    LedgerEntry,
    LedgerHead,
    LedgerLeaf,
    LedgerPosting,
    LedgerTileRoot,
)

STRETCH = 1_000
"""How many leaves are read at once."""

# Columns of tables, not of models: a million rows are read without what the ORM adds to each.
ENTRIES = LedgerEntry.__table__
LEAVES = LedgerLeaf.__table__
POSTINGS = LedgerPosting.__table__
ACCOUNTS = LedgerAccount.__table__
COLUMNS = [ENTRIES.c[name] for name in Booked._fields if name != "lines"]
DECISIONS = LedgerDecision.__table__
DECIDED = [DECISIONS.c[name] for name in Decided._fields]
OF_LEAF = ("leaf_index", "entry_id", "decision_id", "salt", "receipt", "leaf_hash")
LEAF = [LEAVES.c[name] for name in OF_LEAF]
LINES = (
    select(
        POSTINGS.c.entry_id,
        POSTINGS.c.line_no,
        POSTINGS.c.line_count,
        ACCOUNTS.c.code,
        POSTINGS.c.currency,
        POSTINGS.c.amount,
    )
    .join(ACCOUNTS, ACCOUNTS.c.id == POSTINGS.c.account_id)
    .order_by(POSTINGS.c.entry_id, POSTINGS.c.line_no)
)

IS_UNSEALED: ColumnElement[bool] = ~exists().where(LedgerLeaf.entry_id == LedgerEntry.id)


def _unsealed(since: Any) -> tuple[ColumnElement[bool], ...]:
    # The second bound is the same as the first; it lets the database skip all older leaves.
    leaf = exists().where(LEAVES.c.entry_id == ENTRIES.c.id, LEAVES.c.entry_id >= since)
    return ENTRIES.c.id >= since, ~leaf


def _unsealed_decisions(since: Any) -> tuple[ColumnElement[bool], ...]:
    leaf = exists().where(LEAVES.c.decision_id == DECISIONS.c.id, LEAVES.c.decision_id >= since)
    return DECISIONS.c.id >= since, ~leaf


def _lines_as_text(*conditions: ColumnElement[bool]) -> Any:
    """A statement: entries, their lines as one text, and how many.

    The database writes them, since that makes one row of many.
    """
    text = literal('["').concat(ACCOUNTS.c.code).concat('","').concat(POSTINGS.c.currency)
    line = (
        select(
            POSTINGS.c.entry_id,
            POSTINGS.c.line_no,
            POSTINGS.c.line_count,
            text.concat('","').concat(cast(POSTINGS.c.amount, Text)).concat('"]').label("text"),
        )
        .join(ACCOUNTS, ACCOUNTS.c.id == POSTINGS.c.account_id)
        .where(*conditions)
        .order_by(POSTINGS.c.entry_id, POSTINGS.c.line_no)
        .subquery()
    )
    return (
        select(line.c.entry_id, func.aggregate_strings(line.c.text, ","), func.count())
        .group_by(line.c.entry_id)
        .having(
            func.min(line.c.line_no) == 1,
            func.max(line.c.line_no) == func.count(),
            func.min(line.c.line_count) == func.count(),
            func.max(line.c.line_count) == func.count(),
        )
    )


# Statements that are asked again and again, made once; `since`, `upto`, `start`, `stop` are bounds.
SINCE, START, STOP = (bindparam(name, type_=BigInteger) for name in ("since", "start", "stop"))
UNSEALED = (
    select(*COLUMNS)
    .where(*_unsealed(SINCE))
    .order_by(ENTRIES.c.id)
    .limit(bindparam("limit", type_=Integer))
)
UNSEALED_DECISIONS = select(*DECIDED).where(*_unsealed_decisions(SINCE)).order_by(DECISIONS.c.id)
HAS_UNSEALED = select(
    or_(
        exists(select(ENTRIES.c.id).where(*_unsealed(SINCE))),
        exists(select(DECISIONS.c.id).where(*_unsealed_decisions(SINCE))),
    )
)
UPTO = select(ENTRIES.c.id).where(*_unsealed(SINCE), ENTRIES.c.id <= bindparam("upto"))
LINES_OF_UNSEALED = _lines_as_text(POSTINGS.c.entry_id.in_(UPTO))
IN_STRETCH = (LEAVES.c.leaf_index >= START, LEAVES.c.leaf_index < STOP)
SEALED = (
    select(*LEAF, *COLUMNS)
    .select_from(LEAVES.outerjoin(ENTRIES, ENTRIES.c.id == LEAVES.c.entry_id))
    .where(*IN_STRETCH)
    .order_by(LEAVES.c.leaf_index)
)
LINES_OF_STRETCH = _lines_as_text(LEAVES.c.entry_id == POSTINGS.c.entry_id, *IN_STRETCH)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place in the log, and what its entry or decision was hidden and hashed with."""

    index: int
    entry_id: int | None
    decision_id: int | None
    salt: bytes
    receipt: str | None
    hash: bytes


class Sealed(NamedTuple):
    """A leaf and its decision or entry, the one or the other; None for what is gone.

    The entry is with `lines` as text, or, where they need a closer look, its own.
    """

    leaf: Leaf
    entry: Booked | None
    lines: str | None
    decision: Decided | None = None

    @property
    def is_plain(self) -> bool:
        return self.entry is not None and self.lines is not None

    @property
    def is_gone(self) -> bool:
        return self.entry is None and self.decision is None

    def written(self) -> bytes:
        """The bytes of the leaf, from what the books say now."""
        if self.decision is not None:
            return written_decision(self.decision, salt=self.leaf.salt)
        assert self.entry is not None
        return written_leaf(
            self.entry, salt=self.leaf.salt, receipt=self.leaf.receipt, lines=self.lines
        )


def find_head(size: int | None = None) -> LedgerHead | None:
    """The newest signed head, or the one of `size` leaves."""
    statement = select(LedgerHead).order_by(LedgerHead.size.desc()).limit(1)
    if size is not None:
        statement = statement.where(LedgerHead.size == size)
    return db.session.scalar(statement)


def get_head(size: int | None = None) -> LedgerHead:
    """As `find_head`; raises NotSealed."""
    head = find_head(size)
    if head is None:
        raise NotSealed
    return head


def list_heads(up_to: int) -> Iterator[LedgerHead]:
    """The signed heads of at most `up_to` leaves, the first one first."""
    last = 0
    while heads := _heads_between(last, up_to):
        yield from heads
        last = heads[-1].size


def _heads_between(size: int, up_to: int) -> Sequence[LedgerHead]:
    return db.session.scalars(
        select(LedgerHead)
        .where(LedgerHead.size > size, LedgerHead.size <= up_to)
        .order_by(LedgerHead.size)
        .limit(STRETCH)
        .execution_options(populate_existing=True)
    ).all()


def checkpoint(size: int | None = None) -> str:
    """The note of a head, with the cosignatures it has by now. Raises NotSealed."""
    head = get_head(size)
    return head.note + "".join(
        db.session.scalars(
            select(LedgerCosignature.line)
            .where(LedgerCosignature.size == head.size)
            .order_by(LedgerCosignature.key)
        )
    )


def has_unsealed(*, since: int = 0) -> bool:
    """Whether a committed entry or decision waits for its leaf, from the id `since` on."""
    return db.session.scalar(HAS_UNSEALED, {"since": since}) is True


def list_unsealed_decisions(*, since: int = 0) -> list[Decided]:
    """Committed decisions without a leaf, from the id `since` on, in the order of their ids."""
    return [Decided._make(row) for row in db.session.execute(UNSEALED_DECISIONS, {"since": since})]


def list_unsealed(*, since: int = 0, limit: int) -> list[tuple[Booked, str | None]]:
    """Committed entries without a leaf, from the id `since` on, in the order of their ids.

    With each its lines as text; where they need a closer look, the entry has its own.
    """
    rows = db.session.execute(UNSEALED, {"since": since, "limit": limit}).all()
    if not rows:
        return []
    lines = _written_lines(LINES_OF_UNSEALED, since=rows[0].id, upto=rows[-1].id)
    written = [lines.get((row.id, row.line_count)) for row in rows]
    closer = [row for row, text in zip(rows, written, strict=True) if text is None]
    whole = {entry.id: entry for entry in _booked(closer)} if closer else {}
    return [
        (whole.get(row.id) or Booked._make([*row, ()]), text)
        for row, text in zip(rows, written, strict=True)
    ]


def count_waiting(*, before: datetime | None = None) -> tuple[int, int | None]:
    """How many committed entries and decisions have no leaf, and the first of these entries.

    `before` leaves out what came later.
    """
    entries = select(func.count(), func.min(LedgerEntry.id)).where(IS_UNSEALED)
    decisions = select(func.count()).where(
        ~exists().where(LedgerLeaf.decision_id == LedgerDecision.id)
    )
    if before is not None:
        entries = entries.where(LedgerEntry.posted_at < before)
        decisions = decisions.where(LedgerDecision.id < int(before.timestamp() * 1000) << 22)
    count, first = db.session.execute(entries).one()
    return int(count) + int(db.session.scalar(decisions) or 0), first


def balances_under(size: int) -> dict[str, int]:
    """What every account holds by the first `size` leaves; debit positive, in minor units."""
    rows = db.session.execute(
        select(LedgerAccount.code, func.sum(LedgerPosting.amount))
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .join(LedgerLeaf, LedgerLeaf.entry_id == LedgerPosting.entry_id)
        .where(LedgerLeaf.leaf_index < size)
        .group_by(LedgerAccount.code)
    )
    return {code: int(minor) for code, minor in rows}


def find_booked(entry_ids: Collection[int]) -> dict[int, Booked]:
    """Entries as they are in the books now, by id; one that cannot be read is not there."""
    try:
        rows = db.session.execute(select(*COLUMNS).where(ENTRIES.c.id.in_(entry_ids))).all()
        return {entry.id: entry for entry in _booked(rows)}
    except (ValueError, TypeError):
        # Something that is no date or number was written past the application.
        if len(entry_ids) == 1:
            return {}
        return {key: entry for one in entry_ids for key, entry in find_booked([one]).items()}


def _booked(rows: Sequence[Any]) -> list[Booked]:
    """Headers with their lines; one query."""
    lines: dict[int, list[BookedLine]] = {row.id: [] for row in rows}
    for row in db.session.execute(LINES.where(POSTINGS.c.entry_id.in_(lines))).all():
        lines[row[0]].append(BookedLine._make(row[1:]))
    return [Booked._make([*row, lines[row.id]]) for row in rows]


def read_stretch(start: int, stop: int) -> list[Sealed]:
    """Leaves from index `start` up to, and without, `stop`, with what is in the books now.

    A few queries. What is gone, or cannot be read any more, is not there.
    """
    bounds = {"start": start, "stop": stop}
    try:
        rows = db.session.execute(SEALED, bounds).all()
    except (ValueError, TypeError):
        leaves = list_leaves(start, stop)
        entries = find_booked([leaf.entry_id for leaf in leaves if leaf.entry_id is not None])
        return _with_decisions(
            [Sealed(leaf, entries.get(leaf.entry_id or 0), None) for leaf in leaves]
        )
    lines = _written_lines(LINES_OF_STRETCH, **bounds)
    width = len(LEAF)
    stretch = []
    for row in rows:
        entry = None if row[width] is None else Booked._make([*row[width:], ()])
        written = lines.get((entry.id, entry.line_count)) if entry else None
        stretch.append(Sealed(Leaf(*row[:width]), entry, written))
    closer = [
        one.leaf.entry_id for one in stretch if not one.is_plain and one.leaf.entry_id is not None
    ]
    if closer:
        entries = find_booked(closer)
        stretch = [
            one if one.is_plain else Sealed(one.leaf, entries.get(one.leaf.entry_id or 0), None)
            for one in stretch
        ]
    return _with_decisions(stretch)


def _with_decisions(stretch: list[Sealed]) -> list[Sealed]:
    wanted = [one.leaf.decision_id for one in stretch if one.leaf.decision_id is not None]
    if not wanted:
        return stretch
    found = find_decided(wanted)
    return [
        one._replace(decision=found.get(one.leaf.decision_id)) if one.leaf.decision_id else one
        for one in stretch
    ]


def find_decided(decision_ids: Collection[int]) -> dict[int, Decided]:
    """Decisions as they are kept now, by id; one that cannot be read is not there."""
    try:
        rows = db.session.execute(select(*DECIDED).where(DECISIONS.c.id.in_(decision_ids))).all()
        return {row.id: Decided._make(row) for row in rows}
    except (ValueError, TypeError):
        if len(decision_ids) == 1:
            return {}
        return {key: row for one in decision_ids for key, row in find_decided([one]).items()}


def _written_lines(statement: Any, **bounds: int) -> dict[tuple[int, int], str]:
    """By entry and number of lines: its lines as a leaf has them, where they are whole.

    What the database does not write as we do (a quote in a name), and what lacks a line, is left
    out.
    """
    rows = db.session.execute(statement, bounds).all()
    return {(entry_id, count): lines for entry_id, lines, count in rows if are_plain(lines, count)}


def list_leaves(start: int, stop: int) -> list[Leaf]:
    """Leaves from index `start` up to, and without, `stop`."""
    return _leaves(LedgerLeaf.leaf_index >= start, LedgerLeaf.leaf_index < stop)


def _leaves(*conditions: ColumnElement[bool]) -> list[Leaf]:
    rows = db.session.execute(select(*LEAF).where(*conditions).order_by(LedgerLeaf.leaf_index))
    return [Leaf(*row) for row in rows]


def find_leaf(entry_id: int) -> Leaf | None:
    """The place of an entry in the log, once it is sealed."""
    return next(iter(_leaves(LedgerLeaf.entry_id == entry_id)), None)


def find_covering_head(index: int) -> LedgerHead | None:
    """The first signed head that covers the leaf at `index`."""
    return db.session.scalar(
        select(LedgerHead).where(LedgerHead.size > index).order_by(LedgerHead.size).limit(1)
    )


def find_last_head_of(before: datetime) -> LedgerHead | None:
    """The last head signed before an instant."""
    return db.session.scalar(
        select(LedgerHead)
        .where(LedgerHead.signed_at < before)
        .order_by(LedgerHead.size.desc())
        .limit(1)
    )


def written_leaves(start: int, stop: int) -> Iterator[bytes]:
    """The bytes of leaves, written anew from what the books say now.

    What is gone leaves a gap, which every root shows.
    """
    for begin in range(start, stop, STRETCH):
        for sealed in read_stretch(begin, min(begin + STRETCH, stop)):
            if not sealed.is_gone:
                yield sealed.written()


class Tiles:
    """Reads hashes tile by tile, each tile once."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        place = start // TILE_WIDTH
        if (level, place) not in self._tiles:
            self._tiles[level, place] = tile_hashes(level, place)
        begin = place * TILE_WIDTH
        return self._tiles[level, place][start - begin : stop - begin]

    def subtree(self, start: int, end: int) -> bytes:
        return subtree_hash(start, end, self.read)


def tile_hashes(level: int, place: int) -> Sequence[bytes]:
    """The hashes that tile number `place` of `level` has by now, at most 256."""
    start, stop = place * TILE_WIDTH, (place + 1) * TILE_WIDTH
    if level == 0:
        return [leaf.hash for leaf in list_leaves(start, stop)]
    return db.session.scalars(
        select(LedgerTileRoot.hash)
        .where(
            LedgerTileRoot.level == level,
            LedgerTileRoot.position >= start,
            LedgerTileRoot.position < stop,
        )
        .order_by(LedgerTileRoot.position)
    ).all()


def tile(level: int, place: int, *, width: int = TILE_WIDTH) -> bytes:
    """A tile as it is published. Raises NotSealed. Rule: c2sp.org/tlog-tiles"""
    hashes = tile_hashes(level, place)[:width]
    if len(hashes) < width:
        raise NotSealed
    return b"".join(hashes)


def entry_tile(place: int, *, width: int = TILE_WIDTH) -> bytes:
    """The leaves under a tile of level 0, each after its length. Raises NotSealed."""
    start = place * TILE_WIDTH
    leaves = list(written_leaves(start, start + width))
    if len(leaves) < width:
        raise NotSealed
    return b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in leaves)


def prove_growth(old: int, new: int) -> list[bytes]:
    """That the head of `new` leaves keeps all of the head of `old`."""
    return consistency_proof(old, new, Tiles().subtree)


def prove_entries(
    entry_ids: Collection[int], *, size: int | None = None, is_open: bool = False
) -> dict[str, Any]:
    """A file with which anyone can check that these entries are in the newest head, or that of
    `size` leaves.

    With `is_open` it shows what is private too: only for those whom it concerns. Raises NotSealed
    where one of them waits for its seal.
    """
    head = get_head(size)
    leaves = _leaves(LedgerLeaf.entry_id.in_(entry_ids), LedgerLeaf.leaf_index < head.size)
    entries = find_booked(entry_ids)
    if {leaf.entry_id for leaf in leaves} != set(entry_ids) or entries.keys() != set(entry_ids):
        raise NotSealed
    tiles = Tiles()
    return {
        "checkpoint": checkpoint(head.size),
        "entries": [
            _proof(leaf, entries[leaf.entry_id], head.size, tiles, is_open=is_open)
            for leaf in leaves
            if leaf.entry_id is not None
        ],
    }


def _proof(leaf: Leaf, entry: Booked, size: int, tiles: Tiles, *, is_open: bool) -> dict[str, Any]:
    opened = {"salt": leaf.salt.hex(), "private": private_part(entry)} if is_open else {}
    hashes = inclusion_proof(leaf.index, size, tiles.subtree)
    return {
        "index": str(leaf.index),
        "leaf": leaf_of(entry, salt=leaf.salt, receipt=leaf.receipt),
        "proof": [b64encode(hash_).decode() for hash_ in hashes],
        **opened,
    }
