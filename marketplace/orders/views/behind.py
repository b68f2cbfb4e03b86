"""Whose money a payout is, beside its entries and the lines of the bank."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from marketplace.ledger.queries import Entry
from marketplace.orders.queries.payouts import get_payout, sources_of


def show_payout_behind(entry: Entry) -> Markup | str:
    """The payout of an entry and the parcels that it pays; nothing for other entries."""
    if entry.ref_kind != "payout" or entry.ref_id is None:
        return ""
    payout = get_payout(entry.ref_id)
    return Markup(  # noqa: S704 – the template escapes
        render_template(
            "orders/_payout_behind.html",
            payout=payout,
            sources=sources_of([payout.entry_id, payout.netting_entry_id]),
        )
    )
