from __future__ import annotations

from flask import Blueprint

from marketplace.web.security import limiter

bp = Blueprint("openbook", __name__)

codes_limit = limiter.shared_limit("30/minute", scope="receipt codes")
"""Together for all addresses with a receipt's code, so that no other way is quicker to guess."""
