"""The product editor: by phone, without a script, with everything that goes wrong."""

import io
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from marketplace.catalog import photo_files
from marketplace.catalog.errors import ProductIncomplete
from marketplace.catalog.models import (
    PendingPhoto,
    Photo,
    Product,
    ProductState,
    ProductText,
    StockMovement,
    Variant,
)
from marketplace.catalog.operations import hold_stock, publish_product, take_stock
from marketplace.catalog.queries import get_offer, list_offers
from marketplace.cooperatives.models import MemberRole
from marketplace.kernel.db import db
from marketplace.kernel.errors import NotFound
from marketplace.kernel.money import rupiah
from marketplace.kernel.time import now
from marketplace.orders.models import CartLine
from marketplace.reference.models import HsCode
from marketplace.reference.operations import DATA, FILES, import_file
from tests.catalog.goods import TRANSLATED, a_coop, a_product, an_hs_code, variant_of
from tests.catalog.shop import a_shop, sign_in
from tests.factories import a_member, a_user
from tests.stages import Stage

pytestmark = pytest.mark.usefixtures("database")

PHOTOS = Path(__file__).parent / "photos"
GOOD = {
    "name": "Kopi Gayo proses honey",
    "category": "coffee",
    "weight_grams": "220",
    "story": "Dipetik merah.",
    "price": "192.000",
    "hs6": "0901.21",
    "stock": "40",
    "form_key": "form-1",
    "action": "draft",
}


def a_shop_of_coffee():
    a_shop()
    an_hs_code()


def a_shop_with_all_codes():
    a_shop_of_coffee()
    for name, model, read in FILES:
        if model is HsCode:
            import_file(DATA / name, model, read)


@pytest.fixture
def stage(request, stages) -> Stage:
    everything = "all_codes" in request.fixturenames
    return stages(a_shop_with_all_codes if everything else a_shop_of_coffee)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_files, "_folder", [tmp_path])
    return tmp_path


@pytest.fixture
def coop(client):
    coop = a_coop(slug="burni")
    sign_in(client, a_member(coop, MemberRole.SELLER))
    return coop


def photo(name: str):
    return (io.BytesIO((PHOTOS / name).read_bytes()), name)


def send(client, address="/id/c/burni/products/new", **changes):
    data = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return client.post(address, data=data, content_type="multipart/form-data")


def files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def the_product() -> Product:
    return db.session.query(Product).one()


def test_a_draft_is_saved_with_everything_that_was_typed(client, coop, folder):
    answer = send(client, photos=[photo("coffee_cup_exif6_gps.jpg")])

    product = the_product()
    assert answer.status_code == 302
    assert answer.location == f"/id/c/burni/products/{product.slug}"
    assert (product.state, product.category, product.hs6) == (
        ProductState.DRAFT,
        "coffee",
        "090121",
    )
    variant = variant_of(product)
    assert (variant.price, variant.weight_grams, variant.stock) == (rupiah(192_000), 220, 40)
    text = db.session.get(ProductText, (product.id, "id"))
    assert (text.name, text.story) == ("Kopi Gayo proses honey", "Dipetik merah.")
    assert db.session.query(Photo).filter_by(product_id=product.id).count() == 1
    assert db.session.query(PendingPhoto).count() == 0
    assert files(folder) == 6


