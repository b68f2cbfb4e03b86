"""What the seal adds to the audit of the books: the heads, and the copy that the public reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zipfile import BadZipFile, ZipFile

from flask import current_app

from marketplace.bundles import Bundle, current_bundle
from marketplace.kernel.config import Config
from marketplace.kernel.errors import N_
from marketplace.kernel.money import Money
from marketplace.ledger.chart import currency_of
from marketplace.ledger.errors import NoteUnreadable
from marketplace.ledger.hooks import Breach, Finding, register_check
from marketplace.ledger.models import LedgerDecision, LedgerEntry
from marketplace.ledger.notes import Checkpoint, Verifier
from marketplace.ledger.public import verify
from marketplace.ledger.queries.invariants.counting import count_rows
from marketplace.ledger.queries.sealing import balances_under, count_waiting, find_head, get_head
from marketplace.ledger.queries.sealing_faults import check_seal
from marketplace.sealing import find_public_key, head_file, read_head_file

SEALED_WITHIN = timedelta(hours=1)
"""Seconds are promised; after this long the sealer is not slow, it has stopped."""


def register_checks() -> None:
    register_check("I13", N_("Signed heads and what is under them"), check_heads)
    register_check("I13", N_("What waits for its seal"), check_waiting)
    register_check("I14", N_("Balances in the public copy"), check_public_copy)


def check_heads(at: datetime) -> Finding:
    """Whether everything that was sealed is there, unchanged, under heads that we signed.

    Looks at nothing where there is no key, or nothing is sealed yet.
    """
    key = _find_key()
    if key is None or (find_head() is None and not head_file(_config()).exists()):
        return Finding(0)
    try:
        last_seen = _read_last_seen(key)
    except NoteUnreadable:
        return Finding(0, [Breach(N_("The head that was written down last cannot be read."))])
    report = check_seal(key, last_seen=last_seen)
    return Finding(
        report.leaves,
        [Breach(fault.message, {**fault.facts}, fault.entry_id) for fault in report.faults],
    )


def check_waiting(at: datetime) -> Finding:
    """Whether a log that was begun takes up everything, also what was committed late."""
    if _find_key() is None or find_head() is None:
        return Finding(0)
    waiting, first = count_waiting(before=at - SEALED_WITHIN)
    message = N_("%(count)s entries or decisions wait for their seal for more than an hour.")
    return Finding(
        count_rows(LedgerEntry) + count_rows(LedgerDecision),
        [Breach(message, {"count": waiting}, first)] if waiting else [],
    )


def check_public_copy(at: datetime) -> Finding:
    """Whether the bundle passes the public checker and gives the balances of the books.

    A bundle is made where none is published, and where the one that is does not fit and is older
    than the books: a mistake may be undone since. Without a key or a seal there is nothing to look
    at.
    """
    key = _find_key()
    if key is None or find_head() is None:
        return Finding(0)
    bundle = current_bundle(_config(), oldest=timedelta.max)
    finding = _judge(bundle, key)
    if finding.breaches and bundle.size < get_head().size:
        finding = _judge(current_bundle(_config(), oldest=timedelta(0)), key)
    return finding


def _judge(bundle: Bundle, key: Verifier) -> Finding:
    try:
        with ZipFile(bundle.path) as file:
            check = verify.Check(file, verify.read_key(key.text), None)
            return Finding(bundle.size, [*_said_by(check), *_differences(check, bundle)])
    except (verify.Unreadable, BadZipFile, ValueError, KeyError, TypeError):
        return Finding(0, [Breach(N_("The public copy of the books cannot be read."))])


def _said_by(check: verify.Check) -> Iterator[Breach]:
    for step in check.steps():
        try:
            step()
        except verify.Wrong as wrong:
            yield Breach(
                N_("The checker of the public copy says: “%(words)s”"), {"words": str(wrong)}
            )


def _differences(check: verify.Check, bundle: Bundle) -> Iterator[Breach]:
    public = check.books.balances
    ours = balances_under(bundle.size)
    for code in sorted(public.keys() | ours.keys()):
        if public.get(code, 0) != ours.get(code, 0):
            currency = currency_of(code)
            yield Breach(
                N_("“%(account)s” is %(public)s in the public copy and %(ours)s in the books."),
                {
                    "account": code,
                    "public": Money(public.get(code, 0), currency),
                    "ours": Money(ours.get(code, 0), currency),
                },
            )


def _read_last_seen(key: Verifier) -> Checkpoint | None:
    """What the sealer wrote down last, beside the database. Raises NoteUnreadable."""
    note = read_head_file(head_file(_config()))
    if note is not None and not note.signed_by(key):
        raise NoteUnreadable
    return note.checkpoint if note else None


def _find_key() -> Verifier | None:
    return find_public_key(_config())


def _config() -> Config:
    config: Config = current_app.config["LUMBUNG"]
    return config
