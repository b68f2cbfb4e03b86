"""What exports look like, letter by letter and on both engines; and the names in them."""

import re
from datetime import timedelta

import pytest
from beancount.core.account import is_valid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.kernel.money import rupiah, won
from marketplace.ledger.chart import CHART
from marketplace.ledger.exports import FORMATS, Funds, open_books
from marketplace.ledger.exports.names import (
    beancount_name,
    code_of_beancount_name,
    code_of_hledger_name,
    hledger_name,
)
from marketplace.ledger.operations import post, reverse
from tests.factories import NOON
from tests.ledger.drafts import TODAY, a_draft

NEXT_DAY = TODAY + timedelta(days=1)


def two_entries():
    pledge = a_draft(
        {"assets:pledge-receivable:CSR-1": won(30_000), "funds:csr:CSR-1:pledged": won(-30_000)},
        kind="pledge",
        ref_kind="pledge",
        ref_id="CSR-1",
    )
    post(pledge)
    sale = post(
        a_draft(
            {
                "assets:stripe": won(9_000),
                "equity:trading:idr-krw": won(-9_000),
            },
            on=NEXT_DAY,
            ref_kind="order",
            ref_id="L-1",
        )
    )
    reverse(sale, occurred_at=NOON, effective_on=NEXT_DAY + timedelta(days=1), memo="Kim Jisu")


def export(kind, **days):
    """The text with entries numbered by their place."""
    text = "".join(FORMATS[kind](open_books(**days)))
    numbers = dict.fromkeys(re.findall(r"J-[0-9A-Z]{5}-[0-9A-Z]{4}-[0-9A-Z]{4}", text))
    for place, number in enumerate(numbers, 1):
        text = text.replace(number, f"J-{place}")
    return text


HLEDGER = """\
; Journal of Lumbung, 2026-04-18 to 2026-04-20. Funds are liabilities.
decimal-mark .
commodity 1000. KRW

account assets:pledge-receivable:CSR-1:krw  ; type:A
account assets:stripe:krw  ; type:A
account equity:trading:idr-krw:krw  ; type:E
account liabilities:funds:csr:CSR-1:pledged:krw  ; type:L

2026-04-18 * (J-1) Pledge  ; about:J-1, matter:pledge CSR-1
    assets:pledge-receivable:CSR-1:krw  30000 KRW
    liabilities:funds:csr:CSR-1:pledged:krw  -30000 KRW

2026-04-19 * (J-2) Sale  ; about:J-2
    assets:stripe:krw  9000 KRW
    equity:trading:idr-krw:krw  -9000 KRW

2026-04-20 * (J-3) Reversal  ; about:J-2, reverses:J-2
    assets:stripe:krw  -9000 KRW
    equity:trading:idr-krw:krw  9000 KRW

2026-04-20 * Closing balances
    assets:pledge-receivable:CSR-1:krw  0 KRW = 30000 KRW
    assets:stripe:krw  0 KRW = 0 KRW
    equity:trading:idr-krw:krw  0 KRW = 0 KRW
    liabilities:funds:csr:CSR-1:pledged:krw  0 KRW = -30000 KRW
"""

BEANCOUNT_FROM_THE_SECOND_DAY = """\
; Ledger of Lumbung, 2026-04-19 to 2026-04-19. Funds are liabilities.
option "title" "Lumbung"
option "operating_currency" "KRW"

2026-04-18 open Assets:Pledge-receivable:CSR-1:KRW KRW
  code: "assets:pledge-receivable:CSR-1:krw"
2026-04-19 open Assets:Stripe:KRW KRW
  code: "assets:stripe:krw"
2026-04-19 open Equity:Trading:Idr-krw:KRW KRW
  code: "equity:trading:idr-krw:krw"
2026-04-18 open Liabilities:Funds:Csr:CSR-1:Pledged:KRW KRW
  code: "funds:csr:CSR-1:pledged:krw"

2026-04-19 * "Opening balances"
  Assets:Pledge-receivable:CSR-1:KRW  30000 KRW
  Liabilities:Funds:Csr:CSR-1:Pledged:KRW  -30000 KRW

2026-04-19 * "Sale" ^J-1
  number: "J-1"
  Assets:Stripe:KRW  9000 KRW
  Equity:Trading:Idr-krw:KRW  -9000 KRW

2026-04-20 balance Assets:Pledge-receivable:CSR-1:KRW  30000 ~ 0 KRW
2026-04-20 balance Assets:Stripe:KRW  9000 ~ 0 KRW
2026-04-20 balance Equity:Trading:Idr-krw:KRW  -9000 ~ 0 KRW
2026-04-20 balance Liabilities:Funds:Csr:CSR-1:Pledged:KRW  -30000 ~ 0 KRW
"""

