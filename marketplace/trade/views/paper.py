"""A quotation on A4, the same for both sides."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from marketplace.cooperatives.queries import place_of
from marketplace.kernel.errors import NotFound
from marketplace.kernel.time import now
from marketplace.trade.models import Rfq
from marketplace.trade.views.thread import read_thread, village_share
from marketplace.web.locale import current_language


def show_paper(rfq: Rfq, number: str) -> ResponseReturnValue:
    """The offer `number` of `rfq`, also a replaced one. Raises NotFound."""
    thread = read_thread(rfq, current_language(), at=now())
    offer = thread.offer(number)
    if offer is None:
        raise NotFound
    accepted = offer.state == "accepted"
    return render_template(
        "trade/show_quotation.html",
        rfq=rfq,
        offer=offer,
        quotation=offer.quotation,
        thread=thread,
        place=place_of(rfq.cooperative),
        share=village_share(offer.quotation.total, offer.quotation.created_at),
        acceptance=thread.acceptance if accepted else None,
    )
