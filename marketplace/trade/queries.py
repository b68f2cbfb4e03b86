"""What both sides of export trade read. Lists come as plain rows, requests as models."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import aliased, joinedload

from marketplace.accounts.models import Organization, User
from marketplace.catalog.models import (
    Certificate,
    CertificateKind,
    Photo,
    Product,
    ProductState,
    ProductText,
    Variant,
)
from marketplace.cooperatives.models import Cooperative, CooperativeState, Membership
from marketplace.cooperatives.policies import may
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import Money
from marketplace.reference.models import HsCode, Province, Regency
from marketplace.trade.models import (
    ExportProfile,
    Quotation,
    QuotationAcceptance,
    Rfq,
    RfqDecline,
    RfqMessage,
    RfqState,
)

local, original = aliased(ProductText), aliased(ProductText)
NAME = func.coalesce(local.name, original.name)

PHOTO = (
    select(Photo.key)
    .where(Photo.product_id == Product.id)
    .order_by(Photo.position)
    .limit(1)
    .correlate(Product)
    .scalar_subquery()
)

SORTS: dict[str, Any] = {
    "name": NAME,
    "price": ExportProfile.lowest_price_minor,
    "moq": ExportProfile.moq,
    "lead": ExportProfile.lead_time_days,
    "capacity": ExportProfile.capacity_per_month.desc(),
}


def _named(statement: Any, lang: str) -> Any:
    """Join the names of `Product`: in `lang` where there is such a text, and the maker's own."""
    return statement.join(
        original,
        and_(original.product_id == Product.id, original.locale == Product.original_locale),
    ).outerjoin(local, and_(local.product_id == Product.id, local.locale == lang))


@dataclass(frozen=True, slots=True)
class ExportFilter:
    """What a partner looks for; an empty value means all."""

    chapter: str = ""
    province: str = ""
    moq: int | None = None
    certificate: str = ""
    sort: str = "name"

    def conditions(self) -> list[ColumnElement[bool]]:
        found = list(OFFERED)
        if self.chapter:
            found.append(func.substr(Product.hs6, 1, 2) == self.chapter)
        if self.province:
            found.append(Regency.province_code == self.province)
        if self.moq is not None:
            found.append(ExportProfile.moq <= self.moq)
        if self.certificate:
            found.append(
                select(Certificate.id)
                .where(
                    Certificate.product_id == Product.id,
                    Certificate.kind == CertificateKind(self.certificate),
                )
                .exists()
            )
        return found


OFFERED: tuple[ColumnElement[bool], ...] = (
    Product.state == ProductState.PUBLISHED,
    Cooperative.state == CooperativeState.OPEN,
)


