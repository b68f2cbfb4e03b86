"""What orders write into the ledger: one function per kind of entry, each a worked example.

Debit positive, credit negative. Rule: docs/worked-postings.csv, which the tests read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from marketplace.kernel.money import Money, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.policies import REFUND_RESERVE, SHARE_FUNDS
from marketplace.orders.policies import Parts

STRIPE = "assets:stripe"
TRADING = "equity:trading:idr-krw"
SHIPPING = "liabilities:shipping"
DEFERRED_FEE = "liabilities:deferred-fee"
TO_BUYERS = "liabilities:buyers"
SHARE_HELD = "funds:village:held"
PLATFORM_FEE = "income:platform-fee"
STRIPE_FEE = "expenses:stripe-fee"
REFUND_COVER = "expenses:refund-cover"
SHIPPING_LOSS = "expenses:shipping-loss"


def held_by(slug: str) -> str:
    return f"liabilities:coop:{slug}:held"


def payable_to(slug: str) -> str:
    return f"liabilities:coop:{slug}:payable"


def clawback_of(slug: str) -> str:
    return f"assets:coop:{slug}:clawback"


def is_owed_by_parcel(path: str) -> bool:
    """Whether an account's balance is the sum of what parcels brought a cooperative."""
    return path.startswith(("liabilities:coop:", "assets:coop:"))


def sale(
    order_number: str,
    parcels: Sequence[tuple[str, Parts]],
    *,
    policy_id: int | None,
    occurred_at: datetime,
    at: datetime,
) -> NewEntry:
    """The buyer has paid: every part is held, the cooperative's in rupiah at the locked rate.

    `parcels` are pairs of a cooperative's slug and its parts.
    """
    whole = sum((parts for _, parts in parcels), Parts(0, 0, 0, 0, 0))
    return _entry(
        "sale",
        f"order_paid:{order_number}",
        f"Order {order_number} paid",
        [
            Line(STRIPE, won(whole.total)),
            Line(TRADING, -won(whole.cooperative)),
            Line(DEFERRED_FEE, -won(whole.service)),
            Line(SHARE_HELD, -won(whole.village_share)),
            Line(SHIPPING, -won(whole.shipping)),
            Line(TRADING, _idr(whole.owed)),
            *[Line(held_by(slug), -_idr(parts.owed)) for slug, parts in parcels],
        ],
        order_number,
        policy_id=policy_id,
        occurred_at=occurred_at,
        at=at,
    )


def stripe_fee(
    order_number: str, transaction_id: str, fee: Money, *, occurred_at: datetime, at: datetime
) -> NewEntry:
    """Stripe kept `fee` of a payment; it is ours to bear, never the cooperative's."""
    return _entry(
        "stripe_fee",
        f"stripe_fee:{transaction_id}",
        f"Stripe's fee for order {order_number}",
        [Line(STRIPE_FEE, fee), Line(STRIPE, -fee)],
        order_number,
        occurred_at=occurred_at,
        at=at,
    )


def release(
    parcel_number: str,
    order_number: str,
    slug: str,
    left: Parts,
    shares: Mapping[str, int],
    *,
    policy_id: int | None,
    at: datetime,
) -> NewEntry:
    """The parcel arrived and its window passed: what is `left` may be paid out and allocated."""
    return _entry(
        "release",
        f"release:{parcel_number}",
        f"Parcel {parcel_number} released",
        [
            Line(held_by(slug), _idr(left.owed)),
            Line(payable_to(slug), -_idr(left.owed)),
            Line(DEFERRED_FEE, won(left.service)),
            Line(PLATFORM_FEE, -won(left.service)),
            Line(SHARE_HELD, won(left.village_share)),
            *[Line(SHARE_FUNDS[name], -won(amount)) for name, amount in shares.items()],
        ],
        order_number,
        policy_id=policy_id,
        occurred_at=at,
        at=at,
    )


def refund(
    refund_number: str,
    order_number: str,
    slug: str,
    parts: Parts,
    *,
    freight: str = SHIPPING,
    occurred_at: datetime,
    at: datetime,
) -> NewEntry:
    """Money went back before the release: every share gives its part.

    `freight` is what gives freight back: SHIPPING_LOSS once the carrier was paid.
    """
    return _entry(
        "refund",
        f"refund:{refund_number}",
        f"Refund {refund_number} of order {order_number}",
        [
            Line(STRIPE, -won(parts.total)),
            Line(TRADING, won(parts.cooperative)),
            Line(DEFERRED_FEE, won(parts.service)),
            Line(SHARE_HELD, won(parts.village_share)),
            Line(freight, won(parts.shipping)),
            Line(TRADING, -_idr(parts.owed)),
            Line(held_by(slug), _idr(parts.owed)),
        ],
        order_number,
        occurred_at=occurred_at,
        at=at,
    )


