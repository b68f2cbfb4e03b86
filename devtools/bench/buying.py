"""Four buyers at once, for some seconds. Prints JSON.

    python -m devtools.bench.buying http://127.0.0.1:5000 <pid of the server> 10

One sale is what the buyer's browser and Stripe send: the page of the goods, the goods into the
cart, the checkout (order, holds, split, payment), and the signed event that the payment settled
(stock sold, journal rows). Each sale comes over a connection of its own, as from another buyer, and
so does Stripe's event. What a checkout form carries is read once per product beforehand.
"""

from __future__ import annotations

import json
import random
import re
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

from devtools.bench.buyers import CLIENTS, PASSWORD, email_of
from devtools.bench.server import Server
from devtools.bench.wire import Answer, Wire
from devtools.stripe_standin.webhooks import header

SECRET = "whsec_standin"
PRODUCTS = 8
ADDRESS = {
    "recipient": "김하은",
    "phone": "010-1234-5678",
    "postcode": "04524",
    "line": "서울특별시 중구 세종대로 110",
    "detail": "3층",
    "customs_code": "P123456789012",
    "terms": "y",
    "transfer": "y",
}


class Unexpected(Exception):
    """The shop answered otherwise than a sale needs."""


@dataclass(frozen=True)
class Goods:
    path: str
    variant_id: str
    quote: str


class Buyer:
    """A browser with cookies, signed in; notes how long each answer took."""

    def __init__(self, address: str, number: int) -> None:
        self.address = address
        self.wire = Wire(address)
        self.cookies: dict[str, str] = {}
        self.times: list[float] = []
        self.orders = 0
        form = {"email": email_of(number), "password": PASSWORD}
        token = {"csrf_token": self._hidden("csrf_token", "/ko/sign-in")}
        self.post("/ko/sign-in", form | token)

    def get(self, path: str) -> str:
        return self._browse("GET", path, b"", {}, 200).body.decode()

    def post(self, path: str, form: Mapping[str, str]) -> str:
        """Where the answer leads."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.address}
        answer = self._browse("POST", path, urlencode(form).encode(), sent, 302, 303)
        return answer.all("location")[0]

    def look_at(self, path: str) -> Goods:
        """Put the goods into the cart and read the checkout's form; then buy them."""
        variant_id = self._hidden("variant_id", path)
        self.post("/ko/cart/lines", {"variant_id": variant_id, "then": "checkout"})
        self.token = self._hidden("csrf_token", "/ko/checkout")
        goods = Goods(path, variant_id, self._hidden("quote", "/ko/checkout"))
        self._check_out(goods)
        return goods

    def buy(self, goods: Goods) -> None:
        self.wire.close()
        self.wire = Wire(self.address)
        self._browse("GET", goods.path, b"", {}, 200)
        self.post("/ko/cart/lines", {"variant_id": goods.variant_id, "then": "checkout"})
        self._settle(self._check_out(goods))
        self.orders += 1

    def _check_out(self, goods: Goods) -> str:
        form_key = f"{random.getrandbits(96):x}".zfill(24)
        keys = {"csrf_token": self.token, "form_key": form_key, "quote": goods.quote}
        leads_to = self.post("/ko/checkout", ADDRESS | keys)
        if "/pay/cs_" not in leads_to:
            raise Unexpected(f"the checkout led to {leads_to}")
        return leads_to.rpartition("/")[2]

    def _settle(self, session_id: str) -> None:
        event = {
            "id": f"evt_{random.getrandbits(96):x}",
            "object": "event",
            "type": "checkout.session.completed",
            "livemode": False,
            "data": {"object": {"id": session_id, "object": "checkout.session"}},
        }
        body = json.dumps(event).encode()
        signed = {"Stripe-Signature": header([SECRET], body, int(time.time()))}
        stripe = Wire(self.address)
        self._ask(stripe, "POST", "/webhooks/stripe", body, signed, 200)
        stripe.close()

    def _hidden(self, name: str, path: str) -> str:
        found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]+)"', self.get(path))
        if found is None:
            raise Unexpected(f"{path} has no {name}")
        return found[1]

    def _browse(
        self, method: str, path: str, body: bytes, sent: Mapping[str, str], *fine: int
    ) -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self._ask(self.wire, method, path, body, {"Cookie": cookie, **sent}, *fine)
        for line in answer.all("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def _ask(
        self,
        wire: Wire,
        method: str,
        path: str,
        body: bytes,
        sent: Mapping[str, str],
        *fine: int,
    ) -> Answer:
        begun = time.perf_counter()
        answer = wire.ask(method, path, sent, body)
        self.times.append(time.perf_counter() - begun)
        if answer.status not in fine:
            raise Unexpected(f"{method} {path}: {answer.status}\n{answer.body[:2000].decode()}")
        return answer


def main(server: Server, seconds: float) -> None:
    buyers = [Buyer(server.address, number) for number in range(CLIENTS)]
    paths = re.findall(r'href="(/ko/products/volume-[^"?#]+)"', buyers[0].get("/ko/products"))
    shelf = [buyers[0].look_at(path) for path in list(dict.fromkeys(paths))[:PRODUCTS]]
    for buyer in buyers:
        buyer.look_at(shelf[0].path)
        buyer.buy(shelf[1])
        buyer.orders, buyer.times = 0, []
    begun, used, own = time.perf_counter(), server.cpu_seconds(), time.process_time()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(_buy_until, b, shelf, begun + seconds) for b in buyers]:
            done.result()
    took = time.perf_counter() - begun
    times = sorted(took for buyer in buyers for took in buyer.times)
    print(
        json.dumps(
            {
                "orders": sum(buyer.orders for buyer in buyers),
                "seconds": took,
                "cpu_seconds": server.cpu_seconds() - used,
                "load_cpu_seconds": time.process_time() - own,
                "p99_ms": times[len(times) * 99 // 100] * 1000,
            }
        )
    )


def _buy_until(buyer: Buyer, shelf: list[Goods], until: float) -> None:
    dice = random.Random(threading.get_ident())
    while time.perf_counter() < until:
        buyer.buy(dice.choice(shelf))


if __name__ == "__main__":
    main(Server(sys.argv[1], int(sys.argv[2])), float(sys.argv[3]))
