import pytest

from tests.openbook.conftest import statements, world
from tests.trade.conftest import open_as

__all__ = ["open_as", "statements", "world"]


@pytest.fixture
def reader(open_as, world):
    """An auditor's browser: may read all, may change nothing."""
    from tests.reinvestment.world import an_auditor

    return open_as(an_auditor())
