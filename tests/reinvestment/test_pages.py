"""The pages of programs: who may see and do what, and what happens to refused forms."""

import re

import pytest

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.queries import credit_balance, entries_about
from marketplace.reinvestment.models import Pledge, Program, ProgramState
from marketplace.reinvestment.operations import finish_program, propose_disbursement
from marketplace.reinvestment.queries import list_disbursements, received_of
from tests.factories import NOON, a_cooperative, a_user, an_organization
from tests.reinvestment.world import (
    a_pledge,
    a_program,
    a_share,
    a_village,
    an_admin,
    an_auditor,
    approved,
    paid,
    sealed_books,
    sign_in,
)

pytestmark = pytest.mark.usefixtures("database")

PROPOSAL = {
    "title": "Rumah pengering",
    "title_ko": "건조실",
    "title_en": "Dryer house",
    "theme": "tools",
    "cooperative": "",
    "problem": "Hujan.",
    "plan": "Atap.",
    "budget-text-1": "Atap",
    "budget-won-1": "1.500.000",
    "budget-text-2": "Angkutan",
    "budget-won-2": "250,000",
}


@pytest.fixture
def program(database):
    a_share(9_000_000)
    return a_program(4_000_000)


@pytest.fixture
def admin(client):
    user = an_admin("Lee Seoyeon")
    sign_in(client, user)
    return user


def test_the_public_sees_programs_but_no_refused_ones(client, program):
    refused = a_program(1_000, title="Ditolak")
    refused.state = ProgramState.REJECTED
    db.session.flush()

    page = client.get("/en/programs")

    assert page.status_code == 200
    assert "Coffee dryer house" in page.text
    assert "1 program" in page.text
    assert client.get(f"/en/programs/{refused.slug}").status_code == 404
    assert client.get("/en/programs/nowhere").status_code == 404


def test_the_page_of_a_cooperative_brings_the_styles_of_the_programs_it_shows(client):
    cooperative = a_cooperative()
    a_share(9_000_000)
    approved(a_program(4_000_000, cooperative_id=cooperative.id))

    page = client.get(f"/en/cooperatives/{cooperative.slug}")

    assert "prog-pic" in page.text
    assert "css/progress" in page.text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("?state=review", 1),
        ("?state=done", 0),
        ("?theme=tools&province=P1", 0),
        ("?theme=youth", 0),
        ("?province=P11", 0),
        ("?state=nonsense&theme=nonsense&page=x", 1),
    ],
)
def test_the_list_is_narrowed_by_its_filters(client, program, query, count):
    page = client.get(f"/en/programs{query}")

    assert page.status_code == 200
    assert page.text.count('<article class="prog">') == count


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_a_program_shows_its_money_people_and_backing(client, program, lang):
    approved(program)
    paid(program, 1_500_000)

    page = client.get(f"/{lang}/programs/{program.slug}").text

    assert "Dewi Lestari" in page
    assert "Lee Seoyeon" in page
    figures = {"ko": "1,500,000원", "id": "1.500.000", "en": "₩1,500,000"}
    assert figures[lang] in page
    for entry in entries_about("program", program.number):
        assert entry.number in page
    # The entry passes the money on twice; the page says it once.
    assert "3,000,000" not in page
    assert "3.000.000" not in page


def test_the_backing_of_a_program_names_no_order(client, program):
    a_share(5_000_000, order="L-260418-SECRET")
    approved(program)

    page = client.get(f"/en/programs/{program.slug}").text

    assert "Shares of 1 order: ₩4,000,000" in page
    assert "SECRET" not in page


ADMIN_PAGES = [
    "/en/admin/programs",
    "/en/admin/programs/{number}",
    "/en/admin/pledges",
    "/en/admin/pledges/{pledge}",
]


@pytest.mark.parametrize("path", [*ADMIN_PAGES, "/en/admin/programs/new", "/en/admin/pledges/new"])
@pytest.mark.parametrize(
    ("who", "status"), [("stranger", 302), ("buyer", 403), ("auditor", 200), ("admin", 200)]
)
def test_staff_read_and_others_do_not(client, program, path, who, status):
    pledge = a_pledge()
    people = {"buyer": a_user, "auditor": an_auditor, "admin": an_admin}
    if who in people:
        sign_in(client, people[who]())
    if who == "auditor" and path.endswith("/new"):
        status = 403

    answer = client.get(path.format(number=program.number, pledge=pledge.number))

    assert answer.status_code == status


