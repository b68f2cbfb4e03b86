import re

import pytest

from marketplace.kernel.config import ConfigError, read_config
from marketplace.kernel.db import db
from tests.conftest import ROOT


def test_a_live_stripe_key_is_refused_in_demo_mode():
    with pytest.raises(ConfigError, match="live Stripe key"):
        read_config({"LUMBUNG_DEMO": "1", "STRIPE_SECRET_KEY": "sk_live_x"}, ROOT)


def test_a_real_start_needs_its_secrets():
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        read_config({}, ROOT)
    with pytest.raises(ConfigError, match="STRIPE_SECRET_KEY"):
        read_config({"SECRET_KEY": "x"}, ROOT)
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        read_config({"LUMBUNG_DEMO": "1", "DATABASE_URL": "mysql://x"}, ROOT)
    with pytest.raises(ConfigError, match="LUMBUNG_FUNDS must be one of"):
        read_config({"LUMBUNG_DEMO": "1", "LUMBUNG_FUNDS": "assets"}, ROOT)


def test_the_process_says_that_it_lives_and_can_work(client):
    assert client.get("/healthz").get_json() == {"status": "ok"}
    assert client.get("/readyz").get_json() == {"status": "ok"}


def test_an_unknown_address_is_a_page_with_a_request_number(client):
    answer = client.get("/en/no-such-page")

    assert answer.status_code == 404
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize("path", ["/en/", "/healthz", "/static/css/tokens.css", "/ko/nowhere"])
def test_no_page_allows_inline_code(client, path):
    with client.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_an_unexpected_fault_is_logged_once_and_rolled_back(app, client, capsys, monkeypatch):
    def broken():
        raise ZeroDivisionError

    monkeypatch.setitem(app.view_functions, "health.alive", broken)

    answer = client.get("/healthz", headers={"Accept-Language": "en"})

    lines = [line for line in capsys.readouterr().out.splitlines() if "ZeroDivisionError" in line]
    assert answer.status_code == 500
    assert len(lines) == 1
    assert answer.headers["X-Request-Id"] in lines[0]
    assert db.session.is_active


def test_a_wrong_address_is_explained_in_the_language_it_names(client):
    assert '<html lang="ko"' in client.get("/ko/nowhere").text
    assert '<html lang="id"' in client.get("/id/nowhere").text
    assert '<html lang="en"' in client.get("/no/where", headers={"Accept-Language": "en"}).text


def test_only_the_demo_lives_with_old_exchange_rates():
    real = {"SECRET_KEY": "x", "STRIPE_SECRET_KEY": "sk_test_x"}

    assert read_config(real, ROOT).oldest_rate_days == 3
    assert read_config(real, ROOT).oldest_closing_rate_days == 3
    assert read_config({"LUMBUNG_DEMO": "1"}, ROOT).oldest_rate_days > 365


@pytest.mark.parametrize("path", ["", "products", "cooperatives", "programs", "ledger"])
def test_search_engines_read_a_sentence_and_whole_addresses_of_each_language(client, path):
    page = client.get(f"/ko/{path}").text

    assert re.search(r'<meta name="description" content="[^"]{20,}">', page)
    for lang in ("ko", "id", "en"):
        address = f"http://localhost/{lang}/{path}"
        assert f'<link rel="alternate" hreflang="{lang}" href="{address}">' in page


def test_search_engines_are_kept_out_of_desks_and_carts_only(client):
    answer = client.get("/robots.txt")

    assert answer.mimetype == "text/plain"
    assert "Disallow: /*/admin" in answer.text
    assert "Disallow: /*/cart" in answer.text
    assert "Disallow: /\n" not in answer.text


def test_the_icon_that_browsers_ask_for_unbidden_is_the_mark(client):
    answer = client.get("/favicon.ico")

    assert answer.status_code == 302
    with client.get(answer.location) as mark:
        assert mark.mimetype == "image/svg+xml"