def _exports(*columns: Any) -> Any:
    return (
        select(*columns)
        .select_from(ExportProfile)
        .join(Product, Product.id == ExportProfile.product_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .join(Regency, Regency.code == Cooperative.regency_code)
        .join(Province, Province.code == Regency.province_code)
    )


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One line of the export catalog."""

    product_id: int
    slug: str
    name: str
    original_name: str
    category: str
    hs6: str
    cooperative: str
    regency: str
    province: Province
    moq: int
    unit: str
    price_breaks: Sequence[Sequence[int]]
    incoterm: str
    place: str
    lead_time_days: int
    capacity_per_month: int
    photo: str | None

    @property
    def prices(self) -> tuple[Money, Money]:
        """The lowest and the highest unit price."""
        cents = [price for _, price in self.price_breaks]
        return Money(min(cents), "USD"), Money(max(cents), "USD")


def list_exports(
    wanted: ExportFilter, lang: str, *, number: int = 1, size: int = 25
) -> tuple[list[ExportRow], int]:
    """One page of what is offered for export, and how many there are in all. Two queries."""
    conditions = wanted.conditions()
    count = db.session.scalar(_exports(func.count()).where(*conditions)) or 0
    rows = db.session.execute(
        _named(
            _exports(
                Product.id,
                Product.slug,
                NAME,
                original.name,
                Product.category,
                Product.hs6,
                Cooperative.name,
                Regency.name,
                Province,
                ExportProfile.moq,
                ExportProfile.unit,
                ExportProfile.price_breaks,
                ExportProfile.incoterm,
                ExportProfile.place,
                ExportProfile.lead_time_days,
                ExportProfile.capacity_per_month,
                PHOTO,
            ),
            lang,
        )
        .where(*conditions)
        .order_by(SORTS.get(wanted.sort, NAME), Product.id)
        .limit(size)
        .offset((number - 1) * size)
    )
    return [ExportRow(*row) for row in rows], count


def list_certificates(product_ids: Iterable[int]) -> dict[int, list[Certificate]]:
    """The papers of each product, in a fixed order of kinds."""
    found: dict[int, list[Certificate]] = {id: [] for id in product_ids}
    for certificate in db.session.scalars(
        select(Certificate)
        .where(Certificate.product_id.in_(found))
        .order_by(Certificate.kind, Certificate.id)
    ):
        found[certificate.product_id].append(certificate)
    return found


def list_export_choices() -> tuple[list[HsCode], list[Province]]:
    """Chapters and provinces that have something to offer. One query."""
    rows = db.session.execute(
        _exports(HsCode, Province)
        .join(HsCode, HsCode.code == func.substr(Product.hs6, 1, 2))
        .where(*OFFERED)
        .distinct()
    ).all()
    chapters = {row[0].code: row[0] for row in rows}
    provinces = {row[1].code: row[1] for row in rows}
    return [chapters[code] for code in sorted(chapters)], [
        provinces[code] for code in sorted(provinces)
    ]


def get_export(slug: str) -> ExportProfile:
    """The offer of a product anyone may see, of an open cooperative. Raises NotFound."""
    profile = db.session.scalar(
        select(ExportProfile)
        .join(Product, Product.id == ExportProfile.product_id)
        .join(Cooperative, Cooperative.id == Product.cooperative_id)
        .where(Product.slug == slug, *OFFERED)
    )
    if profile is None:
        raise NotFound
    return profile


def find_profile(product_id: int) -> ExportProfile | None:
    return db.session.get(ExportProfile, product_id)


def find_profiles(product_ids: Collection[int]) -> dict[int, ExportProfile]:
    """The offers of these products, by product."""
    rows = db.session.scalars(
        select(ExportProfile).where(ExportProfile.product_id.in_(product_ids))
    )
    return {profile.product_id: profile for profile in rows}


@dataclass(frozen=True, slots=True)
class Goods:
    """What a product is called: in the reader's language, and in the maker's own."""

    name: str
    original_name: str


def get_goods(product_id: int, lang: str) -> Goods:
    row = db.session.execute(
        _named(select(NAME, original.name).select_from(Product), lang).where(
            Product.id == product_id
        )
    ).one()
    return Goods(*row)


def first_photo(product_id: int) -> str | None:
    """The key of the picture shown first."""
    return db.session.scalar(
        select(Photo.key).where(Photo.product_id == product_id).order_by(Photo.position).limit(1)
    )


def find_weight(product_id: int) -> int | None:
    """Grams of one piece with its packing, as sold in the shop."""
    return db.session.scalar(
        select(Variant.weight_grams)
        .where(Variant.product_id == product_id)
        .order_by(Variant.position, Variant.id)
        .limit(1)
    )


@dataclass(frozen=True, slots=True)
class RfqRow:
    """One line of a list of requests, with its newest offer."""

    rfq: Rfq
    goods: str
    category: str
    slug: str
    photo: str | None
    quotation: Quotation | None


def list_partner_rfqs(
    organization: Organization, lang: str, *, number: int = 1, size: int = 25
) -> tuple[list[RfqRow], int]:
    """The requests of an organization, newest first."""
    return _list_rfqs(Rfq.organization_id == organization.id, lang, number, size)


def list_received_rfqs(
    cooperative: Cooperative, lang: str, *, number: int = 1, size: int = 25
) -> tuple[list[RfqRow], int]:
    """The requests a cooperative received, newest first."""
    return _list_rfqs(Rfq.cooperative_id == cooperative.id, lang, number, size)


def _list_rfqs(
    whose: ColumnElement[bool], lang: str, number: int, size: int
) -> tuple[list[RfqRow], int]:
    count = db.session.scalar(select(func.count()).select_from(Rfq).where(whose)) or 0
    newer = aliased(Quotation)
    is_newest = ~(
        select(newer.id)
        .where(newer.rfq_id == Quotation.rfq_id, newer.revision > Quotation.revision)
        .exists()
    )
    rows = db.session.execute(
        _named(
            select(Rfq, NAME, Product.category, Product.slug, PHOTO, Quotation)
            .join(Product, Product.id == Rfq.product_id)
            .outerjoin(Quotation, and_(Quotation.rfq_id == Rfq.id, is_newest)),
            lang,
        )
        .options(joinedload(Rfq.organization), joinedload(Rfq.cooperative))
        .where(whose)
        .order_by(Rfq.created_at.desc(), Rfq.id.desc())
        .limit(size)
        .offset((number - 1) * size)
    )
    return [RfqRow(*row) for row in rows], count


def count_open_rfqs(cooperative: Cooperative) -> int:
    """Requests that wait for the cooperative's first offer."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Rfq)
            .where(Rfq.cooperative_id == cooperative.id, Rfq.state == RfqState.OPEN)
        )
        or 0
    )


