from __future__ import annotations

from flask import Blueprint, abort, current_app, request
from flask.typing import ResponseReturnValue

from marketplace.kernel.config import Config
from marketplace.kernel.time import now
from marketplace.payments.webhooks import Forged, receive, verify
from marketplace.web.access import declares
from marketplace.web.security import csrf, limiter

LARGEST_BODY = 256 * 1024

bp = Blueprint("payments", __name__, url_prefix="/!webhooks")


@bp.post("/stripe")
@csrf.exempt  # type: ignore[untyped-decorator]
@limiter.exempt
@declares("signed by Stripe")
def stripe() -> ResponseReturnValue:
    """400 for what Stripe did not sign; 500 asks for another delivery."""
    config: Config = current_app.config["LUMBUNG"]
    request.max_content_length = LARGEST_BODY
    body = request.get_data(cache=False)
    try:
        event = verify(body, request.headers.get("Stripe-Signature"), config.stripe_webhook_secrets)
    except Forged:
        abort(400)
    receive(event, is_live="_live_" in config.stripe_secret_key, at=now())
    return "", 200
