"""Books kept in plain Python: what every step must come to, worked out without our own code.

Amounts are integers of minor units. A method does what the step does and says None, or says the
name of the refusal and leaves everything as it was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

SALE = (9200, 500, 300)
SHARE = {"programs": 7000, "training": 1500, "youth": 1000, "reserve": 500}
RESERVE = "funds:refund-reserve"
TRADING = "equity:trading:idr-krw"
FUNDS = {name: f"funds:village:{name}" for name in SHARE} | {"reserve": RESERVE}
RATE = Fraction("11.80")
MINIMUM = 50_000_00
OWN_FUNDS = {"training": "funds:village:training", "youth": "funds:village:youth"}


def divide(amount, weights):
    """Largest remainder; of equal remainders the earlier is first."""
    exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[: amount - sum(parts)]:
        parts[place] += 1
    return parts


def in_rupiah(won):
    """Half up to a whole rupiah, in sen."""
    return int(won * RATE + Fraction(1, 2)) * 100


@dataclass
class Parcel:
    slug: str
    goods: int
    shipping: int
    cooperative: int = 0
    service: int = 0
    share: int = 0
    owed: int = 0
    underway: int = 0
    delivered: bool = False
    releasable_at: object = None
    is_released: bool = False
    lot: list | None = None
    shares: dict = field(default_factory=dict)

    def __post_init__(self):
        self.cooperative, self.service, self.share = divide(self.goods, SALE)
        self.owed = in_rupiah(self.cooperative)

    @property
    def left(self):
        return self.cooperative + self.service + self.share + self.shipping


@dataclass
class Order:
    number: str
    parcels: list
    state: str = "waiting"
    owed_back: int = 0
    total: int = 0

    def __post_init__(self):
        self.total = sum(parcel.left for parcel in self.parcels)


@dataclass
class Payment:
    id: int
    order: Order
    is_paid: bool = False
    has_fee: bool = False


@dataclass
class Refund:
    number: str
    order: Order
    parcel: Parcel | None
    parts: tuple
    state: str = "created"

    @property
    def total(self):
        return sum(self.parts[:4])


@dataclass
class Payout:
    number: str
    slug: str
    minor: int
    netted: int
    state: str = "waiting"
    book: int = 0
    noted: tuple = ()
    uses: list = field(default_factory=list)


@dataclass
class Batch:
    number: str
    payouts: list
    by: int
    state: str = "waiting"
    signer: int = 0


@dataclass
class Program:
    number: str
    asked: int
    theme: str
    by: int
    state: str = "proposed"
    signer: int = 0
    allocated: dict = field(default_factory=dict)
    payments: list = field(default_factory=list)


@dataclass
class Disbursement:
    number: str
    program: Program
    minor: int
    by: int
    state: str = "waiting"
    signer: int = 0


@dataclass
class Pledge:
    number: str
    minor: int
    theme: str | None
    received: int = 0
    references: dict = field(default_factory=dict)


class Books:
    """Balances by the code of the account: debit positive."""

    def __init__(self, today):
        self.today = today
        self.sums = Counter()
        self.exchanged = []
        self.entries = 0
        self.pledges = []
        self.fund_lots = {}
        self.owed_lots = {"payable": {}, "clawback": {}}
        self.unchecked = set()

    # What lies where

    def book(self, *lines):
        """Lines of (path, currency, amount); those of zero are left out."""
        for currency in ("krw", "idr"):
            assert not sum(amount for _, at, amount in lines if at == currency)
        for path, currency, amount in lines:
            self.sums[f"{path}:{currency}"] += amount
            if path == TRADING:
                self.exchanged.append((self.today(), currency, amount))
        self.entries += any(amount for _, _, amount in lines)

    def debit(self, path, currency="krw"):
        return self.sums[f"{path}:{currency}"]

    def credit(self, path, currency="krw"):
        return -self.debit(path, currency)

    def end_month(self, last_day):
        """What open rupiah would cost is shown on the last day, and taken back on the next."""
        owed, book = (
            sum(amount for day, at, amount in self.exchanged if at == currency and day <= last_day)
            for currency in ("idr", "krw")
        )
        worth = int(Fraction(abs(owed), 100) / RATE + Fraction(1, 2))
        if owed and (worth if owed > 0 else -worth) != -book:
            self.entries += 2

    def balances(self):
        return {code: minor for code, minor in self.sums.items() if minor}

    # Sales

    def paid(self, payment):
        """Whether the money is wanted; it comes once."""
        if payment.is_paid:
            return True
        order, payment.is_paid = payment.order, True
        if order.state in {"paid", "canceled by the buyer"}:
            self._owe_back(order, order.total)
            return False
        order.state = "paid"
        parts = order.parcels
        self.book(
            ("assets:stripe", "krw", order.total),
            (TRADING, "krw", -sum(part.cooperative for part in parts)),
            ("liabilities:deferred-fee", "krw", -sum(part.service for part in parts)),
            ("funds:village:held", "krw", -sum(part.share for part in parts)),
            ("liabilities:shipping", "krw", -sum(part.shipping for part in parts)),
            (TRADING, "idr", sum(part.owed for part in parts)),
            *((f"liabilities:coop:{part.slug}:held", "idr", -part.owed) for part in parts),
        )
        return True

    def _owe_back(self, order, minor):
        order.owed_back += minor
        self.book(("assets:stripe", "krw", minor), ("liabilities:buyers", "krw", -minor))

    def fee(self, payment, minor):
        if not payment.has_fee:
            payment.has_fee = True
            self.book(("expenses:stripe-fee", "krw", minor), ("assets:stripe", "krw", -minor))

    def release(self, parcel, at):
        if parcel.is_released:
            return None
        if not parcel.delivered:
            return "NotShipped"
        if at < parcel.releasable_at:
            return "ReleaseTooEarly"
        if parcel.underway:
            return "RefundUnderway"
        parcel.is_released = True
        if not parcel.left - parcel.shipping:
            return None
        slug = parcel.slug
        shares = dict(zip(SHARE, divide(parcel.share, list(SHARE.values())), strict=True))
        self.book(
            (f"liabilities:coop:{slug}:held", "idr", parcel.owed),
            (f"liabilities:coop:{slug}:payable", "idr", -parcel.owed),
            ("liabilities:deferred-fee", "krw", parcel.service),
            ("income:platform-fee", "krw", -parcel.service),
            ("funds:village:held", "krw", parcel.share),
            *((FUNDS[name], "krw", -minor) for name, minor in shares.items()),
        )
        for name, minor in shares.items():
            if minor:
                lot = [minor]
                parcel.shares[FUNDS[name]] = lot
                self.fund_lots.setdefault(FUNDS[name], []).append(lot)
        parcel.lot = [parcel.owed, parcel.cooperative]
        self._lots("payable", slug).append(parcel.lot)
        return None

    # Refunds

    def refund(self, order, parcel, amount):
        """The refund, or the refusal."""
        if order.state != "paid":
            return "NotPaid"
        if amount <= 0:
            return "RefundNotPositive"
        if amount > parcel.left:
            return "RefundTooLarge"
        goods = parcel.left - parcel.shipping
        of_goods = min(amount, goods)
        weights = [parcel.cooperative, parcel.service, parcel.share]
        cooperative, service, share = divide(of_goods, weights) if of_goods else (0, 0, 0)
        owed = min(in_rupiah(cooperative), parcel.owed)
        if cooperative == parcel.cooperative:
            owed = parcel.owed
        refund = Refund("", order, parcel, (cooperative, service, share, amount - of_goods, owed))
        self._take(parcel, refund.parts, 1)
        parcel.underway += 1
        return refund

    def _take(self, parcel, parts, sign):
        for name, minor in zip(
            ("cooperative", "service", "share", "shipping", "owed"), parts, strict=True
        ):
            setattr(parcel, name, getattr(parcel, name) - sign * minor)

    def refused(self, refund):
        """Stripe would not send it."""
        if refund.state == "created":
            refund.state = "failed"
            if refund.parcel is not None:
                refund.parcel.underway -= 1
                self._take(refund.parcel, refund.parts, -1)

    def answered(self, refund, status):
        """Stripe says how the refund stands, for the first time or again."""
        was = refund.state
        if was == "failed" or (was == "succeeded" and status == "pending"):
            return
        refund.state = status
        if was == "created":
            self._refunded(refund)
        if status == "failed":
            self._owe_back(refund.order, refund.total)

    def _refunded(self, refund):
        total, parcel = refund.total, refund.parcel
        if parcel is None:
            refund.order.owed_back -= total
            self.book(("liabilities:buyers", "krw", total), ("assets:stripe", "krw", -total))
            return
        parcel.underway -= 1
        cooperative, service, share, shipping, owed = refund.parts
        both = [
            ("assets:stripe", "krw", -total),
            (TRADING, "krw", cooperative),
            ("liabilities:shipping", "krw", shipping),
            (TRADING, "idr", -owed),
        ]
        if not parcel.is_released:
            self.book(
                *both,
                ("liabilities:deferred-fee", "krw", service),
                ("funds:village:held", "krw", share),
                (f"liabilities:coop:{parcel.slug}:held", "idr", owed),
            )
            return
        pool = max(0, self.credit(RESERVE))
        own = {
            fund: min(lot[0], pool) if fund == RESERVE else lot[0]
            for fund, lot in parcel.shares.items()
        }
        unspent = {fund: parcel.shares[fund] for fund, left in own.items() if left > 0}
        weights = [own[fund] for fund in unspent]
        taken = [0] * len(unspent)
        if share and weights:
            taken = divide(min(share, sum(weights)), weights)
        missing = share - sum(taken)
        reserve = min(missing, pool - dict(zip(unspent, taken, strict=True)).get(RESERVE, 0))
        lot = parcel.lot or [0, 0]
        claimed = (owed - lot[0], cooperative - lot[1]) if lot[0] < owed else (0, 0)
        from_lot = min(owed, lot[0])
        self.book(
            *both,
            ("income:platform-fee", "krw", service),
            *((fund, "krw", part) for fund, part in zip(unspent, taken, strict=True)),
            (RESERVE, "krw", reserve),
            ("expenses:refund-cover", "krw", missing - reserve),
            (f"liabilities:coop:{parcel.slug}:payable", "idr", from_lot),
            (f"assets:coop:{parcel.slug}:clawback", "idr", owed - from_lot),
        )
        for fund_lot, part in zip(unspent.values(), taken, strict=True):
            fund_lot[0] -= part
        lot[1] = 0 if from_lot < owed else lot[1] - cooperative
        lot[0] -= from_lot
        if any(claimed):
            self._lots("clawback", parcel.slug).append(list(claimed))

    # Payouts

    def _lots(self, side, slug):
        return self.owed_lots[side].setdefault(slug, [])

    def _choose(self, side, slug, minor):
        """The oldest lots that make up `minor`: (lot, rupiah, won)."""
        chosen = []
        for lot in self._lots(side, slug):
            if not any(lot):
                continue
            if not minor:
                break
            part = min(lot[0], minor)
            book = lot[1] if part == lot[0] else lot[1] * part // lot[0]
            chosen.append((lot, part, book))
            minor -= part
        assert not minor
        return chosen

    @staticmethod
    def _use(chosen, sign=1):
        for lot, minor, book in chosen:
            lot[0] -= sign * minor
            lot[1] -= sign * book

    def candidates(self, slugs, waiting):
        """What each cooperative can be paid now, and what is set off: (slug, paid, netted)."""
        found = []
        for slug in slugs:
            payable = self.credit(f"liabilities:coop:{slug}:payable", "idr")
            clawback = self.debit(f"assets:coop:{slug}:clawback", "idr")
            netted = max(0, min(payable, clawback))
            amount = (payable - netted) // 100 * 100
            is_ready = payable > clawback and amount >= MINIMUM
            if is_ready and slug not in waiting and slug not in self.unchecked:
                found.append((slug, amount, netted))
        return found

    def sign(self, batch, by):
        if batch.state == "canceled":
            return "BatchCanceled"
        if batch.state == "released":
            return "BatchReleased"
        if batch.by == by:
            return "PayoutSelfApproval"
        for payout in batch.payouts:
            slug = payout.slug
            payable = self.credit(f"liabilities:coop:{slug}:payable", "idr")
            clawback = self.debit(f"assets:coop:{slug}:clawback", "idr")
            if slug in self.unchecked or clawback != payout.netted:
                return "BatchChanged"
            if payable < payout.netted + payout.minor:
                return "BatchChanged"
        batch.state, batch.signer = "released", by
        for payout in batch.payouts:
            self._send(payout)
        return None

    def _send(self, payout):
        slug = payout.slug
        payable = f"liabilities:coop:{slug}:payable"
        if payout.netted:
            ours = self._choose("payable", slug, payout.netted)
            theirs = self._choose("clawback", slug, payout.netted)
            book, claimed = (sum(part[2] for part in side) for side in (ours, theirs))
            self.book(
                (payable, "idr", payout.netted),
                (f"assets:coop:{slug}:clawback", "idr", -payout.netted),
                (TRADING, "krw", book - claimed),
                self._exchange(claimed - book),
            )
            self._use([*ours, *theirs])
        payout.uses = self._choose("payable", slug, payout.minor)
        payout.book = sum(part[2] for part in payout.uses)
        self.book((payable, "idr", payout.minor), ("assets:payout-transit", "idr", -payout.minor))
        self._use(payout.uses)
        payout.state = "sent"

    @staticmethod
    def _exchange(lost):
        return ("expenses:fx" if lost > 0 else "income:fx", "krw", lost)

    def settle_payout(self, payout, noted):
        paid, fee, _reference, _day = noted
        if payout.noted == noted:
            return None
        if payout.state != "sent":
            return "PayoutNotOnItsWay"
        payout.state, payout.noted = "settled", noted
        self.book(
            ("assets:payout-transit", "idr", payout.minor),
            (TRADING, "idr", -payout.minor),
            (TRADING, "krw", payout.book),
            self._exchange(paid - payout.book),
            ("expenses:bank-fee", "krw", fee),
            ("assets:bank", "krw", -paid - fee),
        )
        return None

    def reject_payout(self, payout):
        if payout.state == "rejected":
            return None
        if payout.state != "sent":
            return "PayoutNotOnItsWay"
        payout.state = "rejected"
        self.book(
            (f"liabilities:coop:{payout.slug}:payable", "idr", -payout.minor),
            ("assets:payout-transit", "idr", payout.minor),
        )
        self._use(payout.uses, -1)
        self.unchecked.add(payout.slug)
        return None

    # Pledges and programs

    def pledge(self, pledge):
        self.pledges.append(pledge)
        self.book(
            (f"assets:pledge-receivable:{pledge.number}", "krw", pledge.minor),
            (f"funds:csr:{pledge.number}:pledged", "krw", -pledge.minor),
        )

    def receive(self, pledge, minor, reference):
        if reference in pledge.references:
            return None if pledge.references[reference] == minor else "IdempotencyConflict"
        if minor > pledge.minor - pledge.received:
            return "MoreThanPledged"
        pledge.received += minor
        pledge.references[reference] = minor
        available = f"funds:csr:{pledge.number}:available"
        self.book(
            ("assets:bank-trust", "krw", minor),
            (f"assets:pledge-receivable:{pledge.number}", "krw", -minor),
            (f"funds:csr:{pledge.number}:pledged", "krw", minor),
            (available, "krw", -minor),
        )
        self.fund_lots.setdefault(available, []).append([minor])
        return None

    def approve(self, program, by):
        if program.state != "proposed":
            return "AlreadyDecided"
        if program.by == by:
            return "SelfApproval"
        programs = "funds:village:programs"
        funds = [OWN_FUNDS.get(program.theme, programs), programs]
        for pledge in self.pledges:
            if pledge.theme in {None, program.theme}:
                funds.append(f"funds:csr:{pledge.number}:available")
        parts, left = {}, program.asked
        for fund in dict.fromkeys(funds):
            part = min(left, max(self.credit(fund), 0))
            if part:
                parts[fund] = part
                left -= part
        if left:
            return "FundExhausted"
        program.state, program.signer = "approved", by
        self.book(
            *((fund, "krw", minor) for fund, minor in parts.items()),
            (f"funds:program:{program.number}:committed", "krw", -program.asked),
        )
        for fund, minor in parts.items():
            program.allocated[fund] = self._spend(fund, minor)
        return None

    def _spend(self, fund, minor):
        """First in, first out: (lot, part)."""
        uses = []
        for lot in self.fund_lots.get(fund, []):
            part = min(lot[0], minor)
            if part:
                lot[0] -= part
                minor -= part
                uses.append([lot, part])
        assert not minor
        return uses

    def committed(self, program):
        return self.credit(f"funds:program:{program.number}:committed")

    def propose_payment(self, program, minor):
        if program.state not in {"approved", "running"}:
            return "ProgramNotOpen"
        waiting = sum(row.minor for row in program.payments if row.state == "waiting")
        if minor > self.committed(program) - waiting:
            return "MoreThanCommitted"
        return None

    def release_payment(self, payment, by):
        if payment.state in {"released", "settled"}:
            return "AlreadyReleased"
        if payment.by == by:
            return "SelfApproval"
        program = payment.program
        if payment.minor > self.committed(program):
            return "MoreThanCommitted"
        payment.state, payment.signer, program.state = "released", by, "running"
        self.book(
            (f"funds:program:{program.number}:committed", "krw", payment.minor),
            ("income:released-from-restriction", "krw", -payment.minor),
            (f"expenses:grants:{program.number}", "krw", payment.minor),
            ("assets:disburse-transit", "krw", -payment.minor),
        )
        return None

    def settle_payment(self, payment):
        if payment.state == "waiting":
            return "NotReleased"
        if payment.state == "released":
            payment.state = "settled"
            self.book(
                ("assets:disburse-transit", "krw", payment.minor),
                ("assets:bank-trust", "krw", -payment.minor),
            )
        return None

    def finish(self, program):
        if program.state == "done":
            return None
        if program.state != "running":
            return "ProgramNotOpen"
        if any(row.state == "waiting" for row in program.payments):
            return "PaymentsWaiting"
        program.state = "done"
        left = rest = self.committed(program)
        lines = []
        for fund, uses in reversed(program.allocated.items()):
            part = min(left, sum(minor for _, minor in uses))
            left -= part
            lines.append((fund, "krw", -part))
            for use in reversed(uses):
                back = min(part, use[1])
                use[0][0] += back
                use[1] -= back
                part -= back
        self.book((f"funds:program:{program.number}:committed", "krw", rest), *lines)
        return None
