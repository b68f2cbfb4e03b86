"""The rules of the books, looked up in what is stored, as if nothing had guarded them.

Rule: docs/adr/0002-append-only-ledger.md
"""

from __future__ import annotations

from marketplace.kernel.errors import N_
from marketplace.ledger.hooks import Check
from marketplace.ledger.queries.invariants.accounts import (
    CASH,
    check_clearing,
    check_coverage,
    check_overdrawn,
)
from marketplace.ledger.queries.invariants.checkpoints import check_checkpoints
from marketplace.ledger.queries.invariants.decided import check_decisions
from marketplace.ledger.queries.invariants.decisions import check_closed_months, check_four_eyes
from marketplace.ledger.queries.invariants.entries import (
    check_balance,
    check_bodies,
    check_currencies,
    check_guards,
    check_lines,
    check_reversals,
)

__all__ = ["CASH", "OWN_CHECKS"]

OWN_CHECKS = (
    Check("I1", N_("Sums of entries"), check_balance),
    Check("I2", N_("Lines of entries"), check_lines),
    Check("I2", N_("Guards in the database"), check_guards),
    Check("I3", N_("Currencies of lines"), check_currencies),
    Check("I4", N_("Seals of entries' bodies"), check_bodies),
    Check("I6", N_("Balances of guarded accounts"), check_overdrawn),
    Check("I6", N_("Kept balances and the sums of all lines"), check_checkpoints),
    Check("I8", N_("Reversals"), check_reversals),
    Check("I10", N_("Cash and restricted funds"), check_coverage),
    Check("I12", N_("Accounts that money passes through"), check_clearing),
    Check("I15", N_("Entries of closed months"), check_closed_months),
    Check("I16", N_("Signatures on entries, months and divisions"), check_four_eyes),
    Check("I16", N_("Decisions, and what holds by them"), check_decisions),
)