def test_a_published_product_is_in_the_shop_with_its_upright_photo(client, coop, folder):
    send(client, action="publish", photos=[photo("coffee_cup_exif6_gps.jpg")])

    text = client.get("/ko/products?q=커피").get_data(as_text=True)
    key = db.session.query(Photo).one().key
    address = f"/media/{key[:2]}/{key}-640.webp"
    picture = client.get(address)

    assert address in text
    assert picture.status_code == 200
    assert picture.mimetype == "image/webp"
    assert picture.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    picture.close()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Please fill this in."),
        ("name", "   ", "Please fill this in."),
        ("name", "\u200b \u00a0", "Please fill this in."),
        ("name", "K" * 61, "60"),
        ("name", "☕🌱", "Write the name in letters"),
        ("category", "", "Choose the kind that fits best."),
        ("category", "weapons", "Choose one of those offered."),
        ("weight_grams", "", "Write a whole number, for example 200."),
        ("weight_grams", "0", "Write a number from 1 to 30000."),
        ("weight_grams", "dua ratus", "Write a whole number"),
        ("price", "192,50", "Write a whole number, for example 192000."),
        ("price", "-5", "Write a whole number"),
        ("price", "999", "Write a number from 1000"),
        ("price", "9" * 30, "Write a number from 1000"),
        ("stock", "1e3", "Write a whole number"),
        ("hs6", "", "Please fill this in."),
        ("hs6", "999999", "There is no such HS code."),
        ("hs6", "coffee", "Choose one of the codes below."),
    ],
)
def test_a_wrong_field_is_named_all_others_are_kept_and_nothing_is_written(
    client, coop, field, value, sentence
):
    answer = send(
        client, address="/en/c/burni/products/new", **{"action": "publish"} | {field: value}
    )

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in text
    assert "errsum" in text
    for name, typed in GOOD.items():
        if name not in {field, "action", "category"}:
            assert typed in text, name
    assert db.session.query(Product).count() == 0


def test_a_good_photo_is_not_lost_when_another_field_is_wrong(client, coop, folder):
    refused = send(client, weight_grams="?", photos=[photo("coffee_cup_exif6_gps.jpg")])
    kept = re.search(r'name="kept"[^>]*value="([0-9a-f]+)"', refused.get_data(as_text=True)).group(
        1
    )
    assert (refused.status_code, f"{kept}-320.webp" in refused.get_data(as_text=True)) == (
        422,
        True,
    )

    saved = send(client, kept=kept)

    assert saved.status_code == 302
    assert db.session.query(Photo).one().key == kept
    assert db.session.query(PendingPhoto).count() == 0


@pytest.mark.parametrize("action", ["draft", "publish"])
def test_a_name_of_blanks_brings_the_page_back_with_everything(client, coop, folder, action):
    answer = send(
        client,
        address="/en/c/burni/products/new",
        name="   ",
        action=action,
        photos=[photo("coffee_cup_gray.jpg")],
    )

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Dipetik merah." in text
    assert f"{db.session.query(PendingPhoto).one().key}-320.webp" in text
    assert db.session.query(Product).count() == 0


def test_a_double_tap_hangs_each_photo_once(client, coop, folder):
    for _ in range(2):
        send(client, photos=[photo("coffee_cup_exif6_gps.jpg"), photo("coffee_cup_gray.jpg")])
    address = f"/en/c/burni/products/{the_product().slug}"
    send(client, address, photos=[photo("coffee_cup_gray.jpg")])

    assert db.session.query(Photo).count() == 2
    assert db.session.query(PendingPhoto).count() == 0
    assert files(folder) == 12


def test_more_photos_than_fit_from_the_page_before_are_refused_beside_them(client, coop, folder):
    product_photos = [
        Photo(position=place, key=f"{place:024x}", width=1, height=1, added_at=now())
        for place in range(8)
    ]
    send(client)
    for row in product_photos:
        row.product_id = the_product().id
    db.session.add_all(product_photos)
    db.session.flush()

    answer = send(client, address="/en/c/burni/products/new", photos=[photo("coffee_cup_gray.jpg")])

    assert answer.status_code == 422
    assert "A product can have 8 photos." in answer.get_data(as_text=True)
    assert db.session.query(Photo).count() == 8


