from decimal import Decimal

import pytest

from marketplace.catalog import index
from marketplace.catalog.index import Question
from marketplace.catalog.models import CertificateKind, Product
from marketplace.catalog.operations import (
    certify_product,
    edit_product,
    hold_stock,
    withdraw_product,
)
from marketplace.catalog.queries import catalog_version
from marketplace.catalog.search import Filters, search
from marketplace.kernel.db import db
from marketplace.kernel.money import rupiah
from tests.catalog.goods import ORIGINAL, TRANSLATED, a_coop, a_product, a_regency, variant_of
from tests.factories import NOON

pytestmark = pytest.mark.usefixtures("database")

RATE = Decimal("11.50")


def find(typed: str = "", sort: str = "", **filters):
    return search(typed, Filters(**filters), rate=RATE, version=catalog_version(), sort=sort)


def names(found) -> list[str]:
    slugs = dict(db.session.query(Product.id, Product.slug))
    return [slugs[product_id] for product_id in found.ids]


def some_goods():
    aceh = a_coop(name="Tani Burni Telong")
    java = a_coop(name="Canting Pesisir", regency=a_regency("33.26", "Pekalongan", "Jawa Tengah"))
    a_product(aceh, name="Kopi Arabika Gayo")
    a_product(
        aceh,
        name="Gula Semut",
        category="sugar",
        hs6="170290",
        price=rupiah(46_000),
        more={"ko": ("코코넛 설탕", "달콤합니다.", TRANSLATED)},
    )
    a_product(
        java,
        name="Selendang Batik Kawung",
        story="Pewarna alami, seperti warna kopi.",
        category="textile",
        hs6="620800",
        price=rupiah(920_000),
    )
    return aceh, java


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("커피", ["kopi-arabika-gayo"]),
        ("coffee", ["kopi-arabika-gayo"]),
        ("Coffees", ["kopi-arabika-gayo"]),
        ("가요 커피", ["kopi-arabika-gayo"]),
        ("가요커피", ["kopi-arabika-gayo"]),
        ("원두를", ["kopi-arabika-gayo"]),
        ("아체", ["gula-semut", "kopi-arabika-gayo"]),
        ("Aceh Tengah kopi", ["kopi-arabika-gayo"]),
        ("burni telong", ["gula-semut", "kopi-arabika-gayo"]),
        ("바틱", ["selendang-batik-kawung"]),
        ("scarf", ["selendang-batik-kawung"]),
        ("중부자바 스카프", ["selendang-batik-kawung"]),
        ("설탕", ["gula-semut"]),
        ("코코넛설탕", ["gula-semut"]),
        ("ＫＯＰＩ　ＧＡＹＯ", ["kopi-arabika-gayo"]),
        ("kopi:* OR NEAR(a' \"", []),
        ("구두", []),
    ],
)
def test_goods_are_found_in_three_languages(typed, expected):
    some_goods()

    assert sorted(names(find(typed))) == expected


@pytest.mark.parametrize("typed", ["🙂", "%", "''", '"', "% _ ☕"])
def test_signs_alone_find_nothing(typed):
    some_goods()

    assert (find(typed).count, names(find(typed))) == (0, [])
    assert len(names(find("  "))) == 3


def test_a_search_without_hits_names_the_words_to_drop():
    some_goods()

    assert find("kopi zzzqq").shorter == {"zzzqq": "kopi"}
    assert find("kopi kawung semut").shorter == {"semut": "kopi kawung"}
    assert find("zzzqq").shorter == {}
    assert find("kopi").shorter == {}


def test_the_name_counts_more_than_the_story():
    some_goods()

    assert names(find("kopi")) == ["kopi-arabika-gayo", "selendang-batik-kawung"]


