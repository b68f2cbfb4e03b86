import warnings

from flask_migrate import downgrade, upgrade

from marketplace.kernel.db import db
from marketplace.kernel.time import now
from marketplace.orders.models import OwedLot
from marketplace.orders.queries.lots import lot_of
from tests.orders.payouts import a_released_order, a_shop, refunded
from tests.orders.world import a_market, a_paid_order, committing


def test_money_released_before_there_were_payouts_gets_its_lots(committed):
    with committing():
        a_market()
    with committing():
        refunded(a_released_order(), 33_333)
        a_released_order()
        a_paid_order({a_shop(): 1}, at=now())

    def lots():
        return [
            (row.parcel_id, row.side, row.entry_id, lot_of(row.parcel_id).minor)
            for row in db.session.query(OwedLot).order_by(OwedLot.id)
        ]

    before = lots()
    db.session.rollback()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        downgrade(revision="0011")
        upgrade()

    assert len(before) == 2
    assert lots() == before
