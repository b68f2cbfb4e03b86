"""What disputes write into the ledger: one function per kind of entry, each a worked example.

Debit positive, credit negative. Rule: docs/worked-postings.csv, which the tests read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from marketplace.kernel.money import Money, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.policies import REFUND_RESERVE
from marketplace.orders.policies import Parts
from marketplace.orders.postings import (
    DEFERRED_FEE,
    PLATFORM_FEE,
    REFUND_COVER,
    SHARE_HELD,
    SHIPPING,
    SHIPPING_LOSS,
    STRIPE,
    TRADING,
    clawback_of,
    held_by,
    payable_to,
    share_given_back,
)

DISPUTES = "assets:disputes"
DISPUTE_FEE = "expenses:dispute-fee"
RECOVERED = "income:dispute-recovered"


def dispute_opened(
    order_number: str,
    dispute_id: str,
    amount: Money,
    fee: Money,
    *,
    at: datetime,
    occurred_at: datetime,
) -> NewEntry:
    """Stripe took the payment back and its fee: the payment is neither lost nor ours."""
    return _entry(
        "dispute_opened",
        dispute_id,
        f"Dispute of order {order_number} opened",
        [Line(DISPUTES, amount), Line(DISPUTE_FEE, fee), Line(STRIPE, -amount - fee)],
        order_number,
        occurred_at=occurred_at,
        at=at,
    )


def dispute_won(
    order_number: str, dispute_id: str, amount: Money, fee_back: Money, *, at: datetime
) -> NewEntry:
    """The payment is back, and of the fee what Stripe gave back."""
    return _entry(
        "dispute_won",
        dispute_id,
        f"Dispute of order {order_number} won",
        [Line(STRIPE, amount + fee_back), Line(DISPUTE_FEE, -fee_back), Line(DISPUTES, -amount)],
        order_number,
        at=at,
    )


def dispute_recovered(
    order_number: str, dispute_id: str, amount: Money, fee_back: Money, *, at: datetime
) -> NewEntry:
    """What was lost and borne already came back after all."""
    return _entry(
        "dispute_recovered",
        dispute_id,
        f"Dispute of order {order_number} won after it was lost",
        [Line(STRIPE, amount + fee_back), Line(DISPUTE_FEE, -fee_back), Line(RECOVERED, -amount)],
        order_number,
        at=at,
    )


def dispute_lost(
    order_number: str,
    dispute_id: str,
    parcel_number: str,
    slug: str,
    parts: Parts,
    *,
    freight: str = SHIPPING,
    at: datetime,
) -> NewEntry:
    """Lost while the money was held: every share gives its part, as with a refund."""
    return _entry(
        "dispute_lost",
        f"{dispute_id}:{parcel_number}",
        f"Dispute of parcel {parcel_number} lost",
        [
            Line(DISPUTES, -won(parts.total)),
            Line(TRADING, won(parts.cooperative)),
            Line(DEFERRED_FEE, won(parts.service)),
            Line(SHARE_HELD, won(parts.village_share)),
            Line(freight, won(parts.shipping)),
            Line(TRADING, -_idr(parts.owed)),
            Line(held_by(slug), _idr(parts.owed)),
        ],
        order_number,
        at=at,
    )


def dispute_borne(
    order_number: str,
    dispute_id: str,
    parcel_number: str,
    parts: Parts,
    *,
    from_reserve: int,
    by: int,
    at: datetime,
) -> NewEntry:
    """Lost after the release, and not the cooperative's fault: the reserve bears the goods.

    Nobody is asked to give back: what the reserve lacks, and freight, is ours.
    """
    return _entry(
        "dispute_borne",
        f"{dispute_id}:{parcel_number}",
        f"Lost dispute of parcel {parcel_number} borne by the reserve",
        [
            Line(DISPUTES, -won(parts.total)),
            Line(REFUND_RESERVE, won(from_reserve)),
            Line(REFUND_COVER, won(parts.goods - from_reserve)),
            Line(SHIPPING_LOSS, won(parts.shipping)),
        ],
        order_number,
        by=by,
        at=at,
    )


def dispute_charged(
    order_number: str,
    dispute_id: str,
    parcel_number: str,
    slug: str,
    parts: Parts,
    *,
    from_funds: Mapping[str, int],
    from_reserve: int,
    from_payable: int,
    by: int,
    at: datetime,
) -> NewEntry:
    """Lost after the release by the cooperative's fault: it gives its part back.

    From what was not paid out yet (`from_payable`, rupiah), and the rest it owes us. The other
    shares give theirs as in a refund after the release; freight is lost.
    """
    return _entry(
        "dispute_charged",
        f"{dispute_id}:{parcel_number}",
        f"Lost dispute of parcel {parcel_number} charged to the cooperative",
        [
            Line(DISPUTES, -won(parts.total)),
            Line(TRADING, won(parts.cooperative)),
            Line(PLATFORM_FEE, won(parts.service)),
            *share_given_back(parts.village_share, from_funds, from_reserve),
            Line(SHIPPING_LOSS, won(parts.shipping)),
            Line(TRADING, -_idr(parts.owed)),
            Line(payable_to(slug), _idr(from_payable)),
            Line(clawback_of(slug), _idr(parts.owed - from_payable)),
        ],
        order_number,
        by=by,
        at=at,
    )


def dispute_uncovered(
    order_number: str, dispute_id: str, amount: Money, *, at: datetime
) -> NewEntry:
    """More was lost than the order's parts still hold, as after a refund: that is ours to bear."""
    return _entry(
        "dispute_uncovered",
        dispute_id,
        f"Rest of the lost dispute of order {order_number} borne by us",
        [Line(DISPUTES, -amount), Line(REFUND_COVER, amount)],
        order_number,
        at=at,
    )


def _idr(minor: int) -> Money:
    return Money(minor, "IDR")


def _entry(
    kind: str,
    about: str,
    memo: str,
    lines: list[Line],
    order_number: str,
    *,
    at: datetime,
    occurred_at: datetime | None = None,
    by: int | None = None,
) -> NewEntry:
    """The draft, without lines of zero. It counts for the day it is posted."""
    return NewEntry(
        kind=kind,
        idem_key=f"{kind}:{about}",
        occurred_at=occurred_at or at,
        effective_on=today_in_seoul(at),
        memo=memo,
        lines=[line for line in lines if line.amount],
        ref_kind="order",
        ref_id=order_number,
        proposed_by=by,
    )
