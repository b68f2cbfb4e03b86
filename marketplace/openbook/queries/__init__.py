"""What anyone may read of the books. Amounts are sums of postings, never of other tables."""

from marketplace.openbook.queries.books import Books, newest_entry_id, read_books
from marketplace.openbook.queries.figures import Figures, Month, read_figures
from marketplace.openbook.queries.receipts import Receipt, Waiting, find_receipt

__all__ = [
    "Books",
    "Figures",
    "Month",
    "Receipt",
    "Waiting",
    "find_receipt",
    "newest_entry_id",
    "read_books",
    "read_figures",
]