def test_words_together_in_a_short_name_count_most():
    coop = a_coop()
    for name in ("Kopi Gayo", "Gayo Kopi", "Kopi Gayo dan Cokelat Sigi dalam Kotak Rotan", "Kopi"):
        a_product(coop, name=name, story="Dari Gayo.")

    assert names(find("kopi gayo")) == [
        "kopi-gayo",
        "kopi-gayo-dan-cokelat-sigi-dalam-kotak-rotan",
        "gayo-kopi",
        "kopi",
    ]


def test_a_stem_or_a_part_of_a_compound_stands_in_the_name_too():
    coop = a_coop()
    a_product(coop, name="Madu", more={"ko": ("야생꿀단지", "", TRANSLATED)}, category="honey")
    a_product(coop, name="Stoples", story="Untuk madu, 꿀단지.", category="pottery")

    assert names(find("꿀단지")) == ["madu", "stoples"]
    assert names(find("madunya")) == ["madu", "stoples"]


def test_goods_that_can_be_ordered_come_before_those_sold_out():
    coop = a_coop()
    first = a_product(coop, name="Kopi Gayo", stock=5)
    a_product(coop, name="Kopi Gayo", stock=5)
    hold_stock("order:1", {variant_of(first).id: 5}, expires_at=NOON, at=NOON)

    assert names(find("kopi")) == ["kopi-gayo-2", "kopi-gayo"]
    assert names(find("kopi", is_available=True)) == ["kopi-gayo-2"]


def test_without_words_the_newest_goods_come_first():
    some_goods()

    assert names(find()) == ["selendang-batik-kawung", "gula-semut", "kopi-arabika-gayo"]
    assert names(find(sort="cheap"))[0] == "gula-semut"
    assert names(find(sort="dear"))[0] == "selendang-batik-kawung"


def test_filters_of_different_kinds_must_all_hold():
    aceh, _ = some_goods()

    assert names(find(category=("coffee", "textile"), province=("A1",))) == ["kopi-arabika-gayo"]
    assert names(find(cooperative=aceh.slug)) == ["gula-semut", "kopi-arabika-gayo"]
    assert names(find(island=("java",))) == []


def test_prices_are_filtered_as_the_reader_sees_them():
    coop = a_coop()
    a_product(coop, name="Kopi", price=rupiah(114_942))  # 9,994.96 won, shown as 9,990
    a_product(coop, name="Teh", price=rupiah(114_943))  # 9,995.04 won, shown as 10,000

    assert names(find(price_to=9_990)) == ["kopi"]
    assert names(find(price_from=9_991)) == ["teh"]
    assert names(find(price_from=10_000, price_to=10_000)) == ["teh"]


def test_counts_set_the_choice_of_their_own_group_aside():
    some_goods()

    found = find(category=("coffee",))

    assert found.facets["category"] == {"coffee": 1, "sugar": 1, "textile": 1}
    assert found.facets["province"] == {"A1": 1}


def test_counts_hold_what_the_price_and_the_stock_leave():
    coop = a_coop()
    cheap = a_product(coop, name="Kopi", price=rupiah(20_000), stock=5)
    a_product(coop, name="Kopi Mahal", price=rupiah(900_000))
    a_product(coop, name="Teh", category="tea", price=rupiah(20_000))
    hold_stock("order:1", {variant_of(cheap).id: 5}, expires_at=NOON, at=NOON)

    assert find(price_to=5_000).facets["category"] == {"coffee": 1, "tea": 1}
    assert find(is_available=True).facets["category"] == {"coffee": 1, "tea": 1}
    assert find(price_to=5_000, is_available=True).facets["category"] == {"tea": 1}


def test_certificates_are_filters():
    some_goods()
    coffee = db.session.query(Product).filter_by(slug="kopi-arabika-gayo").one()
    certify_product(coffee, CertificateKind.HALAL, number="ID1", issuer="BPJPH")

    assert names(find(certificate=("halal",))) == ["kopi-arabika-gayo"]


def test_a_withdrawn_product_is_not_found():
    some_goods()
    coffee = db.session.query(Product).filter_by(slug="kopi-arabika-gayo").one()

    withdraw_product(coffee, NOON)

    assert names(find("커피")) == []