def test_another_cooperatives_waiting_photo_cannot_be_taken(client, coop, folder):
    other = a_coop(slug="other")
    db.session.add(
        PendingPhoto(cooperative_id=other.id, key="ab" * 12, width=1, height=1, added_at=now())
    )
    db.session.flush()

    send(client, kept="ab" * 12)

    assert db.session.query(Photo).count() == 0
    assert db.session.query(PendingPhoto).count() == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("not_an_image.jpg", "This file is not a photo that can be read."),
        ("broken_truncated.jpg", "This photo is incomplete"),
    ],
)
def test_a_bad_photo_gets_a_sentence_and_leaves_nothing(client, coop, folder, name, sentence):
    answer = send(client, address="/en/c/burni/products/new", photos=[photo(name)])

    assert answer.status_code == 422
    assert sentence in answer.get_data(as_text=True)
    assert db.session.query(Product).count() == 0
    assert files(folder) == 0


def test_a_photo_above_fifteen_megabytes_gets_a_sentence_beside_the_field(client, coop, folder):
    head = '--b\r\nContent-Disposition: form-data; name="photos"; filename="large.jpg"\r\n\r\n'
    body = head.encode() + b"\xff\xd8\xff" + b"0" * 17_000_000 + b"\r\n--b--\r\n"

    answer = client.post(
        "/en/c/burni/products/new", data=body, content_type="multipart/form-data; boundary=b"
    )

    assert answer.status_code == 422
    assert "larger than 15 MB" in answer.get_data(as_text=True)
    assert files(folder) == 0


def test_a_good_photo_beside_a_bad_one_is_kept(client, coop, folder):
    answer = send(client, photos=[photo("not_an_image.jpg"), photo("coffee_cup_gray.jpg")])

    assert answer.status_code == 422
    assert db.session.query(PendingPhoto).count() == 1
    assert files(folder) == 6


def test_a_product_takes_at_most_eight_photos(client, coop, folder):
    tiny = [photo("coffee_cup_tiny_120.jpg") for _ in range(9)]

    answer = send(client, address="/en/c/burni/products/new", photos=tiny)

    assert answer.status_code == 422
    assert "A product can have 8 photos." in answer.get_data(as_text=True)
    assert db.session.query(PendingPhoto).count() == 8


def test_a_photo_is_taken_away_without_losing_what_was_typed(client, coop, folder):
    send(client, photos=[photo("coffee_cup_gray.jpg")])
    key = db.session.query(Photo).one().key

    answer = send(
        client, f"/id/c/burni/products/{the_product().slug}", action=None, remove=key, name="Baru"
    )

    assert answer.status_code == 200
    assert 'value="Baru"' in answer.get_data(as_text=True)
    assert db.session.query(Photo).count() == 0
    assert files(folder) == 0


def test_sending_the_form_twice_makes_one_product(client, coop):
    send(client)
    send(client)

    assert db.session.query(Product).count() == 1


def test_an_edit_keeps_translations_and_counts_stock_once(client, coop):
    product = a_product(coop, more={"ko": ("가요 커피", "이야기", TRANSLATED)}, stock=10)

    for _ in range(2):
        answer = send(
            client, f"/id/c/burni/products/{product.slug}", name="Kopi Gayo Baru", stock="25"
        )

    assert answer.status_code == 302
    assert db.session.get(ProductText, (product.id, "id")).name == "Kopi Gayo Baru"
    assert db.session.get(ProductText, (product.id, "ko")).name == "가요 커피"
    assert variant_of(product).stock == 25
    assert [row.change for row in db.session.query(StockMovement).order_by("id")] == [10, 15]


def test_a_product_saved_again_from_the_page_before_keeps_what_was_typed_last(client, coop):
    send(client)

    answer = send(client, "/en/c/burni/products/new", name="Kopi Gayo natural", stock="41")

    product = the_product()
    assert answer.location == f"/en/c/burni/products/{product.slug}"
    assert db.session.get(ProductText, (product.id, "id")).name == "Kopi Gayo natural"
    assert variant_of(product).stock == 41
    assert "This product was saved before." in client.get(answer.location).get_data(as_text=True)


def shown(text: str, name: str) -> str:
    return re.search(rf'name="{name}"[^>]*value="([^"]*)"', text).group(1)


