from __future__ import annotations

from marketplace.trade.views.desk import trade_desk
from marketplace.trade.views.exports import trade
from marketplace.trade.views.offers import export_desk
from marketplace.trade.views.rfqs import show_rfq
from marketplace.trade.views.words import set_up_words

blueprints = (trade, trade_desk, export_desk)

__all__ = ["blueprints", "set_up_words", "show_rfq"]
