from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid


class SlugTaken(Conflict):
    message = N_("Another cooperative already has the address “%(slug)s”.")


class MembersWrong(Invalid):
    message = N_("There cannot be more women (%(women)s) than members (%(members)s).")
