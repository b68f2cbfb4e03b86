from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound


class SignInRefused(Invalid):
    """Unknown address, wrong password or closed account: the reader is not told which."""

    message = N_("This e-mail address and password do not belong together. Please try again.")


class EmailTaken(Conflict):
    message = N_("There is already an account with this e-mail address. Sign in instead.")


class EmailInvalid(Invalid):
    message = N_("Enter an e-mail address such as name@example.com.")


class PasswordTooShort(Invalid):
    message = N_("Choose a password of at least %(length)s characters.")


class UserMissing(NotFound):
    message = N_("There is no account with the address %(email)s.")
