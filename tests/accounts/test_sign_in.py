from __future__ import annotations

import io
import re

import pytest
from flask import Blueprint, render_template_string, session
from sqlalchemy import select
from wtforms import StringField

from marketplace.accounts.hooks import _on_sign_in, on_sign_in
from marketplace.accounts.models import OrganizationKind, Role, SecurityEvent
from marketplace.accounts.operations import create_user, grant_role, join_organization
from marketplace.kernel.db import db, transaction
from marketplace.web.access import signed_in
from marketplace.web.forms import Form
from marketplace.web.locale import mount
from marketplace.web.security import limiter
from tests.conftest import build, fresh_database, settings
from tests.factories import NOON, an_organization

PASSWORD = "a rice barn in June"


@pytest.fixture
def jisu(database):
    return create_user("jisu@example.com", "Kim Jisu", PASSWORD, locale="ko", at=NOON)


def sign_in(client, email="jisu@example.com", password=PASSWORD, **more):
    return client.post("/ko/sign-in", data={"email": email, "password": password, **more})


def events():
    return db.session.scalars(select(SecurityEvent.kind).order_by(SecurityEvent.id)).all()


def test_a_person_signs_in_and_out(client, jisu):
    answer = sign_in(client)

    assert answer.status_code == 302
    assert 'action="/ko/sign-out"' in client.get("/ko/cooperatives").text
    assert client.post("/ko/sign-out").headers["Location"] == "/ko/"
    assert 'action="/ko/sign-out"' not in client.get("/ko/cooperatives").text
    assert events() == ["sign-in", "sign-out"]


def test_signing_out_leaves_nothing_for_the_next_reader_of_the_phone(client, jisu):
    sign_in(client)
    with client.session_transaction() as cookie:
        cookie["kept_form"] = {"path": "/ko/checkout", "fields": [["name", "Kim Jisu"]]}

    client.post("/ko/sign-out")

    with client.session_transaction() as cookie:
        assert set(cookie) <= {"_flashes"}


def test_a_wrong_password_keeps_the_address_and_says_one_sentence(client, jisu):
    answer = sign_in(client, password="something else")

    assert answer.status_code == 422
    assert 'value="jisu@example.com"' in answer.text
    assert "something else" not in answer.text
    assert answer.text.count('class="err"') == 1
    assert events() == ["sign-in-refused"]


def test_an_unknown_address_gets_the_same_answer_as_a_wrong_password(client, jisu):
    wrong = sign_in(client, password="something else")
    unknown = sign_in(client, email="nobody@example.com")

    assert unknown.status_code == wrong.status_code
    assert unknown.text.replace("nobody@", "jisu@") == wrong.text


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/ko/cooperatives?q=kopi", "/ko/cooperatives?q=kopi"),
        ("https://evil.example/", None),
        ("//evil.example/ko/cooperatives", None),
        ("/\\evil.example", None),
        ("/ko/cooperatives\n", None),
        ("/ko/nowhere", None),
        ("/ko/sign-out", None),
        ("javascript:alert(1)", None),
    ],
)
def test_the_way_back_leads_only_to_pages_of_ours(client, jisu, wanted, target):
    home = sign_in(client).headers["Location"]
    client.post("/ko/sign-out")

    answer = sign_in(client, next=wanted)

    assert answer.headers["Location"] == (target or home)


@pytest.mark.parametrize(
    ("who", "start"),
    [("buyer", "/ko/"), (Role.ADMIN, "/ko/admin"), (OrganizationKind.KOTRA, "/ko/trade")],
)
def test_everybody_comes_home_to_their_own_desk(app, client, jisu, who, start):
    if who is Role.ADMIN:
        grant_role(jisu, Role.ADMIN, by=None, at=NOON)
    if who is OrganizationKind.KOTRA:
        join_organization(jisu, an_organization(who), at=NOON)

    assert sign_in(client).headers["Location"].startswith(start)


def test_a_closed_account_is_a_stranger_at_once(client, jisu):
    sign_in(client)

    jisu.is_enabled = False
    db.session.flush()

    assert 'action="/ko/sign-out"' not in client.get("/ko/cooperatives").text


def test_other_rooms_are_told_of_a_sign_in_inside_its_transaction(client, jisu):
    told = []

    def merge_cart(user, at):
        told.append((user.email, session.get("cart"), at.tzinfo is not None))

    on_sign_in(merge_cart)
    with client.session_transaction() as cookie:
        cookie["cart"] = "C-1"
    try:
        sign_in(client)
    finally:
        _on_sign_in.remove(merge_cart)

    assert told == [("jisu@example.com", "C-1", True)]


@pytest.fixture
def limited(engine_name, tmp_path, monkeypatch):
    """A browser of an office, where attempts are counted."""
    monkeypatch.setattr(limiter, "enabled", False)
    config = settings(fresh_database(engine_name, tmp_path), tmp_path, LUMBUNG_RATE_LIMITS="1")
    app = build(config)
    with app.app_context():
        with transaction():
            create_user("siti@example.com", "Siti", PASSWORD, locale="id", at=NOON)
        limiter.reset()
        yield app.test_client()
        limiter.reset()
        db.engine.dispose()


def try_often(client, times, **fields):
    return [sign_in(client, **fields).status_code for _ in range(times)]


def test_ten_wrong_passwords_a_minute_are_enough_for_an_account(limited):
    statuses = try_often(limited, 10, email="jisu@example.com", password="")

    answer = limited.post(
        "/en/sign-in",
        data={"email": " Jisu@Example.com", "password": "a rice barn", "next": "/en/cart"},
    )

    assert statuses == [422] * 10
    assert answer.status_code == 429
    assert re.search(
        r"Too many wrong passwords for this e-mail address. Wait \d+ seconds?, then", answer.text
    )
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert re.search(r'<input[^>]* name="email"[^>]* value="Jisu@Example.com"', answer.text)
    assert re.search(r'<input[^>]* name="next"[^>]* value="/en/cart"', answer.text)
    assert "a rice barn" not in answer.text
    assert limited.get("/en/sign-in").status_code == 200


