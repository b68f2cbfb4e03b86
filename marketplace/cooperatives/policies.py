"""What a member may do, by role."""

from __future__ import annotations

import re
from dataclasses import dataclass

from marketplace.cooperatives.errors import AccountNumberWrong
from marketplace.cooperatives.models import MemberRole

PERMISSIONS = frozenset(
    {
        "desk.view",
        "products.view",
        "products.edit",
        "orders.view",
        "orders.ship",
        "payouts.view",
        "rfqs.view",
        "rfqs.answer",
        "programs.view",
        "programs.propose",
        "profile.edit",
        "members.edit",
    }
)

_RIGHTS: dict[MemberRole, frozenset[str]] = {
    MemberRole.CHAIR: PERMISSIONS,
    MemberRole.TREASURER: frozenset(
        {"desk.view", "products.view", "orders.view", "payouts.view", "rfqs.view", "programs.view"}
    ),
    MemberRole.SELLER: frozenset(
        {
            "desk.view",
            "products.view",
            "products.edit",
            "orders.view",
            "orders.ship",
            "rfqs.view",
            "rfqs.answer",
            "programs.view",
        }
    ),
}


def may(role: MemberRole, permission: str) -> bool:
    return permission in _RIGHTS[role]


@dataclass(frozen=True)
class Bank:
    """An Indonesian bank: its clearing code, its BIC, and how long its account numbers are."""

    code: str
    name: str
    bic: str
    digits: int


BANKS = {
    bank.code: bank
    for bank in (
        Bank("002", "BRI", "BRINIDJA", 15),
        Bank("008", "Bank Mandiri", "BMRIIDJA", 13),
        Bank("009", "BNI", "BNINIDJA", 10),
        Bank("014", "BCA", "CENAIDJA", 10),
        Bank("200", "BTN", "BTANIDJA", 16),
        Bank("451", "BSI", "BSMDIDJA", 10),
    )
}


def normalize_account_number(bank_code: str, text: str) -> str:
    """The digits alone. Raises AccountNumberWrong when the bank has no such numbers."""
    number = re.sub(r"[\s.-]", "", text)
    digits = BANKS[bank_code].digits
    if not re.fullmatch(rf"[0-9]{{{digits}}}", number):
        raise AccountNumberWrong(digits=digits)
    return number
