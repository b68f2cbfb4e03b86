"""What anyone may read of the books. Amounts are sums of postings, never of other tables."""

from marketplace.openbook.queries.books import Books, read_books
from marketplace.openbook.queries.figures import Figures, Month, read_figures
from marketplace.openbook.queries.in_hand import InHand, read_in_hand
from marketplace.openbook.queries.receipts import Receipt, Waiting, find_receipt
from marketplace.openbook.queries.seals import (
    Place,
    Seal,
    SealedDecision,
    find_seal,
    list_sealed_decisions,
    list_seals,
    newest_state,
    places_of,
)

__all__ = [
    "Books",
    "Figures",
    "InHand",
    "Month",
    "Place",
    "Receipt",
    "Seal",
    "SealedDecision",
    "Waiting",
    "find_receipt",
    "find_seal",
    "list_sealed_decisions",
    "list_seals",
    "newest_state",
    "places_of",
    "read_books",
    "read_figures",
    "read_in_hand",
]
