from __future__ import annotations

from flask import jsonify, url_for
from flask.typing import ResponseReturnValue

from marketplace.api.views.blueprint import bp
from marketplace.api.views.shapes import Shape, entry, instant, money, payment, place, seal
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.ids import normalize_code
from marketplace.kernel.money import Money
from marketplace.kernel.time import today_in_seoul
from marketplace.openbook.queries import Receipt, find_receipt
from marketplace.openbook.views.blueprint import codes_limit
from marketplace.reinvestment.models import Program
from marketplace.web.access import public


class ReceiptMissing(NotFound):
    message = N_("We do not know this code")


@bp.get("/receipt/<code>")
@public
@codes_limit
def show_receipt(code: str) -> ResponseReturnValue:
    written = normalize_code(code[:60])
    receipt = find_receipt(written) if written else None
    if receipt is None:
        raise ReceiptMissing
    proof = url_for("ledger_files.download_proof", code=receipt.code, _external=True)
    answer = jsonify(
        placed_on=today_in_seoul(receipt.placed_at).isoformat(),
        paid_on=today_in_seoul(receipt.paid_at).isoformat(),
        paid=money(receipt.paid),
        refunded=money(receipt.refunded),
        lost=money(receipt.lost),
        in_dispute=money(receipt.in_dispute),
        recovered=money(receipt.recovered),
        borne={
            "reserve": money(receipt.borne_by_reserve),
            "market": money(receipt.borne_by_market),
        },
        cooperatives=money(receipt.cooperatives),
        service=money(receipt.service),
        share=money(receipt.share),
        shipping=money(receipt.shipping),
        held=money(receipt.trace.held),
        held_until=instant(receipt.waiting.until),
        funds=[
            {
                "fund": fund.fund,
                "amount": money(fund.amount),
                "used": money(fund.used),
                "free": money(fund.free),
            }
            for fund in receipt.trace.funds
        ],
        programs=[_program(receipt, *row) for row in receipt.trace.by_program()],
        entries=[
            entry(row) | {"seal": place(receipt.places.get(row.id))} for row in receipt.entries
        ],
        seal=receipt.seal and seal(receipt.seal),
        proof=proof if receipt.places else None,
    )
    # A code is a key, as on the receipt's page.
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _program(receipt: Receipt, program: Program, amount: Money) -> Shape:
    """What a program has of this order, and the payments that it went into."""
    return {
        "number": program.number,
        "slug": program.slug,
        "amount": money(amount),
        "payments": [
            payment(part.disbursement, receipt.evidence.get(part.disbursement.id, ()))
            | {"amount": money(part.amount)}
            for part in receipt.paid_parts(program)
        ],
    }
