"""A cooperative's secretary on a phone, in Indonesian."""

from __future__ import annotations

import re
import secrets
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.buying import SUGAR, buy
from tests.browser.conftest import PHONE
from tests.browser.reading import amount, send, text, values

PHOTOS = Path(__file__).resolve().parent.parent / "catalog" / "photos"
UPRIGHT_BY_EXIF = PHOTOS / "exif_portrait_6.jpg"
NO_IMAGE = PHOTOS / "not_an_image.jpg"
DESK = "/id/c/ksu-jatirogo"
RIGHT = {
    "weight_grams": "250",
    "story": "Disangrai di dapur bersama setiap Kamis.",
    "price": "Rp 64.000",
    "stock": "24",
}


def id_(words: str, **facts: object) -> str:
    return text("id", words, **facts)


def fill_in(form: Locator, **changes: str) -> None:
    for name, value in (RIGHT | changes).items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("[name=category]").select_option("coffee")


def press(page: Page, action: str) -> int:
    """Press a button of the bar; returns the status of the page that comes."""
    return send(page, page.locator(f"aside button[name=action][value={action}]"))


def choose_code(page: Page) -> None:
    """Find the HS code by words, and take roasted coffee."""
    page.locator("#product [name=hs6]").first.fill("kopi sangrai")
    page.get_by_role("button", name=id_("Search HS code")).click()
    page.locator("input[type=radio][value='090121']").check()


def unique(name: str) -> str:
    """One demo serves many runs while tests are written."""
    return f"{name} {secrets.token_hex(2)}"


def is_upright(page: Page, address: str) -> bool:
    """Whether the picture is taller than wide, whatever its EXIF says."""
    with Image.open(BytesIO(page.request.get(address).body())) as picture:
        return picture.height > picture.width and not picture.getexif()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_product_with_a_photo_of_a_phone_reaches_the_shop(visit, script):
    page = visit("coop", at=PHONE, lang="id", java_script_enabled=script)
    name = unique("Kopi Menoreh")
    page.goto(f"{DESK}/products")
    page.get_by_role("link", name=id_("Add a product")).first.click()
    form = page.locator("#product")
    form.locator("input[type=file]").first.set_input_files(UPRIGHT_BY_EXIF)
    fill_in(form, name=name)
    choose_code(page)
    expect(form.locator("[name=price]")).to_have_value("Rp 64.000")

    assert press(page, "next") == 200
    expect(page).to_have_url(re.compile("#check-part$"))
    expect(page.locator("#check-part")).to_contain_text(id_("Complete"))
    expect(page.locator("#check-part")).to_be_in_viewport()
    expect(page.locator(".steps [aria-current=step]")).to_have_text(id_("Check"))
    assert press(page, "publish") == 200
    expect(page.get_by_role("status")).to_contain_text(name)
    page.goto(f"/ko/products?q={name}")
    page.locator("#results h3 a").filter(has_text=name).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator("main")).to_contain_text("KSU Jatirogo")
    expect(page.locator("#buy")).to_contain_text("24")
    assert is_upright(page, page.locator(".gallery a").first.get_attribute("href"))

    page.goto(f"{DESK}/products")
    page.get_by_role("link", name=name).first.click()
    page.get_by_role("button", name=id_("Withdraw from the shop")).click()
    page.goto(f"/ko/products?q={name}")
    expect(page.locator("#results h3 a").filter(has_text=name)).to_have_count(0)


def test_a_wrong_form_keeps_every_value_and_the_photo(visit):
    page = visit("coop", at=PHONE, lang="id")
    name = unique("Gula Batok")
    page.goto(f"{DESK}/products/new")
    form = page.locator("#product")
    form.locator("input[type=file]").first.set_input_files(UPRIGHT_BY_EXIF)
    fill_in(form, name=name, price="murah", stock="dua puluh")
    form.locator("[name=hs6]").first.fill("170290")
    entered = values(form)

    assert press(page, "next") == 422

    assert values(form) == entered
    expect(form.locator(".slot.has img")).to_have_count(1)
    summary = page.get_by_role("alert").first
    expect(summary.get_by_role("link")).to_have_count(2)
    expect(summary).to_contain_text(id_("Price"))
    expect(summary).to_contain_text(id_("Stock"))

    form.locator("[name=price]").fill("30000")
    form.locator("[name=stock]").fill("5")
    assert press(page, "next") == 200
    assert press(page, "publish") == 200
    page.goto(f"/id/products?q={name}")
    page.locator("#results h3 a").filter(has_text=name).click()
    expect(page.locator(".gallery img")).to_have_count(1)


