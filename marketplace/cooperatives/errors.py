from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid


class SlugTaken(Conflict):
    message = N_("Another cooperative already has the address “%(slug)s”.")


class MembersWrong(Invalid):
    message = N_("There cannot be more women (%(women)s) than members (%(members)s).")


class AccountMissing(Conflict):
    message = N_("This cooperative has no bank account yet.")


class AccountNumberWrong(Invalid):
    message = N_("A number of this bank has %(digits)s digits.")


class AccountNumberDiffers(Invalid):
    message = N_("This is not the number that was entered. One of the two is mistyped.")


class AccountByYourself(Conflict):
    message = N_("You entered this account yourself, so a colleague has to check it.")
