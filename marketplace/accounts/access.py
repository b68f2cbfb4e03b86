"""Who of the staff and of the trading organizations may use an endpoint."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask_login import current_user

from marketplace.accounts.models import Role
from marketplace.accounts.queries import find_trading_organization
from marketplace.kernel.errors import NotPermitted
from marketplace.web.access import declares, require_sign_in

AnyView = Callable[..., Any]


def staff(*roles: Role) -> Callable[[AnyView], AnyView]:
    """Only people with one of `roles`: `@staff(Role.ADMIN)`; strangers are asked to sign in."""
    if not roles:
        raise ValueError("name the roles: staff(Role.ADMIN, …)")

    def guard(view: AnyView) -> AnyView:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            require_sign_in()
            if not current_user.has_role(*roles):
                raise NotPermitted
            return view(*args, **kwargs)

        return declares(f"staff: {', '.join(roles)}")(checked)

    return guard


def partner(view: AnyView) -> AnyView:
    """Only members of a KOTRA office or importer; the view gets it as `organization`."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        require_sign_in()
        organization = find_trading_organization(current_user)
        if organization is None:
            raise NotPermitted
        return view(*args, organization=organization, **kwargs)

    return declares("partner")(checked)