def sell(product: Product, quantity: int, order: str = "order:1") -> None:
    hold_stock(order, {variant_of(product).id: quantity}, expires_at=now(), at=now())
    take_stock(order, now())


def test_a_change_of_the_story_does_not_bring_back_what_was_sold_meanwhile(client, coop):
    product = a_product(coop, stock=20)
    address = f"/en/c/burni/products/{product.slug}"
    seen = shown(client.get(address).get_data(as_text=True), "seen_stock")
    sell(product, 5)

    answer = send(client, address, story="Baru.", stock="20", seen_stock=seen)

    assert answer.status_code == 302
    assert variant_of(product).stock == 15
    assert db.session.get(ProductText, (product.id, "id")).story == "Baru."


def test_a_count_is_asked_for_again_when_pieces_were_sold_while_it_was_typed(client, coop):
    product = a_product(coop, stock=20)
    address = f"/en/c/burni/products/{product.slug}"
    sell(product, 5)

    refused = send(client, address, name="Baru", stock="18", seen_stock="20")
    text = refused.get_data(as_text=True)

    assert refused.status_code == 422
    assert "The stock is 15 pieces now; it was 20 when you opened this page." in text
    assert (shown(text, "stock"), shown(text, "name")) == ("18", "Baru")
    assert variant_of(product).stock == 15
    assert db.session.get(ProductText, (product.id, "id")).name == "Kopi Arabika Gayo"

    send(client, address, name="Baru", stock="18", seen_stock=shown(text, "seen_stock"))

    assert variant_of(product).stock == 18


def test_an_older_page_does_not_bring_back_the_price_somebody_else_has_changed(client, coop):
    product = a_product(coop)
    address = f"/en/c/burni/products/{product.slug}"
    older = client.get(address).get_data(as_text=True)
    typed = {name: shown(older, name) for name in ("seen_words", "seen_stock", "price", "stock")}
    send(client, address, **typed | {"price": "200.000", "story": "Baru."})

    refused = send(client, address, **typed | {"name": "Kopi Takengon", "story": "Baru."})
    text = refused.get_data(as_text=True)

    assert refused.status_code == 422
    assert "Somebody changed this while your page was open." in text
    assert re.search(r"Changed meanwhile. Now it says: Rp.?200,000", text)
    assert (shown(text, "price"), shown(text, "name")) == ("185.000", "Kopi Takengon")
    assert variant_of(product).price == rupiah(200_000)

    looked = typed | {"name": "Kopi Takengon", "seen_words": shown(text, "seen_words")}
    saved = send(client, address, **looked)

    assert saved.status_code == 302
    assert variant_of(product).price == rupiah(185_000)
    assert db.session.get(ProductText, (product.id, "id")).name == "Kopi Takengon"


def test_the_page_of_a_new_product_sent_again_does_not_undo_a_later_edit(client, coop):
    new = "/en/c/burni/products/new"
    send(client, new, seen_stock="0")
    address = f"/en/c/burni/products/{the_product().slug}"
    page = client.get(address).get_data(as_text=True)
    edit = {name: shown(page, name) for name in ("form_key", "seen_words", "seen_stock")}
    send(client, address, **edit | {"price": "200.000"})

    refused = send(client, new, seen_stock="0", name="Kopi Takengon", stock="50")
    text = refused.get_data(as_text=True)

    assert refused.status_code == 422
    assert "Somebody changed this while your page was open." in text
    assert re.search(r"Changed meanwhile. Now it says: Rp.?200,000", text)
    assert (shown(text, "price"), shown(text, "name")) == ("192.000", "Kopi Takengon")
    variant = variant_of(the_product())
    assert (variant.price, variant.stock) == (rupiah(200_000), 40)
    assert db.session.get(ProductText, (the_product().id, "id")).name == "Kopi Gayo proses honey"

    looked = {name: shown(text, name) for name in ("form_key", "seen_words", "seen_stock")}
    saved = send(client, new, **looked | {"name": "Kopi Takengon", "stock": "50"})

    assert saved.location == address
    variant = variant_of(the_product())
    assert (variant.price, variant.stock) == (rupiah(192_000), 50)
    assert db.session.get(ProductText, (the_product().id, "id")).name == "Kopi Takengon"


