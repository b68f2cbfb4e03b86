from __future__ import annotations

import pytest
from markupsafe import Markup
from sqlalchemy import event

from marketplace.cooperatives.hooks import _parts, on_cooperative_page
from marketplace.cooperatives.models import CooperativeState, MemberRole
from marketplace.cooperatives.operations import add_member
from marketplace.kernel.db import db
from marketplace.reference.models import District, Village
from tests.factories import NOON, a_cooperative, a_regency, a_user, saved


@pytest.fixture
def three(database):
    """Two open ones in two provinces, and one that waits."""
    aceh = a_regency("11.04", name="Kabupaten Aceh Tengah")
    garut = a_regency("32.05", name="Kabupaten Garut")
    for regency, letters, name in [(aceh, "AC", "Aceh"), (garut, "JB", "Jawa Barat")]:
        regency.province.letters = letters
        regency.province.name_id = name
    a_cooperative("Koperasi Kopi Gayo", slug="gayo", regency=aceh)
    a_cooperative("Koperasi Dodol 100% Garut", slug="dodol", regency=garut)
    a_cooperative("Koperasi Menunggu", slug="waiting", regency=aceh, state=CooperativeState.PENDING)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["dodol", "gayo"]),
        ("?q=gayo", ["gayo"]),
        ("?q=GARUT+dodol", ["dodol"]),
        ("?q=aceh", ["gayo"]),
        ("?q=100%25", ["dodol"]),
        ("?q=menunggu", []),
        ("?q=nothing", []),
        ("?province=JB", ["dodol"]),
        ("?province=jb", ["dodol"]),
        ("?province=XX", []),
        ("?province=AC&q=dodol", []),
        ("?page=nonsense", ["dodol", "gayo"]),
    ],
)
def test_open_cooperatives_are_found_by_name_place_and_province(client, three, query, found):
    page = client.get(f"/en/cooperatives{query}")

    assert page.status_code == 200
    shown = [
        slug
        for slug in ("dodol", "gayo", "waiting")
        if f'href="/en/cooperatives/{slug}"' in page.text
    ]
    assert shown == found


def test_the_province_list_counts_open_cooperatives(client, three):
    page = client.get("/id/cooperatives").text

    assert '<option value="AC">Aceh (1)</option>' in page
    assert '<option value="JB">Jawa Barat (1)</option>' in page


def test_the_list_asks_the_database_twice(client, three):
    asked = []
    connection = db.engine

    def note(conn, cursor, statement, *_):
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        client.get("/en/cooperatives")
    finally:
        event.remove(connection, "before_cursor_execute", note)

    assert len(asked) == 2


def test_the_list_has_pages_that_keep_the_question(client, database):
    for number in range(25):
        a_cooperative(f"Koperasi {number:02}")

    page = client.get("/en/cooperatives?q=koperasi").text

    assert page.count('class="coop"') == 24
    assert 'href="/en/cooperatives?q=koperasi&amp;page=2"' in page


@pytest.mark.parametrize("slug", ["waiting", "nowhere"])
def test_what_is_not_open_does_not_exist(client, three, slug):
    assert client.get(f"/en/cooperatives/{slug}").status_code == 404


def test_the_page_says_who_and_where(client, three):
    saved(District(code="32.05.01", regency_code="32.05", name="Garut Kota"))
    saved(
        Village(
            code="32.05.01.2001",
            district_code="32.05.01",
            kind="desa",
            name="Sukasenang",
            postcode="44111",
        )
    )
    cooperative = a_cooperative("Koperasi Baru", slug="baru", regency=a_regency("32.05"))
    cooperative.village_code = "32.05.01.2001"
    cooperative.founded_year = 2011
    db.session.flush()

    page = client.get("/id/cooperatives/baru").text

    for fact in ("Sukasenang, Garut Kota", "Kabupaten Garut", "Jawa Barat", "412", "239", "2011"):
        assert f"<dd>{fact}</dd>" in page


def test_the_story_is_shown_in_the_readers_language_with_the_original_one_tap_away(client, three):
    translated = client.get("/ko/cooperatives/gayo").text
    original = client.get("/ko/cooperatives/gayo?text=id").text
    indonesian = client.get("/id/cooperatives/gayo").text

    assert '<p lang="ko">커피를 기릅니다.</p>' in translated
    assert 'href="/ko/cooperatives/gayo?text=id#story"' in translated
    assert '<p lang="id">Kami menanam kopi.</p>' in original
    assert 'href="/ko/cooperatives/gayo#story"' in original
    assert "#story" not in indonesian


def test_a_story_without_translation_is_shown_in_indonesian(client, database):
    a_cooperative(slug="nira").story_ko = ""
    db.session.flush()

    page = client.get("/ko/cooperatives/nira").text

    assert '<p lang="id">Kami menanam kopi.</p>' in page
    assert "#story" not in page


def test_demo_figures_are_called_so(client, database):
    real, demo = a_cooperative(slug="real"), a_cooperative(slug="demo")
    demo.is_demo = True
    db.session.flush()
    sentence = "members, story and amounts are invented"

    assert sentence in client.get(f"/en/cooperatives/{demo.slug}").text
    assert sentence not in client.get(f"/en/cooperatives/{real.slug}").text


def test_other_rooms_add_their_parts_in_order(client, three):
    def programs(cooperative):
        return Markup("<section>programs of {}</section>").format(cooperative.slug)

    def goods(cooperative):
        return Markup("<section>goods of {}</section>").format(cooperative.slug)

    on_cooperative_page(programs, place=98)
    on_cooperative_page(goods, place=97)
    try:
        page = client.get("/en/cooperatives/gayo").text
    finally:
        _parts[:] = [part for part in _parts if part[1] not in (programs, goods)]

    assert page.index("<section>goods of gayo") < page.index("<section>programs of gayo")


def test_words_of_a_cooperative_cannot_carry_markup(client, database):
    a_cooperative("<script>alert(1)</script>", slug="evil").story_en = "<b>bold</b>"
    db.session.flush()

    page = client.get("/en/cooperatives/evil").text

    assert "<script>alert" not in page
    assert "<b>bold</b>" not in page
    assert "<script>alert" not in client.get("/en/cooperatives?q=%3Cscript%3E").text


def test_a_member_comes_home_to_their_desk(app, database):
    from marketplace.cooperatives.views import desk_of

    user = a_user()
    add_member(a_cooperative(slug="nira"), user, MemberRole.SELLER, at=NOON)

    with app.test_request_context("/id/"):
        assert (desk_of(user) or "").startswith("/id/c/nira")
        assert desk_of(a_user()) is None


def test_a_page_past_the_last_is_not_there_rather_than_empty(client, three):
    assert client.get("/en/cooperatives?page=99").status_code == 404
