"""What the rules of an estimate say, in the reader's language."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import gettext as _

from marketplace.customs.policies import Applied, LandedCost, OrderLandedCost
from marketplace.kernel.money import Money
from marketplace.web.formats import format_money, format_number


def sentence(rule: Applied) -> str:
    """One applied rule as a sentence."""
    facts = {name: _fact(value) for name, value in rule.facts.items()}
    sentences = {
        "within-limit": _(
            "Goods for your own use up to USD %(limit)s a parcel are free of duty and tax.",
            limit=facts.get("limit"),
        ),
        "above-limit": _(
            "Goods above USD %(limit)s: duty and tax are due on goods and freight.",
            limit=facts.get("limit"),
        ),
        "agreement-rate": _(
            "Duty %(percent)s%% under the trade agreement %(agreement)s.",
            percent=facts.get("percent"),
            agreement=facts.get("agreement"),
        ),
        "base-rate": _("Duty %(percent)s%%, the base rate.", percent=facts.get("percent")),
        "too-small-to-collect": _(
            "Duty and tax below %(smallest)s are not collected.", smallest=facts.get("smallest")
        ),
    }
    return str(sentences[rule.key])


def explain_landed(cost: LandedCost) -> str:
    """The rules of one parcel, and that it is an estimate."""
    return " ".join(
        [
            *(sentence(rule) for rule in cost.rules),
            _("This is an estimate; customs decides when the parcel arrives."),
        ]
    )


def landed_rows(cost: LandedCost | OrderLandedCost) -> list[tuple[str, str]]:
    """Rows for the component `landed`."""
    return [
        (_("Goods"), format_money(cost.goods)),
        (_("Freight to Korea"), format_money(cost.shipping)),
        (_("Duty"), format_money(cost.duty)),
        (_("Value-added tax"), format_money(cost.vat)),
    ]


def _fact(value: object) -> object:
    if isinstance(value, Money):
        return format_money(value)
    return format_number(value) if isinstance(value, Decimal) else value
