from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import aliased

from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.rows import run
from marketplace.reference.errors import RateMissing, RateTooOld
from marketplace.reference.memory import Memory
from marketplace.reference.models import (
    Carrier,
    District,
    ExchangeRate,
    HsCode,
    KoreanPostcode,
    Province,
    Regency,
    Village,
)

OF_AN_ORDER = (("KRW", "IDR"), ("USD", "KRW"))
_oldest_days = [7]

_POSTCODE = select(KoreanPostcode.postcode).where(KoreanPostcode.postcode == bindparam("digits"))

rates: Memory[tuple[Decimal, date] | None] = Memory()


def allow_rates_of(days: int) -> None:
    """Accept rates up to `days` calendar days old from now on. Called once at start."""
    _oldest_days[0] = days


def rate_on(
    base: str, quote: str, day: date, *, oldest_days: int | None = None
) -> tuple[Decimal, date]:
    """Units of `quote` for one `base`, and the day they were fixed: the newest at or before `day`.

    Raises RateMissing; RateTooOld when it is more than `oldest_days` calendar days older (without
    a number: what the configuration allows).
    """
    found = rates.recall((base, quote, day), lambda: _newest_rate(base, quote, day))
    if found is None:
        raise RateMissing(base=base, quote=quote)
    rate, fixed_on = found
    if (day - fixed_on).days > (_oldest_days[0] if oldest_days is None else oldest_days):
        raise RateTooOld(base=base, quote=quote, day=fixed_on)
    return rate, fixed_on


@dataclass(frozen=True, slots=True)
class RatesInUse:
    """The day of the newest rates, and the last one on which orders are taken with them."""

    fixed_on: date
    last_day: date


def find_rates_in_use(day: date) -> RatesInUse | None:
    """The rates that an order of `day` needs; None where one of them was never read."""
    found = [rates.recall((*pair, day), partial(_newest_rate, *pair, day)) for pair in OF_AN_ORDER]
    days = [rate[1] for rate in found if rate is not None]
    if len(days) < len(OF_AN_ORDER):
        return None
    return RatesInUse(min(days), min(days) + timedelta(days=_oldest_days[0]))


def _newest_rate(base: str, quote: str, day: date) -> tuple[Decimal, date] | None:
    row = db.session.execute(
        select(ExchangeRate.rate, ExchangeRate.day)
        .where(ExchangeRate.base == base, ExchangeRate.quote == quote, ExchangeRate.day <= day)
        .order_by(ExchangeRate.day.desc())
        .limit(1)
    ).first()
    return (row.rate, row.day) if row else None


def find_rate_row(base: str, quote: str, day: date) -> ExchangeRate | None:
    """The rate of exactly `day`, with its source."""
    return db.session.get(ExchangeRate, {"day": day, "base": base, "quote": quote})


def list_provinces() -> Sequence[Province]:
    return db.session.scalars(select(Province).order_by(Province.code)).all()


def get_province(code: str) -> Province:
    province = db.session.get(Province, code)
    if province is None:
        raise NotFound
    return province


def find_province(letters: str) -> Province | None:
    """By the two letters seen in addresses and on the map: `JB`."""
    return db.session.scalar(select(Province).where(Province.letters == letters.upper()))


def list_regencies(province: str | None = None) -> Sequence[Regency]:
    """Regencies in the order of their codes, of one province (by its code) or of all."""
    statement = select(Regency).order_by(Regency.code)
    if province is not None:
        statement = statement.where(Regency.province_code == province)
    return db.session.scalars(statement).all()


def find_regency(code: str) -> Regency | None:
    return db.session.get(Regency, code)


def find_district(code: str) -> District | None:
    return db.session.get(District, code)


def list_villages(regency_code: str) -> Sequence[Village]:
    """Villages of a regency by name; names repeat between districts."""
    return db.session.scalars(
        select(Village)
        .join(District, District.code == Village.district_code)
        .where(District.regency_code == regency_code)
        .order_by(Village.name, Village.code)
    ).all()


def find_village(code: str) -> Village | None:
    return db.session.get(Village, code)


def digits_of(text: str) -> str:
    return "".join(sign for sign in text if sign.isascii() and sign.isdigit())


def find_hs_code(code: str) -> HsCode | None:
    """By two, four or six digits, dots and spaces ignored."""
    return db.session.get(HsCode, digits_of(code))


def list_hs_codes(codes: Collection[str]) -> Sequence[HsCode]:
    """These codes, in their order; unknown ones are left out."""
    return db.session.scalars(
        select(HsCode).where(HsCode.code.in_(codes)).order_by(HsCode.code)
    ).all()


def list_namesakes(codes: Collection[str]) -> set[str]:
    """Those of the codes whose Indonesian text another code of their heading bears as well.

    The tariff book says the difference in a line between the two, which our file does not have.
    """
    twin = aliased(HsCode)
    return set(
        db.session.scalars(
            select(HsCode.code)
            .join(
                twin,
                and_(
                    twin.parent == HsCode.parent,
                    twin.level == HsCode.level,
                    twin.description_id == HsCode.description_id,
                    twin.code != HsCode.code,
                ),
            )
            .where(HsCode.code.in_(codes), HsCode.description_id != "")
        )
    )


def list_chapters() -> Sequence[HsCode]:
    return db.session.scalars(select(HsCode).where(HsCode.level == 2).order_by(HsCode.code)).all()


def list_carriers() -> Sequence[Carrier]:
    return db.session.scalars(select(Carrier).order_by(Carrier.name)).all()


def find_carrier(code: str) -> Carrier | None:
    return db.session.get(Carrier, code)


def is_korean_postcode(postcode: str) -> bool:
    return run(_POSTCODE, {"digits": postcode}).first() is not None
