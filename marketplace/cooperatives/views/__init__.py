from __future__ import annotations

from marketplace.cooperatives.views.public import cooperatives, desk_of

__all__ = ["blueprints", "desk_of"]

blueprints = (cooperatives,)
