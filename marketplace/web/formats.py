"""How amounts, numbers, dates and instants are written for the reader (DESIGN §5)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask

from marketplace.kernel.money import MINOR_DIGITS, Money
from marketplace.kernel.time import JAKARTA, SEOUL, today_in_seoul
from marketplace.web.locale import current_language

ZONES = {"ko": SEOUL, "en": SEOUL, "id": JAKARTA}
MINUS = "−"


def format_number(value: int | Decimal, digits: int | None = None) -> str:
    """Digits grouped as the reader's language does; the minus is U+2212."""
    if not digits and value == int(value):
        return _format_whole(int(value))
    pattern = "#,##0" if digits == 0 else f"#,##0.{'0' * digits}" if digits else "#,##0.###"
    text = format_decimal(abs(Decimal(value)), format=pattern, locale=current_language())
    return f"{MINUS}{text}" if value < 0 else text


def _format_whole(value: int) -> str:
    """The same digits as Babel writes, thirty times as fast: lists hold hundreds of them."""
    text = f"{abs(value):,}"
    if current_language() == "id":
        text = text.replace(",", ".")
    return f"{MINUS}{text}" if value < 0 else text


def format_amount(money: Money) -> str:
    """The bare figure; rupiah without sen unless there are some."""
    digits = MINOR_DIGITS[money.currency]
    if money.currency == "IDR" and money.minor % 100 == 0:
        digits = 0
    return format_number(money.major, digits)


def format_money(money: Money) -> str:
    """The figure with its currency: 24,900원, ₩24,900, Rp 185.000, USD 17,976.00."""
    figure = format_amount(money)
    if money.currency == "KRW":
        if current_language() == "ko":
            return f"{figure}원"
        sign = MINUS if figure.startswith(MINUS) else ""
        return f"{sign}₩{figure.removeprefix(MINUS)}"
    if money.currency == "IDR":
        return f"Rp\u00a0{figure}"
    return f"{money.currency}\u00a0{figure}"


def format_seoul_day(at: datetime) -> str:
    """The accounting day of an instant: the books are kept in Korean time."""
    return format_day(today_in_seoul(at))


def format_day(value: date) -> str:
    """2026년 4월 18일, 18 April 2026, 18 Apr 2026."""
    pattern = {"ko": "y년 M월 d일", "id": "d MMMM y", "en": "d MMM y"}[current_language()]
    return format_date(value, pattern, locale=current_language())


def format_moment(value: datetime, zone: ZoneInfo | None = None) -> str:
    """Day and time in the reader's zone, named: 4월 18일 10:42 KST, 18 Apr 2026 10:42 KST."""
    lang = current_language()
    zone = zone or ZONES[lang]
    name = {SEOUL: "KST", JAKARTA: "WIB"}.get(zone, "")
    pattern = {"ko": "y년 M월 d일 HH:mm", "id": "d MMM y HH.mm", "en": "d MMM y HH:mm"}[lang]
    return f"{format_datetime(value.astimezone(zone), pattern, locale=lang)} {name}".strip()


def day_of(value: datetime) -> date:
    """The day that `format_moment` shows: of the reader's zone."""
    return value.astimezone(ZONES[current_language()]).date()


def format_weight(grams: int) -> str:
    """200 g, 1.2 kg."""
    if grams < 1000:
        return f"{format_number(grams)} g"
    return f"{format_number(Decimal(grams) / 1000)} kg"


def set_up_formats(app: Flask) -> None:
    """Offer the formats to templates as filters."""
    app.jinja_env.filters |= {
        "money": format_money,
        "amount": format_amount,
        "number": format_number,
        "day": format_day,
        "moment": format_moment,
        "seoul_day": format_seoul_day,
        "weight": format_weight,
    }
