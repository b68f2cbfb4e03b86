from __future__ import annotations

from marketplace.orders.views import (  # noqa: F401  (their routes)
    accounts,
    cart,
    checkout,
    downloads,
    guide,
    orders,
    paying,
    payout_slip,
    requests,
)
from marketplace.orders.views.admin import bp as admin
from marketplace.orders.views.blueprint import bp as public
from marketplace.orders.views.desk import bp as desk
from marketplace.orders.views.disputes import bp as disputes
from marketplace.orders.views.payouts import bp as payouts

blueprints = (public, desk, admin, payouts, disputes)
