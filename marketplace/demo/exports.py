"""Export offers for most goods, and a request for quotation under way.

Figures are made up; the port of loading is the one assumed for the province in `data/ports.csv`.
"""

from __future__ import annotations

import csv
import random
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.accounts.queries import get_organization
from marketplace.catalog.models import Product, ProductState
from marketplace.cooperatives.models import Cooperative
from marketplace.demo.goods import DATA, read_categories
from marketplace.demo.people import COOPERATIVE, demo_user
from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.trade.models import ExportProfile, Rfq
from marketplace.trade.operations import send_quotation, send_rfq, set_export_profile


def read_ports() -> dict[str, str]:
    """The port of loading by the code of the province."""
    with (DATA / "ports.csv").open(encoding="utf-8") as file:
        return {row["province_code"]: row["place"] for row in csv.DictReader(file)}


def load_exports(at: datetime) -> None:
    """Offer two published goods of three for export; what has an offer keeps it."""
    categories = read_categories()
    ports = read_ports()
    known = set(db.session.scalars(select(ExportProfile.product_id)))
    published = select(Product).where(Product.state == ProductState.PUBLISHED)
    for product in db.session.scalars(published.order_by(Product.id)):
        dice = random.Random(product.slug)  # noqa: S311
        if product.id in known or dice.random() > 2 / 3:
            continue
        category = categories[product.category]
        price = dice.randint(*category.usd)
        set_export_profile(
            product,
            unit=category.unit,
            moq=category.moq,
            prices=[
                (category.moq, Money(price, "USD")),
                (category.moq * 5, Money(price * 94 // 100, "USD")),
                (category.moq * 20, Money(price * 88 // 100, "USD")),
            ],
            incoterm="FCA",
            place=ports[product.cooperative.regency.province_code],
            lead_time_days=dice.choice((14, 21, 30, 45)),
            capacity_per_month=category.moq * dice.randint(4, 30),
            packing="",
            shelf_life_months=12 if category.unit in {"kg"} else None,
            is_demo=True,
        )


def load_request(at: datetime) -> None:
    """One request that the demo's cooperative has answered with a quotation."""
    product = db.session.scalars(
        select(Product).join(Cooperative).where(Cooperative.name == COOPERATIVE)
    ).first()
    if product is None or db.session.scalar(select(Rfq.id).limit(1)):
        return
    offer = db.session.get(ExportProfile, product.id)
    if offer is None:
        return
    partner, secretary = demo_user("kotra"), demo_user("coop")
    rfq = send_rfq(
        get_organization("kotra-jakarta"),
        product,
        quantity=offer.moq * 4,
        unit=offer.unit,
        incoterm="FCA",
        place=offer.place,
        wanted_on=(at + timedelta(days=60)).date(),
        message="A food buyer in Busan asks for a first lot. Can you pack it in 10 kg cartons?",
        locale="en",
        form_key="demo-rfq",
        by=partner.id,
        at=at - timedelta(days=6),
    )
    send_quotation(
        rfq,
        quantity=offer.moq * 4,
        unit_price=offer.lowest_price,
        incoterm="FCA",
        place=offer.place,
        lead_time_days=offer.lead_time_days,
        valid_until=(at + timedelta(days=30)).date(),
        note="Bisa, karton isi 10 kg. Harga sudah termasuk sertifikat asal.",
        locale="id",
        form_key="demo-quotation",
        by=secretary.id,
        at=at - timedelta(days=4),
    )
