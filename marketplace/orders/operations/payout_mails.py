"""Mails about payouts, to those of a cooperative who look after its money."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.cooperatives.policies import BANKS, may
from marketplace.cooperatives.queries import list_members
from marketplace.kernel.db import db
from marketplace.kernel.outbox import write_mail
from marketplace.orders.models import Payout
from marketplace.orders.policies import WHOLE_RUPIAH


def write_payout_mails(
    payout: Payout, template: str, facts: dict[str, object], *, at: datetime
) -> None:
    """Queue the mail `template` for each of them, once. It has no account number."""
    members = [
        row.user_id for row in list_members(payout.cooperative) if may(row.role, "payouts.view")
    ]
    for user in db.session.scalars(select(User).where(User.id.in_(members)).order_by(User.id)):
        write_mail(
            f"{template}:{payout.number}:{user.id}",
            user.email,
            template=template,
            locale=user.locale,
            facts={
                "payout": payout.number,
                "cooperative": payout.cooperative.name,
                "rupiah": payout.minor // WHOLE_RUPIAH,
                "netted": payout.netted_minor // WHOLE_RUPIAH,
                "bank": BANKS[payout.bank_code or ""].name,
                **facts,
            },
            at=at,
        )
