from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select

from marketplace.accounts.models import Organization, OrganizationMembership, User
from marketplace.catalog.models import Product, ProductState
from marketplace.cooperatives.models import Cooperative, CooperativeState
from marketplace.kernel.db import db, exists, lock
from marketplace.kernel.errors import NotFound
from marketplace.kernel.ids import dated_number
from marketplace.kernel.money import Money
from marketplace.kernel.outbox import write_mail
from marketplace.trade.errors import (
    AlreadyAccepted,
    NotOffered,
    QuotationExpired,
    QuotationReplaced,
    RequestClosed,
    WrongUnit,
)
from marketplace.trade.models import (
    ExportProfile,
    Quotation,
    QuotationAcceptance,
    Rfq,
    RfqDecline,
    RfqMessage,
    RfqState,
    Side,
)
from marketplace.trade.policies import (
    INCOTERMS_EDITION,
    is_over,
    price_steps,
    request_faults,
    require_day_to_come,
    require_incoterm,
)
from marketplace.trade.queries import (
    find_acceptance,
    find_profile,
    find_rfq_by_form_key,
    get_goods,
    list_answerers,
    newest_quotation,
    zone_of,
)

PAPER_LANGUAGE = "en"


def set_export_profile(
    product: Product,
    *,
    unit: str,
    moq: int,
    prices: Sequence[tuple[int, Money]],
    incoterm: str,
    place: str,
    lead_time_days: int,
    capacity_per_month: int,
    packing: str,
    shelf_life_months: int | None = None,
    is_demo: bool = False,
) -> ExportProfile:
    """Offer `product` for export, or change the offer.

    `prices` are pairs of a quantity and the price in USD of one `unit` from there on. Raises
    PriceStepsDisordered, UnknownIncoterm.
    """
    require_incoterm(incoterm)
    steps = price_steps(prices, moq)
    lock(Product, product.id)
    profile = find_profile(product.id) or ExportProfile(product_id=product.id)
    profile.unit = unit
    profile.moq = moq
    profile.price_breaks = steps
    profile.lowest_price_minor = steps[-1][1]
    profile.incoterm = incoterm
    profile.place = place
    profile.lead_time_days = lead_time_days
    profile.capacity_per_month = capacity_per_month
    profile.packing = packing
    profile.shelf_life_months = shelf_life_months
    profile.is_demo = is_demo
    db.session.add(profile)
    db.session.flush()
    return profile


def send_rfq(
    organization: Organization,
    product: Product,
    *,
    quantity: int,
    unit: str,
    incoterm: str,
    place: str,
    wanted_on: date | None,
    message: str,
    locale: str,
    form_key: str,
    by: int,
    at: datetime,
) -> Rfq:
    """Ask the maker of `product` for an offer, once per `form_key`.

    Raises NotOffered, BelowMinimum, WrongUnit, UnknownIncoterm, DayInThePast, DayTooFar.
    """
    product = lock(Product, product.id)
    if known := find_rfq_by_form_key(form_key):
        return known
    cooperative = _get_cooperative(product.cooperative_id)
    profile = find_profile(product.id)
    if (
        profile is None
        or product.state is not ProductState.PUBLISHED
        or cooperative.state is not CooperativeState.OPEN
    ):
        raise NotOffered
    if unit != profile.unit:
        raise WrongUnit(unit=profile.unit)
    require_incoterm(incoterm)
    faults = request_faults(
        quantity=quantity,
        wanted_on=wanted_on,
        moq=profile.moq,
        unit=profile.unit,
        at=at,
        zone=zone_of(cooperative),
    )
    for fault in faults.values():
        raise fault
    rfq = Rfq(
        number=dated_number("RFQ", at),
        organization_id=organization.id,
        product_id=product.id,
        cooperative_id=cooperative.id,
        quantity=quantity,
        unit=unit,
        incoterm=incoterm,
        place=place,
        wanted_on=wanted_on,
        form_key=form_key,
        created_by=by,
        created_at=at,
    )
    db.session.add(rfq)
    db.session.flush()
    if message:
        _write(rfq, Side.PARTNER, message, locale=locale, form_key=form_key, by=by, at=at)
    _tell_cooperative(rfq, "rfq_received", key=rfq.number, at=at)
    return rfq