def test_an_auditor_sees_no_forms_and_may_not_act(client, program):
    approved(program)
    pledge = a_pledge()
    part = propose_disbursement(program, won(5), purpose="x", by=an_admin().id, at=NOON)
    sign_in(client, an_auditor())

    for path in ADMIN_PAGES:
        page = client.get(path.format(number=program.number, pledge=pledge.number)).text
        main = page[page.index("<main") : page.index("</main")]
        assert 'method="post"' not in main
    for path in (
        f"programs/{program.number}/decision",
        f"programs/{program.number}/disbursements",
        f"programs/{program.number}/disbursements/{part.number}/release",
        f"programs/{program.number}/disbursements/{part.number}/cancellation",
        f"programs/{program.number}/disbursements/{part.number}/settlement",
        f"programs/{program.number}/completion",
        f"pledges/{pledge.number}/receipts",
        "pledges/new",
        "programs/new",
    ):
        assert client.post(f"/en/admin/{path}").status_code == 403
    assert part.released_by is None


def test_a_village_is_found_by_name_and_by_steps(client, admin):
    a_village("11.04.01.2001", name="Kute Lintang")

    by_name = client.get("/en/admin/programs/new?q=kute").text
    steps = [
        client.get(f"/en/admin/programs/new?{query}").text
        for query in ("", "province=11", "province=11&regency=11.04", "province=33&regency=11.04")
    ]

    assert "?village=11.04.01.2001" in by_name
    assert ["Aceh Tengah" in page for page in steps] == [False, True, True, False]
    assert '<option value="11.04.01.2001">Kute Lintang</option>' in steps[2]


def test_a_proposal_is_written_for_the_chosen_village(client, admin):
    village = a_village()
    cooperative = a_cooperative()

    answer = client.post(
        f"/en/admin/programs/new?village={village.code}",
        data=PROPOSAL | {"cooperative": str(cooperative.id), "form_key": "k1"},
    )

    (program,) = db.session.query(Program).all()
    assert answer.status_code == 302
    assert program.asked == won(1_750_000)
    assert program.budget == [["Atap", 1_500_000], ["Angkutan", 250_000]]
    assert (program.village_code, program.cooperative_id) == (village.code, cooperative.id)
    assert program.proposed_by == admin.id


def test_a_second_tap_proposes_nothing_more(client, admin):
    village = a_village()
    for _ in range(2):
        client.post(
            f"/en/admin/programs/new?village={village.code}", data=PROPOSAL | {"form_key": "k1"}
        )

    assert db.session.query(Program).count() == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": ""}, "Write a title."),
        ({"budget-won-1": "many"}, "Write whole won, for example 2500000."),
        ({"budget-text-1": ""}, "Line 1: Write what it pays for."),
        ({"budget-won-1": "0"}, "Line 1: The amount must be above zero."),
        ({"budget-won-1": "9" * 15}, "Line 1: Write a number of at most 100,000,000,000."),
        (
            {f"budget-{kind}-{n}": "" for kind in ("text", "won") for n in (1, 2)},
            "Write at least one budget line",
        ),
        ({"theme": "castles"}, "Choose one of those offered"),
    ],
)
def test_a_refused_proposal_keeps_what_was_typed(client, admin, changes, sentence):
    village = a_village()

    answer = client.post(f"/en/admin/programs/new?village={village.code}", data=PROPOSAL | changes)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert "건조실" in answer.text
    assert db.session.query(Program).count() == 0


def decide(client, program, decision, **fields):
    fields = {"body": program.body_sha256, "reason": ""} | fields
    return client.post(
        f"/en/admin/programs/{program.number}/decision", data=fields | {"decision": decision}
    )


def test_a_second_admin_signs_what_was_read(client, admin, program):
    page = client.get(f"/en/admin/programs/{program.number}").text
    assert program.body_sha256 in page
    assert "₩4,000,000" in page
    sealed_books()

    answer = decide(client, program, "approve", reason="Harga dicek.")

    assert answer.status_code == 302
    assert (program.state, program.approved_by) == (ProgramState.APPROVED, admin.id)
    assert "Harga dicek." in client.get(f"/en/programs/{program.slug}").text


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("ko", "봉인은 몇 초 안에 끝나니 잠시 기다렸다가 다시 서명해 주세요"),
        ("id", "Tunggu sebentar lalu tanda tangani lagi"),
        ("en", "Wait a moment and sign again: the seal is made within seconds."),
    ],
)
def test_money_that_waits_for_its_seal_is_not_spent_yet(client, admin, program, lang, sentence):
    answer = client.post(
        f"/{lang}/admin/programs/{program.number}/decision",
        data={"body": program.body_sha256, "reason": "", "decision": "approve"},
    )

    assert answer.status_code == 422
    assert sentence in answer.text
    assert program.state is ProgramState.PROPOSED
    sealed_books()
    assert decide(client, program, "approve").status_code == 302