def test_a_colleague_behind_the_same_address_still_gets_in(limited):
    try_often(limited, 11, email="jisu@example.com", password="")

    assert sign_in(limited, "siti@example.com").status_code == 302


def test_who_gets_in_uses_up_no_attempt(limited):
    statuses = try_often(limited, 11, email="siti@example.com")

    assert statuses == [302] * 11


def test_one_address_cannot_try_account_after_account(limited):
    statuses = [
        try_often(limited, 10, email=f"user{number}@example.com", password="")
        for number in range(6)
    ]

    answer = sign_in(limited, "siti@example.com")

    assert statuses == [[422] * 10] * 6
    assert answer.status_code == 429
    assert "siti@example.com" in answer.text


def test_the_demo_shows_who_may_sign_in(client):
    page = client.get("/en/sign-in?next=/en/cooperatives").text

    assert "buyer@<wbr>demo.lumbung.example" in page
    assert "lumbung-demo" in page
    assert "/en/sign-in?email=admin2@demo.lumbung.example&amp;next=/en/cooperatives" in page
    assert 'value="auditor@demo.lumbung.example"' in (
        client.get("/en/sign-in?email=auditor@demo.lumbung.example").text
    )


def test_outside_the_demo_nobody_is_named(app, client, monkeypatch):
    config = app.config["LUMBUNG"]
    real = type(config)(**{**vars(config), "demo": False})
    monkeypatch.setitem(app.config, "LUMBUNG", real)

    page = client.get("/en/sign-in").text

    assert "demo.lumbung.example" not in page
    assert "lumbung-demo" not in page


class NoteForm(Form):
    title = StringField("Title")
    text = StringField("Text")


notes = Blueprint("notes", __name__)


@notes.route("/notes/new", methods=["GET", "POST"])
@signed_in
def new_note():
    form = NoteForm()
    if form.validate_on_submit():
        return f"kept {form.title.data}: {form.text.data}"
    return render_template_string(
        "{{ form.csrf_token }}{{ form.title() }}{{ form.text() }}", form=form
    )


def token_of(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]


def test_a_form_sent_after_the_session_ended_comes_back_filled(committed):
    """With the real token check on: the form's token went with the session."""
    mount(committed, [notes])
    committed.config["WTF_CSRF_ENABLED"] = True
    create_user("jisu@example.com", "Kim Jisu", PASSWORD, locale="ko", at=NOON)
    db.session.commit()
    client = committed.test_client()
    typed = {"title": "Kopi", "text": "dari Gayo", "csrf_token": "of the lost session"}

    asked = client.post("/ko/notes/new", data=typed)
    page = client.get(asked.headers["Location"])
    back = sign_in(client, next="/ko/notes/new", csrf_token=token_of(page))
    form = client.get(back.headers["Location"])
    sent = client.post("/ko/notes/new", data=typed | {"csrf_token": token_of(form)})

    assert asked.headers["Location"] == "/ko/sign-in?next=/ko/notes/new"
    assert 'name="next" type="hidden" value="/ko/notes/new"' in page.text
    assert 'value="Kopi"' in form.text
    assert 'value="dari Gayo"' in form.text
    assert "세션이 끝났어요" in page.text
    assert sent.text == "kept Kopi: dari Gayo"
    assert 'value="Kopi"' not in client.get("/ko/notes/new").text


def test_a_form_that_comes_back_says_that_it_is_not_saved_and_names_its_photos(committed):
    mount(committed, [notes])
    create_user("jisu@example.com", "Kim Jisu", PASSWORD, locale="ko", at=NOON)
    db.session.commit()
    client = committed.test_client()
    photo = (io.BytesIO(b"x"), "kopi.jpg")

    client.post("/en/notes/new", data={"title": "Kopi", "photos": photo})
    sign_in(client, next="/en/notes/new")
    client.get("/en/notes/new")

    with client.session_transaction() as cookie:
        said = " ".join(message for _, message in cookie["_flashes"])
    assert "This is not saved yet: your session had ended." in said
    assert "Choose these photos again: kopi.jpg" in said


def test_what_was_typed_returns_to_nobody_else(committed):
    mount(committed, [notes])
    with transaction():
        create_user("jisu@example.com", "Kim Jisu", PASSWORD, locale="ko", at=NOON)
        create_user("min@example.com", "Park Min", PASSWORD, locale="ko", at=NOON)
    client = committed.test_client()
    sign_in(client, email="jisu@example.com")
    client.delete_cookie("lumbung")

    client.post("/ko/notes/new", data={"title": "Kopi", "text": "dari Gayo"})
    sign_in(client, email="min@example.com", next="/ko/notes/new")

    assert "Kopi" not in client.get("/ko/notes/new").text


@pytest.mark.parametrize("address", ["//[", "//evil.example", "/\\evil.example", "javascript:x"])
def test_signing_in_leads_to_no_foreign_address(client, jisu, address):
    answer = sign_in(client, next=address)

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/ko/"


def test_a_form_of_another_site_is_not_kept(committed):
    mount(committed, [notes])
    committed.config["WTF_CSRF_ENABLED"] = True
    client = committed.test_client()

    answer = client.post(
        "/ko/notes/new", data={"title": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert answer.status_code == 400
    with client.session_transaction() as cookie:
        assert "kept_form" not in cookie
