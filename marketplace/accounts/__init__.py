"""People, sign-in, roles, organizations (importers, KOTRA, sponsors) and the security log.

Owns users, role_grants, authenticators, organizations, organization_memberships and
security_events.
"""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.accounts.commands import users
    from marketplace.accounts.login import set_up_login
    from marketplace.accounts.signing import code_asked
    from marketplace.accounts.views import blueprints
    from marketplace.accounts.views.reader import set_up_language_cookie

    set_up_login(app)
    app.jinja_env.globals["code_asked"] = code_asked
    set_up_language_cookie(app)
    app.cli.add_command(users)
    mount(app, blueprints)
