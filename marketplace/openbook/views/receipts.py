"""Checking a receipt: whoever has the code sees the amounts, and nobody's name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.bundles import find_bundle
from marketplace.kernel.ids import normalize_code
from marketplace.kernel.money import Money, won
from marketplace.ledger.policies import SHARE_FUNDS
from marketplace.ledger.queries import Entry, entry_number
from marketplace.openbook.queries import find_receipt
from marketplace.openbook.views.blueprint import bp, codes_limit
from marketplace.reinvestment.views.words import fund_name, look_of
from marketplace.statements.shown import shown_lines, shown_total
from marketplace.statements.wording import LOOKS, kind_name
from marketplace.web.access import public
from marketplace.web.formats import format_money
from marketplace.web.security import limiter


@bp.get("/receipts")
@public
@limiter.limit("30/minute")
def check_receipt() -> ResponseReturnValue:
    text = request.args.get("code", "")[:60]
    if code := normalize_code(text):
        return redirect(url_for(".show_receipt", code=code))
    is_wrong = "code" in request.args
    page = render_template(
        "openbook/check_receipt.html",
        typed=text.replace("\0", ""),
        is_unknown=False,
        is_wrong=is_wrong,
    )
    return (page, 422) if is_wrong else page


@bp.get("/r/<code>")
@public
@codes_limit
def show_receipt(code: str) -> ResponseReturnValue:
    written = normalize_code(code[:60])
    receipt = find_receipt(written) if written else None
    if receipt is None:
        unknown = render_template("openbook/check_receipt.html", typed=code[:60], is_unknown=True)
        return unknown, 404, {"Cache-Control": "private, no-store"}
    if written != code:
        return redirect(url_for(".show_receipt", code=written))
    page = make_response(
        render_template(
            "openbook/show_receipt.html",
            receipt=receipt,
            bundle=find_bundle(current_app.config["LUMBUNG"]) if receipt.places else None,
            released=IntoFunds([e for e in receipt.entries if e.kind == "release"]),
            kind_name=kind_name,
            looks=LOOKS,
            shown_lines=shown_lines,
            shown_total=shown_total,
            look_of=look_of,
            fund_name=fund_name,
            entry_number=entry_number,
        )
    )
    # A code is a key: the page is for whoever typed it, not for shared caches or search engines.
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    return page


@dataclass(frozen=True)
class IntoFunds:
    """What the releases of an order's parcels put into each fund, all parcels together."""

    entries: list[Entry]

    @property
    def total(self) -> Money:
        return sum(self._by_fund().values(), won(0))

    @property
    def last_day(self) -> date:
        return max(entry.effective_on for entry in self.entries)

    def rows(self) -> list[tuple[str, str]]:
        return [(fund_name(path), format_money(sum_)) for path, sum_ in self._by_fund().items()]

    def _by_fund(self) -> dict[str, Money]:
        sums: dict[str, Money] = {}
        for entry in self.entries:
            for line in entry.postings:
                if line.path in SHARE_FUNDS.values() and line.credit:
                    sums[line.path] = sums.get(line.path, won(0)) + line.credit
        return sums
