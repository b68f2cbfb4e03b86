"""Whether the books are still what was sealed: everything is hashed again from its contents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_
from marketplace.ledger.errors import KeyUnreadable, NoteUnreadable
from marketplace.ledger.leaves import Booked, are_balanced
from marketplace.ledger.merkle import TILE_HEIGHT, Frontier, leaf_hash
from marketplace.ledger.models import (
    LedgerCosignature,
    LedgerHead,
    LedgerLeaf,
    LedgerTileRoot,
)
from marketplace.ledger.notes import Checkpoint, Verifier, read_note, read_verifier
from marketplace.ledger.queries.entries import decision_number, entry_number
from marketplace.ledger.queries.sealing import (
    STRETCH,
    Leaf,
    Sealed,
    count_waiting,
    list_heads,
    read_stretch,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not what it was. `message` is marked for translation."""

    message: str
    facts: dict[str, str | int] = field(default_factory=dict)
    entry_id: int | None = None

    def __str__(self) -> str:
        return self.message % self.facts


@dataclass(frozen=True, slots=True)
class SealReport:
    """What was looked at, and what is wrong. What waits has no seal yet."""

    leaves: int
    heads: int
    waiting: int
    faults: list[Fault]


class _Tree:
    """Grows from what the books say, beside what was kept of it."""

    def __init__(self, verifier: Verifier, size: int) -> None:
        self.verifier = verifier
        self.size = size
        self.frontier = Frontier()
        self.tile_roots: dict[tuple[int, int], bytes] = {}
        self.roots: dict[int, bytes] = {}
        self.heads = 0
        self.has_parted = False
        self._heads = list_heads(size)
        self._next = next(self._heads, None)

    def append(self, hash_: bytes) -> Iterator[Fault]:
        completed = self.frontier.append(hash_)
        for level, root in enumerate(completed[TILE_HEIGHT::TILE_HEIGHT], start=1):
            position = (self.frontier.size >> level * TILE_HEIGHT) - 1
            self.tile_roots[level, position] = root
        while self._next is not None and self._next.size <= self.frontier.size:
            yield from self._check_head(self._next)
            self._next = next(self._heads, None)

    def end(self) -> Iterator[Fault]:
        """Faults that show only when no leaf is left."""
        if self._next is not None:
            yield Fault(
                N_("A signed head has %(size)s leaves, and only %(count)s are there."),
                {"size": self._next.size, "count": self.frontier.size},
            )
        stored = {
            (level, position): hash_
            for level, position, hash_ in db.session.execute(
                select(LedgerTileRoot.level, LedgerTileRoot.position, LedgerTileRoot.hash)
            )
            if position + 1 << level * TILE_HEIGHT <= self.size
        }
        if stored != self.tile_roots:
            yield Fault(N_("The tiles of the log are not those of its leaves."))

    def _check_head(self, head: LedgerHead) -> Iterator[Fault]:
        self.heads += 1
        root = self.frontier.root()
        facts: dict[str, str | int] = {"size": head.size}
        if head.size < self.frontier.size or head.root != root:
            # After the first one none can be right; it says where to look.
            if not self.has_parted:
                yield Fault(N_("The head of %(size)s leaves is not that of the books."), facts)
            self.has_parted = True
        elif head.frontier != b"".join(self.frontier.hashes):
            yield Fault(N_("The edge of the head of %(size)s leaves was changed."), facts)
        self.roots[head.size] = root
        if not _is_signed(head, self.verifier):
            yield Fault(N_("The head of %(size)s leaves is not signed by our key."), facts)


def check_seal(verifier: Verifier, *, last_seen: Checkpoint | None = None) -> SealReport:
    """Read all that is sealed and compare; never trusts a hash that was stored.

    `last_seen` is a head kept elsewhere: without one, a log whose end was cut off looks whole.
    """
    # What is sealed while we read comes after this size, and is left for the next time.
    size, places = _size_and_places()
    tree = _Tree(verifier, size)
    faults: list[Fault] = []
    if places > size:
        faults.append(
            Fault(N_("%(count)s leaves are under no signed head."), {"count": places - size})
        )
    for start in range(0, size, STRETCH):
        for sealed in read_stretch(start, min(start + STRETCH, size)):
            faults += _check_leaf(sealed, tree)
    faults += tree.end()
    faults += _check_cosignatures(tree)
    if last_seen is not None and tree.roots.get(last_seen.size) != last_seen.root:
        faults.append(
            Fault(
                N_("A head of %(size)s leaves was seen that the ledger does not have."),
                {"size": last_seen.size},
            )
        )
    return SealReport(tree.frontier.size, tree.heads, count_waiting()[0], faults)


def _check_leaf(sealed: Sealed, tree: _Tree) -> Iterator[Fault]:
    leaf, entry, lines, decision = sealed
    if leaf.index != tree.frontier.size:
        yield Fault(N_("Place %(index)s of the log is empty."), {"index": tree.frontier.size})
        tree.frontier = Frontier(leaf.index, [b""] * leaf.index.bit_count())
    if decision is not None:
        hash_ = leaf_hash(sealed.written())
        if hash_ != leaf.hash:
            yield _fault(N_("Decision %(number)s is not what was sealed."), leaf)
    elif entry is not None:
        hash_ = leaf_hash(sealed.written())
        if hash_ != leaf.hash or not (sealed.is_plain or entry.is_whole):
            yield _fault(N_("Entry %(number)s is not what was sealed."), leaf)
        if not (_is_balanced(entry) if lines is None else are_balanced(lines)):
            yield _fault(N_("Entry %(number)s does not balance."), leaf)
    else:
        hash_ = b""
        if leaf.decision_id is None:
            yield _fault(N_("Entry %(number)s is gone."), leaf)
        else:
            yield _fault(N_("Decision %(number)s is gone."), leaf)
    yield from tree.append(hash_)


def _fault(message: str, leaf: Leaf) -> Fault:
    if leaf.decision_id is not None:
        return Fault(message, {"number": decision_number(leaf.decision_id)})
    return Fault(message, {"number": entry_number(leaf.entry_id or 0)}, leaf.entry_id)


def _is_balanced(entry: Booked) -> bool:
    sums: dict[str, int] = {}
    for _, _, _, currency, amount in entry.lines:
        sums[currency] = sums.get(currency, 0) + amount
    return len(entry.lines) >= 2 and not any(sums.values())


def _is_signed(head: LedgerHead, verifier: Verifier) -> bool:
    try:
        note = read_note(head.note)
    except NoteUnreadable:
        return False
    expected = Checkpoint(verifier.name, head.size, head.root)
    return note.checkpoint == expected and note.signed_by(verifier)


def _check_cosignatures(tree: _Tree) -> Iterator[Fault]:
    rows = db.session.execute(
        select(LedgerCosignature.size, LedgerCosignature.key, LedgerCosignature.line)
    )
    for size, key, line in rows:
        text = Checkpoint(tree.verifier.name, size, tree.roots.get(size, b"")).text
        try:
            is_right = read_note(f"{text}\n{line}").signed_by(read_verifier(key))
        except (KeyUnreadable, NoteUnreadable):
            is_right = False
        if not is_right:
            yield Fault(
                N_("A cosignature under the head of %(size)s leaves is wrong."), {"size": size}
            )


def _size_and_places() -> tuple[int, int]:
    """Leaves under the newest head and places taken, from one statement."""
    size, last = db.session.execute(
        select(
            select(func.max(LedgerHead.size)).scalar_subquery(),
            select(func.max(LedgerLeaf.leaf_index)).scalar_subquery(),
        )
    ).one()
    return size or 0, 0 if last is None else last + 1
