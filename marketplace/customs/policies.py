"""Customs rules as arithmetic: values in, an estimate out. The rows come from `queries`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

import phonenumbers

from marketplace.customs.errors import (
    InvalidCustomsCode,
    InvalidPhone,
    InvalidPostcode,
    ParcelTooHeavy,
    RuleMissing,
)
from marketplace.customs.models import RestrictionKind
from marketplace.kernel.money import Money, split, total, won
from marketplace.kernel.text import narrow, one_line

BASE = "base"
MOBILE = phonenumbers.PhoneNumberType.MOBILE
AGREEMENTS = ("AKFTA", "RCEP", "IK-CEPA")


@dataclass(frozen=True)
class GoodsLine:
    """Goods of one HS code in a parcel: what they cost in won, what they weigh."""

    hs_code: str
    value: Money
    weight_grams: int


@dataclass(frozen=True)
class Tariff:
    """A rate under one agreement (`base` for none); the greater of percent and won per kg."""

    agreement: str
    percent: Decimal
    won_per_kg: int | None
    is_checked: bool


@dataclass(frozen=True)
class GoodsRule:
    """What Korea asks of goods whose HS code begins with `hs_prefix`; notes by language."""

    hs_prefix: str
    kind: RestrictionKind
    most_grams: int | None
    notes: Mapping[str, str]
    is_checked: bool

    def note(self, lang: str) -> str:
        return self.notes.get(lang) or self.notes["en"]


@dataclass(frozen=True)
class RuleBook:
    """All that holds on one day: figures of the law, tariffs by HS prefix, freight by weight."""

    on: date
    figures: Mapping[str, Decimal]
    tariffs: Mapping[str, Sequence[Tariff]]
    freight: Mapping[str, Sequence[tuple[int, int]]]

    def figure(self, name: str) -> Decimal:
        """Raises RuleMissing."""
        if name not in self.figures:
            raise RuleMissing(name=name)
        return self.figures[name]

    def tariffs_of(self, hs_code: str) -> Sequence[Tariff]:
        """The rates of the longest prefix that has any; the usual base rate where none has."""
        for length in range(len(hs_code), 1, -1):
            if rates := self.tariffs.get(hs_code[:length]):
                return rates
        return [Tariff(BASE, self.figure("default-duty-percent"), None, is_checked=False)]


@dataclass(frozen=True)
class Applied:
    """A rule that decided something; `wording.sentence` says it to the reader."""

    key: str
    facts: Mapping[str, object]


@dataclass(frozen=True)
class LandedLine:
    """One line of goods with its part of the freight, and what is due on it."""

    hs_code: str
    value: Money
    taxable: Money
    agreement: str
    percent: Decimal
    duty: Money
    vat: Money


@dataclass(frozen=True)
class LandedCost:
    """What one parcel is expected to cost the buyer, delivered in Korea; all amounts in won."""

    goods: Money
    shipping: Money
    duty: Money
    vat: Money
    lines: Sequence[LandedLine]
    rules: Sequence[Applied]
    limit: Money
    goods_in_dollars: Money
    duty_free: bool
    is_estimate: bool = True

    @property
    def total(self) -> Money:
        return self.goods + self.shipping + self.duty + self.vat


@dataclass(frozen=True)
class OrderLandedCost:
    """The parcels of one order, each a consignment of its own.

    `passes_limit_together`: every parcel is free of duty but their sum is above the limit, and
    customs may add up what one person receives.
    """

    parcels: Sequence[LandedCost]
    passes_limit_together: bool

    @property
    def goods(self) -> Money:
        return total([parcel.goods for parcel in self.parcels], "KRW")

    @property
    def shipping(self) -> Money:
        return total([parcel.shipping for parcel in self.parcels], "KRW")

    @property
    def duty(self) -> Money:
        return total([parcel.duty for parcel in self.parcels], "KRW")

    @property
    def vat(self) -> Money:
        return total([parcel.vat for parcel in self.parcels], "KRW")

    @property
    def total(self) -> Money:
        return self.goods + self.shipping + self.duty + self.vat


def price_freight(book: RuleBook, weight_grams: int, carrier: str) -> Money:
    """The price of one parcel of this weight. Raises ParcelTooHeavy, RuleMissing."""
    steps = book.freight.get(carrier)
    if not steps:
        raise RuleMissing(carrier=carrier)
    for up_to_grams, price in steps:
        if weight_grams <= up_to_grams:
            return won(price)
    raise ParcelTooHeavy(most_kg=steps[-1][0] // 1000)


def assess(
    lines: Sequence[GoodsLine],
    *,
    shipping: Money,
    usd_krw: Decimal,
    book: RuleBook,
    has_proof: bool = False,
) -> LandedCost:
    """Estimate duty and VAT of one parcel. Goods up to the limit are free of both.

    The limit is compared with the goods alone; above it, goods and freight are taxed from the
    first won. Agreement rates need a proof of origin, or a value below the agreement's waiver.
    Rule: facts in `data/customs_rules.csv`; worked examples in tests/customs/examples.csv.
    """
    goods = total([line.value for line in lines], "KRW")
    limit = Money.of(book.figure("duty-free-limit-usd"), "USD")
    free = is_within_limit(goods, usd_krw=usd_krw, book=book)
    rules = [
        Applied(
            "within-limit" if free else "above-limit", {"limit": book.figure("duty-free-limit-usd")}
        )
    ]
    landed = [
        _assess_line(line, taxable, goods, usd_krw, book, free=free, has_proof=has_proof)
        for line, taxable in zip(lines, _taxable(lines, shipping), strict=True)
    ]
    due = total([line.duty + line.vat for line in landed], "KRW")
    smallest = won(int(book.figure("smallest-collected-won")))
    if not free:
        rules += _agreements(landed)
    if due and due < smallest:
        rules.append(Applied("too-small-to-collect", {"smallest": smallest}))
        landed = [_uncollected(line) for line in landed]
    return LandedCost(
        goods=goods,
        shipping=shipping,
        duty=total([line.duty for line in landed], "KRW"),
        vat=total([line.vat for line in landed], "KRW"),
        lines=landed,
        rules=rules,
        limit=limit,
        goods_in_dollars=_in_dollars(goods, usd_krw),
        duty_free=free,
    )


def is_within_limit(goods: Money, *, usd_krw: Decimal, book: RuleBook) -> bool:
    """Compared exactly, without rounding to cents first."""
    return goods.major <= book.figure("duty-free-limit-usd") * usd_krw


def normalize_customs_code(text: str) -> str:
    """`P123456789012`. Shape only: customs does not publish how the last digit is made.

    Raises InvalidCustomsCode.
    """
    code = re.sub(r"[\-‐-―]", "", narrow(text)).upper()
    if not re.fullmatch(r"P[0-9]{12}", code):
        raise InvalidCustomsCode
    return code


def mask_customs_code(code: str) -> str:
    """`P*********012`, for screens and mails."""
    return f"{code[:1]}{'*' * (len(code) - 4)}{code[-3:]}"


def mask_phone(number: str) -> str:
    """`010-****-5678`, for screens, of a number in E.164."""
    return f"{number.replace('+82', '0', 1)[:3]}-****-{number[-4:]}"


def normalize_korean_phone(text: str) -> str:
    """`+821012345678`, from any usual way of writing it. Raises InvalidPhone.

    Customs and the carrier write to it, so it has to be a mobile or a safe number.
    """
    try:
        number = phonenumbers.parse(one_line(text), "KR")
    except phonenumbers.NumberParseException:
        raise InvalidPhone from None
    # Safe numbers (050x) stand for a real one and are not in every numbering table.
    national = str(number.national_number)
    is_safe_number = re.fullmatch(r"50[2-8]\d{7,8}", national)
    is_mobile = phonenumbers.number_type(number) == MOBILE and phonenumbers.is_valid_number(number)
    if number.country_code != 82 or not (is_mobile or is_safe_number):
        raise InvalidPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalize_postcode(text: str) -> str:
    """Five digits. Whether the postcode exists is asked by `queries.check_postcode`."""
    postcode = narrow(text)
    if not re.fullmatch(r"[0-9]{5}", postcode):
        raise InvalidPostcode
    return postcode


def _taxable(lines: Sequence[GoodsLine], shipping: Money) -> list[Money]:
    """The value of each line with its part of the freight, by value."""
    weights = [line.value.minor for line in lines]
    if not sum(weights):
        return [line.value for line in lines]
    parts = split(shipping.minor, weights)
    return [line.value + won(part) for line, part in zip(lines, parts, strict=True)]


def _assess_line(
    line: GoodsLine,
    taxable: Money,
    goods: Money,
    usd_krw: Decimal,
    book: RuleBook,
    *,
    free: bool,
    has_proof: bool,
) -> LandedLine:
    open_to = {BASE} | {
        agreement
        for agreement in AGREEMENTS
        if has_proof or _is_waived(agreement, goods, usd_krw, book)
    }
    reckoned, tariff = min(
        (
            (_duty(tariff, line, taxable), tariff)
            for tariff in book.tariffs_of(line.hs_code)
            if tariff.agreement in open_to
        ),
        key=lambda choice: (choice[0], choice[1].agreement != BASE),
    )
    duty = _cut(Decimal(0) if free else reckoned, book)
    vat_rate = Decimal(0) if free else book.figure("vat-percent") / 100
    return LandedLine(
        hs_code=line.hs_code,
        value=line.value,
        taxable=taxable,
        agreement=tariff.agreement,
        percent=tariff.percent,
        duty=duty,
        vat=_cut((taxable + duty).major * vat_rate, book),
    )


def _is_waived(agreement: str, goods: Money, usd_krw: Decimal, book: RuleBook) -> bool:
    below = book.figures.get(f"proof-waived-below-usd-{agreement}", Decimal(0))
    return goods.major < below * usd_krw


def _duty(tariff: Tariff, line: GoodsLine, taxable: Money) -> Decimal:
    by_value = taxable.major * tariff.percent / 100
    by_weight = Decimal(tariff.won_per_kg or 0) * line.weight_grams / 1000
    return max(by_value, by_weight)


def _cut(amount: Decimal, book: RuleBook) -> Money:
    step = book.figure("rounding-won")
    return won(int((amount / step).to_integral_value(ROUND_DOWN) * step))


def _agreements(lines: Sequence[LandedLine]) -> list[Applied]:
    used = dict.fromkeys((line.agreement, line.percent) for line in lines)
    return [
        Applied(
            "base-rate" if agreement == BASE else "agreement-rate",
            {"agreement": agreement, "percent": percent},
        )
        for agreement, percent in used
    ]


def _uncollected(line: LandedLine) -> LandedLine:
    return LandedLine(
        hs_code=line.hs_code,
        value=line.value,
        taxable=line.taxable,
        agreement=line.agreement,
        percent=line.percent,
        duty=won(0),
        vat=won(0),
    )


def _in_dollars(goods: Money, usd_krw: Decimal) -> Money:
    return Money.of(goods.major / usd_krw, "USD")
