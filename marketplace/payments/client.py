"""The one Stripe client of an application, and the one place that turns its answers plain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog
from flask import current_app

from marketplace.kernel.config import Config
from marketplace.payments.errors import StripeRefused, StripeUnavailable

if TYPE_CHECKING:
    from stripe import StripeClient

API_VERSION = "2026-10-28.endive"

log = structlog.get_logger()


def client() -> StripeClient:
    """The client of this application. The library is imported with the first call: it is large."""
    found: StripeClient | None = current_app.extensions.get("stripe")
    if found is None:
        found = current_app.extensions["stripe"] = _build(current_app.config["LUMBUNG"])
    return found


def _build(config: Config) -> StripeClient:
    import stripe

    stripe.enable_telemetry = False
    return stripe.StripeClient(
        config.stripe_secret_key,
        stripe_version=API_VERSION,
        max_network_retries=2,
        http_client=stripe.RequestsClient(timeout=(5, 25)),
        base_addresses={"api": config.stripe_api_base} if config.stripe_api_base else {},
    )


def ask(
    method: str, path: str, params: Mapping[str, Any] | None = None, *, key: str | None = None
) -> dict[str, Any]:
    """Stripe's answer to `path` (below `/v1`) as plain values, decimals exact.

    A call may be repeated with its `key`: Stripe does it once. The library's own objects are not
    made: that takes longer than all the rest, and would make `exchange_rate` a float.

    Raises StripeUnavailable when nobody knows what happened (ask again with the same key), and
    StripeRefused when Stripe said no.
    """
    import stripe

    try:
        answer = client().raw_request(
            method, f"/v1/{quote(path)}", **(params or {}), idempotency_key=key
        )
    except (stripe.CardError, stripe.InvalidRequestError, stripe.IdempotencyError) as error:
        log.warning("stripe refused", code=error.code, stripe_request=error.request_id)
        raise StripeRefused(reason=error.user_message or error.code or "") from error
    except stripe.StripeError as error:
        log.error("stripe failed", kind=type(error).__name__, stripe_request=error.request_id)
        raise StripeUnavailable from error
    found: dict[str, Any] = json.loads(answer.body, parse_float=Decimal)
    return found