def test_the_same_change_from_an_older_page_is_no_conflict(client, coop):
    product = a_product(coop)
    address = f"/en/c/burni/products/{product.slug}"
    seen = shown(client.get(address).get_data(as_text=True), "seen_words")
    send(client, address, seen_words=seen, price="200.000")

    assert send(client, address, seen_words=seen, price="200.000").status_code == 302


@pytest.mark.parametrize(("typed", "left"), [("25", 23), ("30", 23), ("20", 23), ("23", 23)])
def test_a_page_sent_again_after_a_sale_never_sells_twice(client, coop, typed, left):
    product = a_product(coop, stock=20)
    address = f"/en/c/burni/products/{product.slug}"
    send(client, address, stock="25", seen_stock="20")
    sell(product, 2)

    send(client, address, stock=typed, seen_stock="20")

    assert variant_of(product).stock == left


def test_another_count_from_the_page_before_is_kept(client, coop):
    product = a_product(coop, stock=20)
    address = f"/en/c/burni/products/{product.slug}"

    for typed in ("25", "30", "20"):
        send(client, address, stock=typed, seen_stock="20")
        assert variant_of(product).stock == int(typed)


def test_stock_below_what_is_held_is_refused_and_nothing_changes(client, coop):
    product = a_product(coop, stock=10)
    hold_stock("order:1", {variant_of(product).id: 4}, expires_at=now(), at=now())

    answer = send(
        client, f"/en/c/burni/products/{product.slug}", name="Lain", stock="3", price="200.000"
    )

    assert answer.status_code == 422
    assert "4 pieces are held" in answer.get_data(as_text=True)
    assert db.session.get(ProductText, (product.id, "id")).name == "Kopi Arabika Gayo"
    assert variant_of(product).price == rupiah(185_000)


def test_an_hs_code_is_found_by_words_without_a_script(client, coop):
    an_hs_code("090121")

    answer = send(client, action="find", hs6="kopi digongseng", name="")

    assert answer.status_code == 200
    assert 'name="hs6" value="090121"' in answer.get_data(as_text=True)


@pytest.fixture
def all_codes(database):
    """The codes that customs knows, from our files."""


@pytest.mark.parametrize(
    ("example", "code"),
    [("biji kakao", "180100"), ("teh hijau", "090210"), ("keranjang rotan", "460212")],
)
def test_the_examples_of_the_hint_find_their_codes(client, coop, all_codes, example, code):
    page = client.get("/id/c/burni/products/new").get_data(as_text=True)

    answer = send(client, action="find", hs6=example).get_data(as_text=True)

    assert example in page
    offers = re.findall(r'name="hs6" value="(\d{6})"', answer)
    assert code in offers
    assert len(offers) <= 2


def test_codes_with_the_same_indonesian_words_are_told_apart(client, coop, all_codes):
    answer = send(client, "/id/c/burni/products/new", action="find", hs6="kopi tidak").text

    assert "“Coffee; not roasted or decaffeinated” dalam bahasa Inggris; Kopi, digongseng" in answer
    assert "“Coffee; roasted, not decaffeinated” dalam bahasa Inggris; Kopi, digongseng" in answer
    assert "“Tea, green" not in answer


@pytest.mark.parametrize("action", ["draft", "publish"])
@pytest.mark.parametrize("typed", ["999999", "9999.99", "123456", "0901", "990000"])
def test_a_code_that_names_no_goods_is_refused(client, coop, all_codes, action, typed):
    answer = send(client, action=action, hs6=typed)

    assert answer.status_code == 422
    assert db.session.query(Product).count() == 0


