"""A stand-in, a webhook endpoint that verifies, and a shop between them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

from devtools.stripe_standin.driver import Driver
from devtools.stripe_standin.server import Config, Server

SECRET = "whsec_selftest"
KEY = "sk_test_selftest0001"


class Receiver(ThreadingHTTPServer):
    """A webhook endpoint that verifies every delivery with the library."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Delivery)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        self.clear()

    def clear(self):
        self.got, self.refused, self.answers, self.secret = [], [], [], SECRET

    def types(self):
        return [event.type for event in self.got]

    def receive(self, body, signature):
        status = self.answers.pop(0) if self.answers else 200
        try:
            self.got.append(stripe.Webhook.construct_event(body, signature, self.secret))
        except stripe.SignatureVerificationError as problem:
            self.refused.append(str(problem))
            return 400
        return status


class Delivery(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.receive(body, self.headers["Stripe-Signature"]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Shop(Driver):
    """What a marketplace does with Stripe, and what its buyers do on the pay page."""

    success_url = "https://shop.test/thanks?id={CHECKOUT_SESSION_ID}"
    cancel_url = "https://shop.test/cart"

    def __init__(self, server, hook, http_client):
        super().__init__(server.base_url)
        self.server, self.hook, self.http_client = server, hook, http_client

    def client(self, key=KEY, retries=0, **options):
        return stripe.StripeClient(
            key,
            base_addresses={"api": self.base_url},
            max_network_retries=retries,
            http_client=self.http_client,
            **options,
        )

    @property
    def v1(self):
        return self.client().v1

    def new_session(self, currency="krw", amount=15_000, quantity=2, client=None, key=None, **more):
        product = {"name": "Kopi Gayo 250 g"}
        price = {"currency": currency, "unit_amount": amount, "product_data": product}
        params = {
            "mode": "payment",
            "success_url": self.success_url,
            "cancel_url": self.cancel_url,
            "client_reference_id": "order-7",
            "line_items": [{"quantity": quantity, "price_data": price}],
            "payment_intent_data": {"transfer_group": "order-7", "metadata": {"order": "7"}},
            "metadata": {"order": "7"},
        }
        options = {"idempotency_key": key} if key else {}
        sessions = (client or self.client()).v1.checkout.sessions
        return sessions.create(params | more, options)

    def session(self, ident, *expand):
        return self.v1.checkout.sessions.retrieve(ident, {"expand": list(expand)})

    def paid_session(self, method="card", **more):
        made = self.new_session(**more)
        self.control(f"checkout/{made.id}/pay", method=method)
        self.settle()
        return self.session(made.id, "payment_intent.latest_charge.balance_transaction")

    def expire(self, session):
        return self.v1.checkout.sessions.expire(session.id)

    def available(self):
        return self.v1.balance.retrieve().available[0].amount

    def card_payment(self, amount=5_000, currency="usd", card="pm_card_visa", key=None, retries=0):
        params = {
            "amount": amount,
            "currency": currency,
            "payment_method": card,
            "confirm": True,
            "allowed_payment_method_types": ["card"],
        }
        options = {"idempotency_key": key} if key else {}
        return self.client(retries=retries).v1.payment_intents.create(params, options)

    def new_account(self, active=False, **more):
        params = {
            "country": "US",
            "email": "koperasi@example.test",
            "type": "express",
            "capabilities": {"transfers": {"requested": True}},
        }
        account = self.v1.accounts.create(params | more)
        if active:
            self.control(f"accounts/{account.id}/activate")
        return account


def refuse(call, *args, **kwargs):
    """The library's exception, when Stripe says no to the call."""
    with pytest.raises(stripe.StripeError) as refused:
        call(*args, **kwargs)
    return refused.value


@pytest.fixture(scope="session")
def hook():
    receiver = Receiver()
    threading.Thread(
        target=receiver.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    ).start()
    yield receiver
    receiver.shutdown()
    receiver.server_close()


@pytest.fixture(scope="session")
def http_client():
    client = stripe.RequestsClient()
    yield client
    client.close()


@pytest.fixture(scope="session")
def log_file(tmp_path_factory):
    return tmp_path_factory.mktemp("stripe_standin") / "requests.jsonl"


def open_shop(hook, http_client, **settings):
    usual = {"webhook_url": hook.url, "webhook_secret": SECRET, "webhook_retry_base": 0.01}
    server = Server(Config(port=0, quiet=True, check=True, **usual | settings))
    server.start()
    return Shop(server, hook, http_client)


@pytest.fixture(scope="session")
def the_shop(hook, http_client, log_file):
    shop = open_shop(hook, http_client, log=str(log_file))
    yield shop
    shop.server.stop()


@pytest.fixture
def start_shop(hook, http_client):
    """Start another stand-in, with settings of its own, for one test."""
    shops = []

    def start(**settings):
        shops.append(open_shop(hook, http_client, **settings))
        return shops[-1]

    yield start
    for shop in shops:
        shop.server.stop()


@pytest.fixture
def shop(the_shop):
    """A shop at a stand-in that has forgotten everything; its answers must fit the document."""
    the_shop.control("reset")
    the_shop.settle()
    the_shop.hook.clear()
    yield the_shop
    assert the_shop.show("contract")["answers_off_spec"] == []


@pytest.fixture
def refusal():
    return refuse


@pytest.fixture
def quick_retries(monkeypatch):
    """The library's retries without their waits of half a second and more."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.01)
