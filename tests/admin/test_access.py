import re

import pytest

from marketplace.ledger.queries import entries_about
from tests.factories import a_user
from tests.reinvestment.world import an_admin, an_auditor

PAGES = ("", "ledger/", "ledger/{entry}", "ledger/accounts/", "ledger/accounts/assets:stripe:krw")
PAGES = (*PAGES, "ledger/trial-balance", "ledger/audit/", "ledger/conservation", "ledger/periods/")
PAGES = (*PAGES, "ledger/policies/", "funds/", "ledger/seals/")
PEOPLE = {"buyer": a_user, "auditor": an_auditor, "admin": an_admin}


def address(place, world):
    entry = entries_about("order", world.delivered.number)[0]
    return f"/en/admin/{place.format(entry=entry.id)}"


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize(("who", "status"), [("buyer", 403), ("auditor", 200), ("admin", 200)])
def test_staff_read_the_books_and_buyers_do_not(open_as, world, place, who, status):
    answer = open_as(PEOPLE[who]()).get(address(place, world))

    assert answer.status_code == status


@pytest.mark.parametrize("place", PAGES)
def test_strangers_are_asked_to_sign_in(client, world, place):
    answer = client.get(address(place, world))

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/en/sign-in?next=")


@pytest.mark.parametrize("place", PAGES)
def test_no_page_offers_to_change_anything(reader, world, place):
    text = reader.get(address(place, world)).get_data(as_text=True)

    main = text.partition("<main")[2].partition("</main>")[0]
    assert main
    assert re.findall(r'method="post"', main, re.IGNORECASE) == []


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
@pytest.mark.parametrize("place", PAGES)
def test_every_page_reads_in_three_languages(reader, world, place, lang):
    answer = reader.get(address(place, world).replace("/en/", f"/{lang}/"))

    assert answer.status_code == 200


def test_the_auditor_changes_nothing_wherever_they_post(app, reader):
    adapter = app.url_map.bind("localhost")
    posts = [
        rule
        for rule in app.url_map.iter_rules()
        if "POST" in rule.methods and "/admin/" in rule.rule
    ]

    answers = {}
    for rule in posts:
        values = {
            name: 1
            if name.endswith("_id")
            else {"lang": "en", "scope": "sale"}.get(name, "2026-04")
            for name in rule.arguments
        }
        answers[rule.rule] = reader.post(adapter.build(rule.endpoint, values)).status_code

    assert len(answers) > 15
    assert {place: status for place, status in answers.items() if status != 403} == {}
