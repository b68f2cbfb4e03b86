from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from marketplace.customs.queries import get_rule_book
from marketplace.kernel.money import Money
from marketplace.kernel.time import now, today_in_seoul
from marketplace.orders.policies import ARRIVES_WITHIN, REMINDED_BEFORE, RETURN_WITHIN, SHIP_WITHIN
from marketplace.orders.views.blueprint import bp
from marketplace.web.access import public


@bp.get("/guide")
@public
def show_guide() -> ResponseReturnValue:
    """How buying works: prices, parcels, customs, cancellations and returns."""
    limit = get_rule_book(today_in_seoul(now())).figures.get("duty-free-limit-usd")
    return render_template(
        "orders/guide.html",
        limit=None if limit is None else Money.of(limit, "USD"),
        ship_within=SHIP_WITHIN.days,
        return_within=RETURN_WITHIN.days,
        arrives_within=ARRIVES_WITHIN.days,
        reminded_before=REMINDED_BEFORE.days,
    )
