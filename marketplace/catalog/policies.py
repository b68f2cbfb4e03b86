"""Prices for the reader, and what a product needs before anyone may see it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from marketplace.kernel.money import LARGEST, Money, split

CATEGORIES = (
    "coffee",
    "tea",
    "cocoa",
    "spice",
    "sugar",
    "honey",
    "salt",
    "snack",
    "staple",
    "nut",
    "fruit",
    "seafood",
    "beverage",
    "condiment",
    "herbal",
    "extract",
    "oil",
    "essential-oil",
    "cosmetic",
    "textile",
    "wickerwork",
    "wood",
    "furniture",
    "pottery",
    "leather",
    "jewellery",
    "instrument",
    "craft",
    "charcoal",
)
SOLD_BY_WEIGHT = frozenset(
    (
        *("coffee", "tea", "cocoa", "spice", "sugar", "honey", "salt", "snack", "staple", "nut"),
        *("fruit", "seafood", "beverage", "condiment", "herbal", "extract", "oil", "charcoal"),
    )
)
# How goods without a photo are drawn; the names are those of drawings.KINDS.
TILES = {
    "coffee": "coffee",
    "tea": "palm-sugar",
    "cocoa": "cacao",
    "spice": "spice",
    "sugar": "palm-sugar",
    "honey": "pepper",
    "salt": "sea",
    "snack": "cacao",
    "staple": "green-coffee",
    "nut": "coffee",
    "fruit": "spice",
    "seafood": "sea",
    "beverage": "oil",
    "condiment": "pepper",
    "herbal": "pepper",
    "extract": "oil",
    "oil": "oil",
    "essential-oil": "oil",
    "cosmetic": "oil",
    "textile": "batik",
    "wickerwork": "rattan",
    "wood": "wood",
    "furniture": "rattan",
    "pottery": "wood",
    "leather": "ikat",
    "jewellery": "wood",
    "instrument": "wood",
    "craft": "rattan",
    "charcoal": "green-coffee",
}
# HS codes that village goods usually have; offered first, any other can be searched for.
TYPICAL_CODES = (
    *("090121", "090111", "090240", "180690", "180100", "090411", "090811", "090710", "170290"),
    *("040900", "250100", "190590", "200899", "080132", "100630", "110620", "030549", "121221"),
    *("210390", "121190", "330129", "151311", "340111", "520852", "520949", "500720", "531100"),
    *("460219", "460212", "460211", "442011", "940360", "691390", "420221", "711311", "440220"),
)
# "Commodities not specified according to kind": statistics have it, customs does not take it.
UNSPECIFIED_HEADING = "9999"
PARTS = ("cooperative", "service", "village_share")
WON_STEP = 10
MOST_PHOTOS = 8
FEW_LEFT = 5


def names_goods(hs6: str) -> bool:
    """Whether customs can read from the code what the goods are."""
    return len(hs6) == 6 and not hs6.startswith(UNSPECIFIED_HEADING)


def price_in_won(price: Money, rate: Decimal) -> Money:
    """The price a Korean buyer pays, rounded half up to 10 won.

    `rate` is the European Central Bank's cross: rupiah for one won. A price in won stays as it is.
    """
    if price.currency == "KRW":
        return price
    if price.currency != "IDR":
        raise ValueError(f"no price in won for {price.currency}")
    tens = (price.major / rate / WON_STEP).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(int(tens) * WON_STEP, "KRW")


def rupiah_limits(price_from: int | None, price_to: int | None, rate: Decimal) -> tuple[int, int]:
    """The least and most minor units of rupiah whose `price_in_won` lies within the limits."""
    half = Decimal("0.5")
    least, most = 1, LARGEST
    if price_from is not None:
        tens = -(-price_from // WON_STEP)
        least = max(1, _ceiling((tens - half) * WON_STEP * rate * 100))
    if price_to is not None:
        tens = price_to // WON_STEP
        most = max(1, min(LARGEST, _ceiling((tens + half) * WON_STEP * rate * 100) - 1))
    return least, most


def _ceiling(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))


def unit_price(price: Money, weight_grams: int) -> Money:
    """The price of 100 grams, half up to a minor unit."""
    return Money((price.minor * 200 + weight_grams) // (2 * weight_grams), price.currency)


def divide_sale(price: Money, weights: Mapping[str, int]) -> dict[str, Money]:
    """Who gets how much of `price`; `weights` are the policy's basis points and sum exactly."""
    amounts = split(price.minor, [weights[part] for part in PARTS])
    return {
        part: Money(amount, price.currency) for part, amount in zip(PARTS, amounts, strict=True)
    }


def tile_kind(category: str) -> str:
    """How goods of `category` are drawn where there is no photo."""
    return TILES.get(category, "rattan")


def traces_of(
    name: str,
    story: str,
    category: str,
    hs6: str | None,
    price: Money | None,
    weight_grams: int | None,
) -> dict[str, str]:
    """A short trace of each field: a page carries it to say what it has seen."""
    values = {
        "name": name,
        "story": story.replace("\r\n", "\n"),
        "category": category or "",
        "hs6": hs6 or "",
        "price": price.minor if price else "",
        "weight_grams": weight_grams or "",
    }
    return {
        field: hashlib.sha256(str(value).encode()).hexdigest()[:12]
        for field, value in values.items()
    }
