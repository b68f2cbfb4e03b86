"""Checking a receipt: whoever has the code sees the amounts, and nobody's name."""

from __future__ import annotations

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.kernel.ids import normalize_code
from marketplace.ledger.shown import shown_lines, shown_total
from marketplace.ledger.wording import LOOKS, kind_name
from marketplace.openbook.queries import Receipt, find_receipt
from marketplace.openbook.views.blueprint import bp
from marketplace.reinvestment.views.words import fund_name, look_of
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
    return render_template("openbook/check_receipt.html", typed=text, is_unknown=False)


@bp.get("/r/<code>")
@public
@limiter.limit("30/minute")
def show_receipt(code: str) -> ResponseReturnValue:
    written = normalize_code(code[:60])
    receipt = find_receipt(written) if written else None
    if receipt is None:
        return render_template("openbook/check_receipt.html", typed=code[:60], is_unknown=True), 404
    if written != code:
        return redirect(url_for(".show_receipt", code=written))
    page = make_response(
        render_template(
            "openbook/show_receipt.html",
            receipt=receipt,
            steps=_steps(receipt),
            kind_name=kind_name,
            looks=LOOKS,
            shown_lines=shown_lines,
            shown_total=shown_total,
            look_of=look_of,
            fund_name=fund_name,
        )
    )
    # A code is a key: the page is for whoever typed it, not for shared caches or search engines.
    page.headers["Cache-Control"] = "private, no-store"
    page.headers["X-Robots-Tag"] = "noindex"
    return page


def _steps(receipt: Receipt) -> list[dict[str, object]]:
    """Releases of the share into funds, as the ledger has them."""
    return [
        {
            "day": entry.effective_on,
            "number": entry.number,
            "rows": [
                (fund_name(line.path), format_money(line.credit))
                for line in entry.postings
                if line.path.startswith("funds:village:") and line.credit
            ],
        }
        for entry in receipt.entries
        if entry.kind == "release"
    ]
