"""Histories that once broke the books."""

import pytest

from tests.ledger.simulation.world import World

SOLD = [("place", 1, 6), ("look", 0, 4)]
RELEASED = [*SOLD, ("deliver", 0, 1), ("deliver", 1, 1), ("wait", 0, 15), ("release", 0, 1)]
CANCELED = [("place", 1, 1), ("cancel", 0, 1), ("look", 0, 2)]

HISTORIES = {
    "money that nobody wanted comes back from the bank": [
        *CANCELED,
        ("answer", 0, 0),
        ("answer", 0, 3),
    ],
    "a refund after the release takes the unspent share back": [
        *RELEASED,
        ("refund", 0, 5),
        ("answer", 0, 1),
    ],
}


@pytest.mark.parametrize("steps", HISTORIES.values(), ids=HISTORIES)
def test_the_books_stay_whole(committed, steps):
    world = World()
    for step in steps:
        world.step(*step)

    world.finish()
