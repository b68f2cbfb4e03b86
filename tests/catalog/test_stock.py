from datetime import timedelta

import pytest

from marketplace.catalog.errors import OutOfStock, StockIsHeld
from marketplace.catalog.models import Reservation, ReservationState, StockMovement
from marketplace.catalog.operations import (
    hold_stock,
    release_expired,
    release_stock,
    set_stock,
    take_stock,
    withdraw_product,
)
from marketplace.catalog.queries import catalog_version
from marketplace.kernel.db import db
from tests.catalog.goods import a_product, variant_of
from tests.factories import NOON

pytestmark = pytest.mark.usefixtures("database")

LATER = NOON + timedelta(minutes=40)


def a_variant(stock: int = 10):
    return variant_of(a_product(stock=stock))


def hold(reference: str, quantities: dict[int, int], expires_at=LATER) -> None:
    hold_stock(reference, quantities, expires_at=expires_at, at=NOON)


def numbers(variant) -> tuple[int, int, int]:
    db.session.refresh(variant)
    return variant.stock, variant.held, variant.available


def movements(variant) -> list[tuple[int, str, str]]:
    rows = db.session.query(StockMovement).filter_by(variant_id=variant.id).order_by("id")
    return [(row.change, row.reason, row.reference) for row in rows]


def test_held_pieces_stay_in_stock_but_cannot_be_ordered():
    variant = a_variant(10)

    hold("order:1", {variant.id: 3})

    assert numbers(variant) == (10, 3, 7)


def test_a_hold_is_made_once_per_reference():
    variant = a_variant(10)

    hold("order:1", {variant.id: 3})
    hold("order:1", {variant.id: 3})

    assert numbers(variant) == (10, 3, 7)


def test_one_variant_with_too_few_pieces_refuses_the_whole_hold():
    plenty, scarce = a_variant(10), a_variant(2)

    with pytest.raises(OutOfStock) as refused:
        hold("order:1", {plenty.id: 1, scarce.id: 3})

    assert refused.value.facts == {
        "variant_id": scarce.id,
        "name": "Kopi Arabika Gayo",
        "available": 2,
    }
    assert (numbers(plenty), numbers(scarce)) == ((10, 0, 10), (2, 0, 2))
    assert db.session.query(Reservation).count() == 0


def test_a_withdrawn_product_cannot_be_held():
    product = a_product(stock=5)
    variant = variant_of(product)
    withdraw_product(product, NOON)

    with pytest.raises(OutOfStock) as refused:
        hold("order:1", {variant.id: 1})

    assert refused.value.facts["available"] == 0


def test_paying_takes_the_held_pieces_once():
    variant = a_variant(10)
    hold("order:1", {variant.id: 3})

    take_stock("order:1", NOON)
    take_stock("order:1", NOON)

    assert numbers(variant) == (7, 0, 7)
    assert movements(variant) == [(10, "first count", "first"), (-3, "sold", "order:1")]


def test_releasing_gives_the_pieces_back_once():
    variant = a_variant(10)
    hold("order:1", {variant.id: 3})

    release_stock("order:1", NOON)
    release_stock("order:1", NOON)

    assert numbers(variant) == (10, 0, 10)


def test_sold_pieces_cannot_be_released():
    variant = a_variant(10)
    hold("order:1", {variant.id: 3})
    take_stock("order:1", NOON)

    release_stock("order:1", NOON)

    assert numbers(variant) == (7, 0, 7)


def test_a_released_order_may_hold_again():
    variant = a_variant(10)
    hold("order:1", {variant.id: 3})
    release_stock("order:1", NOON)

    hold("order:1", {variant.id: 4})

    assert numbers(variant) == (10, 4, 6)


def test_expired_holds_are_released_and_named():
    variant = a_variant(10)
    hold("order:1", {variant.id: 3}, expires_at=NOON)
    hold("order:2", {variant.id: 2}, expires_at=LATER)

    references = release_expired(NOON)

    assert references == ["order:1"]
    assert numbers(variant) == (10, 2, 8)


def test_a_late_payment_takes_what_is_left():
    variant = a_variant(10)
    hold("order:1", {variant.id: 3}, expires_at=NOON)
    release_expired(NOON)

    take_stock("order:1", LATER)

    assert numbers(variant) == (7, 0, 7)


def test_a_late_payment_finds_nothing_when_all_is_gone():
    variant = a_variant(3)
    hold("order:1", {variant.id: 3}, expires_at=NOON)
    release_expired(NOON)
    hold("order:2", {variant.id: 2})

    with pytest.raises(OutOfStock):
        take_stock("order:1", LATER)

    assert numbers(variant) == (3, 2, 1)
    assert [row.state for row in db.session.query(Reservation).order_by("id")] == [
        ReservationState.RELEASED,
        ReservationState.HELD,
    ]


def test_stock_is_counted_anew_once_per_reference():
    variant = a_variant(10)

    set_stock(variant, 25, reason="counted", reference="form:1", by=None, at=NOON)
    set_stock(variant, 30, reason="counted", reference="form:1", by=None, at=NOON)

    assert numbers(variant) == (25, 0, 25)
    assert movements(variant)[1:] == [(15, "counted", "form:1")]


def test_stock_cannot_fall_below_what_is_held():
    variant = a_variant(10)
    hold("order:1", {variant.id: 4})

    with pytest.raises(StockIsHeld) as refused:
        set_stock(variant, 3, reason="counted", reference="form:1", by=None, at=NOON)

    assert refused.value.facts == {"held": 4}
    assert numbers(variant) == (10, 4, 6)


def test_kept_pages_become_stale_when_few_pieces_are_left():
    variant = a_variant(10)
    versions = [catalog_version()]

    for number, quantity in enumerate((4, 1, 5)):
        hold(f"order:{number}", {variant.id: quantity})
        versions.append(catalog_version())

    first = versions[0]
    assert versions == [first, first, first + 1, first + 2]
