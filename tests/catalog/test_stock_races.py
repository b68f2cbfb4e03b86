"""Buyers at the same moment, on real connections."""

import threading
from datetime import timedelta

from marketplace.catalog.errors import OutOfStock
from marketplace.catalog.models import Reservation, Variant
from marketplace.catalog.operations import hold_stock, release_expired, take_stock
from marketplace.kernel.db import db, transaction
from tests.catalog.goods import a_coop, a_product, variant_of
from tests.factories import NOON

LATER = NOON + timedelta(minutes=40)


def at_once(app, *acts):
    """Run every act in a thread of its own; returns what each raised, or None."""
    start = threading.Barrier(len(acts))
    outcomes = [None] * len(acts)

    def run(place, act):
        with app.app_context():
            start.wait()
            try:
                with transaction():
                    act()
            except Exception as error:
                outcomes[place] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def goods(*stocks: int) -> list[int]:
    with transaction():
        coop = a_coop()
        return [variant_of(a_product(coop, stock=stock)).id for stock in stocks]


def hold(reference, quantities, expires_at=LATER):
    return lambda: hold_stock(reference, quantities, expires_at=expires_at, at=NOON)


def test_two_buyers_cannot_both_get_the_last_piece(committed):
    (last,) = goods(1)

    outcomes = at_once(committed, hold("order:1", {last: 1}), hold("order:2", {last: 1}))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "OutOfStock"]
    db.session.rollback()
    assert db.session.get(Variant, last, populate_existing=True).held == 1
    assert db.session.query(Reservation).count() == 1


def test_ten_buyers_of_seven_pieces_leave_three_without(committed):
    (few,) = goods(7)

    outcomes = at_once(committed, *(hold(f"order:{n}", {few: 1}) for n in range(10)))

    assert [outcome for outcome in outcomes if outcome].__len__() == 3
    assert all(isinstance(outcome, OutOfStock) for outcome in outcomes if outcome)
    db.session.rollback()
    assert db.session.get(Variant, few, populate_existing=True).held == 7


def test_carts_naming_the_same_goods_in_opposite_order_do_not_block_each_other(committed):
    one, two = goods(50, 50)
    acts = []
    for n in range(6):
        pair = {one: 1, two: 1} if n % 2 else {two: 1, one: 1}
        acts.append(hold(f"order:{n}", pair))

    outcomes = at_once(committed, *acts)

    assert outcomes == [None] * 6
    db.session.rollback()
    assert [db.session.get(Variant, key, populate_existing=True).held for key in (one, two)] == [
        6,
        6,
    ]


def test_a_payment_racing_the_expiry_of_its_hold_is_counted_once(committed):
    (goods_id,) = goods(5)
    with transaction():
        hold("order:1", {goods_id: 2}, expires_at=NOON)()

    outcomes = at_once(
        committed, lambda: take_stock("order:1", NOON), lambda: release_expired(NOON)
    )

    assert outcomes == [None, None]
    db.session.rollback()
    variant = db.session.get(Variant, goods_id, populate_existing=True)
    assert (variant.stock, variant.held) == (3, 0)
