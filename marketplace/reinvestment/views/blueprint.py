from __future__ import annotations

from flask import Blueprint

public = Blueprint("reinvestment", __name__, url_prefix="/programs")
admin = Blueprint("reinvestment_admin", __name__, url_prefix="/admin")
