"""The search index of both databases: what is written for a product, and how it is asked.

One row per product in `product_search`: what ranking, counting and sorting need, kept small. Its
terms are the analysed text in every language it has, and the filters as terms such as
`category:coffee` (no word holds a colon), so that one index answers both. They stand in
`product_search_terms` on SQLite, in `document` on PostgreSQL, without places or weights, whose
reading takes longer than all the rest; `title` tells what stands in the name.
"""

from marketplace.catalog.index.asking import Hit, Hits, Question, ask, gather
from marketplace.catalog.index.ranking import relevance
from marketplace.catalog.index.rows import OTHER_CURRENCY, Traits, is_sqlite, price_band
from marketplace.catalog.index.spelling import find_spellings, known_words
from marketplace.catalog.index.writing import Document, describe, index_products, rebuild, write

__all__ = [
    "OTHER_CURRENCY",
    "Document",
    "Hit",
    "Hits",
    "Question",
    "Traits",
    "ask",
    "describe",
    "find_spellings",
    "gather",
    "index_products",
    "is_sqlite",
    "known_words",
    "price_band",
    "rebuild",
    "relevance",
    "write",
]