def answer_rfq(
    rfq: Rfq, side: Side, body: str, *, locale: str, form_key: str, by: int, at: datetime
) -> None:
    """Write to the other side, once per `form_key`. Raises RequestClosed."""
    rfq = lock(Rfq, rfq.id)
    if exists(select(RfqMessage.id).where(RfqMessage.form_key == form_key)):
        return
    if rfq.is_closed:
        raise RequestClosed
    message = _write(rfq, side, body, locale=locale, form_key=form_key, by=by, at=at)
    _tell_other(rfq, side, "rfq_answered", key=f"{rfq.number}:message:{message.id}", at=at)


def send_quotation(
    rfq: Rfq,
    *,
    quantity: int,
    unit_price: Money,
    incoterm: str,
    place: str,
    lead_time_days: int,
    valid_until: date,
    note: str,
    locale: str,
    form_key: str,
    by: int,
    at: datetime,
) -> Quotation:
    """Offer goods at a price, once per `form_key`; an older offer is replaced and stays readable.

    Raises RequestClosed, UnknownIncoterm, DayInThePast, DayTooFar.
    Rule: Incoterms 2020, International Chamber of Commerce
    """
    rfq = lock(Rfq, rfq.id)
    if known := db.session.scalar(select(Quotation).where(Quotation.form_key == form_key)):
        return known
    if rfq.is_closed:
        raise RequestClosed
    require_incoterm(incoterm)
    cooperative = _get_cooperative(rfq.cooperative_id)
    require_day_to_come(valid_until, at=at, zone=zone_of(cooperative))
    replaced = newest_quotation(rfq)
    revision = replaced.revision + 1 if replaced else 1
    product = db.session.get_one(Product, rfq.product_id)
    profile = find_profile(rfq.product_id)
    quotation = Quotation(
        number=f"{rfq.number.replace('RFQ', 'Q', 1)}-{revision}",
        rfq_id=rfq.id,
        revision=revision,
        goods=get_goods(rfq.product_id, PAPER_LANGUAGE).name,
        hs6=product.hs6,
        packing=profile.packing if profile else "",
        quantity=quantity,
        unit=rfq.unit,
        unit_price_minor=unit_price.minor,
        currency=unit_price.currency,
        incoterm=incoterm,
        place=place,
        incoterms_edition=INCOTERMS_EDITION,
        lead_time_days=lead_time_days,
        valid_until=valid_until,
        note=note,
        locale=locale,
        form_key=form_key,
        created_by=by,
        created_at=at,
    )
    db.session.add(quotation)
    rfq.state = RfqState.QUOTED
    db.session.flush()
    _tell_partner(
        rfq, "quotation_received", key=quotation.number, at=at, quotation=quotation.number
    )
    return quotation


def accept_quotation(quotation: Quotation, signer: str, *, by: int, at: datetime) -> None:
    """Close the deal: `signer` signs for the buyer. Accepting the same offer again is harmless.

    Raises QuotationExpired, QuotationReplaced, AlreadyAccepted, RequestClosed, and NotFound when
    `by` does not belong to the organization that asked.
    """
    rfq = lock(Rfq, quotation.rfq_id)
    if not _acts_for(rfq.organization_id, by):
        raise NotFound
    accepted = find_acceptance(rfq)
    if accepted is not None:
        if accepted.quotation_id == quotation.id:
            return
        raise AlreadyAccepted
    require_acceptable(quotation, rfq, at=at)
    db.session.add(
        QuotationAcceptance(quotation_id=quotation.id, signer=signer, by_user_id=by, at=at)
    )
    rfq.state = RfqState.ACCEPTED
    db.session.flush()
    facts = {"quotation": quotation.number, "signer": signer}
    _tell_cooperative(rfq, "quotation_accepted", key=quotation.number, at=at, **facts)
    _tell_partner(rfq, "quotation_accepted", key=quotation.number, at=at, **facts)


