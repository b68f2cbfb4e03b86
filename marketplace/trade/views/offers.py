"""What a cooperative offers for export, product by product; made for phones."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from wtforms.fields.choices import SelectChoice

from marketplace.catalog.models import ProductState
from marketplace.catalog.queries import get_product_of, list_products_of
from marketplace.cooperatives.access import member
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.db import transaction
from marketplace.kernel.money import Money
from marketplace.trade import operations, queries
from marketplace.trade.errors import PriceStepsDisordered
from marketplace.trade.forms import ExportOfferForm
from marketplace.trade.models import ExportProfile
from marketplace.trade.policies import UNITS
from marketplace.trade.views.words import unit_name
from marketplace.web.forms import render_form

log = structlog.get_logger()

export_desk = Blueprint("export_desk", __name__, url_prefix="/c/<cooperative>/exports")


@export_desk.get("/")
@member("products.edit")
def list_offers(cooperative: Cooperative) -> ResponseReturnValue:
    """The goods in the shop, and which of them partners in Korea see too."""
    products = [
        product
        for product in list_products_of(cooperative)
        if product.state is ProductState.PUBLISHED
    ]
    profiles = queries.find_profiles([product.id for product in products])
    return render_template(
        "trade/list_offers.html",
        cooperative=cooperative,
        rows=[(product, profiles.get(product.id)) for product in products],
    )


@export_desk.route("/<slug>", methods=["GET", "POST"])
@member("products.edit")
def edit_offer(cooperative: Cooperative, slug: str) -> ResponseReturnValue:
    product = get_product_of(cooperative, slug)
    profile = queries.find_profile(product.id)
    form = ExportOfferForm(data=_values(profile) if profile else None)
    form.unit.choices = [SelectChoice(unit, unit_name(unit)) for unit in UNITS]
    if form.validate_on_submit():
        try:
            with transaction():
                operations.set_export_profile(
                    product,
                    unit=form.unit.data,
                    moq=form.moq.data,
                    prices=form.prices,
                    incoterm=form.incoterm.data,
                    place=form.place.data,
                    lead_time_days=form.lead_time_days.data,
                    capacity_per_month=form.capacity_per_month.data,
                    packing=form.packing.data or "",
                    shelf_life_months=form.shelf_life_months.data,
                )
        except PriceStepsDisordered as error:
            form.refuse_step(error)
        else:
            log.info("export offer", product=slug, by=current_user.id)
            flash(_("Saved. Partners in Korea see the offer now."), "ok")
            return redirect(url_for(".list_offers", cooperative=cooperative.slug))
    return render_form(
        "trade/edit_offer.html",
        form,
        cooperative=cooperative,
        product=product,
        goods=queries.get_goods(product.id, "id"),
    )


def _values(profile: ExportProfile) -> dict[str, Any]:
    names = ("unit", "moq", "incoterm", "place", "lead_time_days", "capacity_per_month", "packing")
    values: dict[str, Any] = {name: getattr(profile, name) for name in names}
    values["shelf_life_months"] = profile.shelf_life_months
    for number, (start, cents) in enumerate(profile.price_breaks[:3], start=1):
        values |= {f"from_{number}": start, f"price_{number}": Money(cents, "USD").major}
    return values
