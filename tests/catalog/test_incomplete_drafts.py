"""The way of the tables there and back, with goods in them."""

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from marketplace.catalog.models import Product, StockMovement, Variant
from marketplace.catalog.operations import Text, create_product
from marketplace.kernel.db import db, transaction
from tests.catalog.goods import a_coop, a_product
from tests.factories import NOON

pytestmark = pytest.mark.filterwarnings("ignore")


def test_whole_goods_survive_the_older_tables_and_incomplete_drafts_leave_cleanly(committed):
    with transaction():
        coop = a_coop()
        a_product(coop, stock=10)
        a_product(coop, name="Kopi Draf", published=False)
        create_product(
            coop,
            category="",
            hs6=None,
            texts={"id": Text("Teh", "")},
            price=None,
            weight_grams=None,
            stock=3,
            at=NOON,
            by=None,
        )

    db.session.remove()
    downgrade(revision="0004")
    upgrade()

    assert db.session.query(Product).count() == 2
    assert sorted(row.stock for row in db.session.query(Variant)) == [10, 10]
    assert db.session.query(StockMovement).count() == 2
    if db.engine.dialect.name == "sqlite":
        assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
        assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []
