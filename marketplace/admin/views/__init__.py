from __future__ import annotations

from marketplace.admin.views import (  # noqa: F401  (their routes)
    accounts,
    audits,
    downloads,
    entries,
    funds,
    home,
    journal,
    page_downloads,
    periods,
    policies,
    proposed_entries,
    seals,
    trial_balance,
)
from marketplace.admin.views.blueprint import bp

blueprints = (bp,)
