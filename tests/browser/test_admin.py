"""Two administrators and an auditor, in English."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.buying import COFFEE, SUGAR, buy
from tests.browser.pages import do_for_good
from tests.browser.reading import amount, send

VILLAGE = "Hargotirto"


def sides(line: Locator) -> tuple[str, int, int]:
    """Account, debit and credit of one line of an entry."""
    cells = line.get_by_role("cell")
    debit, credit = (cells.nth(place).inner_text().strip() for place in (1, 2))
    code = line.locator(".code").inner_text().strip()
    return code, amount(debit or "0"), amount(credit or "0")


def lines_of(entry: Locator) -> list[tuple[str, int, int]]:
    return [sides(line) for line in entry.locator("[role=row]:has(.code)").all()]


def cells_of(row: Locator) -> list[str]:
    return [text.strip() for text in row.locator("th, td").all_inner_texts()]


def test_the_ledger_is_read_from_the_journal_to_a_balanced_trial_balance(visit):
    page = visit("admin1", lang="en")
    page.goto("/en/admin/ledger/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Reinvestment ledger")
    assert page.locator("article.entry").count() > 1
    page.locator("[name=kind]").select_option("sale")
    page.locator("form[aria-label='Filter entries'] button").click()
    page.wait_for_url("**kind=sale**")

    newest = page.locator("article.entry").first
    number = newest.locator("header h3").inner_text()
    newest.get_by_role("link", name=number).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    lines = lines_of(page.locator("article.entry"))
    assert {code.split(":")[0] for code, _, _ in lines} >= {"assets", "equity", "funds"}
    assert all((debit == 0) != (credit == 0) for _, debit, credit in lines)
    expect(page.locator("main")).to_contain_text("posted on payment")

    page.goto("/en/admin/ledger/accounts/")
    page.locator("a[href$='/funds:village:held:krw']").first.click()
    _check_running_balance(page)

    page.goto("/en/admin/ledger/trial-balance")
    differences = page.locator("tfoot tr").filter(has_text="Difference").locator("td.n")
    assert [amount(text) for text in differences.all_inner_texts()] == [0, 0]
    for table in page.locator("table").all():
        debits, credits = (
            sum(
                amount(text)
                for text in table.locator(f"tbody td:nth-child({n})").all_inner_texts()
                if text.strip()
            )
            for n in (2, 3)
        )
        assert debits == credits > 0


def _check_running_balance(page: Page) -> None:
    lines = page.locator("section[aria-labelledby=lines] tbody")
    expect(lines).to_be_visible()
    rows = [cells_of(row) for row in lines.locator("tr:not(.group)").all()]
    closing, opening = (
        amount(row.locator("td").inner_text()) for row in lines.locator("tr.group").all()
    )
    after = [amount(row[4]) for row in rows]
    assert after[0] == closing
    for row, balance, before in zip(rows, after, [*after[1:], opening], strict=True):
        assert before + amount(row[3] or "0") - amount(row[2] or "0") == balance


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_the_filter_of_the_journal_stands_on_one_line(visit, lang):
    page = visit("admin1", lang=lang)
    page.goto(f"/{lang}/admin/ledger/")

    controls = page.locator("main form.is-filter :is(input, select, button)").all()
    boxes = [control.bounding_box() for control in controls]

    assert len({round(box["y"] + box["height"]) for box in boxes}) == 1


def test_an_auditor_follows_money_from_a_village_to_a_sale_and_back(visit):
    page = visit("auditor", lang="en", java_script_enabled=False)
    page.goto("/en/admin/programs/P-0001")
    payment = page.locator("article").filter(has=page.get_by_text("P-0001-1", exact=True))

    payment.get_by_role("link", name=re.compile("^Bank line")).click()
    page.get_by_role("link", name=re.compile("^J-")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Disbursement paid")
    shares = page.locator("section[aria-labelledby=whose]")
    row = shares.locator("tbody tr").first
    part, whole = (amount(r.locator("td.n").inner_text()) for r in (row, shares.locator("tfoot")))
    assert 0 < part <= whole == 520_000
    row.get_by_role("link", name=re.compile("^Order L-")).click()

    way = page.locator("section[aria-labelledby=way]")
    expect(way.get_by_role("link", name="P-0001-1", exact=True)).to_have_count(1)
    places = way.locator("tbody tr:not(.group) td.n").all_inner_texts()
    assert sum(map(amount, places)) == amount(way.locator("tfoot td.n").inner_text())
    way.get_by_role("link", name=re.compile("^Bank line")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Line of the bank")


def test_no_program_is_paid_by_one_person_alone(visit):
    first, second = visit("admin1", lang="en"), visit("admin2", lang="en")
    first.goto("/en/admin/programs")
    first.get_by_role("link", name="New proposal").click()
    first.locator("[name=q]").fill(VILLAGE)
    first.get_by_role("button", name="Find").click()
    first.get_by_role("link", name=VILLAGE).first.click()
    for name, value in {
        "title": "Rumah pengering gula semut",
        "title_ko": "코코넛슈가 건조장",
        "title_en": "A drying house for coconut sugar",
        "problem": "Saat hujan gula tidak kering.",
        "plan": "Membangun satu rumah pengering surya.",
        "budget-text-1": "Rangka dan atap",
        "budget-won-1": "1,450,000",
        "budget-text-2": "Upah tukang",
        "budget-won-2": "550.000",
    }.items():
        first.locator(f"[name={name}]").fill(value)
    first.get_by_role("button", name="Propose").click()
    first.wait_for_url(re.compile(r"/admin/programs/P-\d+$"))
    address = first.url

    expect(first.locator("main")).to_contain_text("you may not sign it")
    expect(first.locator("[name=decision]")).to_have_count(0)
    second.goto(address)
    refused = first.request.post(
        f"{address}/decision",
        form={
            "csrf_token": first.locator("[name=csrf_token]").first.input_value(),
            "decision": "approve",
            "body": second.locator("[name=body]").input_value(),
        },
    )
    assert refused.status in (403, 409, 422)
    assert "You proposed this yourself" in refused.text()
    first.reload()
    expect(first.locator("main")).to_contain_text("Waits for a colleague.")

    second.locator("summary").filter(has_text="Sign the decision").click()
    expect(second.get_by_role("dialog")).to_have_count(0)
    second.locator("[name=decision][value=approve]").check()
    do_for_good(second.locator("main"), "Sign the decision")
    expect(second.get_by_role("status")).to_contain_text("Signed.")
    signatures = second.locator(".signs")
    expect(signatures).to_contain_text("Dewi Lestari")
    expect(signatures).to_contain_text("Lee Seoyeon")

    form = second.locator("form[action$='/disbursements']")
    form.locator("[name=amount]").fill("2000001")
    form.locator("[name=purpose]").fill("Tahap pertama")
    form.locator("button").click()
    expect(second.get_by_role("alert")).to_contain_text("2,000,000")
    form.locator("[name=amount]").fill("1200000")
    form.locator("button").click()
    payment = second.locator("article").filter(has_text="1,200,000")
    expect(payment).to_contain_text("a colleague has to release it")
    expect(payment.locator("form[action$='/release']")).to_have_count(0)

    first.reload()
    do_for_good(first.locator("form[action$='/release']"), "Release")
    expect(first.get_by_role("status")).to_contain_text("Both names stand on the entry.")
    first.locator("article").filter(has_text="1,200,000").locator("a.num").first.click()
    who = first.locator("section").filter(has=first.get_by_role("heading", name="Who", exact=True))
    assert who.locator("dd").all_inner_texts() == ["Lee Seoyeon", "Dewi Lestari"]
    lines = lines_of(first.locator("article.entry"))
    assert (
        sum(debit for code, debit, _ in lines if code.startswith("funds:")),
        sum(credit for code, _, credit in lines if code.startswith("assets:")),
    ) == (1_200_000, 1_200_000)


def test_a_refund_takes_its_part_of_every_share(visit):
    number = buy(visit("buyer5"), COFFEE, SUGAR)
    admin = visit("admin1", lang="en")
    admin.goto(f"/en/admin/orders/{number}")
    parcel = admin.locator("section").filter(
        has=admin.locator("p", has_text=re.compile("^KSU Jatirogo"))
    )
    before = _division(parcel)
    parcel.locator("[name=amount]").fill("1000")
    parcel.locator("[name=reason]").fill("Satu bungkus sobek")
    do_for_good(parcel, "Refund")

    expect(admin.get_by_role("status")).to_contain_text("was accepted")
    assert _division(parcel) == {
        "Cooperative": before["Cooperative"] - 920,
        "Service": before["Service"] - 50,
        "Village share": before["Village share"] - 30,
        "Shipping": before["Shipping"],
        "Won": before["Won"] - 1000,
    }
    refund = admin.get_by_role("region", name="Refunds").locator("tbody tr")
    expect(refund).to_contain_text("Satu bungkus sobek")
    refund.locator("a.num").click()
    lines = lines_of(admin.locator("article.entry"))
    won = {code: debit - credit for code, debit, credit in lines if debit - credit < 10_000}
    assert won["assets:stripe"] == -1000
    assert won["liabilities:deferred-fee"] == 50
    assert won["funds:village:held"] == 30
    assert ("equity:trading:idr-krw", 920, 0) in lines
    expect(admin.locator("main")).to_contain_text(number)


def _division(parcel: Locator) -> dict[str, int]:
    """What is left of a parcel, by part."""
    rows = [cells_of(row) for row in parcel.locator("tbody tr, tfoot tr").all()]
    return {row[0]: amount(row[2]) for row in rows}


def test_an_auditor_reads_everything_and_changes_nothing(visit):
    page = visit("auditor", lang="en")
    for address in (
        "/en/admin/",
        "/en/admin/ledger/",
        "/en/admin/ledger/accounts/",
        "/en/admin/ledger/trial-balance",
        "/en/admin/orders/",
        "/en/admin/programs",
        "/en/admin/programs/P-0029",
        "/en/admin/programs/P-0030",
        "/en/admin/pledges",
    ):
        assert page.goto(address).status == 200, address
        expect(page.locator("main form[method=post]")).to_have_count(0)
    page.goto("/en/admin/orders/")
    assert send(page, page.locator("tbody a").first) == 200
    expect(page.locator("main form[method=post]")).to_have_count(0)

    token = page.locator("[name=csrf_token]").first.input_value()
    refused = page.request.post(
        "/en/admin/programs/P-0029/decision", form={"csrf_token": token, "decision": "approve"}
    )
    assert refused.status == 403
    assert page.goto("/en/admin/programs/new").status == 403
