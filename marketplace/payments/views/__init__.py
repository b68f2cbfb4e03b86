from __future__ import annotations

from marketplace.payments.views.reconciliation import bp as reconciliation
from marketplace.payments.views.webhooks import bp as webhooks

blueprints = (webhooks, reconciliation)
