"""Requests and offers for the tests of this room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from marketplace.accounts.models import Organization, User
from marketplace.cooperatives.models import Cooperative
from marketplace.kernel.ids import random_code
from marketplace.kernel.money import Money, dollars
from marketplace.trade.models import ExportProfile, Quotation, Rfq
from marketplace.trade.operations import send_quotation, send_rfq
from tests.factories import (
    NOON,
    a_cooperative,
    a_member,
    a_partner,
    a_product,
    an_export_profile,
    an_organization,
)


@dataclass
class Deal:
    """Both sides of a request."""

    organization: Organization
    partner: User
    cooperative: Cooperative
    member: User
    profile: ExportProfile


def a_deal() -> Deal:
    organization = an_organization()
    cooperative = a_cooperative()
    return Deal(
        organization=organization,
        partner=a_partner(organization),
        cooperative=cooperative,
        member=a_member(cooperative),
        profile=an_export_profile(a_product(cooperative)),
    )


def an_rfq(
    deal: Deal,
    *,
    quantity: int = 2_400,
    unit: str = "kg",
    incoterm: str = "CIF",
    wanted_on: date | None = date(2026, 6, 30),
    message: str = "Please quote with Form AK.",
    form_key: str = "",
    at: datetime = NOON,
) -> Rfq:
    return send_rfq(
        deal.organization,
        deal.profile.product,
        quantity=quantity,
        unit=unit,
        incoterm=incoterm,
        place="Busan",
        wanted_on=wanted_on,
        message=message,
        locale="en",
        form_key=form_key or random_code(12),
        by=deal.partner.id,
        at=at,
    )


def a_quotation(
    deal: Deal,
    rfq: Rfq,
    *,
    unit_price: Money | None = None,
    valid_until: date = date(2026, 4, 30),
    incoterm: str = "CIF",
    form_key: str = "",
    at: datetime = NOON + timedelta(hours=1),
) -> Quotation:
    return send_quotation(
        rfq,
        quantity=2_400,
        unit_price=unit_price or dollars("7.49"),
        incoterm=incoterm,
        place="Busan",
        lead_time_days=30,
        valid_until=valid_until,
        note="Lot BT-26-03.",
        locale="id",
        form_key=form_key or random_code(12),
        by=deal.member.id,
        at=at,
    )
