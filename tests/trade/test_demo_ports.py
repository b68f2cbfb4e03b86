"""Where the demo's goods are loaded."""

import csv

import pytest
from sqlalchemy import select

from marketplace.demo.exports import load_exports, read_ports
from marketplace.kernel.db import db
from marketplace.reference.operations import DATA
from marketplace.trade.models import ExportProfile
from tests.factories import NOON, a_cooperative, a_product, a_regency


def test_every_province_has_a_port_of_loading():
    with (DATA / "id_provinces.csv").open(encoding="utf-8") as file:
        provinces = {row["code"] for row in csv.DictReader(file)}

    assert set(read_ports()) == provinces


@pytest.mark.usefixtures("database")
def test_goods_of_a_province_are_loaded_at_its_port():
    for code in ("11.04", "33.01"):
        cooperative = a_cooperative(regency=a_regency(code))
        for _ in range(30):
            a_product(cooperative)

        a_product(cooperative, published=False, category="")

    load_exports(NOON)

    offers = db.session.scalars(select(ExportProfile)).all()
    places = {(offer.product.cooperative.regency.province_code, offer.place) for offer in offers}
    assert places == {("11", "Belawan"), ("33", "Tanjung Emas, Semarang")}
