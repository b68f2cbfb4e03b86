from __future__ import annotations

import pytest
from sqlalchemy import func, select

from marketplace.accounts.models import SecurityEvent, User
from marketplace.accounts.queries import find_user_by_email
from marketplace.kernel.db import db

FIELDS = {
    "name": "Kim Jisu",
    "email": "jisu@example.com",
    "password": "a rice barn in June",
    "agrees": "y",
}


def test_a_buyer_opens_an_account_and_is_signed_in(client):
    answer = client.post("/ko/register", data=FIELDS | {"next": "/ko/cooperatives"})

    user = find_user_by_email("jisu@example.com")
    assert (user.name, user.locale) == ("Kim Jisu", "ko")
    assert answer.headers["Location"] == "/ko/cooperatives"
    assert 'action="/ko/sign-out"' in client.get("/ko/cooperatives").text
    assert db.session.scalars(select(SecurityEvent.kind).order_by(SecurityEvent.id)).all() == [
        "terms-agreed",
        "sign-in",
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u200b\u202e"}, "name"),
        ({"password": " " * 12}, "password"),
        ({"email": "nobody"}, "email"),
        ({"password": "nine char"}, "password"),
        ({"agrees": ""}, "agrees"),
    ],
)
def test_a_refused_registration_writes_nothing_and_keeps_what_was_typed(client, wrong, field):
    data = {name: value for name, value in (FIELDS | wrong).items() if value}

    answer = client.post("/ko/register", data=data)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert db.session.scalar(select(func.count(User.id))) == 0
    for name in {"name", "email"} - {field}:
        assert f'value="{FIELDS[name]}"' in answer.text
    assert FIELDS["password"] not in answer.text


def test_a_second_account_with_the_same_address_is_refused_beside_the_field(client):
    client.post("/ko/register", data=FIELDS)
    client.post("/ko/sign-out")

    answer = client.post("/ko/register", data=FIELDS | {"email": "JISU@example.com"})

    assert answer.status_code == 422
    assert 'href="#email"' in answer.text
    assert db.session.scalar(select(func.count(User.id))) == 1


def test_who_is_signed_in_is_led_on_from_the_registration(client):
    client.post("/ko/register", data=FIELDS)

    answer = client.get("/ko/register?next=/ko/cooperatives")

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/ko/cooperatives"
