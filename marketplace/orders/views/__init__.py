from __future__ import annotations

from marketplace.orders.views import cart, checkout, orders, requests  # noqa: F401  (their routes)
from marketplace.orders.views.admin import bp as admin
from marketplace.orders.views.blueprint import bp as public
from marketplace.orders.views.desk import bp as desk

blueprints = (public, desk, admin)
