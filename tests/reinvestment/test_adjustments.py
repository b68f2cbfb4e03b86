"""Funds and pledges are kept lot by lot: no adjustment books there."""

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.drafts import Line
from marketplace.ledger.models import LedgerEntry, LedgerEntryProposal
from marketplace.ledger.operations import propose_adjustment
from marketplace.reinvestment.errors import KeptByLot
from tests.factories import NOON
from tests.ledger.drafts import TODAY

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    "path",
    [
        "funds:village:held",
        "funds:village:programs",
        "funds:village:training",
        "funds:village:youth",
        "funds:csr:CSR-26-001:pledged",
        "funds:csr:CSR-26-001:available",
        "funds:program:P-26-001:committed",
        "assets:pledge-receivable:CSR-26-001",
        "expenses:grants:P-26-001",
    ],
)
@pytest.mark.parametrize("minor", [10, -10])
def test_an_adjustment_is_refused_with_the_pages_to_go_to(path, minor):
    with pytest.raises(KeptByLot, match="page of the program") as refusal:
        propose_adjustment(
            [Line("income:platform-fee", won(-minor)), Line(path, won(minor))],
            effective_on=TODAY,
            memo="Counted wrong",
            reason="Asked by phone",
            by=1,
            at=NOON,
        )

    assert refusal.value.facts == {"path": path}
    assert db.session.query(LedgerEntryProposal).count() == 0
    assert db.session.query(LedgerEntry).count() == 0