CSV_OF_THE_FIRST_DAY = """\
number,effective_on,occurred_on,kind,about,matter,reverses,line,account,class,currency,amount
{head}1,assets:pledge-receivable:CSR-1:krw,asset,KRW,30000
{head}2,funds:csr:CSR-1:pledged:krw,fund,KRW,-30000
""".format(head="J-1,2026-04-18,2026-04-18,pledge,J-1,pledge CSR-1,,")

JSON_OF_THE_SECOND_DAY = (
    '{"number":"J-1","effective_on":"2026-04-19","occurred_on":"2026-04-18","kind":"sale",'
    '"about":"J-1","matter":null,"reverses":null,"lines":['
    '{"account":"assets:stripe:krw","class":"asset","currency":"KRW","amount":"9000"},'
    '{"account":"equity:trading:idr-krw:krw","class":"equity","currency":"KRW","amount":"-9000"}'
    "]}\n"
)


@pytest.mark.parametrize(
    ("kind", "days", "text"),
    [
        ("hledger", {}, HLEDGER),
        ("beancount", {"since": NEXT_DAY, "until": NEXT_DAY}, BEANCOUNT_FROM_THE_SECOND_DAY),
        ("csv", {"until": TODAY}, CSV_OF_THE_FIRST_DAY),
        ("jsonl", {"since": NEXT_DAY, "until": NEXT_DAY}, JSON_OF_THE_SECOND_DAY),
    ],
)
@pytest.mark.usefixtures("database")
def test_the_text_is_the_same_on_both_engines(kind, days, text):
    two_entries()

    assert export(kind, **days) == text


@pytest.mark.usefixtures("database")
def test_figures_stand_with_the_decimals_of_their_currency():
    post(a_draft({"assets:bank": rupiah(472_000), "equity:opening": -rupiah(472_000)}))

    text = export("hledger")

    assert "commodity 1000.00 IDR\n" in text
    assert "assets:bank:idr  472000.00 IDR\n" in text
    assert "equity:opening:idr  0.00 IDR = -472000.00 IDR\n" in text


@pytest.mark.usefixtures("database")
def test_empty_books_have_nothing_to_export():
    assert open_books() is None


PARTS = st.text("abxzABXZ019-", min_size=1, max_size=6).filter(lambda part: part[0] != "-")


@st.composite
def codes(draw):
    """Codes of every pattern of the chart."""
    pattern = draw(st.sampled_from(CHART)).pattern
    parts = [draw(PARTS) if part == "*" else part for part in pattern.split(":")]
    return ":".join([*parts, draw(st.sampled_from(["krw", "idr"]))])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(codes(), st.sampled_from(Funds))
def test_every_name_leads_back_to_its_account(code, funds):
    assert code_of_hledger_name(hledger_name(code, funds)) == code
    name = beancount_name(code, funds)
    assert is_valid(name)
    assert code_of_beancount_name(name) == code


@pytest.mark.parametrize(
    ("part", "spelled"),
    [
        ("gayo-aceh", "Gayo-aceh"),
        ("P-0001", "P-0001"),
        ("p-0001", "X-p-0001"),
        ("Gayo", "X-Gayo"),
        ("x-ray", "X-x-ray"),
        ("77", "77"),
    ],
)
def test_names_that_would_read_as_another_are_marked(part, spelled):
    name = beancount_name(f"expenses:grants:{part}:krw", Funds.LIABILITIES)

    assert name == f"Expenses:Grants:{spelled}:KRW"