def refund_after_release(
    refund_number: str,
    order_number: str,
    slug: str,
    parts: Parts,
    *,
    from_funds: Mapping[str, int],
    from_reserve: int,
    from_payable: int,
    freight: str = SHIPPING,
    occurred_at: datetime,
    at: datetime,
) -> NewEntry:
    """Money went back after the release; programs keep what they were given.

    `from_funds` (path to won) is what of the order's own share lies unspent in its funds, its part
    of the reserve among them; then the reserve gives `from_reserve`, and we bear what it lacks.
    `from_payable` (rupiah) is what was not paid out yet; the rest the cooperative owes us.
    `freight` is as with `refund`.
    """
    return _entry(
        "refund",
        f"refund:{refund_number}",
        f"Refund {refund_number} of order {order_number}, after release",
        [
            Line(STRIPE, -won(parts.total)),
            Line(TRADING, won(parts.cooperative)),
            Line(PLATFORM_FEE, won(parts.service)),
            *share_given_back(parts.village_share, from_funds, from_reserve),
            Line(freight, won(parts.shipping)),
            Line(TRADING, -_idr(parts.owed)),
            Line(payable_to(slug), _idr(from_payable)),
            Line(clawback_of(slug), _idr(parts.owed - from_payable)),
        ],
        order_number,
        occurred_at=occurred_at,
        at=at,
    )


def share_given_back(share: int, from_funds: Mapping[str, int], from_reserve: int) -> list[Line]:
    """Who gives a released share of `share` won back: its funds, the reserve, and we the rest."""
    own = from_funds.get(REFUND_RESERVE, 0)
    funds = {**from_funds, REFUND_RESERVE: own + from_reserve}
    covered = share - sum(funds.values())
    return [
        *[Line(path, won(amount)) for path, amount in funds.items()],
        Line(REFUND_COVER, won(covered)),
    ]


def refund_failed(
    refund_number: str, order_number: str, amount: Money, *, at: datetime
) -> NewEntry:
    """The bank sent a refund back to us: it is still owed to the buyer, by another way."""
    return _entry(
        "refund_failed",
        f"refund_failed:{refund_number}",
        f"Refund {refund_number} of order {order_number} came back",
        [Line(STRIPE, amount), Line(TO_BUYERS, -amount)],
        order_number,
        occurred_at=at,
        at=at,
    )


def unwanted_payment(
    order_number: str, payment_id: int, amount: Money, *, occurred_at: datetime, at: datetime
) -> NewEntry:
    """A payment came that the order does not need: it is owed back to the buyer at once."""
    return _entry(
        "unwanted_payment",
        f"unwanted_payment:{payment_id}",
        f"Second or late payment of order {order_number}",
        [Line(STRIPE, amount), Line(TO_BUYERS, -amount)],
        order_number,
        occurred_at=occurred_at,
        at=at,
    )


def unwanted_payment_returned(
    order_number: str, refund_reference: str, amount: Money, *, at: datetime
) -> NewEntry:
    return _entry(
        "unwanted_payment_returned",
        f"refund:{refund_reference}",
        f"Second or late payment of order {order_number} returned",
        [Line(TO_BUYERS, amount), Line(STRIPE, -amount)],
        order_number,
        occurred_at=at,
        at=at,
    )


def _idr(minor: int) -> Money:
    return Money(minor, "IDR")


def _entry(
    kind: str,
    idem_key: str,
    memo: str,
    lines: list[Line],
    order_number: str,
    *,
    occurred_at: datetime,
    at: datetime,
    policy_id: int | None = None,
) -> NewEntry:
    """The draft, without lines of zero. It counts for the day it is posted."""
    return NewEntry(
        kind=kind,
        idem_key=idem_key,
        occurred_at=occurred_at,
        effective_on=today_in_seoul(at),
        memo=memo,
        lines=[line for line in lines if line.amount],
        ref_kind="order",
        ref_id=order_number,
        policy_id=policy_id,
    )
