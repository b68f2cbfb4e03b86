"""Payouts at the same moment: real transactions in real threads, on both engines."""

from __future__ import annotations

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah, won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.queries import balance, entries_about
from marketplace.orders.errors import BatchChanged, BatchReleased, NothingToPay
from marketplace.orders.models import LotSide, OwedLotUse, Payout, PayoutBatch
from marketplace.orders.operations import (
    book_refund,
    gather_payouts,
    refund_order_part,
    reject_payout,
    release_batch,
    settle_payout,
)
from marketplace.orders.queries import get_order, list_parcels, lots_left
from marketplace.payments.models import Payment
from marketplace.payments.queries import find_refund
from tests.orders.payouts import (
    MINIMUM,
    a_released_order,
    an_admin,
    gathered,
    owed,
    pair,
    signed,
)
from tests.orders.test_races import at_once
from tests.orders.world import a_market, committing

WHOLE = 1_085_600_00


@pytest.fixture
def order(committed):
    with committing():
        a_market()
    with committing():
        return a_released_order()


@pytest.fixture
def cooperative(order):
    return list_parcels(order)[0].cooperative


def release(number, by):
    def act():
        with committing():
            batch = db.session.query(PayoutBatch).filter_by(number=number).one()
            release_batch(batch, body_sha256=batch.body_sha256, by=by, at=now())

    return act


def test_two_admins_releasing_the_same_batch_send_it_once(committed, order, cooperative):
    with committing():
        batch = gathered()
        number, admins = batch.number, [an_admin().id for _ in range(4)]

    results = at_once(committed, *(release(number, by) for by in admins))

    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, BatchReleased) for result in results) == 3
    assert len(entries_about("payout", f"{number}-1")) == 1
    assert balance("assets:payout-transit:idr").minor == -WHOLE
    assert owed(cooperative) == (rupiah(0), rupiah(0))


def test_two_runs_at_the_same_moment_gather_a_cooperative_once(committed, order):
    with committing():
        admins = [an_admin().id for _ in range(4)]

    def gather(by):
        def act():
            with committing():
                return gather_payouts(MINIMUM, by=by, at=now()).number

        return act

    results = at_once(committed, *(gather(by) for by in admins))

    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, NothingToPay) for result in results) == 3
    assert db.session.query(Payout).count() == 1


def test_a_refund_racing_a_payout_never_overdraws(committed, order, cooperative):
    with committing():
        batch = gathered()
        number, signer = batch.number, an_admin().id
        refund_number = a_decided_refund(order)

    def refund():
        with committing():
            planned = find_refund(refund_number)
            payment = db.session.get_one(Payment, planned.payment_id)
            book_refund(payment, planned, at=now())

    results = at_once(committed, release(number, signer), refund)

    db.session.expire_all()
    payable, clawback = owed(cooperative)
    if results[0] is None:
        assert (payable, clawback) == (rupiah(0), rupiah(542_800))
    else:
        assert isinstance(results[0], BatchChanged)
        assert (payable, clawback) == (rupiah(542_800), rupiah(0))
    assert results[1] is None
    left = lots_left(cooperative.id, LotSide.PAYABLE)
    assert sum(lot.minor for lot in left) == payable.minor


def a_decided_refund(order):
    order = get_order(order.number)
    parcel = list_parcels(order)[0]
    decided = refund_order_part(
        order, parcel, won(50_000), reason="Broken", by=an_admin(), at=now()
    )
    return decided.number


def test_a_payout_is_either_settled_or_sent_back(committed, order, cooperative):
    with committing():
        (payout,) = signed(gathered()).payouts
        key, by = payout.id, an_admin().id

    def settle():
        with committing():
            settle_payout(
                db.session.get_one(Payout, key),
                paid=won(92_000),
                fee=won(0),
                on=today_in_seoul(now()),
                reference="FT-1",
                by=by,
                at=now(),
            )

    def reject():
        with committing():
            reject_payout(db.session.get_one(Payout, key), reason="Closed", by=by, at=now())

    results = at_once(committed, settle, reject, settle, reject)

    db.session.expire_all()
    payout = db.session.get_one(Payout, key)
    is_settled = payout.settled_on is not None
    assert is_settled != (payout.rejected_at is not None)
    assert [result is None for result in results] == [is_settled, not is_settled] * 2
    assert balance("assets:payout-transit:idr") == rupiah(0)
    assert owed(cooperative)[0] == rupiah(0 if is_settled else 1_085_600)
    assert (pair()[1] == rupiah(0)) == is_settled
    assert sum(use.minor for use in db.session.query(OwedLotUse)) == (WHOLE if is_settled else 0)
