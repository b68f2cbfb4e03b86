from __future__ import annotations

from marketplace.kernel.errors import N_, Conflict, Invalid


class InvalidCustomsCode(Invalid):
    message = N_("A customs code is the letter P and 12 digits, such as P123456789012.")


class InvalidPhone(Invalid):
    message = N_("Enter a Korean mobile number, such as 010-1234-5678.")


class InvalidPostcode(Invalid):
    message = N_("A Korean postcode has five digits, such as 04524.")


class ParcelTooHeavy(Conflict):
    message = N_("A parcel may weigh at most %(most_kg)s kg. Take some goods out of it.")


class RuleMissing(Conflict):
    message = N_("Customs rules for this day are missing, so nothing can be estimated.")
