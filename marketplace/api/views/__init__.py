from __future__ import annotations

from marketplace.api.views import ledger, programs, receipts  # noqa: F401  (their routes)
from marketplace.api.views.blueprint import bp

blueprints = (bp,)
