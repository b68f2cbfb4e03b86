from __future__ import annotations

from datetime import datetime
from typing import Any

from marketplace.accounts.models import User
from marketplace.cooperatives.errors import (
    AccountByYourself,
    AccountMissing,
    AccountNumberDiffers,
    MembersWrong,
    SlugTaken,
)
from marketplace.cooperatives.models import (
    CoopBankAccount,
    Cooperative,
    CooperativeState,
    MemberRole,
    Membership,
)
from marketplace.cooperatives.policies import normalize_account_number
from marketplace.cooperatives.queries import (
    find_bank_account,
    find_cooperative,
    find_membership,
)
from marketplace.kernel.db import db, lock


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
    cooperative: Cooperative, *, bank_code: str, number: str, holder: str, by: int | None = None
) -> CoopBankAccount:
    """Keep where the cooperative is paid, replacing an earlier account; nobody has checked it.

    The same account again keeps its check. Raises AccountNumberWrong.
    """
    facts = {
        "bank_code": bank_code,
        "number": normalize_account_number(bank_code, number),
        "holder": " ".join(holder.split()),
    }
    account = find_bank_account(cooperative)
    if account is None:
        account = CoopBankAccount(cooperative_id=cooperative.id)
        db.session.add(account)
    elif all(getattr(account, name) == value for name, value in facts.items()):
        return account
    for name, value in facts.items():
        setattr(account, name, value)
    account.entered_by = by
    account.verified_by = account.verified_at = None
    db.session.flush()
    return account


def verify_bank_account(cooperative: Cooperative, number: str, *, by: int, at: datetime) -> None:
    """Note that a second person read the same `number` on the bank's paper.

    Raises AccountMissing, AccountByYourself, AccountNumberWrong, AccountNumberDiffers.
    """
    account = find_bank_account(cooperative)
    if account is None:
        raise AccountMissing
    account = lock(CoopBankAccount, account.id)
    if account.entered_by == by:
        raise AccountByYourself
    if normalize_account_number(account.bank_code, number) != account.number:
        raise AccountNumberDiffers
    if account.verified_at is None:
        account.verified_by = by
        account.verified_at = at
        db.session.flush()


def doubt_bank_account(cooperative: Cooperative) -> None:
    """Ask for the account to be checked again, since a bank sent money back."""
    account = find_bank_account(cooperative)
    if account is not None:
        account.verified_by = account.verified_at = None
        db.session.flush()