def test_who_proposed_sees_why_there_is_no_form_and_is_refused(client, program):
    sign_in(client, db.session.get(type(an_admin()), program.proposed_by))

    page = client.get(f"/en/admin/programs/{program.number}").text
    answer = decide(client, program, "approve")

    assert "you may not sign it" in page
    assert "/decision" not in page
    assert answer.status_code == 422
    assert "a colleague has to sign" in answer.text
    assert "Sign the decision" not in answer.text
    assert program.state is ProgramState.PROPOSED
    assert credit_balance("funds:village:programs:krw") == won(9_000_000)


def test_a_stale_page_cannot_sign(client, admin, program):
    answer = decide(client, program, "approve", body="0" * 64, reason="Harga dicek.")

    assert answer.status_code == 422
    assert "The proposal changed after you opened it." in answer.text
    assert "Harga dicek." in answer.text
    assert program.body_sha256 in answer.text
    assert program.state is ProgramState.PROPOSED
    assert entries_about("program", program.number) == []


def test_a_signature_that_comes_too_late_keeps_its_reason(client, admin, program):
    approved(program)
    booked = entries_about("program", program.number)

    answer = decide(client, program, "reject", reason="Belum lengkap.")

    assert answer.status_code == 422
    assert "This proposal is decided already." in answer.text
    assert "Belum lengkap." in answer.text
    assert program.state is ProgramState.APPROVED
    assert entries_about("program", program.number) == booked


def test_an_empty_fund_is_said_beside_the_form(client, admin):
    a_share(5)
    program = a_program(1_000)

    answer = decide(client, program, "approve", reason="ok")

    assert answer.status_code == 422
    assert "Only ₩5 is free" in answer.text
    assert program.state is ProgramState.PROPOSED


def test_a_refusal_needs_its_reason(client, admin, program):
    assert decide(client, program, "reject").status_code == 422
    assert decide(client, program, "").status_code == 422
    assert program.state is ProgramState.PROPOSED

    assert decide(client, program, "reject", reason="Belum lengkap.").status_code == 302
    assert program.state is ProgramState.REJECTED


def test_a_payment_is_proposed_by_one_and_released_by_another(client, admin, program):
    approved(program)
    path = f"/en/admin/programs/{program.number}/disbursements"

    client.post(path, data={"amount": "2,500,000", "purpose": "Tahap 1", "form_key": "d1"})
    client.post(path, data={"amount": "2,500,000", "purpose": "Tahap 1", "form_key": "d1"})

    (part,) = list_disbursements(program)
    own = client.post(f"{path}/{part.number}/release")
    assert own.location.endswith(f"/en/admin/programs/{program.number}")
    assert "a colleague has to sign" in client.get(own.location).text
    assert part.released_by is None
    assert part.entry_id is None

    second = an_admin("Dewi Anggraini")
    sign_in(client, second)
    assert client.post(f"{path}/{part.number}/release").status_code == 302
    client.post(f"{path}/{part.number}/settlement", data={f"{part.number}-reference": "IDR-9"})

    assert (part.proposed_by, part.released_by) == (admin.id, second.id)
    assert part.settled_by == second.id
    page = client.get(f"/en/admin/programs/{program.number}").text
    assert "Lee Seoyeon" in page
    assert "Released by Dewi Anggraini" in page
    assert "Seen on the bank statement by Dewi Anggraini" in page
    assert "reference IDR-9" in page


def test_a_late_release_or_cancellation_is_said_on_the_program(client, admin, program):
    approved(program)
    part = paid(program, 1_000_000)
    path = f"/en/admin/programs/{program.number}/disbursements/{part.number}"
    booked = entries_about("program", program.number)

    for act in ("release", "cancellation"):
        answer = client.post(f"{path}/{act}")

        assert answer.status_code == 302
        assert "This disbursement is already released." in client.get(answer.location).text

    assert part.canceled_by is None
    assert entries_about("program", program.number) == booked


def test_a_finished_program_still_shows_what_was_signed(client, program):
    approved(program)
    paid(program, 1_500_000)
    finish_program(program, by=an_admin("Sari Utami").id, at=NOON)

    page = re.sub(r"<[^>]+>|\s+", " ", client.get(f"/en/programs/{program.slug}").text)

    assert re.search(r"Approved +₩4,000,000", page)
    assert re.search(r"Returned to the funds +₩2,500,000", page)
    assert re.search(r"Set aside, not released yet +₩0", page)


