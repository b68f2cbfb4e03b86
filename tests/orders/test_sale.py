"""One sale: cart, order, settlement, parcels, release – and what the ledger says of each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.catalog.models import Variant
from marketplace.kernel import ids
from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah, won
from marketplace.ledger.queries import balance, entries_about
from marketplace.orders.models import OrderState, ParcelState
from marketplace.orders.operations import release_parcel, settle_order
from marketplace.orders.policies import Parts
from marketplace.orders.queries import list_parcels, list_parts, owed_to
from tests.factories import NOON
from tests.ledger.simulation.clock import Dice
from tests.orders.world import (
    a_paid_order,
    a_payment,
    an_order,
    delivered,
    released,
    the_parcel,
    two_cooperatives,
)

pytestmark = pytest.mark.usefixtures("database")


def lines_of(entry):
    return {(posting.code, posting.amount.minor) for posting in entry.postings}


def test_an_order_freezes_prices_freight_rate_and_split():
    order = an_order()

    assert (order.goods_minor, order.shipping_minor, order.total_minor) == (
        100_000,
        12_000,
        112_000,
    )
    assert str(order.krw_idr) == "11.80"
    parts = list_parts([the_parcel(order).id])[the_parcel(order).id]
    assert parts == Parts(92_000, 5_000, 3_000, 12_000, 1_085_600_00)


def test_a_number_that_an_order_of_the_day_has_is_thrown_again(monkeypatch):
    monkeypatch.setattr(ids, "secrets", Dice(1))
    first = an_order()
    monkeypatch.setattr(ids, "secrets", Dice(1))
    second = an_order()

    assert first.number != second.number
    assert first.number[:9] == second.number[:9]


def test_a_paid_order_is_in_the_ledger_and_its_stock_is_sold():
    order = a_paid_order()

    (entry,) = entries_about("order", order.number)
    slug = the_parcel(order).cooperative.slug
    assert order.state is OrderState.PAID
    assert lines_of(entry) == {
        ("assets:stripe:krw", 112_000),
        ("equity:trading:idr-krw:krw", -92_000),
        ("liabilities:deferred-fee:krw", -5_000),
        ("funds:village:held:krw", -3_000),
        ("liabilities:shipping:krw", -12_000),
        ("equity:trading:idr-krw:idr", 1_085_600_00),
        (f"liabilities:coop:{slug}:held:idr", -1_085_600_00),
    }
    variant = db.session.get(Variant, the_parcel(order).line_items[0].variant_id)
    assert (variant.stock, variant.held) == (18, 0)


def test_two_cooperatives_make_two_parcels_each_with_its_own_split():
    first, second = two_cooperatives()

    order = a_paid_order({first: 1, second: 1})

    parcels = list_parcels(order)
    assert [parcel.number for parcel in parcels] == [f"{order.number}-1", f"{order.number}-2"]
    parts = list_parts([parcel.id for parcel in parcels])
    assert [parts[parcel.id].village_share for parcel in parcels] == [1_500, 900]
    assert owed_to(parcels[1].cooperative).held == rupiah(325_680)


def test_settling_twice_changes_nothing():
    order = an_order()
    payment = a_payment(order)
    settle_order(payment, at=NOON)

    assert settle_order(a_payment(order, attempt=2), at=NOON) is False
    assert balance("assets:stripe:krw") == won(224_000)
    assert balance("liabilities:buyers:krw") == won(-112_000)


def test_a_release_makes_the_money_payable_and_the_share_available():
    order = a_paid_order()
    parcel = released(the_parcel(order))

    assert parcel.released_at is not None
    assert owed_to(parcel.cooperative).payable == rupiah(1_085_600)
    assert owed_to(parcel.cooperative).held == rupiah(0)
    assert balance("funds:village:programs:krw") == won(-2_100)
    assert balance("funds:village:training:krw") == won(-450)
    assert balance("funds:village:youth:krw") == won(-300)
    assert balance("funds:refund-reserve:krw") == won(-150)
    assert balance("income:platform-fee:krw") == won(-5_000)


def test_a_release_happens_once():
    parcel = released(the_parcel(a_paid_order()))

    release_parcel(parcel, at=NOON + timedelta(days=16))

    assert balance("income:platform-fee:krw") == won(-5_000)
    assert parcel.state is ParcelState.DELIVERED


def test_nothing_is_released_before_the_refund_window_has_passed():
    from marketplace.orders.errors import ReleaseTooEarly

    parcel = delivered(the_parcel(a_paid_order()))

    with pytest.raises(ReleaseTooEarly):
        release_parcel(parcel, at=NOON + timedelta(days=13))
    assert parcel.released_at is None
    assert balance("income:platform-fee:krw") == won(0)
