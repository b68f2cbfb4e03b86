import pytest

from marketplace.ledger.chart import CHART, currency_of, path_of, rule_for
from marketplace.ledger.errors import UnknownAccount
from marketplace.ledger.models import AccountClass


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("funds:village:held", "funds:village:held"),
        ("funds:csr:CSR-26-007:available", "funds:csr:*:available"),
        ("funds:program:P-1:committed:csr-77", "funds:program:*:committed:*"),
        ("liabilities:coop:kopi-gayo-2:payable", "liabilities:coop:*:payable"),
    ],
)
def test_a_path_finds_its_row(path, pattern):
    assert rule_for(path).pattern == pattern


@pytest.mark.parametrize(
    "path",
    [
        "",
        "assets",
        "assets:bank:krw",
        "assets:Bank",
        "funds:village:party",
        "liabilities:coop::payable",
        "liabilities:coop:a:b:payable",
        "liabilities:coop:%:payable",
    ],
)
def test_a_path_without_a_row_is_a_mistake(path):
    with pytest.raises(UnknownAccount):
        rule_for(path)


def test_every_restricted_fund_that_can_be_spent_is_guarded():
    unguarded = [
        rule.pattern
        for rule in CHART
        if rule.account_class == AccountClass.FUND and rule.may_overdraw
    ]

    assert unguarded == ["funds:village:held", "funds:csr:*:pledged"]


def test_a_code_is_a_path_in_one_currency():
    assert path_of("assets:stripe:unclassified:krw") == "assets:stripe:unclassified"
    assert currency_of("assets:stripe:krw") == "KRW"