@pytest.mark.parametrize("amount", ["12.5", "2500000.00", "2,500.000", "1_000", "0.500", "²"])
def test_a_budget_is_in_whole_won(client, admin, amount):
    place = a_village()
    fields = PROPOSAL | {"budget-won-1": amount}

    answer = client.post(f"/en/admin/programs/new?village={place.code}", data=fields)

    assert answer.status_code == 422
    assert "Write whole won, for example 2500000." in answer.text
    assert f'value="{amount}"' in answer.text
    assert db.session.query(Program).count() == 0


def test_too_large_a_payment_is_refused_beside_the_field(client, admin, program):
    approved(program)

    answer = client.post(
        f"/en/admin/programs/{program.number}/disbursements",
        data={"amount": "4000001", "purpose": "Semua"},
    )

    assert answer.status_code == 422
    assert "Only ₩4,000,000 of the committed money is still free" in answer.text
    assert list_disbursements(program) == []


def test_amounts_may_be_typed_with_separators(client, admin, program):
    approved(program)

    page = client.get(f"/en/admin/programs/{program.number}").text

    assert 'type="number"' not in page


def test_another_programs_payment_does_not_exist(client, admin, program):
    approved(program)
    part = propose_disbursement(program, won(5), purpose="x", by=an_admin().id, at=NOON)
    other = a_program(1_000)

    answer = client.post(f"/en/admin/programs/{other.number}/disbursements/{part.number}/release")

    assert answer.status_code == 404
    assert part.released_by is None


def test_a_finished_program_says_so(client, admin, program):
    approved(program)
    paid(program, 1_000_000)

    client.post(f"/en/admin/programs/{program.number}/completion")

    assert program.state is ProgramState.DONE
    assert credit_balance("funds:village:programs:krw") == won(8_000_000)
    assert "finished" in client.get(f"/en/programs/{program.slug}").text


def test_a_pledge_is_booked_and_received(client, admin):
    sponsor = an_organization("sponsor")
    form = {
        "organization": str(sponsor.id),
        "amount": "30,000,000",
        "purpose": "Air",
        "theme": "",
        "province": "",
        "form_key": "p1",
    }
    client.post("/en/admin/pledges/new", data=form)
    client.post("/en/admin/pledges/new", data=form)

    (pledge,) = db.session.query(Pledge).all()
    receipts = f"/en/admin/pledges/{pledge.number}/receipts"
    client.post(receipts, data={"amount": "10000000", "reference": "KRW-1"})
    too_much = client.post(receipts, data={"amount": "20000001", "reference": "KRW-2"})
    again = client.post(receipts, data={"amount": "9000000", "reference": "KRW-1"})

    assert received_of(pledge) == won(10_000_000)
    assert (too_much.status_code, again.status_code) == (422, 422)
    assert "₩10,000,000" in client.get("/en/admin/pledges").text.replace(
        "10,000,000", "₩10,000,000"
    )


def test_a_refused_pledge_keeps_its_words(client, admin):
    an_organization("sponsor")

    answer = client.post("/en/admin/pledges/new", data={"amount": "0", "purpose": "Air bersih"})

    assert answer.status_code == 422
    assert "Air bersih" in answer.text
    assert db.session.query(Pledge).count() == 0
    assert re.search("Choose a company|Choose one of those offered", answer.text)


def test_a_proposal_approved_meanwhile_is_not_changed_and_what_was_typed_stays(client, admin):
    a_share(9_000_000)
    program = a_program(4_000_000, by=admin)
    address = f"/en/admin/programs/{program.number}/edit"
    client.get(address)
    approved(program)

    answer = client.post(address, data=PROPOSAL)

    assert answer.status_code == 409
    assert "This proposal is decided already." in answer.text
    assert 'value="Rumah pengering"' in answer.text
    assert 'value="1.500.000"' in answer.text
    assert db.session.get(Program, program.id, populate_existing=True).title != "Rumah pengering"


def test_a_wrong_budget_line_is_marked_in_its_field(client, admin):
    village = a_village()

    text = client.post(
        f"/en/admin/programs/new?village={village.code}", data=PROPOSAL | {"budget-won-2": "12.5"}
    ).text

    assert 'name="budget-won-2" value="12.5"' in text
    assert re.search(r'name="budget-won-2"[^>]*aria-invalid="true"', text)
    assert not re.search(r'name="budget-won-1"[^>]*aria-invalid="true"', text)
    assert text.count('class="err"') == 1
