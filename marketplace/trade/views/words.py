"""Codes of trade in the reader's words."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask
from flask_babel import gettext as _

from marketplace.catalog.models import Certificate
from marketplace.trade.errors import BelowMinimum
from marketplace.web.formats import ZONES, format_day, format_number
from marketplace.web.locale import current_language

LEGAL_FORMS = frozenset({"koperasi", "ksu", "kud", "kopwan", "pt", "cv", "co", "ltd", "inc"})


def unit_name(unit: str) -> str:
    """kg, pieces, sets …, to stand behind a number."""
    names: dict[str, str] = {
        "kg": "kg",
        "piece": _("pieces"),
        "set": _("sets"),
        "pair": _("pairs"),
        "meter": _("meters"),
    }
    return names.get(unit, unit)


def unit_one(unit: str) -> str:
    """kg, piece, set …, to stand behind "per"."""
    names: dict[str, str] = {
        "kg": "kg",
        "piece": _("piece"),
        "set": _("set"),
        "pair": _("pair"),
        "meter": _("meter"),
    }
    return names.get(unit, unit)


def day_of(moment: datetime) -> str:
    """The day of `moment` where the reader is."""
    return format_day(moment.astimezone(ZONES[current_language()]).date())


def seal_text(name: str) -> str:
    """What fits a seal: the last two words of a name, without its legal form; or the initials."""
    words = [word for word in name.split() if word.lower().strip(".,") not in LEGAL_FORMS]
    short = " ".join(words[-2:]).upper()
    return short if len(short) <= 16 else "".join(word[0] for word in words[:8]).upper()


def explain_minimum(error: BelowMinimum) -> str:
    """The refusal with its number and unit as the reader writes them."""
    moq, unit = error.facts["moq"], error.facts["unit"]
    assert isinstance(moq, int)
    return str(
        _(
            "The minimum order is %(moq)s %(unit)s.",
            moq=format_number(moq),
            unit=unit_name(str(unit)),
        )
    )


def hs_dots(code: str) -> str:
    """0901.11"""
    return f"{code[:4]}.{code[4:]}" if len(code) > 4 else code


def certificate_state(certificate: Certificate, today: date) -> tuple[str, str]:
    """The state in one word, and its kind for the badge."""
    if certificate.valid_until is not None and certificate.valid_until < today:
        return _("lapsed"), "bad"
    if certificate.checked_on is None:
        return _("waiting for a check"), "wait"
    return _("checked"), "ok"


def set_up_words(app: Flask) -> None:
    """Offer them to templates as filters."""
    app.jinja_env.filters |= {
        "unit_name": unit_name,
        "unit_one": unit_one,
        "day_of": day_of,
        "seal_text": seal_text,
        "hs_dots": hs_dots,
    }
