"""Bank accounts of the demo's cooperatives, and payouts by the real operations. All made up."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.cooperatives.models import CoopBankAccount, Cooperative
from marketplace.cooperatives.operations import set_bank_account, verify_bank_account
from marketplace.cooperatives.policies import BANKS
from marketplace.demo.people import COOPERATIVE, demo_user
from marketplace.demo.year import Event, Year
from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah, won
from marketplace.kernel.time import today_in_seoul
from marketplace.orders.errors import BatchChanged, NothingToPay
from marketplace.orders.models import Payout, PayoutBatch
from marketplace.orders.operations import (
    cancel_batch,
    gather_payouts,
    reject_payout,
    release_batch,
    settle_payout,
)

MINIMUM = rupiah(250_000)
RUNS = (timedelta(days=120), timedelta(days=190), timedelta(days=260), timedelta(days=320))
FEE = won(2_500)


def load_accounts(at: datetime) -> None:
    """Most cooperatives have an account that was checked; some have none, or an unchecked one."""
    known = set(db.session.scalars(select(CoopBankAccount.cooperative_id)))
    admins = demo_user("admin1").id, demo_user("admin2").id
    for cooperative in db.session.scalars(select(Cooperative).order_by(Cooperative.id)):
        dice = random.Random(f"account of {cooperative.slug}")  # noqa: S311
        luck = 1.0 if cooperative.name == COOPERATIVE else dice.random()
        if cooperative.id in known or luck < 0.05:
            continue
        bank = dice.choice(list(BANKS.values()))
        number = "0" + "".join(dice.choices("0123456789", k=bank.digits - 1))
        set_bank_account(
            cooperative, bank_code=bank.code, number=number, holder=cooperative.name, by=admins[0]
        )
        if luck > 0.1:
            verify_bank_account(cooperative, number, by=admins[1], at=at)


def plan_payouts(year: Year) -> None:
    """Runs through the year that the bank paid, one payout it sent back, and one on its way."""
    dice = random.Random("payouts")  # noqa: S311
    for place, later in enumerate(RUNS):
        year.plan(year.first_day + later, _run(year, dice, first_fails=place == 1))
    year.plan(year.until - timedelta(days=3), _run(year, dice))


def _run(year: Year, dice: random.Random, *, first_fails: bool = False) -> Event:
    def happen(at: datetime) -> None:
        try:
            batch = gather_payouts(MINIMUM, by=demo_user("admin1").id, at=at)
        except NothingToPay:
            return
        year.plan(at + timedelta(days=1), _release(year, dice, batch, first_fails=first_fails))

    return happen


def _release(year: Year, dice: random.Random, batch: PayoutBatch, *, first_fails: bool) -> Event:
    def happen(at: datetime) -> None:
        signer = demo_user("admin2").id
        try:
            release_batch(batch, body_sha256=batch.body_sha256, by=signer, at=at)
        except BatchChanged:
            cancel_batch(batch, by=signer, at=at)
            year.plan(at, _run(year, dice, first_fails=first_fails))
            return
        for place, payout in enumerate(batch.payouts):
            if place == 0 and first_fails:
                year.plan(at + timedelta(days=2), _reject(year, payout))
            else:
                year.plan(at + timedelta(days=3), _settle(dice, payout))

    return happen


def _settle(dice: random.Random, payout: Payout) -> Event:
    def happen(at: datetime) -> None:
        settle_payout(
            payout,
            paid=won(payout.book.minor * dice.randint(975, 1022) // 1000),
            fee=FEE,
            on=today_in_seoul(at),
            reference=f"DEMO-{payout.number}",
            by=demo_user("admin1").id,
            at=at,
        )

    return happen


def _reject(year: Year, payout: Payout) -> Event:
    def happen(at: datetime) -> None:
        reject_payout(payout, reason="Nama penerima tidak sesuai", by=demo_user("admin1").id, at=at)
        year.plan(at + timedelta(days=1), _check_again(payout))

    return happen


def _check_again(payout: Payout) -> Event:
    def happen(at: datetime) -> None:
        number = payout.account_number or ""
        verify_bank_account(payout.cooperative, number, by=demo_user("admin2").id, at=at)

    return happen
