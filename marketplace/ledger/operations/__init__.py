"""Writing the books. Only these functions do."""

from marketplace.ledger.operations.accounts import lock_accounts, open_accounts
from marketplace.ledger.operations.policies import set_policy
from marketplace.ledger.operations.posting import post, reverse

__all__ = ["lock_accounts", "open_accounts", "post", "reverse", "set_policy"]