def test_a_draft_is_not_found():
    a_product(name="Kopi Rahasia", published=False)

    assert names(find("kopi")) == []


def test_edited_words_are_found_at_once():
    product = a_product(name="Kopi")

    edit_product(
        product,
        category="tea",
        hs6=product.hs6,
        texts={"id": ("Teh Melati", "", ORIGINAL)},
        price=rupiah(50_000),
        weight_grams=100,
        at=NOON,
    )

    assert (names(find("kopi")), names(find("차"))) == ([], ["kopi"])


@pytest.mark.parametrize(
    ("typed", "meant"), [("arabbika", "arabika"), ("커비", "커피"), ("gayyo kopi", "gayo kopi")]
)
def test_a_misspelled_search_is_offered_a_better_word(typed, meant):
    some_goods()

    assert meant in find(typed).suggestions


def test_a_known_word_is_not_corrected():
    some_goods()
    a_product(name="Kopra", category="oil")

    assert find("kopra").suggestions == []
    assert find("kopri").suggestions[0] == "kopra"


def test_a_slip_in_a_short_word_may_be_one_letter_only():
    some_goods()

    assert find("gulla").suggestions == ["gula"]
    assert find("gulxx").suggestions == []
    assert "arabika" in find("arabxxa").suggestions


def test_a_rebuilt_index_finds_the_same():
    some_goods()
    before = names(find("kopi")), find("kobi").suggestions

    assert index.rebuild() == 3
    assert (names(find("kopi")), find("kobi").suggestions) == before


def test_hits_of_old_eras_follow_those_of_new_ones(monkeypatch):
    monkeypatch.setattr("marketplace.catalog.index.eras.ERA", 2)
    coop = a_coop()
    for number in range(12):
        a_product(coop, name="Kopi" if number % 3 == 0 else "Teh", category="charcoal")

    found = find("kopi", sort="new")

    assert (found.count, names(found)) == (4, ["kopi-4", "kopi-3", "kopi-2", "kopi"])
    assert [hit.product_id for hit in index.ask(Question(words=[[("kopi",)]]), 3)] == found.ids[:3]


def test_more_hits_than_the_cap_are_said_to_be_more(monkeypatch):
    monkeypatch.setattr("marketplace.catalog.search.CAP", 2)
    coop = a_coop()
    for number in range(4):
        a_product(coop, name=f"Kopi {number}", price=rupiah(10_000 + number))

    everything = find("kopi")
    cheap = find("kopi", price_to=870)

    assert (everything.count, everything.is_capped) == (2, True)
    assert names(everything) == ["kopi-3", "kopi-2"]
    assert (cheap.count, cheap.is_capped) == (2, True)


def test_a_filter_reaches_goods_older_than_the_cap(monkeypatch):
    monkeypatch.setattr("marketplace.catalog.search.CAP", 3)
    coop = a_coop()
    for number in range(4):
        a_product(coop, name=f"Kopi {number}", story="Rasa.")
        a_product(coop, name=f"Teh {number}", story="Rasa.", category="tea")

    found = find("rasa", category=("tea",), sort="new")
    some = find("rasa", category=("tea",), price_from=1_000_000)

    assert (names(found), found.is_capped) == (["teh-3", "teh-2", "teh-1"], True)
    assert found.facets["category"] == {"coffee": 2, "tea": 4}
    assert (some.count, some.is_capped) == (0, False)


def test_pages_follow_each_other_without_gap():
    coop = a_coop()
    for number in range(5):
        a_product(coop, name=f"Kopi {number}")

    pages = [
        search("", Filters(), rate=RATE, version=catalog_version(), page=page, size=2).ids
        for page in (1, 2, 3)
    ]

    assert [len(ids) for ids in pages] == [2, 2, 1]
    assert len({product_id for ids in pages for product_id in ids}) == 5