def _whole_rfq() -> Select[Rfq]:
    return select(Rfq).options(
        joinedload(Rfq.organization), joinedload(Rfq.cooperative), joinedload(Rfq.product)
    )


def get_partner_rfq(organization: Organization, number: str) -> Rfq:
    """A request of this organization. Raises NotFound for all others."""
    return _one(_whole_rfq().where(Rfq.organization_id == organization.id, Rfq.number == number))


def get_received_rfq(cooperative: Cooperative, number: str) -> Rfq:
    """A request to this cooperative. Raises NotFound for all others."""
    return _one(_whole_rfq().where(Rfq.cooperative_id == cooperative.id, Rfq.number == number))


def _one(statement: Select[Rfq]) -> Rfq:
    rfq = db.session.scalar(statement)
    if rfq is None:
        raise NotFound
    return rfq


def find_rfq_by_form_key(form_key: str) -> Rfq | None:
    return db.session.scalar(select(Rfq).where(Rfq.form_key == form_key))


def list_messages(rfq: Rfq) -> Sequence[RfqMessage]:
    return db.session.scalars(
        select(RfqMessage).where(RfqMessage.rfq_id == rfq.id).order_by(RfqMessage.id)
    ).all()


def list_quotations(rfq: Rfq) -> Sequence[Quotation]:
    """All offers, oldest first."""
    return db.session.scalars(
        select(Quotation).where(Quotation.rfq_id == rfq.id).order_by(Quotation.revision)
    ).all()


def newest_quotation(rfq: Rfq) -> Quotation | None:
    return next(reversed(list_quotations(rfq)), None)


def get_quotation(rfq: Rfq, number: str) -> Quotation:
    """An offer of this request, also a replaced one. Raises NotFound."""
    for quotation in list_quotations(rfq):
        if quotation.number == number:
            return quotation
    raise NotFound


def rfq_number_of(quotation_number: str) -> str:
    """`Q-260418-7K4M2-2` belongs to `RFQ-260418-7K4M2`."""
    stem = quotation_number.removeprefix("Q-").rpartition("-")[0]
    return f"RFQ-{stem}"


def find_acceptance(rfq: Rfq) -> QuotationAcceptance | None:
    return db.session.scalar(
        select(QuotationAcceptance)
        .join(Quotation, Quotation.id == QuotationAcceptance.quotation_id)
        .where(Quotation.rfq_id == rfq.id)
    )


def find_decline(rfq: Rfq) -> RfqDecline | None:
    return db.session.get(RfqDecline, rfq.id)


def name_people(ids: Iterable[int]) -> dict[int, str]:
    rows = db.session.execute(select(User.id, User.name).where(User.id.in_(set(ids))))
    return {row[0]: row[1] for row in rows}


def zone_of(cooperative: Cooperative) -> ZoneInfo:
    """The cooperative's own time."""
    return ZoneInfo(cooperative.regency.province.timezone)


def list_answerers(cooperative_id: int) -> list[User]:
    """The members who may answer requests: they get the mails."""
    rows = db.session.execute(
        select(User, Membership.role)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.cooperative_id == cooperative_id, User.is_enabled)
        .order_by(Membership.id)
    )
    return [row[0] for row in rows if may(row[1], "rfqs.answer")]
