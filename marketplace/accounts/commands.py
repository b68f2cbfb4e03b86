"""`flask users …`: accounts from the command line."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from marketplace.accounts.authenticators import forget_authenticator
from marketplace.accounts.errors import EmailInvalid, EmailTaken, PasswordTooShort, UserMissing
from marketplace.accounts.models import Role
from marketplace.accounts.operations import create_user, grant_role
from marketplace.accounts.queries import get_user_by_email
from marketplace.kernel.db import transaction
from marketplace.kernel.time import now

users = AppGroup("users", help="Accounts of people.")


@users.command()
@click.argument("email")
@click.option("--name", required=True)
@click.option("--locale", type=click.Choice(["ko", "id", "en"]), default="ko")
@click.password_option(help="At least 10 characters; asked for when not given.")
def create(email: str, name: str, locale: str, password: str) -> None:
    """Open an account for EMAIL."""
    try:
        with transaction():
            user = create_user(email, name, password, locale=locale, at=now())
    except (EmailInvalid, EmailTaken, PasswordTooShort) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{user.email} can sign in now.")


@users.command("forget-authenticator")
@click.argument("email")
def forget(email: str) -> None:
    """Ask EMAIL for no codes any more: the phone is lost."""
    try:
        with transaction():
            had_one = forget_authenticator(get_user_by_email(email).id, at=now())
    except UserMissing as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{email} {'signs without code now' if had_one else 'had no authenticator'}.")


@users.command()
@click.argument("email")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
def grant(email: str, role: str) -> None:
    """Give EMAIL the staff role ROLE."""
    try:
        with transaction():
            grant_role(get_user_by_email(email), Role(role), by=None, at=now())
    except UserMissing as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{email} has the role {role} now.")
