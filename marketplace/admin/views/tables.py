"""What the ledger's pages show, as tables to keep. People who signed are left out: files travel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from flask_babel import gettext as _

from marketplace.admin.views.documents import document_name
from marketplace.ledger.queries import Account, Entry, TrialBalance, entry_number
from marketplace.ledger.queries.streams import Stretch
from marketplace.statements.wording import account_name, class_name, description, kind_name
from marketplace.web.downloads import Cell, Table


def journal_table(entries: Iterable[Entry]) -> Table:
    """A row per line of each entry."""
    columns = [
        *(_("Entry"), _("Accounting day"), _("Happened (Seoul)"), _("Kind"), _("What")),
        *(_("Document"), _("Reverses"), _("Account code"), _("Account"), _("Currency")),
        *(_("Debit"), _("Credit")),
    ]
    return Table(_("Journal"), columns, _journal_rows(entries))


def _journal_rows(entries: Iterable[Entry]) -> Iterator[Sequence[Cell]]:
    # A name is put together from dozens of texts; one file asks for few names, many times.
    kind_of, name_of = cache(kind_name), cache(account_name)
    for entry in entries:
        facts = (
            entry.number,
            entry.effective_on,
            entry.occurred_at,
            kind_of(entry.kind),
            description(entry),
            document_name(entry.ref_kind, entry.ref_id),
            entry_number(entry.reverses_id) if entry.reverses_id else None,
        )
        for posting in entry.postings:
            account = (posting.code, name_of(posting.path), posting.amount.currency)
            yield (*facts, *account, posting.debit, posting.credit)


def account_table(account: Account, stretch: Stretch) -> Table:
    """The lines of an account from its opening balance on, with the balance after each."""
    columns = [
        *(_("Accounting day"), _("Entry"), _("Kind"), _("What"), _("Document")),
        *(_("Debit"), _("Credit"), _("Balance")),
    ]
    return Table(_("Account"), columns, _account_rows(account, stretch))


def _account_rows(account: Account, stretch: Stretch) -> Iterator[Sequence[Cell]]:
    kind_of = cache(kind_name)
    opening = account.natural(stretch.opening)
    yield (None, None, None, _("Opening balance"), None, None, None, opening)
    for line in stretch.lines:
        yield (
            line.effective_on,
            entry_number(line.entry_id),
            kind_of(line.kind),
            description(line),
            document_name(line.ref_kind, line.ref_id),
            line.debit,
            line.credit,
            account.natural(line.running),
        )


def trial_balance_table(balance: TrialBalance) -> Table:
    """A row per account, and the sums of both columns for each currency."""
    columns = [
        *(_("Class"), _("Account code"), _("Account"), _("Currency"), _("Debit"), _("Credit")),
    ]
    return Table(_("Trial balance"), columns, _trial_balance_rows(balance))


def _trial_balance_rows(balance: TrialBalance) -> Iterator[Sequence[Cell]]:
    for currency in balance.currencies:
        for row in balance.rows_in(currency):
            account = row.account
            name = account_name(account.path)
            letter = str(account.account_class)
            yield (class_name(letter), account.code, name, currency, row.debit, row.credit)
        sides = balance.columns(currency)
        yield (_("Total"), None, None, currency, sides.debit, sides.credit)
