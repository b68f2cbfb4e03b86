"""The ledger in the reader's words: names of accounts and kinds, entries as pages show them."""
