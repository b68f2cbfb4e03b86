"""A KOTRA partner in English and Korean, and the cooperative that answers in Indonesian."""

from __future__ import annotations

import re
from datetime import date, timedelta

from playwright.sync_api import Page, expect

from tests.browser.buying import SUGAR
from tests.browser.conftest import PHONE
from tests.browser.pages import do_for_good
from tests.browser.reading import amount, send, text, values

MORE_THAN_ALL = "1000000"


def test_the_export_catalog_narrows_down_by_chapter_province_and_minimum_order(visit):
    page = visit("kotra", lang="ko")
    page.goto("/ko/trade/")
    everything = _count(page)

    _narrow(page, chapter="09")
    coffee = _count(page)
    assert 0 < coffee < everything
    codes = page.locator("tbody td.num").all_inner_texts()
    assert codes
    assert all(code.startswith("09") for code in codes)

    _narrow(page, province="51")
    balinese = _count(page)
    assert 0 < balinese < coffee
    places = page.locator("tbody th .dim").all_inner_texts()
    assert all(place.endswith("발리주") or place.endswith("발리") for place in places)

    _narrow(page, moq="1")
    assert _count(page) == 0
    expect(page.locator("main")).to_contain_text(text("ko", "Nothing matches these filters"))
    _narrow(page, moq=MORE_THAN_ALL)
    assert _count(page) == balinese


def _count(page: Page) -> int:
    return amount(page.locator("h1 .num").inner_text())


def _narrow(page: Page, **chosen: str) -> None:
    form = page.locator("form#filters")
    for name, value in chosen.items():
        field = form.locator(f"[name={name}]")
        if name == "moq":
            field.fill(value)
        else:
            field.select_option(value)
    assert send(page, form.locator("button")) == 200


def test_a_request_becomes_an_offer_and_a_deal(visit):
    partner = visit("kotra", lang="en")
    partner.goto("/en/trade/?chapter=17")
    partner.locator(f"tbody a[href$='/exports/{SUGAR}']").click()
    expect(partner.get_by_role("heading", level=1)).to_be_visible()
    expect(partner.locator("main")).to_contain_text("1702.90")

    ask = partner.locator("form#ask")
    ask.locator("[name=quantity]").fill("5")
    ask.locator("[name=place]").fill("Busan")
    ask.locator("[name=message]").fill("Gula semut untuk toko roti, kemasan 10 kg.")
    entered = values(ask)
    assert send(partner, ask.locator("button")) == 422
    assert values(ask) == entered
    expect(partner.get_by_role("alert")).to_contain_text("The minimum order is 100 kg.")

    ask.locator("[name=quantity]").fill("1,200")
    ask.locator("button").click()
    partner.wait_for_url("**/trade/rfqs/*")
    number = partner.url.rpartition("/")[2]
    expect(partner.get_by_role("status")).to_contain_text("Your request was sent.")

    secretary = visit("coop", at=PHONE, lang="id")
    secretary.goto("/id/c/ksu-jatirogo/rfqs/")
    secretary.locator(f"main a[href$='/rfqs/{number}']").first.click()
    expect(secretary.locator("main")).to_contain_text("Gula semut untuk toko roti")
    offer = secretary.locator("form#offer")
    until = date.today() + timedelta(days=30)  # noqa: DTZ011 – far from any midnight
    for name, value in {
        "quantity": "1.200",
        "unit_price": "3,25",
        "place": "Tanjung Perak",
        "lead_time_days": "21",
        "valid_until": until.isoformat(),
        "note": "Karton isi 10 kg, siap 3 minggu.",
    }.items():
        offer.locator(f"[name={name}]").fill(value)
    offer.locator("[name=incoterm]").select_option("FOB")
    offer.locator("button").click()
    secretary.wait_for_url(re.compile(f"/rfqs/{number}$"))
    expect(secretary.locator("main")).to_contain_text("Karton isi 10 kg")

    partner.reload()
    deal = partner.locator("#deal")
    expect(deal).to_contain_text("FOB Tanjung Perak")
    expect(deal).to_contain_text("3,900.00")
    deal.locator("[name=signer]").fill("Park Minjun, KOTRA Jakarta")
    do_for_good(deal, "Accept for the buyer")

    expect(partner.get_by_role("status")).to_contain_text("The offer is accepted.")
    expect(partner.locator("main")).to_contain_text("Park Minjun, KOTRA Jakarta accepted the offer")
    expect(partner.locator("#deal form")).to_have_count(0)
    secretary.reload()
    expect(secretary.locator("main")).to_contain_text("Park Minjun, KOTRA Jakarta")
    expect(secretary.locator("form#offer")).to_have_count(0)


def test_the_export_desk_is_closed_to_others(visit):
    stranger, buyer = visit(), visit("buyer")

    stranger.goto("/ko/trade/")
    assert "/ko/sign-in" in stranger.url
    assert buyer.goto("/ko/trade/").status == 403
