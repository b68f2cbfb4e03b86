from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("cookie", "accepts", "home"),
    [
        (None, "", "/ko/"),
        (None, "id-ID,id;q=0.9,en;q=0.8", "/id/"),
        (None, "fr,en;q=0.5", "/en/"),
        (None, "fr", "/ko/"),
        ("en", "id", "/en/"),
        ("xx", "id", "/id/"),
    ],
)
def test_the_front_door_leads_to_the_readers_language(client, cookie, accepts, home):
    if cookie:
        client.set_cookie("lang", cookie)

    answer = client.get("/", headers={"Accept-Language": accepts})

    assert (answer.status_code, answer.headers["Location"]) == (302, home)
    assert "Accept-Language" in answer.headers["Vary"]


def test_a_chosen_language_is_remembered(client):
    client.get("/id/sign-in")

    assert client.get_cookie("lang").value == "id"
    assert client.get("/").headers["Location"] == "/id/"


def test_a_page_in_the_expected_language_sets_no_cookie(client):
    answer = client.get("/ko/cooperatives", headers={"Accept-Language": "ko"})

    assert "Set-Cookie" not in answer.headers


def test_the_appearance_is_kept_in_a_cookie(client):
    dark = client.post("/en/theme", data={"theme": "dark", "next": "/en/cooperatives"})

    assert dark.headers["Location"] == "/en/cooperatives"
    assert 'data-theme="dark"' in client.get("/en/cooperatives").text

    client.post("/en/theme", data={"theme": ""})

    assert "data-theme" not in client.get("/en/cooperatives").text


def test_the_appearance_leads_to_no_other_site(client):
    answer = client.post("/en/theme", data={"theme": "dark", "next": "https://evil.example/"})

    assert answer.headers["Location"].startswith("/")
    assert "evil" not in answer.headers["Location"]


def test_the_appearance_needs_no_token_since_cached_pages_post_it(app, client, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)

    assert client.post("/en/theme", data={"theme": "light"}).status_code == 302
    assert client.post("/en/sign-out").status_code == 400
