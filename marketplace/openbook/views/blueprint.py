from __future__ import annotations

from datetime import datetime

from flask import Blueprint

from marketplace.kernel.time import today_in_seoul
from marketplace.web.formats import format_day
from marketplace.web.security import limiter

bp = Blueprint("openbook", __name__)

codes_limit = limiter.shared_limit("30/minute", scope="receipt codes")
"""Together for all addresses with a receipt's code, so that no other way is quicker to guess."""


@bp.app_template_filter("seoul_day")
def seoul_day(at: datetime) -> str:
    """The accounting day of an instant: the books are kept in Korean time."""
    return format_day(today_in_seoul(at))
