import pytest

pytest.register_assert_rewrite("tests.ledger.simulation.world")
