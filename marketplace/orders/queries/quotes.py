"""What a cart costs now: prices at today's rate, parcels, freight, duty estimate, village share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import bindparam, select

from marketplace.catalog.policies import price_in_won
from marketplace.catalog.queries import Offer, list_offers
from marketplace.cooperatives.models import Cooperative
from marketplace.customs.errors import ParcelTooHeavy
from marketplace.customs.policies import GoodsLine, OrderLandedCost
from marketplace.customs.queries import landed_cost, landed_costs, shipping_price
from marketplace.kernel.db import db
from marketplace.kernel.money import Money, total, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.models import SplitPolicy
from marketplace.ledger.queries import policy_at
from marketplace.orders.policies import split_parcel
from marketplace.reference.queries import rate_on

OLD = 7
_COOPERATIVES = select(Cooperative).where(Cooperative.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True)
class QuoteLine:
    offer: Offer
    quantity: int
    unit: Money

    @property
    def amount(self) -> Money:
        return self.unit * self.quantity

    @property
    def weight_grams(self) -> int:
        return self.offer.weight_grams * self.quantity

    @property
    def is_available(self) -> bool:
        return self.offer.is_published and self.quantity <= self.offer.available


@dataclass(frozen=True)
class QuoteParcel:
    """What one cooperative sends. `most_grams` is set when the post takes no parcel so heavy."""

    cooperative: Cooperative
    lines: Sequence[QuoteLine]
    shipping: Money
    most_grams: int | None = None

    @property
    def goods(self) -> Money:
        return total([line.amount for line in self.lines], "KRW")

    @property
    def weight_grams(self) -> int:
        return sum(line.weight_grams for line in self.lines)


@dataclass(frozen=True)
class Quote:
    """The whole sum. `krw_idr` is rupiah for one won, fixed on `rate_day`.

    Parcels that are too heavy have no freight; with any, nothing can be ordered.
    """

    parcels: Sequence[QuoteParcel]
    krw_idr: Decimal
    rate_day: date
    policy: SplitPolicy
    landed: OrderLandedCost
    day: date

    @property
    def has_old_rate(self) -> bool:
        """Whether the rate is older than a market allows: only a demo goes on with it."""
        return (self.day - self.rate_day).days > OLD

    @property
    def too_heavy(self) -> list[QuoteParcel]:
        return [parcel for parcel in self.parcels if parcel.most_grams is not None]

    @property
    def lines(self) -> list[QuoteLine]:
        return [line for parcel in self.parcels for line in parcel.lines]

    @property
    def goods(self) -> Money:
        return total([parcel.goods for parcel in self.parcels], "KRW")

    @property
    def shipping(self) -> Money:
        return total([parcel.shipping for parcel in self.parcels], "KRW")

    @property
    def total(self) -> Money:
        return self.goods + self.shipping

    @property
    def duty(self) -> Money:
        """Duty and tax as estimated, paid on arrival."""
        return self.landed.duty + self.landed.vat

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def is_available(self) -> bool:
        return all(line.is_available for line in self.lines)

    @property
    def village_share(self) -> Money:
        """The share of every parcel, as it will be split."""
        parts = [
            split_parcel(p.goods.minor, 0, self.policy.parts, self.krw_idr) for p in self.parcels
        ]
        return won(sum(part.village_share for part in parts))

    @property
    def contents(self) -> str:
        """Changes with the goods and their quantities only."""
        body = sorted((ln.offer.variant_id, ln.quantity) for ln in self.lines)
        return hashlib.sha256(json.dumps(body).encode()).hexdigest()[:12]

    @property
    def fingerprint(self) -> str:
        """Changes with anything that changes what is paid, and for what."""
        body = [
            sorted((ln.offer.variant_id, ln.quantity, ln.unit.minor) for ln in self.lines),
            sorted((p.cooperative.id, p.shipping.minor) for p in self.parcels),
            str(self.krw_idr),
        ]
        return hashlib.sha256(json.dumps(body).encode()).hexdigest()[:24]


def quote(quantities: Mapping[int, int], *, lang: str, at: datetime) -> Quote:
    """Price `{variant id: quantity}` at the moment `at`. Variants that are gone are left out."""
    day = today_in_seoul(at)
    krw_idr, rate_day = rate_on("KRW", "IDR", day)
    offers = list_offers(list(quantities), lang)
    lines = [
        QuoteLine(offers[variant], quantity, price_in_won(offers[variant].price, krw_idr))
        for variant, quantity in quantities.items()
        if variant in offers
    ]
    cooperatives = _cooperatives(lines)
    of = [[ln for ln in lines if ln.offer.cooperative_id == coop.id] for coop in cooperatives]
    goods = [[GoodsLine(ln.offer.hs6, ln.amount, ln.weight_grams) for ln in part] for part in of]
    limits = [_passed_limit(part, day) for part in goods]
    landed = _landed(goods, limits, day)
    parcels = [
        QuoteParcel(cooperative, part, cost.shipping, most_grams)
        for cooperative, part, cost, most_grams in zip(
            cooperatives, of, landed.parcels, limits, strict=True
        )
    ]
    return Quote(parcels, krw_idr, rate_day, policy_at("sale", at), landed, day)


def _passed_limit(lines: Sequence[GoodsLine], day: date) -> int | None:
    """The post's limit in grams, when these goods are heavier."""
    try:
        shipping_price(sum(line.weight_grams for line in lines), day)
    except ParcelTooHeavy as error:
        return int(str(error.facts["most_kg"])) * 1000
    return None


def _landed(
    goods: Sequence[Sequence[GoodsLine]], limits: Sequence[int | None], day: date
) -> OrderLandedCost:
    """The parcels' costs in their order, of those that are too heavy without freight."""
    fit = landed_costs([part for part, most in zip(goods, limits, strict=True) if not most], day)
    costs = iter(fit.parcels)
    return OrderLandedCost(
        [
            landed_cost(part, day, shipping=won(0)) if most else next(costs)
            for part, most in zip(goods, limits, strict=True)
        ],
        fit.passes_limit_together,
    )


def _cooperatives(lines: Sequence[QuoteLine]) -> list[Cooperative]:
    """Those whose goods are on the `lines`, in the order they were first added."""
    ids = list(dict.fromkeys(line.offer.cooperative_id for line in lines))
    rows = db.session.scalars(_COOPERATIVES, {"ids": ids}).all()
    return sorted(rows, key=lambda cooperative: ids.index(cooperative.id))
