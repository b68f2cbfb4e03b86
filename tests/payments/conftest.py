import pytest

from tests.orders.world import a_market
from tests.stages import Stage
from tests.stripe_fixtures import stripe, stripe_server

__all__ = ["stripe", "stripe_server"]


@pytest.fixture(scope="session")
def stage(stages) -> Stage:
    return stages(a_market)
