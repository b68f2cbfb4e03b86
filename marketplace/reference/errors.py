from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid


class RateMissing(Conflict):
    message = N_("There is no exchange rate from %(base)s to %(quote)s yet.")


class RateTooOld(Conflict):
    message = N_("The newest exchange rate from %(base)s to %(quote)s is too old: %(day)s.")


class PostcodeUnknown(Invalid):
    message = N_("This postcode does not exist in Korea. Enter five digits, such as 04524.")


class FileRefused(Invalid):
    message = N_("%(file)s cannot be read: %(reason)s.")
