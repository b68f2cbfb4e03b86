from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.drawings import PROVINCES
from marketplace.kernel.db import db, transaction
from marketplace.reference.errors import FileRefused
from marketplace.reference.models import (
    Carrier,
    District,
    ExchangeRate,
    HsCode,
    KoreanPostcode,
    Province,
    Regency,
    Village,
)
from marketplace.reference.operations import import_all, import_file, import_rates, read_carrier
from marketplace.reference.queries import find_village, list_regencies, list_villages

COUNTS = {
    Province: 38,
    Regency: 514,
    District: 7_285,
    Village: 83_762,
    HsCode: 6_939,
    Carrier: 4,
    KoreanPostcode: 34_443,
    ExchangeRate: 16_152,
}


def counts():
    return {model: db.session.scalar(select(func.count()).select_from(model)) for model in COUNTS}


def test_all_files_are_read_once(committed):
    with transaction():
        written = import_all()
    with transaction():
        again = import_all()

    assert counts() == COUNTS
    assert sum(written.values()) == sum(COUNTS.values())
    assert set(again.values()) == {0}
    assert set(db.session.scalars(select(Province.letters))) == set(PROVINCES)
    assert len(list_regencies("34")) == 5
    assert "Wates" in {village.name for village in list_villages("34.01")}
    assert find_village("34.01.01.2001").postcode.isdigit()


def carriers(folder, *lines):
    path = folder / "carriers.csv"
    path.write_text("\n".join(["code,name,tracking_url", *lines]) + "\n", encoding="utf-8")
    return path


def test_a_changed_file_updates_its_rows(database, tmp_path):
    first = import_file(carriers(tmp_path, "cj,CJ,https://cj/{number}"), Carrier, read_carrier)
    path = carriers(tmp_path, "cj,CJ Logistics,https://cj/{number}", "dhl,DHL,https://dhl/{number}")
    second = import_file(path, Carrier, read_carrier)
    third = import_file(path, Carrier, read_carrier)

    names = db.session.scalars(select(Carrier.name).order_by(Carrier.code)).all()
    assert (first, second, third) == (1, 2, 0)
    assert names == ["CJ Logistics", "DHL"]


def test_a_file_whose_rows_are_gone_is_read_again(database, tmp_path):
    path = carriers(tmp_path, "cj,CJ,https://cj/{number}")
    import_file(path, Carrier, read_carrier)
    db.session.execute(Carrier.__table__.delete())

    assert import_file(path, Carrier, read_carrier) == 1


def rates(folder, *lines):
    path = folder / "rates.csv"
    path.write_text("\n".join(["date,usd_krw,usd_idr,krw_idr", *lines]) + "\n", encoding="utf-8")
    return path


def test_rates_keep_every_digit_of_the_file(database, tmp_path):
    import_rates(rates(tmp_path, "2026-04-13,1489.9521,17187.65,11.535706"))

    rate = db.session.get(ExchangeRate, (date(2026, 4, 13), "KRW", "IDR"))
    assert rate.rate == Decimal("11.535706")
    assert str(rate.rate) == "11.535706"
    assert rate.source == "ECB"


def test_a_day_read_again_gets_the_new_rate(database, tmp_path):
    import_rates(rates(tmp_path, "2026-04-13,1489,17187,11.5"))
    import_rates(rates(tmp_path, "2026-04-13,1490,17187,11.6"), source="Bank of Korea")

    rows = db.session.execute(
        select(ExchangeRate.rate, ExchangeRate.source).where(ExchangeRate.quote == "KRW")
    ).all()
    assert rows == [(Decimal("1490"), "Bank of Korea")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2026-04-13,1489,17187,eleven", "line 2"),
        ("2026-04-13,1489,17187,0", "line 2: 0 is no rate"),
        ("2026-04-13,1489,-1,11.5", "line 2: -1 is no rate"),
        ("2026-04-13,1489,17187,NaN", "line 2: NaN is no rate"),
        ("13.04.2026,1489,17187,11.5", "line 2"),
    ],
)
def test_a_wrong_rate_names_its_line(database, tmp_path, line, reason):
    with pytest.raises(FileRefused, match=reason):
        import_rates(rates(tmp_path, line))

    assert db.session.scalar(select(func.count()).select_from(ExchangeRate)) == 0


def test_a_missing_column_is_named(database, tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("date,usd_krw\n2026-04-13,1489\n")

    with pytest.raises(FileRefused, match="usd_idr"):
        import_rates(path)


def test_the_commands_say_what_they_did(app, database, tmp_path):
    runner = app.test_cli_runner()
    path = rates(tmp_path, "2026-04-13,1489.9521,17187.65,11.535706")

    good = runner.invoke(args=["rates", "import", str(path)])
    bad = runner.invoke(args=["rates", "import", str(rates(tmp_path, "2026-04-13,x,1,1"))])

    assert (good.exit_code, good.output) == (0, "3 rates\n")
    assert bad.exit_code == 1
    assert bad.output.startswith("Error: rates.csv cannot be read: line 2")
