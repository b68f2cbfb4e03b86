from __future__ import annotations

from marketplace.payments.views import (  # noqa: F401  (their routes)
    bookings,
    downloads,
    reconciliation,
)
from marketplace.payments.views.blueprint import bp as recon
from marketplace.payments.views.webhooks import bp as webhooks

blueprints = (webhooks, recon)