def test_goods_of_no_kind_cannot_be_published(coop):
    product = a_product(coop, hs6="999999", published=False)

    with pytest.raises(ProductIncomplete) as refused:
        publish_product(product, now())

    assert refused.value.missing == ["hs6"]
    assert product.state is ProductState.DRAFT


def test_the_division_of_the_price_is_shown(client, coop):
    text = send(client, address="/id/c/burni/products/new", name="").get_data(as_text=True)

    assert "Rp\xa0176.640" in text
    assert "Rp\xa09.600" in text
    assert "Rp\xa05.760" in text
    assert "₩16.700" in text


def test_a_draft_needs_only_a_name_and_keeps_what_else_there_is(client, coop, folder):
    empty = dict.fromkeys(("category", "weight_grams", "story", "price", "hs6", "stock"), "")

    answer = send(client, **empty, photos=[photo("coffee_cup_gray.jpg")])

    product = the_product()
    variant = variant_of(product)
    assert answer.status_code == 302
    assert (product.state, product.category, product.hs6) == (ProductState.DRAFT, "", None)
    assert (variant.price, variant.weight_grams, variant.stock) == (None, None, 0)
    page = client.get(answer.location).get_data(as_text=True)
    assert db.session.query(Photo).one().key in page
    assert [shown(page, name) for name in ("name", "weight_grams", "price", "hs6", "stock")] == [
        "Kopi Gayo proses honey",
        *[""] * 4,
    ]


@pytest.mark.parametrize(
    ("field", "kept"),
    [("weight_grams", "220"), ("price", "192.000"), ("hs6", "090121"), ("stock", "40")],
)
def test_each_part_of_a_draft_is_kept_without_the_others(client, coop, field, kept):
    parts = ("category", "weight_grams", "story", "price", "hs6", "stock")
    only = {name: GOOD[name] if name == field else "" for name in parts}

    answer = send(client, **only)

    assert shown(client.get(answer.location).get_data(as_text=True), field) == kept


def test_publishing_a_draft_names_every_missing_field_beside_it_and_keeps_the_rest(
    client, coop, folder
):
    send(client, category="", weight_grams="", price="", hs6="", stock="")
    address = f"/en/c/burni/products/{the_product().slug}"

    answer = send(
        client,
        address,
        **dict.fromkeys(("category", "weight_grams", "price", "hs6", "stock"), ""),
        action="publish",
        photos=[photo("coffee_cup_gray.jpg")],
    )

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "5 things to put right" in text
    for name in ("category", "weight_grams", "price", "hs6", "stock"):
        assert f'id="{name}-error-1"' in text, name
    assert "Dipetik merah." in text
    assert f"{db.session.query(PendingPhoto).one().key}-320.webp" in text
    assert the_product().state is ProductState.DRAFT

    send(client, address, action="publish")

    assert the_product().state is ProductState.PUBLISHED


EMPTY = dict.fromkeys(("category", "weight_grams", "story", "price", "hs6", "stock"), "")


def steps(text: str) -> list[str]:
    """The state of each step: done, current or to come."""
    listed = re.search(r'<ol class="steps".*?</ol>', text, re.DOTALL).group()
    return [
        "done" if "is-done" in step else "current" if "aria-current" in step else "to come"
        for step in re.findall(r"<li[^>]*>", listed)
    ]


@pytest.mark.parametrize(
    ("filled", "place", "states"),
    [
        ((), "category", ["current", "to come", "to come"]),
        (("category", "weight_grams"), "price", ["current", "to come", "to come"]),
        (("stock", "hs6"), "category", ["current", "done", "to come"]),
        (("category", "weight_grams", "price"), "stock", ["done", "current", "to come"]),
        (("category", "weight_grams", "price", "stock"), "hs6", ["done", "current", "to come"]),
        (tuple(EMPTY), "check-part", ["done", "done", "current"]),
    ],
)
def test_continuing_saves_a_draft_and_leads_to_what_is_missing(client, coop, filled, place, states):
    typed = EMPTY | {name: GOOD[name] for name in filled}

    answer = send(client, "/en/c/burni/products/new", **typed, action="next")

    product = the_product()
    assert answer.location == f"/en/c/burni/products/{product.slug}#{place}"
    assert product.state is ProductState.DRAFT
    text = client.get(answer.location).get_data(as_text=True)
    assert f'id="{place}"' in text
    assert steps(text) == states


