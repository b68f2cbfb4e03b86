"""Whatever happens in whatever order, what a cooperative is owed agrees to the sen."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import db
from marketplace.kernel.errors import DomainError
from marketplace.kernel.time import now
from marketplace.ledger.queries import balance
from marketplace.orders.models import LotSide, Order, Payout, PayoutState
from marketplace.orders.operations import cancel_batch, reject_payout
from marketplace.orders.payout_rules import Lot, amounts_for, take_first
from marketplace.orders.queries import amount_left, lots_left, owed_to, parts_left
from marketplace.orders.queries.payouts import list_on_the_way
from marketplace.reference.queries import rates
from tests.orders.payouts import (
    a_market_at,
    a_released_order,
    a_shop,
    an_account,
    an_admin,
    gathered,
    owed,
    pair,
    refunded,
    settled,
    signed,
)
from tests.orders.world import a_paid_order, the_parcel

LOTS = st.lists(
    st.builds(Lot, st.integers(1, 10**6), st.integers(0, 10**12), st.integers(0, 10**9)), max_size=8
)


@settings(deadline=None)
@given(LOTS, st.integers(0, 100))
def test_taken_lots_make_up_the_amount_and_lose_no_won(lots, percent):
    minor = sum(lot.minor for lot in lots) * percent // 100

    taken = take_first(lots, minor)

    assert sum(lot.minor for lot in taken) == minor
    for lot, part in zip(lots, taken, strict=False):
        assert 0 <= part.book_minor <= lot.book_minor
    assert taken[:-1] == lots[: max(0, len(taken) - 1)]


def test_more_than_the_lots_hold_is_refused():
    with pytest.raises(ValueError, match="lack 1"):
        take_first([Lot(1, 10, 1)], 11)


@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_what_is_set_off_and_paid_never_passes_what_is_payable(payable, clawback):
    netted, paid = amounts_for(payable, clawback)

    assert netted == min(payable, clawback)
    assert paid % 100 == 0
    assert 0 <= payable - netted - paid < 100


# What happens often stands here often; `which` and `how` are read by each act in its own way.
NAMES = ["sell", "sell", "sell", "refund", "refund", "pay", "pay", "pay", "settle", "settle"]
NAMES += ["hold", "gather", "sign", "cancel", "reject", "rate"]
ACTS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 9), st.integers(0, 99)),
    min_size=10,
    max_size=18,
)


class Market:
    """Two cooperatives, and everything that can happen to their money."""

    def __init__(self):
        self.goods = [a_shop(), a_shop()]
        self.orders, self.batches = [], []

    def act(self, name, which, how):
        try:
            with db.session.begin_nested():
                getattr(self, name)(which, how)
        except DomainError:
            pass

    def sell(self, which, how):
        self.orders.append(a_released_order(self.goods[which % 2], pieces=1 + how % 3))

    def hold(self, which, how):
        self.orders.append(a_paid_order({self.goods[which % 2]: 1 + how % 3}, at=now()))

    def refund(self, which, how):
        if self.orders:
            order = self.orders[which % len(self.orders)]
            refunded(order, max(1, amount_left(order).minor * (how + 1) // 200))

    def gather(self, *_):
        self.batches.append(gathered())

    def sign(self, which, _):
        if self.batches:
            signed(self.batches[which % len(self.batches)])

    def pay(self, *_):
        signed(gathered())

    def cancel(self, which, _):
        if self.batches:
            cancel_batch(self.batches[which % len(self.batches)], by=an_admin().id, at=now())

    def settle(self, which, how):
        if sent := list_on_the_way():
            payout = sent[which % len(sent)]
            settled(payout, (payout.book_minor or 0) * (80 + how % 40) // 100, fee=how % 3)

    def reject(self, which, _):
        if sent := list_on_the_way():
            payout = sent[which % len(sent)]
            reject_payout(payout, reason="Closed", by=an_admin().id, at=now())
            an_account(payout.cooperative)

    def rate(self, which, how):
        a_market_at(f"{9 + which / 2}{how % 10}")

    @property
    def cooperatives(self):
        return [db.session.get(type(g), g.id).cooperative_id for g in self.goods]


def earned(cooperative_id):
    """What the cooperative's orders brought it after refunds, from the orders alone."""
    parcels = [
        parcel
        for order in db.session.query(Order)
        for parcel in [the_parcel(order)]
        if parcel.cooperative_id == cooperative_id
    ]
    left = parts_left([parcel.id for parcel in parcels])
    released = [left[parcel.id] for parcel in parcels if parcel.released_at]
    held = [left[parcel.id] for parcel in parcels if not parcel.released_at]
    return sum(parts.owed for parts in released), sum(parts.owed for parts in held)


def check(market):
    """The rules of the books after anything at all."""
    open_book = open_minor = 0
    for cooperative_id in market.cooperatives:
        payouts = db.session.query(Payout).filter_by(cooperative_id=cooperative_id).all()
        gone = [p for p in payouts if p.state in {PayoutState.SENT, PayoutState.SETTLED}]
        cooperative = db.session.get_one(Cooperative, cooperative_id)
        payable, clawback = owed(cooperative)
        released, held = earned(cooperative_id)
        assert payable.minor >= 0
        assert clawback.minor >= 0
        assert sum(p.minor for p in gone) + payable.minor - clawback.minor == released
        assert owed_to(cooperative).held.minor == held
        for side, amount in ((LotSide.PAYABLE, payable), (LotSide.CLAWBACK, clawback)):
            lots = lots_left(cooperative_id, side)
            sign = 1 if side is LotSide.PAYABLE else -1
            assert sum(lot.minor for lot in lots) == amount.minor
            open_minor += sign * amount.minor
            open_book += sign * sum(lot.book_minor for lot in lots)
        way = [p for p in payouts if p.state is PayoutState.SENT]
        open_minor += sum(p.minor for p in way) + held
        open_book += sum(p.book_minor for p in way)
    on_the_way = sum(p.minor for p in db.session.query(Payout) if p.state is PayoutState.SENT)
    assert balance("assets:payout-transit:idr").minor == -on_the_way
    # The open pair is exactly what is owed, held or on its way, at the rates of its orders.
    held_book = sum(
        parts.cooperative
        for order in db.session.query(Order)
        for parcel in [the_parcel(order)]
        if not parcel.released_at
        for parts in parts_left([parcel.id]).values()
    )
    krw, idr = pair()
    assert (krw.minor, idr.minor) == (-open_book - held_book, open_minor)


@pytest.mark.usefixtures("database")
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ACTS)
def test_payouts_payable_and_claims_agree_to_the_sen_in_any_order(acts):
    savepoint = db.session.begin_nested()
    try:
        market = Market()
        for which in (0, 1):
            market.sell(which, 1)
        for act in acts:
            market.act(*act)
            check(market)
    finally:
        savepoint.rollback()
        db.session.expunge_all()
        rates.forget()
