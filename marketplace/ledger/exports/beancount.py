"""The books as a file for Beancount."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from marketplace.kernel.money import Money
from marketplace.ledger.exports.books import Books, ExportedEntry
from marketplace.ledger.exports.names import Funds, beancount_name


def beancount(books: Books) -> Iterator[str]:
    """Passes `bean-check`; balances are asserted exactly, on the morning after the last day."""
    yield f"; Ledger of Lumbung, {books.first_on} to {books.last_on}. Funds are {books.funds}.\n"
    yield 'option "title" "Lumbung"\n'
    for currency in books.currencies:
        yield f'option "operating_currency" "{currency}"\n'
    yield "\n"
    for used in books.accounts:
        account = used.account
        opened_on = min(account.opened_on, used.first_used_on)
        name = beancount_name(account.code, books.funds)
        yield f'{opened_on} open {name} {account.currency}\n  code: "{account.code}"\n'
    if books.opened:
        lines = ((used.account.code, used.opening) for used in books.opened)
        yield _transaction([f'{books.first_on} * "Opening balances"'], lines, books.funds)
    for entry in books.entries():
        lines = ((posting.code, posting.amount) for posting in entry.postings)
        yield _transaction(_header(entry), lines, books.funds)
    yield "\n"
    morning = books.last_on + timedelta(days=1)
    for used in books.accounts:
        # Without `~ 0` Beancount would let a difference of one sen pass.
        name = beancount_name(used.account.code, books.funds)
        yield f"{morning} balance {name}  {used.closing.major:f} ~ 0 {used.closing.currency}\n"


def _header(entry: ExportedEntry) -> list[str]:
    links = [entry.about or entry.number, *([entry.reverses] if entry.reverses else [])]
    marks = " ".join(f"^{number}" for number in links)
    return [
        f'{entry.effective_on} * "{entry.title}" {marks}',
        f'  number: "{entry.number}"',
        *([f'  matter: "{entry.matter}"'] if entry.matter else []),
    ]


def _transaction(header: list[str], lines: Iterable[tuple[str, Money]], funds: Funds) -> str:
    body = [
        f"  {beancount_name(code, funds)}  {amount.major:f} {amount.currency}"
        for code, amount in lines
    ]
    return "\n".join(["", *header, *body, ""])
