"""Lines of bank statements that settle payouts to cooperatives."""

from __future__ import annotations

from datetime import datetime

import structlog

from marketplace.kernel.money import won
from marketplace.orders.errors import PaidImplausible, SettledOutOfTime
from marketplace.orders.operations.payout_answers import settle_payout
from marketplace.orders.payout_postings import BANK
from marketplace.orders.queries.payouts import list_on_the_way
from marketplace.payments.hooks import names
from marketplace.payments.models import BankLine

log = structlog.get_logger()


def settle_payout_by(line: BankLine, by: int, at: datetime) -> bool:
    """Settle the payout that the bank's words name; a fee is a line of its own then.

    A line that cannot be right is left for a person.
    """
    if line.path != BANK or line.currency != "KRW" or line.minor >= 0:
        return False
    payout = next((one for one in list_on_the_way() if names(line, one.number)), None)
    if payout is None:
        return False
    reference = line.reference or payout.number
    try:
        settle_payout(
            payout,
            paid=won(-line.minor),
            fee=won(0),
            on=line.on,
            reference=reference,
            by=by,
            at=at,
        )
    except (PaidImplausible, SettledOutOfTime) as error:
        log.warning("line does not settle", payout=payout.number, reason=str(error))
        return False
    return True