@pytest.mark.parametrize(
    ("missing", "button"),
    [(("hs6",), "next"), (("price", "stock"), "next"), (("stock",), "publish"), ((), "publish")],
)
def test_publishing_is_offered_once_nothing_but_a_count_is_missing(client, coop, missing, button):
    send(client, **dict.fromkeys(missing, ""))

    text = client.get(f"/en/c/burni/products/{the_product().slug}").get_data(as_text=True)

    bar = text[text.index('class="actionbar') :]
    assert re.findall(r'name="action" value="(\w+)"', bar) == ["draft", button]
    check = re.search(r'id="check-part".*?</section>', text, re.DOTALL).group()
    assert set(re.findall(r'href="#(\w+)"', check)) == {"photos", *missing}


def test_words_that_name_no_code_yet_are_still_missing(client, coop):
    text = send(client, "/en/c/burni/products/new", action="find", hs6="teh").text

    bar = text[text.index('class="actionbar') :]
    assert re.findall(r'name="action" value="(\w+)"', bar) == ["draft", "next"]
    assert steps(text) == ["done", "current", "to come"]


@pytest.mark.parametrize(("stock", "is_sold_out"), [("", False), ("0", True)])
def test_the_preview_of_goods_not_counted_yet_is_not_sold_out(client, coop, stock, is_sold_out):
    text = send(client, "/en/c/burni/products/new", name="", stock=stock).text

    assert 'class="card"' in text
    assert ("Sold out" in text) == is_sold_out


def test_goods_in_the_shop_are_only_saved(client, coop):
    a_product(coop, name="Kopi")

    text = client.get("/en/c/burni/products/kopi").get_data(as_text=True)

    bar = text[text.index('class="actionbar') :]
    assert re.findall(r'name="action" value="(\w+)"', bar) == ["draft"]
    assert "What you save here, they see at once." in text


def test_continuing_without_a_name_stays_and_says_so(client, coop):
    answer = send(client, "/en/c/burni/products/new", name="", action="next")

    assert answer.status_code == 422
    assert steps(answer.get_data(as_text=True)) == ["current", "done", "to come"]
    assert db.session.query(Product).count() == 0


def test_a_draft_refuses_what_makes_no_sense_and_keeps_it(client, coop):
    answer = send(client, "/en/c/burni/products/new", weight_grams="dua ratus", price="")

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert shown(text, "weight_grams") == "dua ratus"
    assert "1 thing to put right" in text


def test_goods_in_the_shop_or_withdrawn_cannot_be_saved_with_something_missing(client, coop):
    product = a_product(coop)
    address = f"/en/c/burni/products/{product.slug}"

    refused = send(client, address, price="")
    client.post(f"{address}/withdrawal")
    refused_too = send(client, address, price="", weight_grams="")

    assert (refused.status_code, refused_too.status_code) == (422, 422)
    assert variant_of(product).price == rupiah(185_000)


def test_a_page_for_a_draft_sent_again_cannot_empty_what_was_published_since(client, coop):
    send(client)
    publish_product(the_product(), now())

    answer = send(client, "/en/c/burni/products/new", price="", hs6="")

    assert answer.status_code == 422
    assert variant_of(the_product()).price == rupiah(192_000)


