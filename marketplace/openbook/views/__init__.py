from __future__ import annotations

from marketplace.openbook.views import heads, ledger, receipts  # noqa: F401  (their routes)
from marketplace.openbook.views.blueprint import bp
from marketplace.openbook.views.files import files

blueprints = (bp, files)
