"""Flask-Login: who is reading, from the session cookie."""

from __future__ import annotations

from flask import Flask
from flask_login import LoginManager

from marketplace.accounts.models import User
from marketplace.accounts.queries import find_user


def set_up_login(app: Flask) -> None:
    """Load the reader of each request; a closed account is a stranger at once."""
    manager = LoginManager()
    # Phones change their address often; "strong" would sign them out each time.
    manager.session_protection = "basic"

    def load(user_id: str) -> User | None:
        user = find_user(int(user_id)) if user_id.isdigit() else None
        return user if user is not None and user.is_enabled else None

    manager.user_loader(load)
    manager.init_app(app)
