"""Trees and proofs, against the definition of RFC 6962 word by word."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.ledger.merkle import (
    EMPTY_ROOT,
    TILE_WIDTH,
    Frontier,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    root_of,
    subtree_hash,
)

# The eight leaves of Certificate Transparency's own tests, and the root after each.
KNOWN = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        "606162636465666768696a6b6c6d6e6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
]

SIZES = st.integers(1, 600)


def naive_root(leaves) -> bytes:
    """RFC 6962, 2.1, as it is written."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def some_leaves(size) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


def subtree_of(leaves):
    return lambda start, end: naive_root(leaves[start:end])


@pytest.mark.parametrize("size", range(1, 9))
def test_known_trees_have_their_known_roots(size):
    leaves = [bytes.fromhex(text) for text, _ in KNOWN[:size]]

    assert root_of(map(leaf_hash, leaves)).hex() == KNOWN[size - 1][1]


def test_an_empty_tree_has_a_root():
    assert root_of([]) == EMPTY_ROOT == naive_root([])


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_roots_are_those_of_the_definition(leaves):
    assert root_of(map(leaf_hash, leaves)) == naive_root(leaves)


@given(SIZES, st.data())
def test_every_leaf_proves_its_place_and_no_other(size, data):
    leaves = some_leaves(size)
    index = data.draw(st.integers(0, size - 1))
    root = naive_root(leaves)
    hash_ = leaf_hash(leaves[index])

    proof = inclusion_proof(index, size, subtree_of(leaves))

    assert len(proof) <= (size - 1).bit_length()
    assert is_included(hash_, index, size, proof, root)
    assert not is_included(leaf_hash(b"other"), index, size, proof, root)
    assert not is_included(hash_, index, size, [*proof, root], root)
    assert not is_included(hash_, index, size, proof, EMPTY_ROOT)
    if size > 1:
        assert not is_included(hash_, index, size, proof[:-1], root)
        other = data.draw(st.integers(0, size - 1).filter(lambda place: place != index))
        assert not is_included(hash_, other, size, proof, root)


@given(SIZES, st.data())
def test_a_grown_tree_proves_that_it_kept_what_it_had(new, data):
    leaves = some_leaves(new)
    old = data.draw(st.integers(1, new))
    old_root, new_root = naive_root(leaves[:old]), naive_root(leaves)

    proof = consistency_proof(old, new, subtree_of(leaves))

    assert is_consistent(old, old_root, new, new_root, proof)
    assert not is_consistent(old, EMPTY_ROOT, new, new_root, proof)
    assert not is_consistent(old, old_root, new, EMPTY_ROOT, proof)
    assert not is_consistent(old, old_root, new, new_root, [*proof, new_root])


@given(SIZES, st.data())
def test_a_rewritten_history_proves_nothing(new, data):
    leaves = some_leaves(new)
    old = data.draw(st.integers(1, new))
    old_root = naive_root(leaves[:old])
    leaves[data.draw(st.integers(0, old - 1))] = b"rewritten"

    proof = consistency_proof(old, new, subtree_of(leaves))

    assert not is_consistent(old, old_root, new, naive_root(leaves), proof)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=5))
def test_a_tree_that_stops_and_goes_on_is_the_same_tree(steps):
    leaves = some_leaves(sum(steps))
    size, hashes, done = 0, [], 0
    for step in steps:
        frontier = Frontier(size, hashes)
        for leaf in leaves[done : done + step]:
            frontier.append(leaf_hash(leaf))
        done += step
        size, hashes = frontier.size, frontier.hashes

    assert Frontier(size, hashes).root() == naive_root(leaves)


def test_an_edge_of_another_size_is_refused():
    with pytest.raises(ValueError, match="edge"):
        Frontier(3, [EMPTY_ROOT])


def test_tiles_give_the_hash_of_every_subtree():
    leaves = some_leaves(2 * TILE_WIDTH + 77)
    levels = [[leaf_hash(leaf) for leaf in leaves], [], []]
    frontier = Frontier()
    for hash_ in levels[0]:
        for level, root in enumerate(frontier.append(hash_)[8::8], start=1):
            levels[level].append(root)

    def from_tiles(start, end):
        return subtree_hash(start, end, lambda level, a, b: levels[level][a:b])

    assert len(levels[1]) == 2
    assert from_tiles(0, len(leaves)) == naive_root(leaves)
    for index in (0, 255, 256, 511, 512, len(leaves) - 1):
        assert inclusion_proof(index, len(leaves), from_tiles) == inclusion_proof(
            index, len(leaves), subtree_of(leaves)
        )
