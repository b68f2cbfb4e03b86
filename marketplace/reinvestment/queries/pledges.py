from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from marketplace.accounts.models import Organization, OrganizationKind
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import Money
from marketplace.ledger.queries import balance, list_accounts
from marketplace.reinvestment.models import Pledge
from marketplace.reinvestment.postings import available_of, pledged_of, receivable_of


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """A pledge with what came and what is still free of it."""

    pledge: Pledge
    received: Money
    available: Money

    @property
    def missing(self) -> Money:
        return self.pledge.amount - self.received


def get_pledge(number: str) -> Pledge:
    pledge = db.session.scalar(select(Pledge).where(Pledge.number == number))
    if pledge is None:
        raise NotFound
    return pledge


def received_of(pledge: Pledge) -> Money:
    """What has come, which is what is no longer owed to us."""
    return pledge.amount - balance(f"{receivable_of(pledge.number)}:krw")


def list_pledges(funds: dict[str, Money] | None = None) -> list[PledgeRow]:
    """All pledges, newest first; `funds` are balances by path where the page has them already."""
    if funds is None:
        funds = {row.account.path: row.natural for row in list_accounts("funds:csr")}
    nothing = Money(0, "KRW")
    return [
        PledgeRow(
            pledge,
            received=pledge.amount - funds.get(pledged_of(pledge.number), nothing),
            available=funds.get(available_of(pledge.number), nothing),
        )
        for pledge in db.session.scalars(
            select(Pledge).order_by(Pledge.pledged_on.desc(), Pledge.id.desc())
        )
    ]


def list_sponsors() -> Sequence[Organization]:
    return db.session.scalars(
        select(Organization)
        .where(Organization.kind.in_([OrganizationKind.SPONSOR, OrganizationKind.IMPORTER]))
        .order_by(Organization.name)
    ).all()
