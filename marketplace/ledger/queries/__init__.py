"""Reading the books."""

from marketplace.ledger.queries.accounts import find_accounts
from marketplace.ledger.queries.balances import balance, credit_balance
from marketplace.ledger.queries.entries import Entry, Posting, entries_about, find_entry, get_entry
from marketplace.ledger.queries.policies import policy_at

__all__ = [
    "Entry",
    "Posting",
    "balance",
    "credit_balance",
    "entries_about",
    "find_accounts",
    "find_entry",
    "get_entry",
    "policy_at",
]
