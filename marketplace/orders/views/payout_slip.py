"""A payout on A4, for its cooperative."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from marketplace.cooperatives.access import member
from marketplace.cooperatives.models import Cooperative
from marketplace.cooperatives.policies import BANKS
from marketplace.cooperatives.queries import place_of
from marketplace.orders.queries.payouts import get_payout_of, sources_of
from marketplace.orders.views import payout_words as words
from marketplace.orders.views.desk import bp


@bp.get("/payouts/<number>")
@member("payouts.view")
def show_payout(cooperative: Cooperative, number: str) -> ResponseReturnValue:
    payout = get_payout_of(cooperative, number)
    return render_template(
        "orders/payout_slip.html",
        cooperative=cooperative,
        place=place_of(cooperative),
        payout=payout,
        bank=BANKS[payout.bank_code or ""],
        sources=sources_of([payout.netting_entry_id, payout.entry_id]),
        words=words,
    )
