"""What each fund got, spent, holds for programs and has free, and how long that lasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, won
from marketplace.ledger.policies import SHARE_FUNDS
from marketplace.ledger.queries import list_accounts, turnovers
from marketplace.ledger.queries.balances import AccountBalance, Turnover
from marketplace.reinvestment.models import Allocation, Program
from marketplace.reinvestment.postings import RETURN, committed_to
from marketplace.reinvestment.queries.funds import allocated_by_fund

VILLAGE = tuple(SHARE_FUNDS.values())
CSR = "funds:csr"
MONTHS = 12


@dataclass(frozen=True, slots=True)
class FundFacts:
    """A fund in won. Of all that came, a part is paid, a part is committed, and a part is free.

    What a finished program gave back counts neither as coming in nor as spent. `other` is what
    left the fund for no program: the reserve pays refunds.
    """

    path: str
    came: Money
    came_lately: Money
    spent_lately: Money
    committed: Money
    paid: Money
    free: Money

    @property
    def other(self) -> Money:
        return self.came - self.paid - self.committed - self.free

    @property
    def runway(self) -> Decimal | None:
        """For how many months the free money lasts at the pace of the last twelve; None at none."""
        if self.spent_lately.minor <= 0:
            return None
        return round(Decimal(self.free.minor) * MONTHS / self.spent_lately.minor, 1)


@dataclass(frozen=True, slots=True)
class Given:
    """What one program has of a fund, after returns."""

    number: str
    title: str
    title_ko: str
    title_en: str
    amount: Money

    def name(self, lang: str) -> str:
        return {"ko": self.title_ko, "en": self.title_en}.get(lang) or self.title


def list_given() -> dict[str, list[Given]]:
    """By path of a fund, all pledges as one: its programs, the newest first; one query."""
    rows = db.session.execute(
        select(
            Allocation.fund,
            Program.number,
            Program.title,
            Program.title_ko,
            Program.title_en,
            func.sum(Allocation.minor).label("minor"),
        )
        .join(Program, Program.id == Allocation.program_id)
        .group_by(
            Allocation.fund,
            Program.id,
            Program.number,
            Program.title,
            Program.title_ko,
            Program.title_en,
        )
        .having(func.sum(Allocation.minor) != 0)
        .order_by(Program.id.desc(), func.min(Allocation.id))
    )
    found: dict[str, dict[str, Given]] = {}
    for fund, number, title, title_ko, title_en, minor in rows:
        programs = found.setdefault(CSR if fund.startswith(CSR) else fund, {})
        before = programs[number].amount if number in programs else won(0)
        programs[number] = Given(number, title, title_ko, title_en, before + won(int(minor)))
    return {fund: list(programs.values()) for fund, programs in found.items()}


def list_funds(today: date) -> list[FundFacts]:
    """The four village funds and the pledges as one; seven queries."""
    accounts = {row.account.path: row for row in list_accounts("funds") if _is_won(row)}
    pledges = [path for path in accounts if path.startswith(CSR) and path.endswith(":available")]
    paths = [*VILLAGE, *pledges]
    since = _a_year_before(today)
    whole, returned = turnovers(paths, "KRW"), turnovers(paths, "KRW", kinds=[RETURN])
    lately = turnovers(paths, "KRW", since=since)
    returned_lately = turnovers(paths, "KRW", since=since, kinds=[RETURN])
    committed, allocated = _committed_by_fund(accounts)

    def facts_of(path: str, parts: Sequence[str]) -> FundFacts:
        back, back_lately = _sum(returned, parts).credit, _sum(returned_lately, parts).credit
        held = won(sum(committed[part] for part in parts))
        return FundFacts(
            path,
            came=_sum(whole, parts).credit - back,
            came_lately=_sum(lately, parts).credit - back_lately,
            spent_lately=_sum(lately, parts).debit - back_lately,
            committed=held,
            paid=won(sum(allocated[part] for part in parts)) - held,
            free=_sum(whole, parts).credit_balance,
        )

    return [*(facts_of(path, [path]) for path in VILLAGE), facts_of(CSR, pledges)]


def _committed_by_fund(
    accounts: dict[str, AccountBalance],
) -> tuple[Counter[str], Counter[str]]:
    """What programs still hold of each fund, and all they were given of it.

    A program spends the fund asked first before the others, as it gives back the last one first.
    """
    numbers = {row.id: row.number for row in db.session.execute(select(Program.id, Program.number))}
    committed: Counter[str] = Counter()
    allocated: Counter[str] = Counter()
    for program_id, parts in allocated_by_fund().items():
        account = accounts.get(committed_to(numbers[program_id]))
        left = account.natural.minor if account else 0
        for fund, minor in reversed(parts.items()):
            part = min(left, minor)
            left -= part
            committed[fund] += part
            allocated[fund] += minor
    return committed, allocated


def _sum(found: dict[str, Turnover], paths: Sequence[str]) -> Turnover:
    return Turnover(
        sum((found[path].debit for path in paths), won(0)),
        sum((found[path].credit for path in paths), won(0)),
    )


def _is_won(row: AccountBalance) -> bool:
    return row.account.currency == "KRW"


def _a_year_before(day: date) -> date:
    """The day after the same day of last year: twelve months up to and with `day`."""
    return date(day.year - 1, day.month, min(day.day, 28))
