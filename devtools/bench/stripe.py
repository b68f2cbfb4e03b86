"""Just enough of Stripe to sell, inside the web process: every session is paid once it is made.

Stripe's own time and the way there are left out of what is measured: our code and Stripe's library
do all they do, only the call that would leave the machine is answered here. Nothing is remembered,
since a session's id says which payment it is and how much was asked; so any process can answer.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping

import stripe

SESSION = re.compile(r"/v1/checkout/sessions/cs_test_(\d+)_(\d+)")
PAYMENT = re.compile(r"(?:^|&)metadata\[payment\]=(\d+)")
QUANTITY = re.compile(r"(?:^|&)line_items\[\d+\]\[quantity\]=(\d+)")
PRICE = re.compile(r"(?:^|&)line_items\[\d+\]\[price_data\]\[unit_amount\]=(\d+)")
Answer = tuple[bytes, int, dict[str, str]]


class Answers(stripe.HTTPClient):
    """What the library sends comes back answered."""

    name = "bench"

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: object = None
    ) -> Answer:
        found = SESSION.search(url)
        if found is not None:
            body = _session(int(found[1]), int(found[2]))
        elif url.endswith("/v1/checkout/sessions"):
            form = str(post_data)
            body = _session(int(PAYMENT.findall(form)[0]), _sum_of(form))
        else:
            raise ValueError(f"a sale never asks for {method} {url}")
        return json.dumps(body).encode(), 200, {"Request-Id": "req_bench"}

    def close(self) -> None:
        return None


def _sum_of(form: str) -> int:
    pairs = zip(QUANTITY.findall(form), PRICE.findall(form), strict=True)
    return sum(int(quantity) * int(price) for quantity, price in pairs)


def _session(payment: int, amount: int) -> dict[str, object]:
    number = f"cs_test_{payment}_{amount}"
    return {
        "id": number,
        "object": "checkout.session",
        "url": f"https://checkout.stripe.com/c/pay/{number}",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": amount,
        "currency": "krw",
        "payment_intent": {
            "id": f"pi_{payment}",
            "object": "payment_intent",
            "latest_charge": _charge(payment, amount),
        },
    }


def _charge(payment: int, amount: int) -> dict[str, object]:
    fee = amount * 3 // 100
    at = int(time.time())
    return {
        "id": f"ch_{payment}",
        "object": "charge",
        "created": at,
        "payment_method_details": {"type": "kakao_pay"},
        "balance_transaction": {
            "id": f"txn_{payment}",
            "object": "balance_transaction",
            "type": "charge",
            "source": f"ch_{payment}",
            "currency": "krw",
            "amount": amount,
            "fee": fee,
            "net": amount - fee,
            "exchange_rate": None,
            "created": at,
        },
    }
