"""The demo's money at Stripe and at the banks: payouts, statements, fees, carriers' invoices."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from flask import current_app
from sqlalchemy import func, select

from marketplace.demo.people import demo_user
from marketplace.demo.year import Event, Year
from marketplace.kernel.config import Config, OwnBankAccount
from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.kernel.time import today_in_seoul
from marketplace.orders.models import Parcel
from marketplace.orders.payout_postings import BANK
from marketplace.orders.queries.freight import freight_waiting
from marketplace.payments.bank import import_statements
from marketplace.payments.bookings import approve_booking, propose_booking
from marketplace.payments.mirror import keep_line, match_line
from marketplace.payments.models import BankBooking, BankLine, Payment, StripeLine
from marketplace.payments.recon_queries import list_unmatched_postings
from marketplace.payments.statement_files import COLUMNS

WEEK = timedelta(days=7)
# Stripe sends what has lain there for three days; it takes two to the bank.
LIES, TRAVELS = timedelta(days=3), timedelta(days=2)
ACCOUNT_FEE = 5_500
CARRIER = "pos-ems"
TOLD = re.compile(r", bank reference (\S+)")


@dataclass
class Banks:
    """What the banks will show on their next statements."""

    dice: random.Random = field(default_factory=lambda: random.Random("banks"))  # noqa: S311
    coming: list[tuple[date, int, str, str]] = field(default_factory=list)
    balances: dict[str, int] = field(default_factory=dict)
    invoiced_until: datetime | None = None


def keep_charge(payment: Payment, line_id: str, fee: Money, at: datetime) -> None:
    """Stripe's line of a payment, mirrored and matched."""
    mirror(line_id, "charge", payment.charge_id or "", payment.minor, fee.minor, at)


def plan_banking(year: Year) -> None:
    """Every week Stripe pays out and a statement is read; every month there are bills.

    The last statement leaves a fee for a person to say, and an invoice to sign.
    """
    banks = Banks(invoiced_until=year.first_day)
    weeks = (year.until - year.first_day) // WEEK
    for week in range(1, weeks + 1):
        sent_at = year.first_day + week * WEEK - timedelta(days=4)
        year.plan(sent_at, _pay_out(banks, week))
        if week % 4 == 0:
            year.plan(sent_at + TRAVELS, _bill(year, banks, is_last=week + 4 > weeks))
        year.plan(sent_at + timedelta(days=3), _read(banks))


def _pay_out(banks: Banks, number: int) -> Event:
    def happen(at: datetime) -> None:
        amount = _available(at)
        if amount <= 0:
            return
        payout = f"po_demo_{number:03}"
        mirror(f"txn_demo_{payout}", "payout", payout, -amount, 0, at)
        on = today_in_seoul(at + TRAVELS)
        banks.coming.append((on, amount, f"ST{number:06}", f"STRIPE PAYMENTS {payout}"))

    return happen


def _available(at: datetime) -> int:
    """What has lain at Stripe long enough, less what was sent."""
    came = StripeLine.created_at <= at - LIES
    return int(
        db.session.scalar(
            select(func.sum(StripeLine.net_minor)).where(came | (StripeLine.category == "payout"))
        )
        or 0
    )


def mirror(line_id: str, category: str, source: str, amount: int, fee: int, at: datetime) -> None:
    """Keep a line as Stripe would send it, in won, and give it its place in the books."""
    keep_line(
        {
            "id": line_id,
            "object": "balance_transaction",
            "type": category,
            "reporting_category": category,
            "source": source,
            "currency": "krw",
            "amount": amount,
            "fee": fee,
            "net": amount - fee,
            "created": int(at.timestamp()),
        },
        at,
    )
    match_line(db.session.get_one(StripeLine, line_id), at=at)


def _bill(year: Year, banks: Banks, *, is_last: bool) -> Event:
    """The bank takes its fee, the carrier what it asks for the parcels of the month."""

    def happen(at: datetime) -> None:
        on = today_in_seoul(at)
        fee, invoice = f"FEE-{on:%y%m%d}", f"EMS-{on:%y%m%d}"
        banks.coming.append((on, -ACCOUNT_FEE, fee, "Account fee"))
        parcels = _parcels_sent(banks.invoiced_until or year.first_day, at)
        banks.invoiced_until = at
        asked = sum(freight_waiting([parcel.id for parcel in parcels]).values())
        asked = asked * banks.dice.randint(955, 1020) // 1000
        if asked:
            banks.coming.append((on, -asked, invoice, f"Pos Indonesia EMS, {invoice}"))
        numbers = "\n".join(parcel.number for parcel in parcels)
        facts = {"carrier": CARRIER, "invoice": invoice, "parcels": numbers}
        if not is_last:
            year.plan(at + WEEK, _book(year, fee, "bank_fee", {"what": f"Account fee, {on:%Y-%m}"}))
        if asked:
            later = at + (timedelta(days=2) if is_last else WEEK)
            year.plan(later, _book(year, invoice, "carrier_invoice", facts, signs=not is_last))

    return happen


def _parcels_sent(since: datetime, until: datetime) -> list[Parcel]:
    return list(
        db.session.scalars(
            select(Parcel)
            .where(
                Parcel.carrier_code == CARRIER,
                Parcel.shipped_at > since,
                Parcel.shipped_at <= until,
            )
            .order_by(Parcel.id)
        )
    )


def _book(
    year: Year, reference: str, kind: str, facts: dict[str, str], *, signs: bool = True
) -> Event:
    """One admin says what a line is, the other signs a day later."""

    def happen(at: datetime) -> None:
        line = db.session.scalars(select(BankLine).where(BankLine.reference == reference)).one()
        booking = propose_booking(line, kind, facts, by=demo_user("admin1").id, at=at)
        if signs:
            year.plan(at + timedelta(days=1), _sign(booking))

    return happen


def _sign(booking: BankBooking) -> Event:
    def happen(at: datetime) -> None:
        by = demo_user("admin2").id
        approve_booking(booking, by=by, body_sha256=booking.body_sha256, at=at)

    return happen


def _read(banks: Banks) -> Event:
    """Each bank's statement is read: what we told it to do, and what it did by itself."""

    def happen(at: datetime) -> None:
        config: Config = current_app.config["LUMBUNG"]
        for account in config.bank_accounts:
            lines = sorted(_statement(banks, account, at))
            if lines:
                import_statements(
                    _write(banks, account, lines),
                    f"{account.path.rpartition(':')[2]}-{today_in_seoul(at)}.csv",
                    accounts=config.bank_accounts,
                    by=demo_user("admin1").id,
                    at=at,
                )

    return happen


def _statement(
    banks: Banks, account: OwnBankAccount, at: datetime
) -> Iterator[tuple[date, int, str, str]]:
    today = today_in_seoul(at)
    for row in list_unmatched_postings(account.path, at - timedelta(days=365)):
        told = TOLD.search(row.memo)
        yield row.effective_on, row.amount, told[1] if told else "", TOLD.sub("", row.memo)
    if account.path == BANK:
        yield from [line for line in banks.coming if line[0] <= today]
        banks.coming = [line for line in banks.coming if line[0] > today]


def _write(banks: Banks, account: OwnBankAccount, lines: list[tuple[date, int, str, str]]) -> bytes:
    """The statement as a file of the bank, each line with the balance after it."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    balance = banks.balances.get(account.path, 0)
    for on, minor, reference, text in lines:
        balance += minor
        writer.writerow([account.number, account.currency, on, minor, balance, reference, text])
    banks.balances[account.path] = balance
    return file.getvalue().encode()
