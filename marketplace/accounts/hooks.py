"""What higher rooms add to signing in, told to this room by their `set_up`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from marketplace.accounts.models import User

OnSignIn = Callable[[User, datetime], None]
Home = Callable[[User], str | None]

_on_sign_in: list[OnSignIn] = []
_homes: list[Home] = []


def on_sign_in(function: OnSignIn) -> OnSignIn:
    """Call `function(user, at)` at each sign-in, inside its transaction.

    It may read the request's session: the visitor's cart becomes the buyer's.
    """
    if function not in _on_sign_in:
        _on_sign_in.append(function)
    return function


def offer_home(function: Home) -> Home:
    """Ask `function(user)` for the address of their desk after signing in, None for no desk."""
    if function not in _homes:
        _homes.append(function)
    return function


def run_sign_in_hooks(user: User, *, at: datetime) -> None:
    for function in _on_sign_in:
        function(user, at)


def offered_home(user: User) -> str | None:
    return next((url for function in _homes if (url := function(user))), None)
