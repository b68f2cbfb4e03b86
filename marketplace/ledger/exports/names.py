"""What accounts are called outside: codes of the ledger as names of other programs, and back."""

from __future__ import annotations

from enum import StrEnum


class Funds(StrEnum):
    """What funds are where only five classes are known: a debt, or net assets with restriction."""

    LIABILITIES = "liabilities"
    NET_ASSETS = "net-assets"


PLACES = {Funds.LIABILITIES: "liabilities:funds", Funds.NET_ASSETS: "equity:funds"}
VERBATIM = "X-"


def hledger_name(code: str, funds: Funds) -> str:
    """`funds:village:held:krw` as `liabilities:funds:village:held:krw`; others as they are."""
    root, _, rest = code.partition(":")
    return f"{PLACES[funds]}:{rest}" if root == "funds" else code


def code_of_hledger_name(name: str) -> str:
    for place in PLACES.values():
        if name.startswith(f"{place}:"):
            return f"funds{name.removeprefix(place)}"
    return name


def beancount_name(code: str, funds: Funds) -> str:
    """`liabilities:coop:gayo-aceh:held:idr` as `Liabilities:Coop:Gayo-aceh:Held:IDR`."""
    root, *parts, currency = hledger_name(code, funds).split(":")
    return ":".join([root.capitalize(), *map(_spell, parts), currency.upper()])


def code_of_beancount_name(name: str) -> str:
    root, *parts, currency = name.split(":")
    code = ":".join([root.lower(), *map(_unspell, parts), currency.lower()])
    return code_of_hledger_name(code)


def _spell(part: str) -> str:
    """Capital first letters are Beancount's rule; what would then read as another is marked."""
    is_ours = part[0].islower() and _has_small_letters(part[1:])
    is_number = not _has_small_letters(part)
    spelled = part[0].upper() + part[1:]
    if (is_ours or is_number) and not spelled.startswith(VERBATIM):
        return spelled
    return f"{VERBATIM}{part}"


def _unspell(part: str) -> str:
    if part.startswith(VERBATIM):
        return part.removeprefix(VERBATIM)
    return part[0].lower() + part[1:] if _has_small_letters(part) else part


def _has_small_letters(text: str) -> bool:
    return any(sign.islower() for sign in text)
