from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from marketplace.customs.models import (
    CustomsRule,
    Restriction,
    RestrictionKind,
    ShippingRate,
    TariffLine,
)
from marketplace.customs.policies import (
    GoodsLine,
    GoodsRule,
    LandedCost,
    OrderLandedCost,
    RuleBook,
    Tariff,
    assess,
    is_within_limit,
    normalize_postcode,
    price_freight,
)
from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.reference.errors import PostcodeUnknown
from marketplace.reference.memory import Memory
from marketplace.reference.queries import is_korean_postcode, rate_on

EMS = "pos-ems"
SEVERITY = {RestrictionKind.REFUSED: 0, RestrictionKind.PERMIT: 1, RestrictionKind.DECLARATION: 2}

books: Memory[RuleBook] = Memory()
restrictions: Memory[Sequence[GoodsRule]] = Memory()


def get_rule_book(on: date) -> RuleBook:
    """The rules of that day; kept in memory, so that pages may ask for each of their goods."""
    return books.recall(on, lambda: _read_rule_book(on))


def shipping_price(weight_grams: int, on: date, *, carrier: str = EMS) -> Money:
    """The freight of one parcel, in won. Raises ParcelTooHeavy."""
    return price_freight(get_rule_book(on), weight_grams, carrier)


def landed_cost(
    lines: Sequence[GoodsLine],
    on: date,
    *,
    shipping: Money | None = None,
    has_proof: bool = False,
    oldest_days: int | None = None,
) -> LandedCost:
    """What one parcel is expected to cost, delivered; freight by weight unless it is given.

    Raises ParcelTooHeavy, RateMissing, RateTooOld, RuleMissing.
    """
    book = get_rule_book(on)
    if shipping is None:
        shipping = price_freight(book, sum(line.weight_grams for line in lines), EMS)
    return assess(
        lines,
        shipping=shipping,
        usd_krw=_usd_krw(on, oldest_days),
        book=book,
        has_proof=has_proof,
    )


def landed_costs(
    parcels: Sequence[Sequence[GoodsLine]],
    on: date,
    *,
    has_proof: bool = False,
    oldest_days: int | None = None,
) -> OrderLandedCost:
    """The parcels of one order, with a warning where they pass the limit only together."""
    costs = [
        landed_cost(lines, on, has_proof=has_proof, oldest_days=oldest_days) for lines in parcels
    ]
    order = OrderLandedCost(costs, passes_limit_together=False)
    within = is_within_limit(order.goods, usd_krw=_usd_krw(on, oldest_days), book=get_rule_book(on))
    all_free = all(cost.duty_free for cost in costs)
    return OrderLandedCost(costs, passes_limit_together=all_free and not within)


def restrictions_for(hs_code: str) -> Sequence[GoodsRule]:
    """What Korea asks of these goods, the most severe first; empty for most craft."""
    found = [
        restriction
        for restriction in restrictions.recall("all", _read_restrictions)
        if hs_code.startswith(restriction.hs_prefix)
    ]
    return sorted(found, key=lambda row: (SEVERITY[row.kind], -len(row.hs_prefix)))


def is_refused(hs_code: str) -> bool:
    """Whether a parcel with these goods would be turned back."""
    return any(row.kind is RestrictionKind.REFUSED for row in restrictions_for(hs_code))


def check_postcode(text: str) -> str:
    """The five digits of an existing Korean postcode. Raises InvalidPostcode, PostcodeUnknown."""
    postcode = normalize_postcode(text)
    if not is_korean_postcode(postcode):
        raise PostcodeUnknown(postcode=postcode)
    return postcode


def _usd_krw(on: date, oldest_days: int | None) -> Decimal:
    return rate_on("USD", "KRW", on, oldest_days=oldest_days)[0]


def _read_rule_book(on: date) -> RuleBook:
    figures = db.session.execute(
        select(CustomsRule.name, CustomsRule.value)
        .where(CustomsRule.valid_from <= on)
        .order_by(CustomsRule.valid_from)
    )
    return RuleBook(
        on=on,
        figures={row.name: row.value for row in figures},
        tariffs=_read_tariffs(on),
        freight=_read_freight(on),
    )


def _read_tariffs(on: date) -> dict[str, Sequence[Tariff]]:
    rows = db.session.execute(
        select(
            TariffLine.hs_prefix,
            TariffLine.agreement,
            TariffLine.percent,
            TariffLine.won_per_kg,
            TariffLine.is_checked,
        )
        .where(TariffLine.valid_from <= on)
        .order_by(TariffLine.valid_from)
    )
    newest = {
        (row.hs_prefix, row.agreement): Tariff(
            row.agreement, row.percent, row.won_per_kg, row.is_checked
        )
        for row in rows
    }
    tariffs: dict[str, list[Tariff]] = defaultdict(list)
    for (prefix, _), tariff in newest.items():
        tariffs[prefix].append(tariff)
    return dict(tariffs)


def _read_freight(on: date) -> dict[str, Sequence[tuple[int, int]]]:
    rows = db.session.execute(
        select(ShippingRate.carrier_code, ShippingRate.up_to_grams, ShippingRate.price_krw)
        .where(ShippingRate.valid_from <= on)
        .order_by(ShippingRate.valid_from)
    )
    newest = {(row.carrier_code, row.up_to_grams): row.price_krw for row in rows}
    freight: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for (carrier, up_to_grams), price in sorted(newest.items()):
        freight[carrier].append((up_to_grams, price))
    return dict(freight)


def _read_restrictions() -> Sequence[GoodsRule]:
    return [
        GoodsRule(
            hs_prefix=row.hs_prefix,
            kind=row.kind,
            most_grams=row.most_grams,
            notes={"ko": row.note_ko, "id": row.note_id, "en": row.note_en},
            is_checked=row.is_checked,
        )
        for row in db.session.scalars(select(Restriction)).all()
    ]
