from __future__ import annotations

from flask import Blueprint

from marketplace.web.security import limiter

bp = Blueprint("api", __name__, url_prefix="/!api/v1/public")

programs_limit = limiter.shared_limit("120/minute", scope="public api")
"""Together for all addresses: a program that reads everything slows down once."""
