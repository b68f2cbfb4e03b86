from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from marketplace.accounts.models import User
from marketplace.cooperatives.errors import MembersWrong, SlugTaken
from marketplace.cooperatives.models import (
    CoopBankAccount,
    Cooperative,
    CooperativeState,
    MemberRole,
    Membership,
)
from marketplace.cooperatives.queries import find_cooperative, find_membership
from marketplace.kernel.db import db


def create_cooperative(
    slug: str,
    name: str,
    *,
    kind: str,
    regency_code: str,
    motif: str,
    dye: int,
    members: int,
    women: int,
    at: datetime,
    state: CooperativeState = CooperativeState.PENDING,
    **more: Any,
) -> Cooperative:
    """Enter a cooperative; `more` are further columns (stories, village_code, is_demo …).

    Raises SlugTaken, MembersWrong.
    """
    if find_cooperative(slug) is not None:
        raise SlugTaken(slug=slug)
    if women > members:
        raise MembersWrong(women=women, members=members)
    stories = {"story_id": "", "story_ko": "", "story_en": ""}
    cooperative = Cooperative(
        slug=slug,
        name=name,
        kind=kind,
        regency_code=regency_code,
        motif=motif,
        dye=dye,
        members=members,
        women=women,
        state=state,
        created_at=at,
        **(stories | more),
    )
    db.session.add(cooperative)
    db.session.flush()
    return cooperative


def open_cooperative(cooperative: Cooperative) -> None:
    """Let the cooperative sell."""
    cooperative.state = CooperativeState.OPEN
    db.session.flush()


def suspend_cooperative(cooperative: Cooperative) -> None:
    """Take the cooperative off the public pages; its desk stays open for what is under way."""
    cooperative.state = CooperativeState.SUSPENDED
    db.session.flush()


def add_member(
    cooperative: Cooperative, user: User, role: MemberRole, *, at: datetime
) -> Membership:
    """Make `user` a member with `role`; a member already gets the new role."""
    membership = find_membership(user.id, cooperative.slug)
    if membership is None:
        membership = Membership(user_id=user.id, cooperative=cooperative, role=role, joined_at=at)
        db.session.add(membership)
    membership.role = role
    db.session.flush()
    return membership


def set_bank_account(
    cooperative: Cooperative, *, bank_code: str, number: str, holder: str
) -> CoopBankAccount:
    """Keep where the cooperative is paid, replacing an earlier account."""
    account = db.session.scalar(
        select(CoopBankAccount).where(CoopBankAccount.cooperative_id == cooperative.id)
    )
    if account is None:
        account = CoopBankAccount(cooperative_id=cooperative.id)
        db.session.add(account)
    account.bank_code = bank_code
    account.number = number
    account.holder = holder
    db.session.flush()
    return account
