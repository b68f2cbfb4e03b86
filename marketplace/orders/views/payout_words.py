"""Payouts in the reader's words."""

from __future__ import annotations

from flask_babel import gettext as _

from marketplace.kernel.money import Money
from marketplace.orders.models import PayoutBatch, PayoutState
from marketplace.orders.queries.candidates import Candidate, Hindrance
from marketplace.web.formats import format_money

LOOKS = {
    PayoutState.WAITING: "wait",
    PayoutState.CANCELED: "plain",
    PayoutState.SENT: "wait",
    PayoutState.SETTLED: "ok",
    PayoutState.REJECTED: "bad",
}


def state_name(state: PayoutState) -> str:
    names: dict[PayoutState, str] = {
        PayoutState.WAITING: _("waits for a signature"),
        PayoutState.CANCELED: _("canceled"),
        PayoutState.SENT: _("on its way"),
        PayoutState.SETTLED: _("in the bank account"),
        PayoutState.REJECTED: _("came back from the bank"),
    }
    return names[state]


def batch_state(batch: PayoutBatch) -> tuple[str, str]:
    """How far a batch is, and the look of its badge."""
    if batch.canceled_by is not None:
        return _("canceled"), "plain"
    if batch.released_by is None:
        return _("waits for a signature"), "wait"
    if any(payout.state is PayoutState.SENT for payout in batch.payouts):
        return _("on its way"), "wait"
    if any(payout.state is PayoutState.REJECTED for payout in batch.payouts):
        return _("done, some came back"), "bad"
    return _("in the bank accounts"), "ok"


def hindrance_of(row: Candidate, minimum: Money) -> tuple[str, str]:
    """Why a cooperative cannot be paid now, and what to do about it."""
    words: dict[Hindrance | None, tuple[str, str]] = {
        Hindrance.NO_ACCOUNT: (
            _("It has no bank account here."),
            _("Ask for a copy of its bank book and enter the account."),
        ),
        Hindrance.UNCHECKED: (
            _("Nobody has checked its bank account."),
            _("A colleague of whoever entered it types the number again from the bank book."),
        ),
        Hindrance.OWES_US: (
            _("It owes us more than it is owed."),
            _("Nothing to do: its next sales pay this back first."),
        ),
        Hindrance.BELOW_MINIMUM: (
            _("It is less than %(amount)s.", amount=format_money(minimum)),
            _("Nothing to do: it is paid together with the next sales."),
        ),
        Hindrance.WAITING: (
            _("It is in a batch that waits for a signature."),
            _("Sign or cancel that batch first."),
        ),
    }
    return words[row.hindrance]
