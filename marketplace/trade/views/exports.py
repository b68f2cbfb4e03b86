"""What is offered for export, for KOTRA and importers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import structlog
from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from wtforms.fields.choices import SelectChoice

from marketplace.accounts.access import partner
from marketplace.accounts.models import Organization
from marketplace.catalog.models import CertificateKind
from marketplace.catalog.words import certificate_in_full
from marketplace.cooperatives.models import Cooperative
from marketplace.customs.errors import RuleMissing
from marketplace.customs.policies import BASE, Tariff
from marketplace.customs.queries import get_rule_book, restrictions_for
from marketplace.kernel.db import transaction
from marketplace.kernel.ids import random_code
from marketplace.kernel.money import Money
from marketplace.kernel.time import now, today_in_seoul
from marketplace.reference.queries import find_hs_code
from marketplace.trade import queries
from marketplace.trade.errors import BelowMinimum, DayInThePast, DayTooFar, NotOffered
from marketplace.trade.forms import ExportFilterForm, RfqForm
from marketplace.trade.models import ExportProfile
from marketplace.trade.operations import send_rfq
from marketplace.trade.policies import request_faults
from marketplace.trade.views.words import (
    certificate_state,
    explain_minimum,
    hs_dots,
    unit_name,
)
from marketplace.web.formats import format_number, format_weight
from marketplace.web.forms import render_form
from marketplace.web.locale import current_language
from marketplace.web.paging import Page, page_number

log = structlog.get_logger()

trade = Blueprint("trade", __name__, url_prefix="/trade")

PAGE_SIZE = 25


@trade.get("/")
@partner
def list_exports(organization: Organization) -> ResponseReturnValue:
    lang, number = current_language(), page_number()
    form = _filter_form(lang)
    form.validate()
    wanted = queries.ExportFilter(
        chapter=form.chosen("chapter"),
        province=form.chosen("province"),
        moq=None if form.moq.errors else form.moq.data,
        certificate=form.chosen("certificate"),
        sort=form.chosen("sort") or "name",
    )
    rows, count = queries.list_exports(wanted, lang, number=number, size=PAGE_SIZE)
    return render_form(
        "trade/list_exports.html",
        form,
        page=Page(rows, count, number, PAGE_SIZE),
        certificates=queries.list_certificates(row.product_id for row in rows),
        today=today_in_seoul(now()),
        address=lambda number: _address(page=number),
        chips=_chips(form),
    )


@trade.route("/exports/<slug>", methods=["GET", "POST"])
@partner
def show_export(organization: Organization, slug: str) -> ResponseReturnValue:
    profile = queries.get_export(slug)
    form = RfqForm(quantity=profile.moq, incoterm=profile.incoterm, form_key=random_code(16))
    if not form.is_submitted():
        return _sheet(profile, form)
    if form.validate():
        try:
            with transaction():
                rfq = send_rfq(
                    organization,
                    profile.product,
                    quantity=form.quantity.data,
                    unit=profile.unit,
                    incoterm=form.incoterm.data,
                    place=form.place.data,
                    wanted_on=form.wanted_on.data,
                    message=form.message.data or "",
                    locale=current_language(),
                    form_key=form.form_key.data,
                    by=current_user.id,
                    at=now(),
                )
        except (BelowMinimum, DayInThePast, DayTooFar):
            log.info("rfq refused", slug=slug, by=current_user.id)
        except NotOffered as error:
            form.refuse("quantity", error)
        else:
            log.info("rfq sent", number=rfq.number, by=current_user.id)
            flash(_("Your request was sent. The cooperative gets a mail now."), "ok")
            return redirect(url_for(".show_rfq", number=rfq.number))
    profile = queries.get_export(slug)
    _name_faults(form, profile)
    return _sheet(profile, form)


def _name_faults(form: RfqForm, profile: ExportProfile) -> None:
    """Show what the rules say together with what the form says, so that one look is enough."""
    faults = request_faults(
        quantity=form.quantity.data if not form.quantity.errors else None,
        wanted_on=form.wanted_on.data if not form.wanted_on.errors else None,
        moq=profile.moq,
        unit=profile.unit,
        at=now(),
        zone=queries.zone_of(profile.product.cooperative),
    )
    for name, error in faults.items():
        if isinstance(error, BelowMinimum):
            form[name].errors = [explain_minimum(error)]
        else:
            form.refuse(name, error)


def _sheet(profile: ExportProfile, form: RfqForm) -> ResponseReturnValue:
    lang, product, today = current_language(), profile.product, today_in_seoul(now())
    certificates = queries.list_certificates([product.id])[product.id]
    hs6 = product.hs6
    assert hs6 is not None, "goods offered for export are published, so they have a code"
    duty = _duty(hs6, today)
    return render_form(
        "trade/show_export.html",
        form,
        profile=profile,
        product=product,
        goods=queries.get_goods(product.id, lang),
        photo=queries.first_photo(product.id),
        hs=find_hs_code(hs6),
        prices=[(least, Money(cents, "USD")) for least, cents in profile.price_breaks],
        certificates=[(paper, *certificate_state(paper, today)) for paper in certificates],
        restrictions=restrictions_for(hs6),
        duty=duty,
        duty_note=_explain_duty(*duty) if duty else "",
        specification=_specification(profile, hs6),
        supplier=_supplier(product.cooperative),
    )


def _duty(hs6: str, on: date) -> tuple[Tariff, Tariff | None] | None:
    """The lowest duty into Korea, and the base rate where that is higher; None if not known."""
    try:
        tariffs: Sequence[Tariff] = get_rule_book(on).tariffs_of(hs6)
    except RuleMissing:
        return None
    simple = [tariff for tariff in tariffs if tariff.won_per_kg is None]
    if not simple:
        return None
    best = min(simple, key=lambda tariff: (tariff.percent, tariff.agreement != BASE))
    base = next((tariff for tariff in simple if tariff.agreement == BASE), None)
    return best, base if base is not None and base.percent > best.percent else None


def _explain_duty(best: Tariff, base: Tariff | None) -> str:
    if base is None:
        return str(_("base rate"))
    return str(
        _(
            "with proof of origin (%(agreement)s); %(base)s%% without",
            agreement=best.agreement,
            base=format_number(base.percent),
        )
    )


def _specification(profile: ExportProfile, hs6: str) -> list[tuple[str, str]]:
    weight, months = queries.find_weight(profile.product_id), profile.shelf_life_months
    rows: list[tuple[str, str]] = [
        (_("HS code"), hs_dots(hs6)),
        (_("Counted in"), unit_name(profile.unit)),
        (_("Packing"), profile.packing),
        (_("Place of delivery"), f"{profile.incoterm} {profile.place}"),
    ]
    if weight is not None:
        rows.append((_("Weight of a retail piece, packed"), format_weight(weight)))
    if months is not None:
        text = ngettext("%(num)s month", "%(num)s months", months)
        rows.append((_("Shelf life"), text))
    rows.append((_("Origin"), _("Indonesia")))
    return [row for row in rows if row[1]]


def _supplier(cooperative: Cooperative) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = [
        (
            _("Members"),
            _(
                "%(members)s, of them %(women)s women",
                members=format_number(cooperative.members),
                women=format_number(cooperative.women),
            ),
        )
    ]
    if cooperative.founded_year is not None:
        rows.append((_("Founded"), str(cooperative.founded_year)))
    return rows


def _filter_form(lang: str) -> ExportFilterForm:
    chapters, provinces = queries.list_export_choices()
    form = ExportFilterForm(formdata=request.args)
    form.chapter.choices = _choices(
        _("All chapters"),
        [(chapter.code, f"{chapter.code} {chapter.description(lang)}") for chapter in chapters],
    )
    form.province.choices = _choices(
        _("All provinces"), [(province.code, province.name(lang)) for province in provinces]
    )
    form.certificate.choices = _choices(
        _("Any or none"), [(kind.value, certificate_in_full(kind)) for kind in CertificateKind]
    )
    form.sort.choices = [
        SelectChoice("name", _("Name")),
        SelectChoice("price", _("Lowest price")),
        SelectChoice("moq", _("Smallest minimum order")),
        SelectChoice("lead", _("Shortest lead time")),
        SelectChoice("capacity", _("Largest capacity")),
    ]
    return form


def _choices(none: str, offered: Sequence[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in [("", none), *offered]]


def _chips(form: ExportFilterForm) -> list[dict[str, object]]:
    """The filters in use, each a link without it."""
    used = []
    for name in ("chapter", "province", "moq", "certificate"):
        field = form[name]
        if name == "moq":
            label = f"{field.label.text}: {field.data}" if field.data and not field.errors else ""
        else:
            value = form.chosen(name)
            label = next(c.label for c in field.choices if c.value == value) if value else ""
        if label:
            used.append({"label": label, "url": _address(name, "page"), "is_removable": True})
    return used


def _address(*without: str, **more: object) -> str:
    """This list with other arguments."""
    kept: dict[str, Any] = {
        name: value for name, value in request.args.to_dict().items() if name not in without
    }
    return url_for(".list_exports", **(kept | more))
