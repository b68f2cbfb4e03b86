from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.kernel.db import Model


class Province(Model):
    """One of 38; `code` is Kemendagri's (decree 300.2.2-2430/2025), `letters` are ours."""

    __tablename__ = "provinces"

    code: Mapped[str] = mapped_column(primary_key=True)
    letters: Mapped[str] = mapped_column(unique=True)
    name_id: Mapped[str]
    name_en: Mapped[str]
    name_ko: Mapped[str]
    iso: Mapped[str]
    island_group: Mapped[str]
    timezone: Mapped[str]
    population: Mapped[int]

    def name(self, lang: str) -> str:
        return {"ko": self.name_ko, "id": self.name_id}.get(lang, self.name_en)


class Regency(Model):
    """Kabupaten or kota; `code` is `PP.RR`."""

    __tablename__ = "regencies"

    code: Mapped[str] = mapped_column(primary_key=True)
    province_code: Mapped[str] = mapped_column(ForeignKey("provinces.code"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    province: Mapped[Province] = relationship(lazy="joined", innerjoin=True)


class District(Model):
    __tablename__ = "districts"

    code: Mapped[str] = mapped_column(primary_key=True)
    regency_code: Mapped[str] = mapped_column(ForeignKey("regencies.code"), index=True)
    name: Mapped[str]


class Village(Model):
    """Desa or kelurahan; `code` is `PP.RR.DD.VVVV`. Names repeat: show the district too."""

    __tablename__ = "villages"

    code: Mapped[str] = mapped_column(primary_key=True)
    district_code: Mapped[str] = mapped_column(ForeignKey("districts.code"), index=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(index=True)
    postcode: Mapped[str]


class HsCode(Model):
    """Harmonized System 2022: chapters (2 digits), headings (4), subheadings (6)."""

    __tablename__ = "hs_codes"

    code: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int]
    parent: Mapped[str | None]
    section: Mapped[str]
    description_en: Mapped[str]
    description_id: Mapped[str]

    def description(self, lang: str) -> str:
        return self.description_id if lang == "id" and self.description_id else self.description_en


class ExchangeRate(Model):
    """Units of `quote` for one `base` on `day`, with its source."""

    __tablename__ = "exchange_rates"

    day: Mapped[date] = mapped_column(primary_key=True)
    base: Mapped[str] = mapped_column(primary_key=True)
    quote: Mapped[str] = mapped_column(primary_key=True)
    rate: Mapped[Decimal]
    source: Mapped[str]


class Carrier(Model):
    """`tracking_url` holds `{number}`."""

    __tablename__ = "carriers"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    tracking_url: Mapped[str]


class KoreanPostcode(Model):
    __tablename__ = "korean_postcodes"

    postcode: Mapped[str] = mapped_column(primary_key=True)
    sigungu: Mapped[str] = mapped_column(primary_key=True)
    sido: Mapped[str]


class ImportedFile(Model):
    """What a data file was when it was last read, so that an unchanged one is not read again."""

    __tablename__ = "imported_files"

    name: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    row_count: Mapped[int]
