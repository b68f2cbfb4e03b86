"""Writing the books. Only these functions do."""

from marketplace.ledger.operations.accounts import lock_accounts, open_accounts
from marketplace.ledger.operations.audits import record_audit
from marketplace.ledger.operations.checkpoints import take_checkpoint
from marketplace.ledger.operations.entry_proposals import (
    approve_entry,
    propose_adjustment,
    propose_reversal,
    revise_adjustment,
    withdraw_entry,
)
from marketplace.ledger.operations.periods import (
    approve_period_change,
    propose_period_change,
    withdraw_period_change,
)
from marketplace.ledger.operations.policies import set_policy
from marketplace.ledger.operations.policy_proposals import (
    approve_policy,
    propose_policy,
    revise_policy,
    withdraw_policy,
)
from marketplace.ledger.operations.posting import post, reverse

__all__ = [
    "approve_entry",
    "approve_period_change",
    "approve_policy",
    "lock_accounts",
    "open_accounts",
    "post",
    "propose_adjustment",
    "propose_period_change",
    "propose_policy",
    "propose_reversal",
    "record_audit",
    "reverse",
    "revise_adjustment",
    "revise_policy",
    "set_policy",
    "take_checkpoint",
    "withdraw_entry",
    "withdraw_period_change",
    "withdraw_policy",
]
