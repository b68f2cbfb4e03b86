from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound


class SignInRefused(Invalid):
    """Unknown address, wrong password or closed account: the reader is not told which."""

    message = N_("This e-mail address and password do not belong together. Please try again.")


class PasswordWrong(Invalid):
    """Somebody signed in did not repeat their own password."""

    message = N_("That is not your password.")


class EmailTaken(Conflict):
    message = N_("There is already an account with this e-mail address. Sign in instead.")


class EmailInvalid(Invalid):
    message = N_("Enter an e-mail address such as name@example.com.")


class PasswordTooShort(Invalid):
    message = N_("Choose a password of at least %(length)s characters.")


class CodeMissing(Invalid):
    message = N_("Write the six digits that your authenticator shows now.")


class CodeWrong(Invalid):
    message = N_("This code does not fit. Write the one that your authenticator shows now.")


class CodeUsed(Invalid):
    message = N_("This code was used already. Wait for the next one: it comes within 30 seconds.")


class TooManyCodes(Invalid):
    message = N_("Too many wrong codes. Wait %(minutes)s minutes, then try again.")


class AuthenticatorNeeded(Conflict):
    message = N_("You sign here with a code from your phone. Set up your authenticator first.")


class UserMissing(NotFound):
    message = N_("There is no account with the address %(email)s.")
