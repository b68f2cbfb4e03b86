"""The page for accountants shows the tables that the tests read."""

from devtools.ledger_page import PAGE, page_as_it_should_be


def test_the_worked_postings_on_the_page_are_those_of_the_tables():
    assert PAGE.read_text() == page_as_it_should_be(), "Run `make docs`."


def test_every_example_is_on_the_page():
    page = PAGE.read_text()

    for letter in "ABCDEFGHIJK":
        assert f"**{letter}.**" in page
    assert "| `liabilities:coop:gayo:payable:idr` |  | Rp 542,800.00 |" in page
    assert "| `funds:refund-reserve:krw` |  | ₩75 |" in page
