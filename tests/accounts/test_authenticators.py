"""Whoever has an authenticator signs with a fresh code of it, and nobody without."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pyotp import TOTP

from marketplace.accounts.authenticators import (
    MOST_MISSES,
    PAUSE,
    add_authenticator,
    confirm_authenticator,
    signs_with_code,
    use_code,
)
from marketplace.accounts.errors import (
    AuthenticatorNeeded,
    CodeMissing,
    CodeUsed,
    CodeWrong,
    TooManyCodes,
)
from marketplace.accounts.models import Authenticator, Role, SecurityEvent
from marketplace.accounts.operations import create_user, grant_role
from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.kernel.time import now
from marketplace.reinvestment.models import ProgramState
from marketplace.reinvestment.operations import propose_disbursement
from tests.reinvestment.world import (
    a_program,
    a_share,
    an_admin,
    an_auditor,
    approved,
    sealed_books,
    sign_in,
)

pytestmark = pytest.mark.usefixtures("database")

AT = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
WRONG = "Write the six digits that your authenticator shows now."
# Every signature but that of a proposal, whose form shows the refusal itself.
SIGNATURES = [
    "admin/ledger/policies/1/approval",
    "admin/ledger/proposals/1/approval",
    "admin/ledger/periods/changes/1/approval",
    "admin/payouts/batches/B-1/release",
    "admin/reconciliation/bookings/1/approval",
    "admin/programs/P-0001/disbursements/P-0001-1/release",
]


def code(person, at=AT):
    secret = db.session.get(Authenticator, person.id).secret
    return TOTP(secret).at(at)


def with_phone(person, at=AT):
    """The person after the authenticator was set up, with no code used since a minute."""
    add_authenticator(person, at=at)
    assert confirm_authenticator(person.id, code(person, at - timedelta(seconds=30)), at=at) is None
    return person


def wrong(person, at=AT):
    return f"{(int(code(person, at)) + 1) % 1_000_000:06}"


def use(person, typed, at=AT):
    return use_code(person.id, typed, at=at)


def test_a_code_counts_once():
    person = with_phone(an_admin())
    typed = code(person)

    assert use(person, f" {typed[:3]} {typed[3:]} ") is None
    assert isinstance(use(person, typed), CodeUsed)
    assert use(person, code(person, AT + timedelta(seconds=30)), AT + timedelta(seconds=30)) is None


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", CodeMissing),
        ("12345", CodeMissing),
        ("abcdef", CodeMissing),
        ("１２３４５６", CodeMissing),
    ],
)
def test_what_is_no_code_is_said_and_counts_as_no_miss(typed, error):
    person = with_phone(an_admin())

    assert isinstance(use(person, typed), error)
    assert db.session.get(Authenticator, person.id).misses == 0


def test_after_five_misses_even_a_right_code_waits():
    person = with_phone(an_admin())
    misses = [use(person, wrong(person)) for _ in range(MOST_MISSES)]
    later = AT + PAUSE

    assert {type(miss) for miss in misses} <= {CodeWrong, CodeUsed}
    assert isinstance(use(person, code(person)), TooManyCodes)
    assert use(person, code(person, later), later) is None
    refused = db.session.query(SecurityEvent).filter_by(kind="code-refused").count()
    assert refused == MOST_MISSES


def test_without_an_authenticator_nothing_is_asked_unless_a_code_is_needed():
    person = an_admin()

    assert use_code(person.id, "", at=AT) is None
    assert isinstance(use_code(person.id, "", is_needed=True, at=AT), AuthenticatorNeeded)


def test_one_that_was_not_confirmed_signs_nothing_and_asks_nothing():
    person = an_admin()
    add_authenticator(person, at=AT)

    assert not signs_with_code(person.id)
    assert isinstance(use_code(person.id, code(person), is_needed=True, at=AT), AuthenticatorNeeded)


def test_a_confirmed_secret_is_not_made_anew():
    person = with_phone(an_admin())
    before = db.session.get(Authenticator, person.id).secret

    assert add_authenticator(person, at=AT).secret == before


def test_it_is_set_up_with_the_password_and_a_code_and_removed_with_another(client):
    person = create_user("sri@example.com", "Sri", "a long password", locale="en", at=AT)
    grant_role(person, Role.ADMIN, by=None, at=AT)
    sign_in(client, person)
    place = "/en/authenticator"

    wrong = client.post(place, data={"password": "not it"})
    assert wrong.status_code == 422
    assert "That is not your password." in wrong.text
    assert client.post(place, data={"password": "a long password"}).status_code == 302
    secret = db.session.get(Authenticator, person.id).secret
    assert secret[:4] in client.get(place).text
    early = code(person, now() - timedelta(seconds=30))
    assert client.post(f"{place}/confirmation", data={"code": "000"}).status_code == 422
    assert client.post(f"{place}/confirmation", data={"code": early}).status_code == 302
    assert secret[:4] not in client.get(place).text
    assert client.post(f"{place}/removal", data={"code": early}).status_code == 422
    assert client.post(f"{place}/removal", data={"code": code(person, now())}).status_code == 302
    assert db.session.query(Authenticator).count() == 0


@pytest.mark.parametrize("address", SIGNATURES)
def test_every_signature_asks_for_it(client, address):
    sign_in(client, with_phone(an_admin(), at=now()))

    answer = client.post(f"/en/{address}", headers={"Referer": "http://localhost/en/admin/"})

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/en/admin/"
    assert WRONG in client.get("/en/admin/").text


def test_a_payment_is_released_with_a_code_only(client):
    a_share(9_000)
    program = approved(a_program(4_000))
    payment = propose_disbursement(program, won(500), purpose="1", by=an_admin().id, at=now())
    person = with_phone(an_admin(), at=now())
    sign_in(client, person)
    page = f"/en/admin/programs/{program.number}"
    release = f"{page}/disbursements/{payment.number}/release"

    client.post(release, data={"code": ""})
    assert payment.released_by is None
    assert 'name="code"' in client.get(page).text
    client.post(release, data={"code": code(person, now())})
    assert payment.released_by == person.id


def test_a_decision_is_signed_with_a_code_and_keeps_what_was_typed(client):
    a_share(9_000)
    program = a_program(4_000)
    sealed_books()
    person = with_phone(an_admin(), at=now())
    sign_in(client, person)
    page = f"/en/admin/programs/{program.number}/decision"
    signed = {"decision": "approve", "reason": "Harga diperiksa", "body": program.body_sha256}

    refused = client.post(page, data=signed)
    assert refused.status_code == 422
    assert WRONG in refused.text
    assert "Harga diperiksa" in refused.text
    assert program.state is ProgramState.PROPOSED
    assert client.post(page, data=signed | {"code": code(person, now())}).status_code == 302
    assert program.state is ProgramState.APPROVED


def test_where_a_code_is_needed_nobody_signs_without(client, app, monkeypatch):
    monkeypatch.setitem(
        app.config, "LUMBUNG", replace(app.config["LUMBUNG"], signing_needs_code=True)
    )
    sign_in(client, an_admin())

    client.post(f"/en/{SIGNATURES[2]}")

    assert "Set up your authenticator first." in client.get("/en/admin/").text


@pytest.mark.parametrize("path", ["", "/confirmation", "/removal"])
def test_it_is_for_those_who_sign(client, path):
    sign_in(client, an_auditor())

    assert client.post(f"/en/authenticator{path}").status_code == 403


def test_a_lost_phone_is_forgotten_from_the_command_line(app):
    person = with_phone(an_admin())

    told = app.test_cli_runner().invoke(args=["users", "forget-authenticator", person.email])

    assert "signs without code now" in told.output
    assert not signs_with_code(person.id)
