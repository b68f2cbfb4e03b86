from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from marketplace.customs.models import (
    CustomsRule,
    Restriction,
    RestrictionKind,
    ShippingRate,
    TariffLine,
)
from marketplace.customs.operations import import_rules
from marketplace.customs.policies import Applied
from marketplace.customs.queries import is_refused, restrictions_for
from marketplace.customs.wording import sentence
from marketplace.kernel.db import db
from marketplace.reference.models import Carrier
from tests.factories import saved
from tests.stages import Stage

TABLES = (CustomsRule, TariffLine, Restriction, ShippingRate)


def known_rules():
    saved(Carrier(code="pos-ems", name="Pos Indonesia EMS", tracking_url="https://ems/{number}"))
    return import_rules()


@pytest.fixture
def stage(request, stages) -> Stage | None:
    return stages(known_rules) if "rules" in request.fixturenames else None


@pytest.fixture
def rules(database, stage):
    return stage.things


def counts():
    return [db.session.scalar(select(func.count()).select_from(table)) for table in TABLES]


def test_reading_the_rules_again_adds_nothing(rules):
    first = counts()

    import_rules()

    assert counts() == first == list(rules.values())


def test_a_changed_row_is_updated(rules, database):
    rate = db.session.scalar(select(ShippingRate).where(ShippingRate.up_to_grams == 1000))
    rate.price_krw = 1

    import_rules()

    assert rate.price_krw == 9_000


def test_what_nobody_checked_says_so(rules):
    def is_checked(prefix, agreement):
        return db.session.scalar(
            select(TariffLine.is_checked).where(
                TariffLine.hs_prefix == prefix, TariffLine.agreement == agreement
            )
        )

    assert is_checked("170290", "IK-CEPA") is True
    assert is_checked("170290", "base") is False
    assert is_checked("46", "AKFTA") is False
    assert not any(db.session.scalars(select(ShippingRate.is_checked)))


def test_an_agreement_without_concession_has_no_row(rules):
    agreements = db.session.scalars(
        select(TariffLine.agreement).where(TariffLine.hs_prefix == "170290")
    ).all()

    assert sorted(agreements) == ["AKFTA", "IK-CEPA", "base"]


def test_every_prefix_has_a_base_rate_from_the_first_day(rules):
    with_base = select(TariffLine.hs_prefix).where(
        TariffLine.agreement == "base", TariffLine.valid_from == date(2023, 1, 1)
    )
    without = select(TariffLine.hs_prefix).where(TariffLine.hs_prefix.not_in(with_base))

    assert db.session.scalars(without).all() == []


@pytest.mark.parametrize(
    ("goods", "hs", "kinds"),
    [
        ("beef floss", "160250", ["refused", "declaration"]),
        ("tuna floss", "160420", ["declaration"]),
        ("salted eggs", "040721", ["refused"]),
        ("raw hide", "410150", ["refused"]),
        ("fresh salak", "081090", ["refused"]),
        ("live orchid", "060290", ["refused"]),
        ("golok", "820140", ["permit"]),
        ("bird's nest", "041090", ["permit"]),
        ("green coffee", "090111", ["permit", "declaration"]),
        ("roasted coffee", "090121", ["declaration"]),
        ("black tea", "090240", ["declaration"]),
        ("cashew", "080132", ["declaration"]),
        ("crackers", "190590", ["declaration"]),
        ("rattan basket", "460212", []),
        ("batik", "520852", []),
        ("silver ring", "711311", []),
    ],
)
def test_what_korea_asks_of_goods(rules, goods, hs, kinds):
    assert [str(rule.kind) for rule in restrictions_for(hs)] == kinds
    assert is_refused(hs) is ("refused" in kinds)


def test_every_restriction_is_said_in_three_languages(rules):
    for rule in db.session.scalars(select(Restriction)):
        assert len({rule.note_en, rule.note_ko, rule.note_id}) == 3
        for note in (rule.note_en, rule.note_ko, rule.note_id):
            assert note.endswith(".")
    refused = restrictions_for("081090")[0]
    assert refused.kind is RestrictionKind.REFUSED
    assert refused.note("ko") == "생과일은 식물 검역 때문에 소포로 보낼 수 없습니다."
    assert refused.note("xx") == refused.note("en")


def test_a_rule_that_was_applied_is_a_sentence(app):
    with app.test_request_context("/en/"):
        spoken = sentence(Applied("agreement-rate", {"agreement": "AKFTA", "percent": 0}))

    assert spoken == "Duty 0% under the trade agreement AKFTA."


def test_the_command_reads_the_files(app, database):
    saved(Carrier(code="pos-ems", name="Pos Indonesia EMS", tracking_url="https://ems/{number}"))

    result = app.test_cli_runner().invoke(args=["customs", "import"])

    assert result.exit_code == 0
    assert "tariff_lines.csv: 279 rows\n" in result.output
