from __future__ import annotations

from marketplace.payments.views import bookings, reconciliation  # noqa: F401  (their routes)
from marketplace.payments.views.blueprint import bp as recon
from marketplace.payments.views.webhooks import bp as webhooks

blueprints = (webhooks, recon)
