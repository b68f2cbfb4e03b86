"""Home, list and product page as anyone sees them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

import marketplace
from marketplace.catalog import hooks
from marketplace.catalog.hooks import HomeProgram, HomePrograms
from marketplace.catalog.models import CertificateKind, TextStatus
from marketplace.catalog.operations import (
    certify_product,
    hold_stock,
    publish_product,
    withdraw_product,
)
from marketplace.catalog.views.freshness import forget_version
from marketplace.kernel.db import transaction
from marketplace.kernel.money import rupiah, won
from marketplace.kernel.time import now
from tests.catalog.goods import TRANSLATED, a_coop, a_product, a_regency, variant_of
from tests.catalog.shop import a_shop, counted, sign_in
from tests.factories import NOON, a_member, a_user

pytestmark = pytest.mark.usefixtures("database")

KOREAN = {"ko": ("가요 아라비카 원두", "화산재 땅에서.", TRANSLATED)}


@pytest.fixture(scope="module")
def stage(stages):
    return stages(a_shop)


@pytest.fixture(autouse=True)
def new_version(database):
    forget_version()


def page(client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def names(text: str) -> list[str]:
    return re.findall(r'<h3><a href="[^"]*/products/([^"]+)"', text)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_card_says_what_a_buyer_needs(client):
    product = a_product(
        a_coop(slug="burni", name="Tani Burni Telong"),
        more=KOREAN,
        price=rupiah(286_350),
        weight_grams=500,
    )
    certify_product(product, CertificateKind.HALAL, number="1", issuer="B", checked_on=NOON.date())

    card = page(client, "/ko/products").partition('<li class="card">')[2].partition("</li>")[0]

    assert "가요 아라비카 원두" in card
    assert '<p class="orig" lang="id">Kopi Arabika Gayo</p>' in card
    assert '<b>24,900<span class="won">원</span></b>' in card
    assert "4,980원" in card
    assert "아체" in card
    assert "Tani Burni Telong" in card
    assert "badge is-ok" in card
    assert "747원" in card


def test_the_list_asks_at_most_four_questions(client):
    for number in range(30):
        a_product(a_coop(), name=f"Kopi {number}")
    client.get("/ko/products")
    sign_in(client, a_user())

    with counted() as statements:
        page(client, "/en/products?category=coffee&page=2&sort=cheap")

    asked = [one for one in statements if "FROM users" not in one and "role" not in one]
    asked = [one for one in asked if "organization" not in one and "memberships" not in one]
    assert len(asked) <= 4, "\n".join(asked)


def test_a_strangers_list_asks_at_most_four_questions(client):
    for number in range(30):
        a_product(a_coop(), name=f"Kopi {number}")
    client.get("/ko/products?sort=dear")

    with counted() as statements:
        page(client, "/ko/products?q=kopi&page=2&price_to=90000")

    assert len(statements) <= 4, "\n".join(statements)


def test_a_strangers_product_page_asks_at_most_six_questions(client):
    coop = a_coop()
    a_product(coop, name="Gula Semut", category="sugar")
    a_product(coop, more=KOREAN)
    page(client, "/ko/products/gula-semut")

    with counted() as statements:
        page(client, "/ko/products/kopi-arabika-gayo")

    # The version is asked for anew every half second, whatever the page.
    of_the_page = [text for text in statements if "catalog_version" not in text]
    assert len(of_the_page) <= 6, "\n".join(of_the_page)


def test_the_korean_word_finds_what_was_written_in_indonesian(client):
    a_product(name="Kopi Robusta Lampung")
    a_product(name="Gula Semut", category="sugar", hs6="170290")

    assert names(page(client, "/ko/products?q=커피")) == ["kopi-robusta-lampung"]


def test_filters_are_shown_as_chips_that_can_be_taken_away(client):
    a_product(price=rupiah(92_000))
    a_product(name="Teh Hitam", category="tea", price=rupiah(920_000))

    text = page(client, "/en/products?category=coffee&category=tea&price_to=10.000&stock=1")

    assert names(text) == ["kopi-arabika-gayo"]
    chips = text.partition('<ul class="chips"')[2].partition("</ul>")[0].replace("&amp;", "&")
    assert "₩10,000" in chips
    assert 'href="/en/products?category=tea&price_to=10000&stock=1"' in chips
    assert 'href="/en/products?category=coffee&category=tea&price_to=10000"' in chips


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "price_from=-5&price_to=zzz",
        "price_to=-5",
        "category=nope",
        "price_from=99999999999999999999999",
        "price_from=900&price_to=100",
        "category=%00&province='%20OR%201",
        "q=%00%27%22%28%29%3A%2A%26%7C%21%5C",
        "q=" + "a%20" * 100,
        "q=%F0%9F%8D%B5&sort=nonsense",
        "cooperative=no-such&certificate=x&island=y",
    ],
)
def test_nonsense_in_the_address_is_ignored(client, query):
    a_product()

    page(client, f"/ko/products?{query}")


def test_nothing_found_offers_a_way_on(client):
    a_product()

    text = page(client, "/en/products?q=arabbika&category=tea")

    assert names(text) == []
    assert 'href="/en/products?q=arabika"' in text
    assert "Without “Tea”" in text


def test_pages_carry_the_filters_along(client):
    for number in range(30):
        a_product(a_coop(), name=f"Kopi {number}")

    text = page(client, "/en/products?q=kopi&sort=new").replace("&amp;", "&")

    assert 'href="/en/products?q=kopi&sort=new&page=2"' in text
    assert '<input type="hidden" name="q" value="kopi">' in text


def test_sold_out_goods_say_so_and_cannot_be_put_into_the_cart(client):
    product = a_product(stock=1)
    hold_stock("order:1", {variant_of(product).id: 1}, expires_at=now(), at=now())

    assert "Sold out" in page(client, "/en/products")
    assert 'id="buy"' not in page(client, f"/en/products/{product.slug}")


def test_the_product_page_divides_the_price_exactly(client):
    product = a_product(more=KOREAN, price=rupiah(286_350), weight_grams=500)

    text = text_of(page(client, f"/ko/products/{product.slug}"))

    for amount in ("24,900원", "22,908원", "1,245원", "747원", "4,980원"):
        assert amount in text, amount


def test_the_original_is_one_tap_away(client):
    product = a_product(more=KOREAN, story="Dipetik tangan.")

    translated = page(client, f"/en/products/{product.slug}?text=ko")
    original = page(client, f"/en/products/{product.slug}?text=id")

    assert "화산재 땅에서." in translated
    assert f'href="/en/products/{product.slug}?text=id#story"' in translated
    assert "Dipetik tangan." in original


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (TextStatus.MACHINE, "Translated by a machine"),
        (TextStatus.TRANSLATED, "Translated from what the maker wrote"),
    ],
)
def test_translations_say_who_made_them(client, status, sentence):
    product = a_product(more={"en": ("Gayo coffee", "Picked by hand.", status)})

    assert sentence in page(client, f"/en/products/{product.slug}")


def test_words_of_makers_are_never_markup(client):
    product = a_product(name="<b>Kopi</b>", story="<script>alert(1)</script>")

    text = page(client, f"/en/products/{product.slug}") + page(client, "/en/products")

    assert "<b>Kopi" not in text
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("slug", ["no-such", "%00", "a" * 300, "..%2f..%2fetc"])
def test_what_is_not_there_is_not_found(client, slug):
    page(client, f"/ko/products/{slug}", 404)


@pytest.mark.parametrize(
    ("who", "status"), [("stranger", 404), ("buyer", 404), ("other", 404), ("member", 200)]
)
@pytest.mark.parametrize("state", ["draft", "withdrawn"])
def test_only_members_see_what_is_not_in_the_shop(client, who, status, state):
    coop, other = a_coop(), a_coop()
    product = a_product(coop, published=state == "withdrawn")
    withdraw_product(product, NOON)
    reader = {"buyer": a_user, "member": lambda: a_member(coop), "other": lambda: a_member(other)}
    if who in reader:
        sign_in(client, reader[who]())

    page(client, f"/id/products/{product.slug}", status)


def test_the_steps_of_the_quantity_work_without_script(client):
    product = a_product(stock=3)

    text = page(client, f"/en/products/{product.slug}?quantity=2&step=1")

    assert 'name="quantity"' in text
    assert 'value="3" data-min="1" data-max="3"' in text
    assert 'value="3" data' in page(client, f"/en/products/{product.slug}?quantity=3&step=1")


def test_goods_of_the_same_cooperative_travel_together(client):
    coop = a_coop()
    product = a_product(coop)
    a_product(coop, name="Gula Aren", category="sugar")
    a_product(name="Batik")

    assert names(page(client, f"/en/products/{product.slug}")) == ["gula-aren"]


def test_the_home_page_is_whole_without_programs(client, monkeypatch):
    monkeypatch.setattr(hooks, "_sources", [])
    a_product(more=KOREAN)

    text = page(client, "/ko/")

    assert names(text) == ["kopi-arabika-gayo"]
    assert "cloth500" not in text


def test_the_home_page_shows_what_the_programs_room_tells(client, monkeypatch):
    newest = HomeProgram(
        title="Rumah jemur",
        url="/en/programs/rumah-jemur",
        place="Aceh",
        summary="A drying house.",
        motif="coffee",
        dye=5,
        note="Village share",
        amount=won(12_400_000),
    )
    monkeypatch.setattr(hooks, "_sources", [lambda lang: HomePrograms(500, 212, 23, [newest])])

    text = page(client, "/en/")

    assert "212 / 500" in text_of(text)
    assert "cloth500" in text
    assert "Rumah jemur" in text
    assert "₩12,400,000" in text


def test_suggestions_come_while_typing(client):
    a_product(a_coop(name="Gayo Mandiri"), more=KOREAN)

    text = page(client, "/ko/products/suggest?q=가요")
    places = page(client, "/ko/products/suggest?q=aceh")

    assert "<mark>가요</mark>" in text
    assert "/ko/products?province=A1" in places
    assert page(client, "/ko/products/suggest?q=%00").strip() == ""
    assert "Gayo Mandiri" in text_of(page(client, "/ko/products/suggest?q=mandiri"))


def test_the_filters_button_says_how_many_would_remain(client):
    a_product()

    assert "1" in page(client, "/ko/products/count?category=coffee")


class TestKeptPages:
    def test_strangers_get_no_cookie_and_may_ask_again_cheaply(self, client):
        product = a_product()

        for address in ("/ko/", "/ko/products", f"/ko/products/{product.slug}"):
            first = client.get(address, headers={"Accept-Language": "ko"})
            again = client.get(
                address, headers={"If-None-Match": first.headers["ETag"], "Accept-Language": "ko"}
            )

            assert "Set-Cookie" not in first.headers, address
            assert first.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
            assert "Cookie" in first.headers["Vary"]
            assert (again.status_code, again.data) == (304, b"")

    def test_a_kept_page_asks_the_database_nothing(self, client):
        a_product()
        first = client.get("/ko/products")

        with counted() as statements:
            again = client.get("/ko/products")

        assert statements == []
        assert again.data == first.data

    def test_a_new_product_is_on_the_page_at_once(self, client):
        product = a_product(published=False)
        before = names(page(client, "/ko/products"))

        with transaction():
            publish_product(product, now())

        assert (before, names(page(client, "/ko/products"))) == ([], [product.slug])

    def test_languages_themes_and_queries_are_kept_apart(self, client):
        a_product(more=KOREAN)

        korean = page(client, "/ko/products")
        english = page(client, "/en/products")
        client.set_cookie("theme", "dark")
        dark = page(client, "/ko/products")

        assert 'data-theme="dark"' in dark
        assert 'data-theme="dark"' not in korean
        assert "가요" in korean
        assert "가요" not in english

    def test_whoever_has_another_cookie_gets_a_page_of_their_own(self, client):
        a_product()
        client.set_cookie("cart", "secret-token")

        answer = client.get("/ko/products")

        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "ETag" not in answer.headers

    def test_the_page_of_a_signed_in_reader_is_not_shown_to_strangers(self, app, client):
        a_product()
        sign_in(client, a_user(name="Kim Rahasia"))
        mine = client.get("/ko/products")

        theirs = app.test_client().get("/ko/products")

        assert "Kim Rahasia" in mine.get_data(as_text=True)
        assert "Kim Rahasia" not in theirs.get_data(as_text=True)

    def test_kept_pages_are_squeezed_for_browsers_that_can(self, client):
        a_product()

        squeezed = client.get("/ko/products", headers={"Accept-Encoding": "gzip"})

        assert squeezed.headers["Content-Encoding"] == "gzip"
        assert len(squeezed.data) < len(client.get("/ko/products").data) / 3

    def test_errors_are_not_kept(self, client):
        page(client, "/ko/products/kopi-arabika-gayo", 404)
        a_product()

        page(client, "/ko/products/kopi-arabika-gayo")


def test_the_price_follows_the_days_rate(client):
    a_product(price=rupiah(115_000))

    assert "10,000" in page(client, "/ko/products")


def test_new_goods_are_marked_for_two_weeks(client):
    product = a_product(published=False)
    publish_product(product, now() - timedelta(days=15))
    other = a_product(name="Teh", published=False)
    publish_product(other, now() - timedelta(days=13))

    assert page(client, "/en/products").count("is-new flag") == 1


def test_goods_stand_on_the_page_of_their_cooperative(client):
    coop = a_coop(slug="burni", regency=a_regency())
    a_product(coop)

    assert names(page(client, "/en/cooperatives/burni")) == ["kopi-arabika-gayo"]


@pytest.mark.parametrize("typed", ["🙂", "%25", "%22"])
def test_a_search_for_signs_says_that_nothing_fits(client, typed):
    a_product(name="Kopi Gayo")

    text = page(client, f"/en/products?q={typed}")

    assert "Nothing fits" in text
    assert 'class="card' not in text


def test_a_search_without_hits_offers_other_words(client):
    a_product(name="Kopi Gayo")

    assert 'href="/en/products?q=kopi">Without “zzzqq”</a>' in page(
        client, "/en/products?q=kopi+zzzqq"
    )
    assert ">커피</a>" in page(client, "/ko/products?q=카피")
    assert ">coffee</a>" in page(client, "/en/products?q=cofee")


def test_long_words_break_in_titles():
    css = (Path(marketplace.__file__).parent / "static" / "css" / "base.css").read_text("utf-8")

    assert "h1 { font-size: var(--t-2xl); overflow-wrap: anywhere; }" in css


def test_pages_past_the_last_are_not_there(client):
    a_product()

    page(client, "/ko/products?page=2", 404)
    page(client, "/ko/products?page=99999999999999999999", 404)


def test_an_unknown_kind_or_a_price_below_nothing_narrows_nothing(client):
    a_product(name="Kopi Gayo")

    text = page(client, "/en/products?category=nope&price_to=-5&certificate=nope&island=nope")

    assert "Kopi Gayo" in text
    assert "nope" not in text.split('id="results"')[1].split("<footer")[0]
    assert "All goods" in text


def test_the_words_of_a_search_stay_in_its_box_and_in_no_other(client):
    a_product()

    text = page(client, "/en/products?q=%22%3Ekopi")

    assert re.search(r'<input id="q"[^>]* value="&#34;&gt;kopi"', text)
    for other in ("/en/products", "/en/products?q=teh"):
        assert "kopi" not in re.search(r'<input id="q"[^>]*>', page(client, other))[0]
