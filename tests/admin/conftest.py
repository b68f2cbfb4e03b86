import pytest

from tests.openbook.conftest import stage, statements, world
from tests.trade.conftest import open_as

__all__ = ["open_as", "stage", "statements", "world"]


@pytest.fixture
def reader(open_as, world):
    """An auditor's browser: may read all, may change nothing."""
    from tests.reinvestment.world import an_auditor

    return open_as(an_auditor())


@pytest.fixture
def first(open_as, world):
    from tests.reinvestment.world import an_admin

    return open_as(an_admin("Dewi Lestari"))


@pytest.fixture
def second(open_as, world):
    from tests.reinvestment.world import an_admin

    return open_as(an_admin("Park Minseo"))
