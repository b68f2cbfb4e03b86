from __future__ import annotations

from marketplace.accounts.models import Role
from marketplace.accounts.operations import authenticate
from marketplace.accounts.queries import find_user_by_email
from marketplace.kernel.db import db


def run(app, *words):
    return app.test_cli_runner().invoke(args=["users", *words])


def test_an_administrator_is_made_on_the_command_line(app, database):
    created = run(
        app, "create", "Head@example.com", "--name", "Head", "--password", "a rice barn in June"
    )
    granted = run(app, "grant", "head@example.com", "admin")
    db.session.expire_all()

    assert (created.exit_code, granted.exit_code) == (0, 0)
    assert find_user_by_email("head@example.com").has_role(Role.ADMIN)
    assert authenticate("head@example.com", "a rice barn in June")


def test_a_mistake_on_the_command_line_is_one_sentence(app, database):
    short = run(app, "create", "head@example.com", "--name", "Head", "--password", "short")
    missing = run(app, "grant", "nobody@example.com", "admin")

    assert short.output == "Error: Choose a password of at least 10 characters.\n"
    assert missing.output == ("Error: There is no account with the address nobody@example.com.\n")
    assert find_user_by_email("head@example.com") is None
