"""The arithmetic, on the rule files themselves; `examples.csv` is the table of worked examples."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from marketplace.customs.errors import ParcelTooHeavy, RuleMissing
from marketplace.customs.operations import import_rules
from marketplace.customs.policies import GoodsLine, RuleBook, assess
from marketplace.customs.queries import (
    get_rule_book,
    landed_cost,
    landed_costs,
    shipping_price,
)
from marketplace.kernel.db import db
from marketplace.kernel.money import dollars, won
from marketplace.reference.errors import RateTooOld
from marketplace.reference.models import Carrier
from marketplace.reference.operations import set_rate
from tests.factories import saved
from tests.stages import Stage

APRIL = date(2026, 4, 18)
WICKER = "460219"

with (Path(__file__).parent / "examples.csv").open(encoding="utf-8", newline="") as file:
    EXAMPLES = list(csv.DictReader(file))


def known_rules():
    saved(Carrier(code="pos-ems", name="Pos Indonesia EMS", tracking_url="https://ems/{number}"))
    import_rules()
    set_rate("USD", "KRW", date(2026, 4, 17), Decimal("1400"), source="ECB")


@pytest.fixture
def stage(request, stages) -> Stage | None:
    return stages(known_rules) if "rules" in request.fixturenames else None


@pytest.fixture
def rules(database):
    """Those of the file, and a rate of the dollar."""


@pytest.mark.parametrize("example", EXAMPLES, ids=[row["what"] for row in EXAMPLES])
def test_the_worked_examples_come_out_to_the_won(rules, example):
    line = GoodsLine(example["hs"], won(int(example["goods_won"])), int(example["weight_grams"]))

    cost = assess(
        [line],
        shipping=won(int(example["freight_won"])),
        usd_krw=Decimal(example["usd_krw"]),
        book=get_rule_book(APRIL),
        has_proof=example["proof"] == "yes",
    )

    assert (cost.duty, cost.vat) == (won(int(example["duty_won"])), won(int(example["vat_won"])))
    assert cost.lines[0].agreement == example["agreement"]
    assert cost.total == cost.goods + cost.shipping + cost.duty + cost.vat
    assert cost.is_estimate


def test_the_wickerwork_of_the_facts_costs_60530_won_of_taxes(rules):
    lines = [GoodsLine(WICKER, won(280_000), 3_000)]

    without = landed_cost(lines, APRIL, shipping=won(42_000))
    proven = landed_cost(lines, APRIL, shipping=won(42_000), has_proof=True)

    assert without.duty + without.vat == won(60_530)
    assert proven.duty + proven.vat == won(32_200)
    assert [rule.key for rule in without.rules] == ["above-limit", "base-rate"]
    assert [rule.key for rule in proven.rules] == ["above-limit", "agreement-rate"]
    assert without.goods_in_dollars == dollars(200)
    assert without.limit == dollars(150)


def test_the_freight_to_korea_does_not_count_for_the_limit(rules):
    cost = landed_cost([GoodsLine(WICKER, won(210_000), 3_000)], APRIL, shipping=won(900_000))

    assert cost.duty_free
    assert [rule.key for rule in cost.rules] == ["within-limit"]
    assert cost.total == won(1_110_000)


def test_each_line_pays_its_own_rate_on_its_part_of_the_freight(rules):
    cost = landed_cost(
        [GoodsLine(WICKER, won(300_000), 3_000), GoodsLine("940153", won(100_000), 5_000)],
        APRIL,
        shipping=won(40_000),
    )

    assert [line.taxable for line in cost.lines] == [won(330_000), won(110_000)]
    assert [line.duty for line in cost.lines] == [won(26_400), won(0)]
    assert [line.vat for line in cost.lines] == [won(35_640), won(11_000)]
    assert cost.total == won(513_040)


def test_what_is_too_small_to_collect_is_said(rules):
    set_rate("USD", "KRW", date(2026, 4, 17), Decimal("600"), source="ECB")

    cost = landed_cost([GoodsLine("940153", won(99_000), 500)], APRIL, shipping=won(0))

    assert not cost.duty_free
    assert cost.rules[-1].key == "too-small-to-collect"
    assert cost.duty + cost.vat == won(0)


def test_freight_goes_by_the_weight_of_the_parcel(rules):
    assert [shipping_price(grams, APRIL) for grams in (1, 1_000, 1_001, 30_000)] == [
        won(9_000),
        won(9_000),
        won(10_500),
        won(96_000),
    ]
    with pytest.raises(ParcelTooHeavy) as refused:
        shipping_price(30_001, APRIL)
    assert refused.value.facts == {"most_kg": 30}

    cost = landed_cost(
        [GoodsLine(WICKER, won(10_000), 800), GoodsLine(WICKER, won(10_000), 700)], APRIL
    )
    assert cost.shipping == won(10_500)


@pytest.mark.parametrize(
    ("goods", "warned"),
    [
        ([150_000, 60_000], False),
        ([150_000, 60_001], True),
        ([210_000, 210_000], True),
        ([210_001, 10_000], False),
    ],
)
def test_parcels_that_pass_the_limit_only_together_carry_a_warning(rules, goods, warned):
    order = landed_costs([[GoodsLine(WICKER, won(amount), 500)] for amount in goods], APRIL)

    assert order.passes_limit_together is warned
    assert order.shipping == won(18_000)
    assert order.total == order.goods + order.shipping + order.duty + order.vat
    if warned:
        assert order.duty + order.vat == won(0)


def test_a_rule_holds_from_its_day(rules):
    sugar = [GoodsLine("170290", won(300_000), 9_000)]
    set_rate("USD", "KRW", date(2025, 12, 31), Decimal("1400"), source="ECB")

    before = landed_cost(sugar, date(2025, 12, 31), shipping=won(0), has_proof=True)
    after = landed_cost(sugar, date(2026, 1, 1), shipping=won(0), has_proof=True)

    assert (before.lines[0].agreement, before.duty) == ("base", won(24_000))
    assert (after.lines[0].agreement, after.duty) == ("IK-CEPA", won(3_000))


def test_without_rules_nothing_is_guessed(database):
    set_rate("USD", "KRW", APRIL, Decimal("1400"), source="ECB")

    with pytest.raises(RuleMissing):
        shipping_price(500, APRIL)
    with pytest.raises(RuleMissing):
        landed_cost([GoodsLine(WICKER, won(1_000), 500)], APRIL, shipping=won(0))


def test_an_old_dollar_rate_is_refused(rules):
    with pytest.raises(RateTooOld):
        landed_cost([GoodsLine(WICKER, won(1_000), 500)], date(2026, 4, 25), oldest_days=7)

    later = landed_cost([GoodsLine(WICKER, won(1_000), 500)], date(2026, 4, 25), oldest_days=30)
    assert later.total == won(10_000)


def test_asking_again_costs_no_query(rules):
    landed_cost([GoodsLine(WICKER, won(1_000), 500)], APRIL)
    asked = []

    connection = db.engine
    event.listen(connection, "before_cursor_execute", lambda *seen: asked.append(seen[2]))

    landed_cost([GoodsLine("090121", won(2_000), 500)], APRIL)

    assert asked == []


BOOK = RuleBook(
    on=APRIL,
    figures={
        "duty-free-limit-usd": Decimal(150),
        "vat-percent": Decimal(10),
        "rounding-won": Decimal(10),
        "smallest-collected-won": Decimal(10_000),
        "default-duty-percent": Decimal("8.5"),
    },
    tariffs={},
    freight={},
)
amounts = st.integers(min_value=1, max_value=5_000_000).map(won)
goods = st.lists(st.builds(GoodsLine, st.just("46"), amounts, st.just(100)), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(goods, amounts, st.decimals("500", "3000", places=4))
def test_parts_always_sum_and_end_in_whole_tens(lines, shipping, usd_krw):
    cost = assess(lines, shipping=shipping, usd_krw=usd_krw, book=BOOK)

    assert sum(line.taxable.minor for line in cost.lines) == (cost.goods + shipping).minor
    assert sum(line.duty.minor for line in cost.lines) == cost.duty.minor
    assert sum(line.vat.minor for line in cost.lines) == cost.vat.minor
    assert cost.duty.minor % 10 == cost.vat.minor % 10 == 0
    due = cost.duty + cost.vat
    assert not due if cost.duty_free else (not due or due >= won(10_000))
