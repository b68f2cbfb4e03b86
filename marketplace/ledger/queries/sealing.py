"""The sealed log: heads, tiles, proofs, and entries as their leaves need them."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from marketplace.kernel.db import db
from marketplace.ledger.errors import NotSealed
from marketplace.ledger.leaves import Booked, BookedLine, canonical, leaf_of, private_part
from marketplace.ledger.merkle import (
    TILE_WIDTH,
    consistency_proof,
    inclusion_proof,
    subtree_hash,
)
from marketplace.ledger.models import (
    LedgerAccount,
    LedgerCosignature,
    LedgerEntry,
    LedgerHead,
    LedgerLeaf,
    LedgerPosting,
    LedgerTileRoot,
)

STRETCH = 1_000
"""How many leaves are read at once."""

COLUMNS = [getattr(LedgerEntry, name) for name in Booked._fields if name != "lines"]

IS_UNSEALED: ColumnElement[bool] = ~exists().where(LedgerLeaf.entry_id == LedgerEntry.id)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place in the log, and what its entry was hidden and hashed with."""

    index: int
    entry_id: int
    salt: bytes
    receipt: str | None
    hash: bytes


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
    """Whether a committed entry waits for its leaf, from the id `since` on."""
    return db.session.scalar(select(LedgerEntry.id).where(*_unsealed(since)).limit(1)) is not None


def list_unsealed(*, since: int = 0, limit: int) -> list[Booked]:
    """Committed entries without a leaf, from the id `since` on, in the order of their ids."""
    rows = db.session.execute(
        select(*COLUMNS).where(*_unsealed(since)).order_by(LedgerEntry.id).limit(limit)
    ).all()
    return _booked(rows)


def count_waiting(*, before: datetime | None = None) -> tuple[int, int | None]:
    """How many committed entries have no leaf, and the first of them.

    `before` leaves out what was posted later.
    """
    statement = select(func.count(), func.min(LedgerEntry.id)).where(IS_UNSEALED)
    if before is not None:
        statement = statement.where(LedgerEntry.posted_at < before)
    count, first = db.session.execute(statement).one()
    return int(count), first


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


def _unsealed(since: int) -> tuple[ColumnElement[bool], ...]:
    # The second bound is the same as the first; it lets the database skip all older leaves.
    leaf = exists().where(LedgerLeaf.entry_id == LedgerEntry.id, LedgerLeaf.entry_id >= since)
    return LedgerEntry.id >= since, ~leaf


def find_booked(entry_ids: Collection[int]) -> dict[int, Booked]:
    """Entries as they are in the books now, by id; one that cannot be read is not there."""
    try:
        rows = db.session.execute(select(*COLUMNS).where(LedgerEntry.id.in_(entry_ids))).all()
        return {entry.id: entry for entry in _booked(rows)}
    except (ValueError, TypeError):
        # Something that is no date or number was written past the application.
        if len(entry_ids) == 1:
            return {}
        return {key: entry for one in entry_ids for key, entry in find_booked([one]).items()}


def _booked(rows: Sequence[Any]) -> list[Booked]:
    """Headers with their lines; one query."""
    lines: dict[int, list[BookedLine]] = {row.id: [] for row in rows}
    found = db.session.execute(
        select(
            LedgerPosting.entry_id,
            LedgerPosting.line_no,
            LedgerPosting.line_count,
            LedgerAccount.code,
            LedgerPosting.currency,
            LedgerPosting.amount,
        )
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerPosting.entry_id.in_(lines))
        .order_by(LedgerPosting.entry_id, LedgerPosting.line_no)
    )
    for row in found:
        lines[row[0]].append(BookedLine(*row[1:]))
    return [Booked._make([*row, lines[row.id]]) for row in rows]


def list_leaves(start: int, stop: int) -> list[Leaf]:
    """Leaves from index `start` up to, and without, `stop`."""
    return _leaves(LedgerLeaf.leaf_index >= start, LedgerLeaf.leaf_index < stop)


def _leaves(*conditions: ColumnElement[bool]) -> list[Leaf]:
    rows = db.session.execute(
        select(
            LedgerLeaf.leaf_index,
            LedgerLeaf.entry_id,
            LedgerLeaf.salt,
            LedgerLeaf.receipt,
            LedgerLeaf.leaf_hash,
        )
        .where(*conditions)
        .order_by(LedgerLeaf.leaf_index)
    )
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

    An entry that is gone leaves a gap, which every root shows.
    """
    for begin in range(start, stop, STRETCH):
        leaves = list_leaves(begin, min(begin + STRETCH, stop))
        entries = find_booked([leaf.entry_id for leaf in leaves])
        for leaf in leaves:
            if leaf.entry_id in entries:
                yield canonical(
                    leaf_of(entries[leaf.entry_id], salt=leaf.salt, receipt=leaf.receipt)
                )


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
