"""Double-entry books of every amount that moves. Knows no other room.

Debit is positive, credit negative; entries are appended, never edited. Owns ledger_accounts,
ledger_entries, ledger_postings, ledger_account_controls, ledger_periods, split_policies.
"""