def test_a_draft_grows_step_by_step_and_loses_nothing(visit):
    page = visit("coop", at=PHONE, lang="id")
    name = unique("Teh Suroloyo")
    page.goto(f"{DESK}/products/new")
    form = page.locator("#product")
    form.locator("[name=name]").fill(name)
    form.locator("input[type=file]").first.set_input_files(UPRIGHT_BY_EXIF)

    assert press(page, "next") == 200
    expect(page).to_have_url(re.compile("#category$"))
    expect(form.locator("[name=category]")).to_be_in_viewport()
    form.locator("[name=category]").select_option("tea")
    form.locator("[name=weight_grams]").fill("100")
    form.locator("[name=price]").fill("45.000")

    assert press(page, "next") == 200
    expect(page).to_have_url(re.compile("#stock$"))
    expect(form.locator("[name=stock]")).to_be_in_viewport()
    form.locator("[name=stock]").fill("dua belas")

    assert press(page, "next") == 422
    expect(page.locator(".errsum")).to_be_in_viewport()
    form.locator("[name=stock]").fill("12")

    assert press(page, "draft") == 200
    expect(form.locator("[name=name]")).to_have_value(name)
    expect(form.locator("[name=price]")).to_have_value("45.000")
    expect(form.locator("[name=stock]")).to_have_value("12")
    expect(form.locator(".slot.has img")).to_have_count(1)
    page.locator("#check-part").get_by_role("link", name=id_("HS code")).click()
    expect(form.locator("[name=hs6]").first).to_be_in_viewport()


def test_a_file_that_is_no_picture_is_refused_in_one_sentence(visit):
    page = visit("coop", at=PHONE, lang="id")
    page.goto(f"{DESK}/products/new")
    form = page.locator("#product")
    form.locator("input[type=file]").first.set_input_files(NO_IMAGE)
    fill_in(form, name="Bukan Foto")
    form.locator("[name=hs6]").first.fill("090121")

    assert press(page, "next") == 422

    refusal = form.locator("#photos-error .err")
    expect(refusal).to_have_count(1)
    expect(refusal).to_contain_text(
        id_("This file is not a photo that can be read. Send a JPEG, PNG or WebP file.")
    )
    expect(form.locator(".slot.has img")).to_have_count(0)
    expect(form.locator("[name=name]")).to_have_value("Bukan Foto")
    page.goto(f"{DESK}/products")
    expect(page.locator("main")).not_to_contain_text("Bukan Foto")


def test_a_paid_order_is_sent_with_a_tracking_number_and_the_money_is_seen(visit):
    secretary = visit("coop", at=PHONE, lang="id")
    before = owed(secretary)
    buyer = visit("buyer4", at=PHONE)
    number = buy(buyer, SUGAR)

    secretary.goto(f"{DESK}/orders")
    parcel = secretary.locator("ul.lines li").filter(has_text=number)
    parcel.get_by_role("link", name=id_("Pack and send")).click()
    expect(secretary.locator("main")).to_contain_text("P123456789012")
    form = secretary.locator("form[action$='/shipment']")
    form.locator("[name=carrier]").select_option("pos-ems")
    form.locator("[name=tracking_number]").fill("EE123456789ID")
    assert send(secretary, form.locator("button")) == 422
    expect(form.locator("[name=tracking_number]")).to_have_value("EE123456789ID")
    form.locator("[name=tracking_number]").fill(tracking_number("12345678"))
    form.locator("button").click()

    expect(secretary.get_by_role("status")).to_contain_text(number)
    secretary.get_by_role("link", name=id_("On the way"), exact=True).click()
    expect(secretary.locator("ul.lines li").filter(has_text=number)).to_contain_text(
        "EE123456785ID"
    )
    after = owed(secretary)
    row = secretary.locator("tbody tr").filter(has_text=number)
    expect(row).to_contain_text(id_("held, on the way"))
    earned = amount(row.locator("b").inner_text())
    assert earned > 0
    assert {name: after[name] - before[name] for name in after} == {
        "Ready to be paid out": 0,
        "Still held": earned,
        "Together": earned,
    }
    buyer.reload()
    expect(buyer.locator("main")).to_contain_text("EE123456785ID")
    expect(buyer.locator("a[href*='EE123456785ID']")).to_be_visible()


def owed(page: Page) -> dict[str, int]:
    """The three sums of the money page."""
    page.goto(f"{DESK}/payouts")
    return {
        label: amount(
            page.locator("main dl div")
            .filter(has=page.locator("dt", has_text=re.compile(f"^{re.escape(id_(label))}$")))
            .locator("dd")
            .first.inner_text()
        )
        for label in ("Ready to be paid out", "Still held", "Together")
    }


def tracking_number(serial: str) -> str:
    """With the check digit of the Universal Postal Union's standard S10."""
    weights = (8, 6, 4, 2, 3, 5, 9, 7)
    digit = 11 - sum(int(d) * w for d, w in zip(serial, weights, strict=True)) % 11
    return f"EE{serial}{ {10: 0, 11: 5}.get(digit, digit) }ID"
