"""Merkle trees of RFC 6962: hashes, roots and proofs. Pure; knows neither entries nor tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

Subtree = Callable[[int, int], bytes]
"""The hash over the leaves from one index up to, and without, another."""
Read = Callable[[int, int, int], Sequence[bytes]]
"""Hashes `start` to `stop` of a level of tiles: roots of whole subtrees of 256**level leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a tree: all that is needed to let it grow and to know its root.

    `hashes` are the roots of its whole subtrees, the largest first.
    """

    def __init__(self, size: int = 0, hashes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.hashes = list(hashes)
        if len(self.hashes) != size.bit_count():
            raise ValueError("the edge does not fit the size")

    def append(self, hash_: bytes) -> list[bytes]:
        """Add the hash of a leaf; returns the roots of the subtrees it completes, by height."""
        completed = [hash_]
        self.size += 1
        size = self.size
        while size % 2 == 0:
            hash_ = node_hash(self.hashes.pop(), hash_)
            completed.append(hash_)
            size //= 2
        self.hashes.append(hash_)
        return completed

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root


def root_of(hashes: Iterable[bytes]) -> bytes:
    """The root over hashes of leaves."""
    frontier = Frontier()
    for hash_ in hashes:
        frontier.append(hash_)
    return frontier.root()


def subtree_hash(start: int, end: int, read: Read) -> bytes:
    """The hash over leaves `start` to `end`, from hashes that tiles keep.

    `start` must be a multiple of the smallest power of two that is not below the width, as in all
    subtrees of proofs.
    """
    width = end - start
    if width & (width - 1):
        middle = start + _split(width)
        return node_hash(subtree_hash(start, middle, read), subtree_hash(middle, end, read))
    level = (width.bit_length() - 1) // TILE_HEIGHT
    shift = level * TILE_HEIGHT
    return root_of(read(level, start >> shift, end >> shift))


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the first `size` leaves."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in this tree")
    start, end = 0, size
    proof: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(subtree(middle, end))
            end = middle
        else:
            proof.append(subtree(start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """The hashes that show that the first `old` leaves are also the first of `new`."""
    if not 0 < old <= new:
        raise ValueError("a tree grows from at least one leaf")
    start, end = 0, new
    proof: list[bytes] = []
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(subtree(middle, end))
            end = middle
        else:
            proof.append(subtree(start, middle))
            start = middle
    if start:
        proof.append(subtree(start, end))
    return proof[::-1]


def is_included(hash_: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` leads from the leaf to the root. Rule: RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    for sibling in proof:
        if not last:
            return False
        if place % 2 or place == last:
            hash_ = node_hash(sibling, hash_)
            while place and not place % 2:
                place, last = place >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, sibling)
        place, last = place >> 1, last >> 1
    return not last and hash_ == root


def is_consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows that the tree only grew. Rule: RFC 9162, 2.1.4.2."""
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old > new or not proof:
        return False
    hashes = list(proof)
    if not old & (old - 1):
        hashes.insert(0, old_root)
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if not last:
            return False
        if place % 2 or place == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while place and not place % 2:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        place, last = place >> 1, last >> 1
    return not last and before == old_root and after == new_root


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)
