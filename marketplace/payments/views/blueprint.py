from __future__ import annotations

from flask import Blueprint

bp = Blueprint("reconciliation", __name__, url_prefix="/admin/reconciliation")
