"""Double-entry books of every amount that moves. Knows no other room.

Debit is positive, credit negative; entries are appended, never edited. Owns ledger_accounts,
ledger_entries, ledger_postings, ledger_account_controls, ledger_periods, ledger_period_changes,
ledger_audits, ledger_entry_proposals, split_policies, split_policy_proposals, ledger_decisions; and
the sealed log of it all:
ledger_leaves, ledger_tile_roots, ledger_heads, ledger_cosignatures. Balances are kept in
ledger_balance_checkpoints, ledger_checkpoint_balances, ledger_late_entries.
"""
