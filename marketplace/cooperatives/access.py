"""Desk pages stand under `/c/<cooperative>`: the slug is looked up among the reader's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask_login import current_user

from marketplace.cooperatives.policies import PERMISSIONS, may
from marketplace.cooperatives.queries import find_membership
from marketplace.kernel.errors import NotFound, NotPermitted
from marketplace.web.access import declares, require_sign_in

AnyView = Callable[..., Any]


def member(permission: str) -> Callable[[AnyView], AnyView]:
    """Only members with `permission`; the view gets its `cooperative` as a row.

    Strangers are asked to sign in, outsiders are told that nothing is here (404), members
    without the permission that they may not (403).
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"unknown permission {permission!r}: add it to cooperatives/policies.py")

    def guard(view: AnyView) -> AnyView:
        @wraps(view)
        def checked(*args: Any, cooperative: str, **kwargs: Any) -> Any:
            require_sign_in()
            membership = find_membership(current_user.id, cooperative)
            if membership is None:
                raise NotFound
            if not may(membership.role, permission):
                raise NotPermitted
            return view(*args, cooperative=membership.cooperative, **kwargs)

        return declares(f"member: {permission}")(checked)

    return guard
