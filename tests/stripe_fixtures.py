"""Fixtures of the rooms that pay: `from tests.stripe_fixtures import stripe, stripe_server`."""

from __future__ import annotations

import pytest

from devtools.stripe_standin.server import Config, Server
from tests.stripe import Stripe, point_at


@pytest.fixture(scope="session")
def stripe_server():
    server = Server(Config(port=0, quiet=True, check=True))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def stripe(stripe_server, app):
    """A stand-in that has forgotten everything; the application talks to it."""
    driver = Stripe(stripe_server)
    driver.control("reset")
    before = app.config["LUMBUNG"].stripe_api_base
    point_at(app, driver.base_url)
    yield driver
    point_at(app, before)
    contract = driver.show("contract")
    assert contract["answers_off_spec"] == []
    assert contract["without_idempotency_key"] == 0
