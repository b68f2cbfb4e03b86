"""Paying cooperatives: gathered by one person, released by another.

Order of locks: batch, payout, then ledger accounts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from marketplace.cooperatives.models import CoopBankAccount
from marketplace.cooperatives.queries import find_bank_accounts
from marketplace.kernel.db import db, lock
from marketplace.kernel.ids import dated_number
from marketplace.kernel.money import Money
from marketplace.ledger.operations import lock_accounts, post
from marketplace.ledger.queries import balance, credit_balance
from marketplace.orders import payout_postings
from marketplace.orders.errors import (
    BatchCanceled,
    BatchChanged,
    BatchReleased,
    CooperativeNotReady,
    NothingToPay,
    PayoutSelfApproval,
)
from marketplace.orders.models import LotSide, Payout, PayoutBatch
from marketplace.orders.operations.lots import choose_lots, use_lots
from marketplace.orders.operations.payout_mails import write_payout_mails
from marketplace.orders.payout_rules import seal_batch
from marketplace.orders.postings import clawback_of, payable_to
from marketplace.orders.queries.candidates import Candidate, list_candidates

log = structlog.get_logger()


def gather_payouts(
    minimum: Money,
    *,
    cooperative_ids: Collection[int] | None = None,
    by: int,
    at: datetime,
    form_key: str | None = None,
) -> PayoutBatch:
    """Gather what can be paid, of all or of chosen cooperatives; a second person releases it.

    The same `form_key` again returns the same batch. Raises NothingToPay, CooperativeNotReady.
    """
    lock_accounts([f"{payable_to(row.cooperative.slug)}:idr" for row in list_candidates(minimum)])
    if form_key and (sent := _find_by_form_key(form_key)):
        return sent
    chosen = _choose(list_candidates(minimum), cooperative_ids)
    batch = PayoutBatch(
        number=dated_number("PO", at),
        form_key=form_key,
        proposed_by=by,
        proposed_at=at,
        body_sha256="",
        payouts=[
            Payout(
                number="",
                cooperative=row.cooperative,
                minor=row.amount.minor,
                netted_minor=row.netted.minor,
            )
            for row in chosen
        ],
    )
    for place, payout in enumerate(batch.payouts, 1):
        payout.number = f"{batch.number}-{place}"
    accounts = {row.cooperative.id: row.account for row in chosen if row.account}
    batch.body_sha256 = _seal(batch, accounts)
    db.session.add(batch)
    db.session.flush()
    log.info("payouts gathered", batch=batch.number, by=by)
    return batch


def _choose(
    candidates: Sequence[Candidate], cooperative_ids: Collection[int] | None
) -> list[Candidate]:
    ready = [row for row in candidates if row.hindrance is None]
    if cooperative_ids is not None:
        names = {row.cooperative.id: row.cooperative.name for row in candidates}
        lost = set(cooperative_ids) - {row.cooperative.id for row in ready}
        if lost:
            raise CooperativeNotReady(cooperative=names.get(min(lost), "?"))
        ready = [row for row in ready if row.cooperative.id in set(cooperative_ids)]
    if not ready:
        raise NothingToPay
    return ready


def release_batch(batch: PayoutBatch, *, body_sha256: str, by: int, at: datetime) -> None:
    """Sign as the second person: every payout leaves what is payable and is on its way, once.

    `body_sha256` is what the signer read. Raises BatchCanceled, BatchReleased,
    PayoutSelfApproval, BatchChanged; then nothing was sent.
    """
    batch = _lock_batch(batch)
    if batch.canceled_by is not None:
        raise BatchCanceled
    if batch.released_by is not None:
        raise BatchReleased
    if batch.proposed_by == by:
        raise PayoutSelfApproval
    lock_accounts([f"{payable_to(row.cooperative.slug)}:idr" for row in batch.payouts])
    accounts = find_bank_accounts([row.cooperative_id for row in batch.payouts])
    _check_unchanged(batch, accounts, body_sha256)
    batch.released_by = by
    batch.released_at = at
    for payout in batch.payouts:
        _send(payout, accounts[payout.cooperative_id], signers=(batch.proposed_by, by), at=at)
    db.session.flush()
    log.info("payouts released", batch=batch.number, by=by)


def cancel_batch(batch: PayoutBatch, *, by: int, at: datetime) -> None:
    """Withdraw a batch that waits; anybody of the staff may. Raises BatchReleased."""
    batch = _lock_batch(batch)
    if batch.released_by is not None:
        raise BatchReleased
    if batch.canceled_by is None:
        batch.canceled_by = by
        batch.canceled_at = at
        db.session.flush()
        log.info("payouts canceled", batch=batch.number, by=by)


def _lock_batch(batch: PayoutBatch) -> PayoutBatch:
    """The batch, locked, with its payouts as they are now."""
    lock(PayoutBatch, batch.id)
    return db.session.scalars(
        select(PayoutBatch)
        .where(PayoutBatch.id == batch.id)
        .options(selectinload(PayoutBatch.payouts))
        .execution_options(populate_existing=True)
    ).one()


def _find_by_form_key(form_key: str) -> PayoutBatch | None:
    return db.session.scalar(select(PayoutBatch).where(PayoutBatch.form_key == form_key))


def _seal(batch: PayoutBatch, accounts: Mapping[int, CoopBankAccount]) -> str:
    """The hash of the batch as it is now; an account is in it as a hash of its own."""
    return seal_batch(
        batch.number,
        [
            (row.number, row.cooperative.slug, row.minor, row.netted_minor, _fingerprint(account))
            for row in batch.payouts
            if (account := accounts.get(row.cooperative.id)) is not None
        ],
    )


def _fingerprint(account: CoopBankAccount) -> str:
    checked = "checked" if account.verified_at else "unchecked"
    facts = f"{account.bank_code}\0{account.number}\0{account.holder}\0{checked}"
    return hashlib.sha256(facts.encode()).hexdigest()


def _check_unchanged(
    batch: PayoutBatch, accounts: Mapping[int, CoopBankAccount], body_sha256: str
) -> None:
    """The signer read this batch, its accounts are the same, its money is still there.

    More may have become payable meanwhile: that waits for the next batch. What a cooperative owes
    us may not have changed, since it is set off first.
    """
    if body_sha256 != batch.body_sha256 or _seal(batch, accounts) != batch.body_sha256:
        raise BatchChanged
    for row in batch.payouts:
        slug = row.cooperative.slug
        payable = credit_balance(f"{payable_to(slug)}:idr").minor
        clawback = balance(f"{clawback_of(slug)}:idr").minor
        if clawback != row.netted_minor or payable < row.netted_minor + row.minor:
            raise BatchChanged


def _send(
    payout: Payout, account: CoopBankAccount, *, signers: tuple[int, int], at: datetime
) -> None:
    """Set off what the cooperative owes us, and take the rest out of what is payable."""
    slug = payout.cooperative.slug
    if payout.netted_minor:
        _set_off(payout, signers=signers, at=at)
    chosen, book = choose_lots(payout.cooperative_id, LotSide.PAYABLE, payout.minor)
    payout.book_minor = book
    payout.entry_id = post(
        payout_postings.payout_sent(payout.number, slug, payout.amount, signers=signers, at=at)
    )
    use_lots(payout.entry_id, chosen)
    payout.bank_code = account.bank_code
    payout.account_number = account.number
    payout.holder = account.holder
    write_payout_mails(payout, "payout_sent", {}, at=at)


def _set_off(payout: Payout, *, signers: tuple[int, int], at: datetime) -> None:
    ours, book = choose_lots(payout.cooperative_id, LotSide.PAYABLE, payout.netted_minor)
    theirs, claimed = choose_lots(payout.cooperative_id, LotSide.CLAWBACK, payout.netted_minor)
    payout.netting_entry_id = post(
        payout_postings.clawback_netted(
            payout.number,
            payout.cooperative.slug,
            payout.netted,
            book=Money(book, "KRW"),
            clawback_book=Money(claimed, "KRW"),
            signers=signers,
            at=at,
        )
    )
    use_lots(payout.netting_entry_id, [*ours, *theirs])
