"""What a member may do, by role."""

from __future__ import annotations

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