@pytest.mark.parametrize("reader", ["stranger", "member"])
def test_an_incomplete_draft_has_no_page_no_card_and_no_place_in_a_cart(client, coop, reader):
    send(client, category="", weight_grams="", price="", hs6="")
    product = the_product()
    if reader == "stranger":
        client.post("/id/sign-out")

    assert client.get(f"/ko/products/{product.slug}").status_code == 404
    assert client.get("/ko/products?q=honey").get_data(as_text=True).count('class="card"') == 0
    assert client.get("/ko/cooperatives/burni").get_data(as_text=True).count('class="card"') == 0
    with pytest.raises(NotFound):
        get_offer(variant_of(product).id, "ko")
    assert list_offers([variant_of(product).id], "ko") == {}
    added = client.post(
        "/ko/cart/lines", data={"variant_id": variant_of(product).id, "quantity": 1}
    )
    assert added.location == "/ko/cart"
    assert db.session.scalar(select(func.count(CartLine.variant_id))) == 0


@pytest.mark.parametrize("part", ["price_minor", "weight_grams", "hs6"])
def test_the_database_takes_nothing_incomplete_but_drafts(coop, part):
    product = a_product(coop)
    row = product if part == "hs6" else variant_of(product)

    setattr(row, part, None)

    with pytest.raises(IntegrityError):
        db.session.flush()


@pytest.mark.parametrize("part", ["price_minor", "weight_grams", "hs6", "category"])
def test_the_database_shows_no_incomplete_draft(coop, part):
    product = a_product(coop, published=False)
    row = variant_of(product) if part in {"price_minor", "weight_grams"} else product
    setattr(row, part, "" if part == "category" else None)
    db.session.flush()

    product.state = ProductState.PUBLISHED

    with pytest.raises(IntegrityError):
        db.session.flush()


def test_withdrawing_takes_the_product_out_of_the_shop(client, coop):
    product = a_product(coop)

    client.post(f"/id/c/burni/products/{product.slug}/withdrawal")

    assert the_product().state is ProductState.WITHDRAWN
    assert client.get("/ko/products?q=kopi").get_data(as_text=True).count('class="card"') == 0


PAGES = ["/id/c/burni/products", "/id/c/burni/products/new", "/id/c/burni/products/kopi"]


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(
    ("who", "status"),
    [("stranger", 302), ("buyer", 404), ("other", 404), ("chair", 200), ("treasurer", 403)],
)
def test_only_members_edit_goods(client, address, who, status):
    coop, other = a_coop(slug="burni"), a_coop()
    a_product(coop, name="Kopi")
    readers = {
        "buyer": a_user,
        "other": lambda: a_member(other),
        "chair": lambda: a_member(coop, MemberRole.CHAIR),
        "treasurer": lambda: a_member(coop, MemberRole.TREASURER),
    }
    if who in readers:
        sign_in(client, readers[who]())
    if who == "treasurer" and address == PAGES[0]:
        status = 200

    assert client.get(address).status_code == status


def test_another_cooperatives_product_does_not_exist(client, coop):
    theirs = a_product(a_coop(slug="other"))

    answer = send(client, f"/id/c/burni/products/{theirs.slug}", name="Dicuri")

    assert answer.status_code == 404
    assert db.session.get(ProductText, (theirs.id, "id")).name == "Kopi Arabika Gayo"


@pytest.mark.parametrize(
    "path",
    [
        "../lumbung.db",
        "..%2f..%2fetc%2fpasswd",
        "ab/../../secret.webp",
        "ab/cd.webp",
        "ff/" + "0" * 24 + "-640.webp",
        "00/" + "0" * 24 + "-640.php",
        "00/" + "0" * 24 + "-640.webp",
    ],
)
def test_media_serves_pictures_only(client, folder, path):
    (folder / "secret.webp").write_bytes(b"secret")

    answer = client.get(f"/media/{path}")

    assert answer.status_code == 404


def test_the_desk_lists_goods_with_their_state(client, coop):
    a_product(coop, name="Kopi Gayo")
    a_product(coop, name="Kopi Draf", published=False)

    text = client.get("/en/c/burni/products").get_data(as_text=True)

    assert "Kopi Gayo" in text
    assert "Kopi Draf" in text
    assert "Draft" in text
    assert db.session.query(Variant).count() == 2
