"""A year of the demo, and after it one entry of each kind that the demo does without."""

from __future__ import annotations

from marketplace.demo.loading import load_demo
from marketplace.kernel.db import transaction
from marketplace.kernel.money import won
from marketplace.kernel.time import now, today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.operations import post, reverse
from marketplace.ledger.queries import list_accounts
from marketplace.orders import postings as orders
from marketplace.orders.policies import Parts
from marketplace.reinvestment import postings as reinvestment
from tests.ledger.worked_postings import WORKED

KINDS = {
    *("sale", "stripe_fee", "release", "refund", "refund_failed"),
    *("unwanted_payment", "unwanted_payment_returned", "payout", "payout_settled"),
    *("pledge", "pledge_received", "allocation", "allocation_returned"),
    *("disbursement", "disbursement_settled", "reversal", "revaluation"),
    *("dispute_opened", "dispute_won", "dispute_lost", "dispute_borne"),
}
PARTS = Parts(cooperative=46_000, service=2_500, village_share=1_500, shipping=0, owed=54_280_000)
ORDER = "L-260418-7K4M2"


def live_through(orders_count: int) -> None:
    at = now()
    load_demo(at, orders=orders_count)
    with transaction():
        for entry in _rare_entries(at):
            post(entry)
        counted_twice = post(orders.stripe_fee(ORDER, "txn_2", won(900), occurred_at=at, at=at))
        reverse(
            counted_twice,
            occurred_at=at,
            effective_on=today_in_seoul(at),
            memo="Kim Jisu of jisu@example.com saw it twice",
        )


def _rare_entries(at) -> list[NewEntry]:
    both = {"occurred_at": at, "at": at}
    committed = next(row for row in list_accounts("funds:program") if row.natural.minor > 10)
    program = committed.account.path.split(":")[2]
    back = {"funds:village:programs": won(7)}
    return [
        orders.refund("R-1", ORDER, "gayo", PARTS, **both),
        orders.refund_after_release(
            "R-2", ORDER, "gayo", PARTS, from_funds={}, from_reserve=0, from_payable=0, **both
        ),
        orders.refund_failed("R-1", ORDER, won(50_000), at=at),
        orders.unwanted_payment(ORDER, 1, won(50_000), **both),
        orders.unwanted_payment_returned(ORDER, "R-3", won(50_000), at=at),
        reinvestment.allocation_returned(program, back, by=1, at=at),
        *[
            NewEntry(
                kind="payout",
                idem_key=f"worked:{number}",
                occurred_at=at,
                effective_on=today_in_seoul(at),
                memo=memo,
                lines=[Line(path, amount) for path, amount in lines],
            )
            for number, (memo, lines, _) in enumerate(WORKED)
        ],
    ]
