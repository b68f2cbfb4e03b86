"""What turns a cooperative's price into a buyer's: rate, division, freight and duty of one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from marketplace.catalog.policies import divide_sale, price_in_won
from marketplace.customs.errors import ParcelTooHeavy
from marketplace.customs.policies import GoodsLine, LandedCost
from marketplace.customs.queries import landed_cost
from marketplace.kernel.money import Money
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.queries import policy_at
from marketplace.reference.memory import Memory
from marketplace.reference.queries import rate_on

_prices: Memory[Prices] = Memory()


@dataclass(frozen=True, eq=False)
class Prices:
    """`rate` is rupiah for one won, fixed on `rate_day`; `sale` and `share` are basis points."""

    on: date
    rate: Decimal
    rate_day: date
    sale: dict[str, int]
    share: dict[str, int]

    def won(self, price: Money) -> Money:
        return price_in_won(price, self.rate)

    def divided(self, price: Money) -> dict[str, Money]:
        """`price` as cooperative, service and village_share."""
        return divide_sale(price, self.sale)

    def village_share(self, price: Money) -> Money:
        return self.divided(price)["village_share"]

    @property
    def share_percent(self) -> Decimal:
        return Decimal(self.sale["village_share"]) / 100

    @property
    def percent(self) -> dict[str, Decimal]:
        """How a price is divided, in percent."""
        return {name: Decimal(part) / 100 for name, part in self.sale.items()}

    @property
    def share_parts(self) -> dict[str, Decimal]:
        """How the village share is used, in percent."""
        return {name: Decimal(part) / 100 for name, part in self.share.items()}

    def landed(self, price: Money, *, hs6: str, weight_grams: int) -> LandedCost | None:
        """One piece alone, delivered; None where no parcel can carry it."""
        try:
            return landed_cost([GoodsLine(hs6, price, weight_grams)], self.on)
        except ParcelTooHeavy:
            return None


def prices_at(at: datetime) -> Prices:
    """Rate and division in force; kept in memory for a minute, the same object meanwhile."""
    return _prices.recall(today_in_seoul(at), lambda: _read_prices(at))


def _read_prices(at: datetime) -> Prices:
    day = today_in_seoul(at)
    rate, rate_day = rate_on("KRW", "IDR", day)
    return Prices(
        on=day,
        rate=rate,
        rate_day=rate_day,
        sale=policy_at("sale", at).parts,
        share=policy_at("share", at).parts,
    )
