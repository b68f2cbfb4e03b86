"""The books as a journal for hledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from marketplace.kernel.money import MINOR_DIGITS, Money
from marketplace.ledger.exports.books import Books, ExportedEntry
from marketplace.ledger.exports.names import Funds, hledger_name
from marketplace.ledger.models import AccountClass

TYPES = {
    AccountClass.ASSET: "A",
    AccountClass.LIABILITY: "L",
    AccountClass.EQUITY: "E",
    AccountClass.INCOME: "R",
    AccountClass.EXPENSE: "X",
}
FUND_TYPES = {Funds.LIABILITIES: "L", Funds.NET_ASSETS: "E"}


def hledger(books: Books) -> Iterator[str]:
    """Passes `hledger check -s ordereddates`; the last entry asserts every balance."""
    types = TYPES | {AccountClass.FUND: FUND_TYPES[books.funds]}
    yield f"; Journal of Lumbung, {books.first_on} to {books.last_on}. Funds are {books.funds}.\n"
    yield "decimal-mark .\n"
    for currency in books.currencies:
        # The point of a currency without decimals must stand: `1,000 KRW` would read as three.
        yield f"commodity 1000.{'0' * MINOR_DIGITS[currency]} {currency}\n"
    yield "\n"
    for used in books.accounts:
        name = hledger_name(used.account.code, books.funds)
        yield f"account {name}  ; type:{types[used.account.account_class]}\n"
    if books.opened:
        lines = ((used.account.code, _figure(used.opening)) for used in books.opened)
        yield _transaction(f"{books.first_on} * Opening balances", lines, books.funds)
    for entry in books.entries():
        lines = ((posting.code, _figure(posting.amount)) for posting in entry.postings)
        yield _transaction(_header(entry), lines, books.funds)
    if not books.accounts:
        return
    lines = (
        (used.account.code, f"{_figure(used.closing * 0)} = {_figure(used.closing)}")
        for used in books.accounts
    )
    yield _transaction(f"{books.last_on} * Closing balances", lines, books.funds)


def _header(entry: ExportedEntry) -> str:
    tags = {"about": entry.about, "matter": entry.matter, "reverses": entry.reverses}
    comment = ", ".join(f"{tag}:{value}" for tag, value in tags.items() if value)
    header = f"{entry.effective_on} * ({entry.number}) {entry.title}"
    return f"{header}  ; {comment}" if comment else header


def _transaction(header: str, lines: Iterable[tuple[str, str]], funds: Funds) -> str:
    body = "".join(f"    {hledger_name(code, funds)}  {amount}\n" for code, amount in lines)
    return f"\n{header}\n{body}"


def _figure(amount: Money) -> str:
    return f"{amount.major:f} {amount.currency}"
