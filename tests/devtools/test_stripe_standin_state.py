import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devtools.stripe_standin import fuzz
from devtools.stripe_standin.__main__ import settings
from devtools.stripe_standin.driver import Driver
from devtools.stripe_standin.server import Config, Server

ROOT = Path(__file__).parents[2]


def test_lists_come_in_pages_newest_first(shop):
    for number in range(12):
        shop.v1.customers.create({"name": f"Buyer {number}", "email": f"b{number}@example.test"})

    first = shop.v1.customers.list({"limit": 5})

    assert first.has_more
    assert [c.name for c in first.data][:2] == ["Buyer 11", "Buyer 10"]
    assert len(list(first.auto_paging_iter())) == 12
    assert shop.v1.customers.list({"email": "b3@example.test"}).data[0].name == "Buyer 3"
    tomorrow = {"created": {"gt": int(time.time()) + 86_400}}
    assert shop.v1.customers.list(tomorrow).data == []


def test_a_page_has_at_most_a_hundred_rows(shop, refusal):
    assert refusal(shop.v1.charges.list, {"limit": 101}).param == "limit"


def test_emptied_metadata_is_removed(shop):
    made = shop.v1.customers.create({"name": "Kim", "metadata": {"a": "1"}})

    changed = shop.v1.customers.update(made.id, {"metadata": {"a": ""}})

    assert changed.metadata.to_dict() == {}


def test_a_deleted_customer_is_gone(shop, refusal):
    made = shop.v1.customers.create({"name": "Kim"})

    assert shop.v1.customers.delete(made.id).deleted

    assert refusal(shop.v1.customers.retrieve, made.id).code == "resource_missing"


def test_a_session_can_use_a_stored_price_while_it_is_active(shop, refusal):
    product = shop.v1.products.create(
        {"name": "Batik", "default_price_data": {"currency": "krw", "unit_amount": 99_000}}
    )
    price = shop.v1.prices.retrieve(product.default_price, {"expand": ["product"]})
    assert (price.product.name, price.unit_amount) == ("Batik", 99_000)
    lines = [{"price": price.id, "quantity": 1}]

    made = shop.new_session(line_items=lines)

    assert made.amount_total == 99_000
    items = shop.v1.checkout.sessions.line_items.list(made.id)
    assert items.data[0].price.id == price.id
    shop.v1.prices.update(price.id, {"active": False})
    assert "inactive" in str(refusal(shop.new_session, line_items=lines))


def test_only_what_can_be_expanded_is_expanded(shop, refusal):
    product = shop.v1.products.create({"name": "Batik"})

    plain = refusal(shop.v1.products.retrieve, product.id, {"expand": ["name"]})
    listed = refusal(shop.v1.payment_intents.list, {"expand": ["latest_charge"]})

    assert "cannot be expanded" in str(plain)
    assert "data.latest_charge" in str(listed)


def test_the_state_survives_a_restart(shop, start_shop, tmp_path):
    state = str(tmp_path / "state.json")
    first = start_shop(state=state)
    key = {"idempotency_key": "k"}
    made = first.v1.customers.create({"name": "Kept"}, key)
    session = first.new_session()
    first.server.service.close()

    second = start_shop(state=state)

    assert second.v1.customers.retrieve(made.id).name == "Kept"
    assert second.v1.customers.create({"name": "Kept"}, key).id == made.id
    assert second.press(second.session(session.id).url, "Pay with Kakao Pay")[0] == 303


def test_a_kept_state_follows_the_shop_to_its_new_address(shop, start_shop, tmp_path):
    state = str(tmp_path / "state.json")
    first = start_shop(state=state)
    first.server.service.close()

    second = start_shop(state=state, webhook_url=shop.hook.url + "/new")

    urls = [endpoint.url for endpoint in second.v1.webhook_endpoints.list().data]
    assert urls == [shop.hook.url + "/new"] * 2


def test_random_requests_neither_break_it_nor_unbalance_the_books():
    done = fuzz.run(seed=20, rounds=1_200)

    assert done.broken == []
    assert done.service.violations == []
    assert done.statuses[200] > 300
    assert done.statuses[400] > 100


def test_it_runs_as_a_process_of_its_own(hook):
    command = [sys.executable, "-m", "devtools.stripe_standin", "--port", "0", "--quiet"]
    with subprocess.Popen(
        [*command, "--webhook-url", hook.url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline()
            health = Driver(re.search(r"http://\S+", line)[0]).show("health")
        finally:
            process.send_signal(signal.SIGTERM)

    assert f"(API {health['api_version']})" in line
    assert process.returncode == 0


def test_options_win_over_the_environment():
    environ = {"STRIPE_STANDIN_PORT": "1", "STRIPE_STANDIN_SELLER": "Lumbung"}

    config = settings(["--port", "2", "--payment-methods", "card,kakao_pay"], environ)

    assert (config.port, config.seller) == (2, "Lumbung")
    assert config.payment_methods == ("card", "kakao_pay")
    assert config.webhook_secret == "whsec_standin"


def test_it_listens_on_loopback_only():
    with pytest.raises(ValueError, match="loopback"):
        Config(host="0.0.0.0")


def test_the_home_page_says_what_it_is(shop):
    assert "Stripe 대역" in shop.open("/", "ko")
    assert shop.http("GET", "/nowhere")[0] == 404


def test_two_servers_do_not_share_anything(shop, start_shop):
    shop.v1.customers.create({"name": "Here"})
    other = start_shop()

    assert other.v1.customers.list().data == []
    assert isinstance(other.server, Server)