def require_acceptable(quotation: Quotation, rfq: Rfq, *, at: datetime) -> None:
    """Raise RequestClosed, QuotationReplaced or QuotationExpired unless the offer stands."""
    if rfq.is_closed:
        raise RequestClosed
    newest = newest_quotation(rfq)
    assert newest is not None
    if newest.id != quotation.id:
        raise QuotationReplaced(number=newest.number)
    cooperative = _get_cooperative(rfq.cooperative_id)
    if is_over(newest.valid_until, at=at, zone=zone_of(cooperative)):
        raise QuotationExpired(valid_until=newest.valid_until)


def decline_rfq(rfq: Rfq, side: Side, reason: str, *, locale: str, by: int, at: datetime) -> None:
    """End the request without a deal. A second time is harmless; raises AlreadyAccepted."""
    rfq = lock(Rfq, rfq.id)
    if rfq.state is RfqState.DECLINED:
        return
    if rfq.state is RfqState.ACCEPTED:
        raise AlreadyAccepted
    db.session.add(
        RfqDecline(rfq_id=rfq.id, side=side, reason=reason, locale=locale, by_user_id=by, at=at)
    )
    rfq.state = RfqState.DECLINED
    db.session.flush()
    _tell_other(rfq, side, "rfq_declined", key=rfq.number, at=at)


def _get_cooperative(cooperative_id: int) -> Cooperative:
    return db.session.get_one(Cooperative, cooperative_id)


def _acts_for(organization_id: int, user_id: int) -> bool:
    return exists(
        select(OrganizationMembership.id).where(
            OrganizationMembership.organization_id == organization_id,
            OrganizationMembership.user_id == user_id,
        )
    )


def _write(
    rfq: Rfq, side: Side, body: str, *, locale: str, form_key: str, by: int, at: datetime
) -> RfqMessage:
    message = RfqMessage(
        rfq_id=rfq.id,
        side=side,
        by_user_id=by,
        body=body,
        locale=locale,
        form_key=form_key,
        at=at,
    )
    db.session.add(message)
    db.session.flush()
    return message


def _tell_other(rfq: Rfq, side: Side, template: str, *, key: str, at: datetime) -> None:
    if side is Side.PARTNER:
        _tell_cooperative(rfq, template, key=key, at=at)
    else:
        _tell_partner(rfq, template, key=key, at=at)


def _tell_partner(rfq: Rfq, template: str, *, key: str, at: datetime, **facts: str) -> None:
    """Write to the person who asked."""
    person = db.session.get_one(User, rfq.created_by)
    path = f"/{person.locale}/trade/rfqs/{rfq.number}"
    _mail(rfq, person, template, f"{template}:{key}:partner", path, at=at, **facts)


def _tell_cooperative(rfq: Rfq, template: str, *, key: str, at: datetime, **facts: str) -> None:
    """Write to every member who may answer."""
    slug = _get_cooperative(rfq.cooperative_id).slug
    for person in list_answerers(rfq.cooperative_id):
        path = f"/{person.locale}/c/{slug}/rfqs/{rfq.number}"
        _mail(rfq, person, template, f"{template}:{key}:{person.id}", path, at=at, **facts)


def _mail(
    rfq: Rfq, person: User, template: str, key: str, path: str, *, at: datetime, **facts: str
) -> None:
    organization = db.session.get_one(Organization, rfq.organization_id)
    write_mail(
        key,
        person.email,
        template=f"trade/{template}",
        locale=person.locale,
        facts={
            "number": rfq.number,
            "goods": get_goods(rfq.product_id, person.locale).name,
            "quantity": rfq.quantity,
            "unit": rfq.unit,
            "organization": organization.name,
            "cooperative": _get_cooperative(rfq.cooperative_id).name,
            "path": path,
            **facts,
        },
        at=at,
    )
