"""The market of a simulation: each step calls the real operations and tells the reference."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

from sqlalchemy import func, select

from marketplace.accounts.models import Organization, OrganizationKind, Role, User
from marketplace.cooperatives.models import Cooperative
from marketplace.cooperatives.operations import set_bank_account, verify_bank_account
from marketplace.demo.sales import s10_number
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.money import rupiah, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.models import LedgerEntry, PeriodState
from marketplace.ledger.notes import Checkpoint
from marketplace.ledger.operations import (
    approve_period_change,
    post,
    propose_period_change,
    reverse,
)
from marketplace.ledger.operations.sealing import seal_entries
from marketplace.ledger.queries import list_accounts
from marketplace.ledger.queries.audits import run_checks
from marketplace.ledger.queries.periods import end_of
from marketplace.ledger.queries.sealing_faults import check_seal
from marketplace.orders import operations as orders
from marketplace.orders.models import LineItem, Order, Parcel, Payout, PayoutBatch
from marketplace.payments.operations import (
    drop_refund,
    plan_payment,
    record_look,
    record_refund,
    record_session,
)
from marketplace.payments.queries import find_refund
from marketplace.reference.models import Carrier
from marketplace.reinvestment import operations as programs
from marketplace.reinvestment.models import Disbursement, Pledge, Program, ProgramTheme
from marketplace.sealing import CODES
from tests.factories import a_cooperative, a_user, an_organization
from tests.ledger.sealing import SIGNER, use_known_key
from tests.ledger.simulation import reference
from tests.ledger.simulation.clock import Clock, Dice, Killed, killed_at, ruled_by
from tests.orders.world import a_market, an_address, some_goods
from tests.reinvestment.world import a_proposal, a_village

SLUGS = ("batik", "gayo", "toraja")
PRICES = (354_321, 590_000, 123_457)
ACCOUNT = "012345678901234"
OPENING = 1_000_000_000
THEMES = ("tools", "training", "youth")

# How often each step is drawn, beside the others.
STEPS = {
    "place": 3,
    "look": 4,
    "pay_again": 1,
    "cancel": 1,
    "deliver": 3,
    "release": 3,
    "refund": 3,
    "answer": 3,
    "refuse": 1,
    "gather": 2,
    "sign": 2,
    "withdraw": 1,
    "settle": 2,
    "reject": 1,
    "verify": 1,
    "pledge": 1,
    "receive": 2,
    "propose": 2,
    "approve": 2,
    "propose_payment": 2,
    "release_payment": 2,
    "settle_payment": 1,
    "finish_program": 1,
    "adjust": 1,
    "reverse": 1,
    "refuse_entry": 1,
    "close": 1,
    "seal": 1,
    "wait": 3,
}
# What a history begins with, so that there is something to go wrong: (name, which, size).
OVERTURE = (
    ("place", 1, 6),
    ("look", 0, 4),
    ("place", 0, 3),
    ("pay_again", 1, 1),
    ("look", 0, 2),
    ("look", 1, 4),
    ("answer", 0, 1),
    *(("deliver", place, 1) for place in range(4)),
    ("refund", 0, 4),
    ("answer", 0, 0),
    ("wait", 0, 15),
    *(("release", place, 1) for place in range(4)),
    ("gather", 0, 1),
    ("sign", 0, 1),
    ("settle", 0, 5),
    ("reject", 1, 1),
    ("pledge", 3, 50),
    ("receive", 0, 5),
    ("propose", 0, 20),
    ("approve", 0, 60),
    ("propose_payment", 0, 6),
    ("release_payment", 0, 1),
    ("refund", 1, 5),
    ("answer", 0, 1),
    ("wait", 0, 15),
    ("close", 0, 1),
)

# What gives things numbers by counting rows: a rollback leaves a gap on PostgreSQL only.
COUNTED = {"place", "pay_again", "pledge", "propose"}


class World:
    """`step(name, which, size, kill)` does one thing, and may die on the way the first time."""

    def __init__(self, seed=0):
        self.seed, self.steps = seed, 0
        self.clock, self.dice = Clock(), Dice(seed)
        self.books = reference.Books(lambda: today_in_seoul(self.at))
        self.orders, self.payments, self.refunds = [], [], []
        self.batches, self.payouts = [], []
        self.pledges, self.programs, self.disbursements = [], [], []
        self.adjustments, self.reversed = [], {}
        self.closed, self.tidied = None, self.clock.at
        # How goods are divided, and the village share.
        self.decisions = 2
        self.head = None
        use_known_key()
        with ruled_by(self.clock, self.dice), transaction():
            self._set_up()
        self.check()

    @property
    def at(self):
        return self.clock.at

    def _set_up(self):
        a_market()
        a_village()
        self.buyer = a_user().id
        self.people = [a_user(f"Admin {n}", roles=(Role.ADMIN,)).id for n in range(3)]
        self.sponsor = an_organization(OrganizationKind.SPONSOR).id
        self.goods = []
        for slug, price in zip(SLUGS, PRICES, strict=True):
            cooperative = a_cooperative(f"Koperasi {slug}", slug=slug)
            set_bank_account(
                cooperative, bank_code="002", number=ACCOUNT, holder="KSU", by=self.people[0]
            )
            verify_bank_account(cooperative, ACCOUNT, by=self.people[1], at=self.at)
            product = some_goods(cooperative, price=rupiah(price), stock=1_000_000)
            self.goods.append(product.variants[0].id)
        for path, against, minor in (
            ("assets:bank", "equity:opening", OPENING),
            ("assets:bank-trust", "funds:refund-reserve", 400),
        ):
            post(self._entry(f"opening:{path}", "opening", {path: minor, against: -minor}))
            self.books.book((path, "krw", minor), (against, "krw", -minor))

    def _entry(self, key, kind, lines, *, on=None, **more):
        return NewEntry(
            kind=kind,
            idem_key=key,
            occurred_at=self.at,
            effective_on=on or today_in_seoul(self.at),
            memo=key,
            lines=[Line(path, won(minor)) for path, minor in lines.items()],
            **more,
        )

    # Steps

    def begin(self):
        for name, which, size in OVERTURE:
            self.step(name, which, size)

    def step(self, name, which=0, size=1, kill=0):
        self.steps += 1
        self.clock.advance(minutes=1)
        with ruled_by(self.clock, self.dice):
            getattr(self, name)(which, size, kill)
        self.check()

    def run(self, act, kill=0):
        """The name of the refusal, or None. Dying on the way changes nothing; then all is done."""
        self.clock.advance(seconds=1)
        for statement in (kill, 0):
            self.dice.seed(f"{self.seed}:{self.at}")
            self.clock.looks = 0
            try:
                if not statement:
                    return self._run(act)
                with killed_at(statement):
                    return self._run(act)
            except Killed:
                self.check()
        raise AssertionError("died twice")

    @staticmethod
    def _run(act):
        try:
            with transaction():
                act()
        except DomainError as refusal:
            return type(refusal).__name__
        return None

    def check(self):
        """The books say what the reference says, account by account."""
        db.session.rollback()
        found = {row.account.code: row.balance.minor for row in list_accounts() if row.balance}
        assert found == self.books.balances()
        assert db.session.scalar(select(func.count(LedgerEntry.id))) == self.books.entries

    def finish(self):
        """All that is on its way arrives, all is sealed, and no rule of the books is broken."""
        with ruled_by(self.clock, self.dice):
            self._tidy()
            self.seal(0, 0, 0)
        self.check()
        assert self.broken() == []
        assert check_seal(SIGNER.verifier).faults == []

    def broken(self):
        """What the audit of the books finds."""
        return [result for result in run_checks(self.at) if result.count]

    # Orders

    def place(self, which, size, kill):
        goods = {self.goods[which % 3]: 1 + size % 4}
        if size % 3 == 0:
            goods[self.goods[(which + 1) % 3]] = 1 + size % 2
        made = []

        def act():
            buyer = db.session.get_one(User, self.buyer)
            cart = orders.open_cart(None, user_id=buyer.id, at=self.at)
            for variant_id, pieces in goods.items():
                orders.add_to_cart(cart, variant_id, pieces, at=self.at)
            key = f"step-{self.steps}"
            made[:] = [orders.place_order(buyer, cart, an_address(), form_key=key, at=self.at)]

        assert self.run(act, kill) is None
        self.orders.append(self._known(made[0]))
        self._plan(self.orders[-1], 0)

    def _known(self, order):
        rows = db.session.execute(
            select(
                Cooperative.slug,
                func.sum(LineItem.quantity * LineItem.unit_minor),
                Parcel.shipping_minor,
            )
            .join(LineItem, LineItem.parcel_id == Parcel.id)
            .join(Cooperative, Cooperative.id == Parcel.cooperative_id)
            .where(Parcel.order_id == order.id)
            .group_by(Parcel.id, Cooperative.slug, Parcel.shipping_minor, Parcel.number)
            .order_by(Parcel.number)
        )
        parcels = [reference.Parcel(slug, int(minor), shipping) for slug, minor, shipping in rows]
        return reference.Order(order.number, parcels)

    def _plan(self, order, kill):
        made = []

        def act():
            payment = plan_payment("order", order.number, won(order.total), at=self.at)
            record_session(payment.id, {"id": f"cs_{payment.id}", "url": "https://pay.example"})
            made[:] = [payment.id]

        refusal = self.run(act, kill)
        is_paid = any(row.is_paid for row in self.payments if row.order is order)
        assert refusal == ("AlreadyPaid" if is_paid else None)
        if made and not refusal:
            self.payments.append(reference.Payment(made[0], order))

    def pay_again(self, which, size, kill):
        """The buyer opens a second page before the first one is paid."""
        if self.orders:
            self._plan(self.orders[which % len(self.orders)], kill)

    def look(self, which, size, kill):
        """An event leads us to Stripe: in any order, twice, or late; its fee comes when it does."""
        if not self.payments:
            return
        payment = self.payments[-1 - which % len(self.payments)]
        shown = ("unpaid", "expired", "paid", "paid", "paid with fee")[size % 5]
        if payment.is_paid and shown in {"unpaid", "expired"} and size % 2:
            shown = "paid with fee"
        fee = payment.order.total * 3 // 100
        unwanted = []

        def act():
            seen = record_look(self._session(payment, shown, fee), at=self.at)
            assert seen.problem is None
            unwanted[:] = [seen.unwanted] if seen.unwanted else []

        assert self.run(act, kill) is None
        if shown.startswith("paid") and not self.books.paid(payment):
            assert unwanted
            parts = (payment.order.total, 0, 0, 0, 0)
            self.refunds.append(reference.Refund(unwanted[0].reference, payment.order, None, parts))
        if shown == "paid with fee":
            self.books.fee(payment, fee)

    def _session(self, payment, shown, fee):
        is_paid = shown.startswith("paid")
        total = payment.order.total
        line = {
            "id": f"txn_{payment.id}",
            "type": "charge",
            "source": f"ch_{payment.id}",
            "currency": "krw",
            "amount": total,
            "fee": fee,
            "net": total - fee,
            "exchange_rate": None,
            "created": int(self.at.timestamp()),
        }
        charge = {
            "id": f"ch_{payment.id}",
            "created": int(self.at.timestamp()),
            "balance_transaction": line if shown == "paid with fee" else None,
        }
        return {
            "id": f"cs_{payment.id}",
            "status": {"unpaid": "open", "expired": "expired"}.get(shown, "complete"),
            "payment_status": "paid" if is_paid else "unpaid",
            "amount_total": total,
            "currency": "krw",
            "payment_intent": {"id": f"pi_{payment.id}", "latest_charge": charge},
        }

    def cancel(self, which, size, kill):
        """Given up for its hold, or by its buyer."""
        if not self.orders:
            return
        order = self.orders[-1 - which % len(self.orders)]
        by = self.buyer if size % 2 else None
        act = lambda: orders.cancel_order(self._row(Order, order.number), at=self.at, by=by)  # noqa: E731
        assert self.run(act, kill) is None
        if order.state == "waiting":
            order.state = "canceled by the buyer" if by else "canceled"

    def _row(self, model, number):
        return db.session.scalars(select(model).where(model.number == number)).one()

    def _some_parcel(self, which, paid_only=True):
        found = [
            (order, place)
            for order in self.orders
            if order.state == "paid" or not paid_only
            for place in range(len(order.parcels))
        ]
        if not found:
            return None
        order, place = found[which % len(found)]
        return order, order.parcels[place], f"{order.number}-{place + 1}"

    def deliver(self, which, size, kill):
        if (found := self._some_parcel(which, paid_only=size % 9 > 0)) is None:
            return
        order, parcel, number = found

        def act():
            row = self._row(Parcel, number)
            orders.ship_parcel(
                row, db.session.get(Carrier, "pos-ems"), s10_number(row.id), at=self.at
            )
            orders.deliver_parcel(row, at=self.at)

        expected = None
        if order.state != "paid":
            expected = "ParcelNotPayable"
        elif not parcel.delivered and not parcel.left - parcel.shipping:
            expected = "ParcelRefunded"
        assert self.run(act, kill) == expected
        if expected is None and not parcel.delivered:
            parcel.delivered, parcel.releasable_at = True, self.at + timedelta(days=14)

    def release(self, which, size, kill):
        if (found := self._some_parcel(which)) is None:
            return
        _, parcel, number = found
        refusal = self.run(
            lambda: orders.release_parcel(self._row(Parcel, number), at=self.at), kill
        )
        assert refusal == self.books.release(parcel, self.at)

    # Refunds

    def refund(self, which, size, kill):
        """Part of a parcel, all that is left of it, or one won too much."""
        if (found := self._some_parcel(which, paid_only=size % 11 > 0)) is None:
            return
        order, parcel, number = found
        amount = parcel.left * (size % 10) // 9
        if size % 10 == 0:
            amount = 1
        amount += size % 13 == 0
        made = []

        def act():
            made[:] = [
                orders.refund_order_part(
                    self._row(Order, order.number),
                    self._row(Parcel, number),
                    won(amount),
                    reason="Broken",
                    by=db.session.get_one(User, self.people[0]),
                    at=self.at,
                ).number
            ]

        refusal = self.run(act, kill)
        expected = self.books.refund(order, parcel, amount)
        if isinstance(expected, reference.Refund):
            assert refusal is None
            expected.number = made[0]
            self.refunds.append(expected)
        else:
            assert refusal == expected

    def answer(self, which, size, kill):
        """Stripe's word on a refund: never, at once, twice, in the wrong order."""
        if self.refunds:
            refund = self.refunds[-1 - which % len(self.refunds)]
            self._answer(refund, ("pending", "succeeded", "succeeded", "failed")[size % 4], kill)

    def _answer(self, refund, status, kill=0):
        answer = {"id": f"re_{refund.number}", "status": status}
        act = lambda: record_refund(find_refund(refund.number).id, answer, at=self.at)  # noqa: E731
        assert self.run(act, kill) is None
        self.books.answered(refund, status)

    def refuse(self, which, size, kill):
        """Stripe will not send a refund."""
        if self.refunds:
            refund = self.refunds[-1 - which % len(self.refunds)]
            act = lambda: drop_refund(  # noqa: E731
                find_refund(refund.number).id, "charge_disputed", at=self.at
            )
            assert self.run(act, kill) is None
            self.books.refused(refund)

    # Payouts

    def gather(self, which, size, kill):
        by = self.people[which % 3]
        waiting = {
            row.slug for batch in self.batches if batch.state == "waiting" for row in batch.payouts
        }
        expected = self.books.candidates(SLUGS, waiting)
        made = []

        def act():
            made[:] = [orders.gather_payouts(rupiah(50_000), by=by, at=self.at)]

        refusal = self.run(act, kill)
        if not expected:
            assert refusal == "NothingToPay"
            return
        assert refusal is None
        found = [(row.cooperative.slug, row.minor, row.netted_minor) for row in made[0].payouts]
        assert found == expected
        payouts = [
            reference.Payout(row.number, *facts)
            for row, facts in zip(made[0].payouts, found, strict=True)
        ]
        self.batches.append(reference.Batch(made[0].number, payouts, by))
        self.payouts += payouts

    def sign(self, which, size, kill):
        if not self.batches:
            return
        batch, by = self.batches[-1 - which % len(self.batches)], self.people[size % 3]

        def act():
            row = self._row(PayoutBatch, batch.number)
            orders.release_batch(row, body_sha256=row.body_sha256, by=by, at=self.at)

        assert self.run(act, kill) == self.books.sign(batch, by)

    def withdraw(self, which, size, kill):
        if not self.batches:
            return
        batch = self.batches[-1 - which % len(self.batches)]
        act = lambda: orders.cancel_batch(  # noqa: E731
            self._row(PayoutBatch, batch.number), by=self.people[0], at=self.at
        )
        expected = "BatchReleased" if batch.state == "released" else None
        assert self.run(act, kill) == expected
        if not expected:
            batch.state = "canceled"
            for payout in batch.payouts:
                payout.state = "canceled"

    def settle(self, which, size, kill):
        if self.payouts:
            self._settle(self.payouts[-1 - which % len(self.payouts)], size, kill)

    def _settle(self, payout, size, kill=0):
        paid = max(1, payout.book * (90 + size % 20) // 100)
        noted = (paid, size % 2 * 2500, f"FT{size}")

        def act():
            orders.settle_payout(
                self._row(Payout, payout.number),
                paid=won(paid),
                fee=won(noted[1]),
                on=today_in_seoul(self.at),
                reference=noted[2],
                by=self.people[0],
                at=self.at,
            )

        refusal = self.run(act, kill)
        assert refusal == self.books.settle_payout(payout, (*noted, today_in_seoul(self.at)))

    def reject(self, which, size, kill):
        if self.payouts:
            payout = self.payouts[-1 - which % len(self.payouts)]
            act = lambda: orders.reject_payout(  # noqa: E731
                self._row(Payout, payout.number),
                reason="No such account",
                by=self.people[0],
                at=self.at,
            )
            assert self.run(act, kill) == self.books.reject_payout(payout)

    def verify(self, which, size, kill):
        """The bank account is checked again after a rejection."""
        slug = SLUGS[which % 3]

        def act():
            cooperative = db.session.scalars(select(Cooperative).filter_by(slug=slug)).one()
            verify_bank_account(cooperative, ACCOUNT, by=self.people[1], at=self.at)

        assert self.run(act, kill) is None
        self.books.unchecked.discard(slug)

    # Programs

    def pledge(self, which, size, kill):
        amount, theme = size * 10_000 + 7, (*THEMES, None)[which % 4]
        made = []

        def act():
            made[:] = [
                programs.make_pledge(
                    db.session.get_one(Organization, self.sponsor),
                    won(amount),
                    purpose="Air",
                    theme=ProgramTheme(theme) if theme else None,
                    by=self.people[0],
                    at=self.at,
                ).number
            ]

        assert self.run(act, kill) is None
        self.pledges.append(reference.Pledge(made[0], amount, theme))
        self.books.pledge(self.pledges[-1])

    def receive(self, which, size, kill):
        """The same bank reference comes again, at times with another amount."""
        if not self.pledges:
            return
        pledge = self.pledges[-1 - which % len(self.pledges)]
        minor, name = max(1, pledge.minor * (size % 12) // 10), f"KRW-{size % 5}"
        refusal = self.run(
            lambda: programs.receive_pledge(
                self._row(Pledge, pledge.number),
                won(minor),
                reference=name,
                by=self.people[0],
                at=self.at,
            ),
            kill,
        )
        assert refusal == self.books.receive(pledge, minor, name)

    def propose(self, which, size, kill):
        asked, theme, by = size * 1_000 + 3, THEMES[which % 3], self.people[size % 3]
        made = []

        def act():
            proposal = a_proposal(asked, theme=ProgramTheme(theme))
            made[:] = [programs.propose_program(proposal, by=by, at=self.at).number]

        assert self.run(act, kill) is None
        self.programs.append(reference.Program(made[0], asked, theme, by))

    def approve(self, which, size, kill):
        if not self.programs:
            return
        program, by = self.programs[-1 - which % len(self.programs)], self.people[size % 3]
        # The worker seals within seconds, and only what is sealed is spent.
        if self.books.entries:
            self.seal(0, 0, 0)

        def act():
            row = self._row(Program, program.number)
            programs.approve_program(row, by=by, body_sha256=row.body_sha256, at=self.at)

        assert self.run(act, kill) == self.books.approve(program, by)

    def propose_payment(self, which, size, kill):
        if not self.programs:
            return
        program, by = self.programs[-1 - which % len(self.programs)], self.people[size % 3]
        minor = max(1, program.asked * (size % 12) // 10)
        made = []

        def act():
            row = self._row(Program, program.number)
            made[:] = [
                programs.propose_disbursement(
                    row, won(minor), purpose="Tahap", by=by, at=self.at
                ).number
            ]

        refusal = self.run(act, kill)
        assert refusal == self.books.propose_payment(program, minor)
        if refusal is None:
            program.payments.append(reference.Disbursement(made[0], program, minor, by))
            self.disbursements.append(program.payments[-1])

    def release_payment(self, which, size, kill):
        if not self.disbursements:
            return
        payment = self.disbursements[-1 - which % len(self.disbursements)]
        by = self.people[size % 3]
        refusal = self.run(
            lambda: programs.release_disbursement(
                self._row(Disbursement, payment.number), by=by, at=self.at
            ),
            kill,
        )
        assert refusal == self.books.release_payment(payment, by)

    def settle_payment(self, which, size, kill):
        if self.disbursements:
            self._settle_payment(self.disbursements[-1 - which % len(self.disbursements)], kill)

    def _settle_payment(self, payment, kill=0):
        refusal = self.run(
            lambda: programs.settle_disbursement(
                self._row(Disbursement, payment.number),
                reference="FT1",
                by=self.people[0],
                at=self.at,
            ),
            kill,
        )
        assert refusal == self.books.settle_payment(payment)

    def finish_program(self, which, size, kill):
        if not self.programs:
            return
        program = self.programs[-1 - which % len(self.programs)]
        refusal = self.run(
            lambda: programs.finish_program(
                self._row(Program, program.number), by=self.people[0], at=self.at
            ),
            kill,
        )
        assert refusal == self.books.finish(program)

    # The books themselves

    def adjust(self, which, size, kill):
        """A bank's fee, booked by two people; the same again is the same."""
        number = which % (len(self.adjustments) + 1)
        is_new = number == len(self.adjustments)
        minor = size if is_new else self.adjustments[number][1]
        made = []

        def act():
            lines = {"expenses:bank-fee": minor, "assets:bank": -minor}
            signers = {"proposed_by": self.people[0], "approved_by": self.people[1]}
            made[:] = [post(self._entry(f"fee:{number}", "adjustment", lines, **signers))]

        assert self.run(act, kill) is None
        if is_new:
            self.adjustments.append((made[0], minor))
            self.books.book(("expenses:bank-fee", "krw", minor), ("assets:bank", "krw", -minor))
        assert made == [self.adjustments[number][0]]

    def reverse(self, which, size, kill):
        if not self.adjustments:
            return
        entry_id, minor = self.adjustments[which % len(self.adjustments)]
        by = self.people[size % 2]

        def act():
            reverse(
                entry_id,
                occurred_at=self.at,
                effective_on=today_in_seoul(self.at),
                memo="Counted twice",
                proposed_by=by,
                approved_by=self.people[2],
            )

        refusal = self.run(act, kill)
        first = self.reversed.setdefault(entry_id, by)
        assert refusal == (None if first == by else "IdempotencyConflict")
        if refusal is None and by not in self.reversed.get(("done", entry_id), ()):
            self.reversed["done", entry_id] = (by,)
            self.books.book(("expenses:bank-fee", "krw", -minor), ("assets:bank", "krw", minor))

    def refuse_entry(self, which, size, kill):
        """What must not be booked is not, and says why."""
        bank, opening, fund = "assets:bank", "equity:opening", "funds:village:programs"
        beyond = self.books.credit(fund) + size
        bad = [
            ("OneSided", {bank: 1}, {}),
            ("Unbalanced", {bank: size, opening: -size - 1}, {}),
            ("ZeroLine", {bank: 0, opening: 0}, {}),
            ("UnknownAccount", {bank: size, "assets:mattress": -size}, {}),
            ("SelfApproval", {bank: size, opening: -size}, {"proposed_by": 1, "approved_by": 1}),
            ("Overdrawn", {fund: beyond, opening: -beyond}, {}),
        ]
        if self.closed is not None:
            bad.append(("PeriodClosed", {bank: size, opening: -size}, {"on": self.closed}))
        expected, lines, more = bad[which % len(bad)]
        entry = self._entry(f"bad:{self.steps}", "adjustment", lines, **more)
        assert self.run(lambda: post(entry), kill) == expected

    def close(self, which, size, kill):
        """The next month that is over is closed for ever, by two people."""
        start = self._next_month()
        if (start + timedelta(days=32)).replace(day=1) > today_in_seoul(self.at):
            return
        # The audit that closing rests on asks where the seals are.
        if self.books.entries:
            self.seal(0, 0, 0)
        for state in (PeriodState.SOFT_CLOSED, PeriodState.CLOSED):

            def act(state=state):
                change = propose_period_change(start, state, by=self.people[0], at=self.at)
                approve_period_change(change, by=self.people[1], at=self.at)

            refusal = self.run(act, kill)
            assert refusal is None, self.broken()
            self.decisions += 1
            if state is PeriodState.SOFT_CLOSED:
                self.books.end_month(end_of(start))
        self.closed = start

    def _next_month(self):
        if self.closed is None:
            return date(2026, 4, 1)
        return (self.closed + timedelta(days=32)).replace(day=1)

    def seal(self, which, size, kill):
        """What is booked gets its leaves, and history has only grown since."""
        heads = []

        def act():
            head = seal_entries(
                SIGNER,
                at=self.at,
                codes=CODES,
                last_seen=self.head,
                new_salt=lambda entry_id: hashlib.sha256(str(entry_id).encode()).digest()[:16],
            )
            heads[:] = [head] if head else []

        assert self.run(act, kill) is None
        if heads:
            self.head = Checkpoint(SIGNER.name, heads[0].size, heads[0].root)
        assert self.head.size == self.books.entries + self.decisions

    def wait(self, which, size, kill):
        """Days pass; what is on its way arrives within the month that it may take."""
        days = 1 + size % 16
        if self.at + timedelta(days=days) > self.tidied + timedelta(days=25):
            self._tidy()
        self.clock.advance(days=days)

    def _tidy(self):
        for payout in self.payouts:
            if payout.state == "sent":
                self._settle(payout, 7)
        for payment in self.disbursements:
            if payment.state == "released":
                self._settle_payment(payment)
        for refund in self.refunds:
            if refund.parcel is None and refund.state == "created":
                self._answer(refund, "succeeded")
        for order in self.orders:
            if order.owed_back:
                self._pay_by_hand(order)
        self.tidied = self.at

    def _pay_by_hand(self, order):
        """A bank would not take a refund: the buyer gets the money by a transfer of ours."""
        minor, number = order.owed_back, order.number
        lines = {"liabilities:buyers": minor, "assets:bank": -minor}
        entry = self._entry(
            f"by_hand:{number}:{self.steps}", "by_hand", lines, ref_kind="order", ref_id=number
        )
        assert self.run(lambda: post(entry)) is None
        order.owed_back = 0
        self.books.book(("liabilities:buyers", "krw", minor), ("assets:bank", "krw", -minor))
