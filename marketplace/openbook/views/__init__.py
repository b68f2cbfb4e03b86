from __future__ import annotations

from marketplace.openbook.views import ledger, receipts  # noqa: F401  (their routes)
from marketplace.openbook.views.blueprint import bp

blueprints = (bp,)
