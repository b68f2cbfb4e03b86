"""Pure rules of orders: who gets what of a payment, what a refund takes, shapes of numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from marketplace.kernel.money import Money, split, won
from marketplace.kernel.time import today_in_seoul
from marketplace.orders.errors import (
    InvalidTrackingNumber,
    RefundNotPositive,
    RefundTooLarge,
    TrackingNumberForeign,
    TrackingNumberMistyped,
)

HOLD = timedelta(minutes=40)
# The buyer may withdraw for 7 days; what is disputed after that still finds the money held.
HELD_WINDOW = timedelta(days=14)
RETURN_WITHIN = timedelta(days=7)
SHIP_WITHIN = timedelta(days=3)
# Who says nothing for so long after the parcel was sent, has it; they are reminded a week before.
ARRIVES_WITHIN = timedelta(days=30)
REMINDED_BEFORE = timedelta(days=7)
MOST_PIECES = 99
WHOLE_RUPIAH = 100


@dataclass(frozen=True)
class Parts:
    """How a parcel's payment, or a piece of it, is divided. Won; `owed` in rupiah's minor units.

    `owed` is the cooperative's part in its own currency at the order's rate.
    """

    cooperative: int
    service: int
    village_share: int
    shipping: int
    owed: int

    @property
    def goods(self) -> int:
        return self.cooperative + self.service + self.village_share

    @property
    def total(self) -> int:
        return self.goods + self.shipping

    def __sub__(self, other: Parts) -> Parts:
        return Parts(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __add__(self, other: Parts) -> Parts:
        return Parts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


NOTHING = Parts(0, 0, 0, 0, 0)


def split_parcel(goods: int, shipping: int, weights: Mapping[str, int], krw_idr: Decimal) -> Parts:
    """Divide a parcel's goods (won) by the policy `weights`, largest remainder."""
    names = ("cooperative", "service", "village_share")
    cooperative, service, share = split(goods, [weights[name] for name in names])
    return Parts(cooperative, service, share, shipping, in_rupiah(cooperative, krw_idr))


def in_rupiah(amount: int, krw_idr: Decimal) -> int:
    """`amount` won in minor units of rupiah, half up to a whole rupiah, as banks pay it."""
    return won(amount).convert("IDR", krw_idr, step=WHOLE_RUPIAH).minor


def refund_parts(left: Parts, amount: int, krw_idr: Decimal) -> Parts:
    """What a refund of `amount` won takes from what is `left` of a parcel.

    Goods first, by largest remainder on the remaining parts; then shipping. The rupiah are
    reversed at the order's rate, and the last refund takes all that is owed.
    Rule: docs/worked-postings.csv
    """
    if amount <= 0:
        raise RefundNotPositive
    if amount > left.total:
        raise RefundTooLarge(left=won(left.total))
    of_goods = min(amount, left.goods)
    weights = [left.cooperative, left.service, left.village_share]
    cooperative, service, share = split(of_goods, weights) if of_goods else [0, 0, 0]
    owed = min(in_rupiah(cooperative, krw_idr), left.owed)
    if cooperative == left.cooperative:
        owed = left.owed
    return Parts(cooperative, service, share, amount - of_goods, owed)


def dispute_parts(left: Parts, amount: int, krw_idr: Decimal) -> Parts:
    """What a lost dispute of `amount` won takes from what is `left`: of each part the same share.

    Freight too, as the bank took back the whole payment and not goods. Never more than is left.
    Rule: docs/worked-postings.csv
    """
    amount = min(amount, left.total)
    if amount <= 0:
        return NOTHING
    weights = [left.cooperative, left.service, left.village_share, left.shipping]
    cooperative, service, share, shipping = split(amount, weights)
    owed = min(in_rupiah(cooperative, krw_idr), left.owed)
    if cooperative == left.cooperative:
        owed = left.owed
    return Parts(cooperative, service, share, shipping, owed)


def divide_share(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """The village share in its four funds, largest remainder, in the policy's order."""
    names = [name for name in ("programs", "training", "youth", "reserve") if name in weights]
    names += [name for name in weights if name not in names]
    return dict(zip(names, split(amount, [weights[name] for name in names]), strict=True))


def normalize_tracking_number(carrier_code: str, text: str) -> str:
    """The number as the carrier writes it. Postal numbers must have a right check digit.

    Raises InvalidTrackingNumber, TrackingNumberMistyped or TrackingNumberForeign.
    Rule: UPU standard S10.
    """
    number = re.sub(r"[\s-]", "", text).upper()
    is_postal = re.fullmatch(r"[A-Z]{2}\d{9}[A-Z]{2}", number) is not None
    if is_postal:
        if s10_check_digit(number[2:10]) != int(number[10]):
            raise TrackingNumberMistyped
        if carrier_code.lower().startswith("pos") and not number.endswith("ID"):
            raise TrackingNumberForeign
    elif is_post(carrier_code) or not re.fullmatch(r"(?=.*\d{4})[A-Z0-9]{8,24}", number):
        raise InvalidTrackingNumber
    return number


def is_post(carrier_code: str) -> bool:
    """Whether the carrier numbers its parcels by the Universal Postal Union's S10."""
    return carrier_code.lower().startswith(("ems", "pos"))


def s10_check_digit(serial: str) -> int:
    """The ninth digit of a postal number, from the eight before it."""
    weighted = sum(int(d) * w for d, w in zip(serial, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    return {10: 0, 11: 5}.get(11 - weighted % 11, 11 - weighted % 11)


def release_at(delivered_at: datetime) -> datetime:
    """When a delivered parcel's money is no longer held."""
    return delivered_at + HELD_WINDOW


def return_until(delivered_at: datetime) -> date:
    """The last day on which the buyer may ask to send goods back; the first is not counted."""
    return today_in_seoul(delivered_at) + RETURN_WITHIN


def may_return(delivered_at: datetime, at: datetime) -> bool:
    return today_in_seoul(at) <= return_until(delivered_at)


def share_of(goods: Money, basis_points: int) -> Money:
    """A part of `goods` in won, for showing before the order is placed."""
    return Money(split(goods.minor, [basis_points, 10_000 - basis_points])[0], goods.currency)
