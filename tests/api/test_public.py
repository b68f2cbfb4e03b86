import json
import re

import pytest

from marketplace.kernel.db import db
from marketplace.openbook.queries import read_books, read_figures
from marketplace.reinvestment.models import ProgramState
from marketplace.reinvestment.operations import settle_disbursement
from marketplace.reinvestment.queries import list_disbursements
from marketplace.web.security import limiter
from tests.conftest import ROOT, build, fresh_database, settings
from tests.openbook.conftest import LATER, seal_with
from tests.orders.world import a_paid_order, some_goods
from tests.reinvestment.world import a_program, an_admin, paid

pytestmark = pytest.mark.usefixtures("sealed")

BASE = "/api/v1/public"
EXAMPLE = re.compile(r"`GET (/api/v1/public\S+)`.*?```json\n(.*?)```", re.DOTALL)
EXAMPLES = EXAMPLE.findall((ROOT / "docs" / "api.md").read_text())
KEPT = [
    "ledger",
    "flow",
    "programs",
    "programs/<slug>",
    "payments",
    "pledges",
    "seals",
    "decisions",
]


@pytest.fixture
def address(world):
    def of(name):
        name = name.replace("<slug>", world.program.slug)
        name = name.replace("<code>", world.delivered.receipt_code)
        return name if name.startswith("/") else f"{BASE}/{name}"

    return of


def shape_of(value):
    """Names and kinds of what is in an answer; of a list its first row counts."""
    if isinstance(value, dict):
        return {name: shape_of(part) for name, part in value.items()}
    if isinstance(value, list):
        return [shape_of(part) for part in value[:1]]
    return type(value).__name__


def differences(example, answer, path=""):
    if isinstance(example, dict) and isinstance(answer, dict):
        names = example.keys() | answer.keys()
        return [
            found
            for name in sorted(names)
            for found in differences(example.get(name), answer.get(name), f"{path}.{name}")
        ]
    if isinstance(example, list) and isinstance(answer, list):
        return differences(example[0], answer[0], f"{path}[]") if example and answer else []
    # Whatever may be missing is null in one of both.
    return [] if "NoneType" in (example, answer) or example == answer else [(path, example, answer)]


def test_every_address_has_its_example(app):
    rules = {
        re.sub(r"<(\w+:)?(\w+)>", r"<\2>", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
    }

    assert {path for path, _ in EXAMPLES} == rules


@pytest.mark.parametrize(("path", "example"), EXAMPLES, ids=[path for path, _ in EXAMPLES])
def test_answers_look_like_their_examples(client, world, address, path, example):
    (payment,) = list_disbursements(world.program)
    settle_disbursement(payment, reference="TRF-1", by=an_admin().id, at=LATER)

    answer = client.get(address(path))

    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert differences(shape_of(json.loads(example)), shape_of(answer.json)) == []


def test_totals_are_those_of_the_page(client, address):
    said, figures = client.get(address("ledger")).json, read_figures()

    for name, amount in {
        "shares": figures.shares,
        "pledges": figures.pledges,
        "received": figures.received,
        "held": figures.held,
        "free": figures.free,
        "assigned": figures.assigned_in_all,
        "committed": figures.committed,
        "paid": figures.paid,
    }.items():
        assert said[name] == {"minor": amount.minor, "currency": "KRW"}
    assert said["difference"]["minor"] == 0
    assert said["entries"] == read_books().entries
    assert said["programs"]["by_province"] == [{"province": "P11", "funded": 1}]


def test_the_flow_adds_up(client, address):
    bands = client.get(address("flow")).json["bands"]

    into = sum(b["amount"]["minor"] for b in bands if b["from"] in {"shares", "pledges"})
    out = sum(b["amount"]["minor"] for b in bands if b["from"].startswith("funds:"))
    held = read_figures().held.minor
    assert into == read_figures().received.minor == out + held


def test_a_program_and_its_payments(client, world, address):
    program = client.get(address("programs/<slug>")).json

    assert program["assigned"]["minor"] == 5_000
    assert [row["amount"]["minor"] for row in program["sources"]["first"]] == [2_100, 2_900]
    assert [row["paid"]["minor"] for row in program["sources"]["first"]] == [1_200, 0]
    assert [row["kind"] for row in program["sources"]["first"]] == ["order", "pledge"]
    (listed,) = client.get(address("programs")).json["programs"]
    assert listed["paid"] == program["paid"] == {"minor": 1_200, "currency": "KRW"}
    (payment,) = client.get(address("payments")).json["payments"]
    assert payment["program"] == world.program.number


def test_programs_are_filtered_as_on_the_page(client, address):
    a_program(1_000)

    counts = {
        query: client.get(address("programs"), query_string=query).json["count"]
        for query in (
            *("", "state=", "state=proposed", "state=review", "state=running", "state=done"),
            *("province=p11", "theme=youth"),
        )
    }

    assert counts == {
        "": 2,
        "state=": 2,
        "state=proposed": 1,
        "state=review": 1,
        "state=running": 1,
        "state=done": 0,
        "province=p11": 2,
        "theme=youth": 0,
    }


@pytest.mark.parametrize("state", ["proposed", "running", "done"])
def test_filters_are_called_as_in_the_answers(client, address, state):
    assert f"`{state}`" in (ROOT / "docs" / "api.md").read_text()
    assert client.get(address("programs"), query_string={"state": state}).status_code == 200
    assert state in set(ProgramState)


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("programs", "state", "open"),
        ("programs", "theme", "x"),
        ("programs", "province", "zz"),
        *(
            (name, "page", value)
            for name in ("programs", "seals", "decisions")
            for value in ("abc", "0", "-1")
        ),
    ],
)
@pytest.mark.parametrize(
    ("language", "words"), [("en", "cannot be"), ("ko", "쓸 수 없습니다"), ("id", "tidak boleh")]
)
def test_a_value_that_makes_no_sense_is_named(
    client, address, name, parameter, value, language, words
):
    answer = client.get(
        address(name), query_string={parameter: value}, headers={"Accept-Language": language}
    )

    assert answer.status_code == 400
    for part in (parameter, value, words):
        assert part in answer.json["error"]
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize("name", [*KEPT, "receipt/<code>"])
def test_a_browser_may_ask_whether_it_may_ask_with_its_etag(client, address, name):
    answer = client.options(
        address(name),
        headers={
            "Origin": "https://other.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "if-none-match",
        },
    )

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    assert answer.headers["Access-Control-Allow-Headers"] == "If-None-Match"


@pytest.mark.parametrize(
    "address",
    [
        f"{BASE}/receipt/0000-0000-0000",
        "/ledger/r/0000-0000-0000/proof.json",
        "/en/r/0000-0000-0000",
    ],
)
def test_no_cache_keeps_that_a_receipt_is_unknown(client, address):
    answer = client.get(address)

    assert answer.status_code == 404
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("lang", ["ko", "id", "en"])
def test_the_page_leads_to_its_figures_as_json(client, lang):
    assert f'href="{BASE}/ledger"' in client.get(f"/{lang}/ledger").text


def test_a_receipt_leads_to_its_payment(client, world, address):
    receipt = client.get(address("receipt/<code>"))

    (program,) = receipt.json["programs"]
    assert program["amount"]["minor"] == 2_100
    assert [row["amount"]["minor"] for row in program["payments"]] == [1_200]
    assert all(entry["seal"] for entry in receipt.json["entries"])
    for entry in receipt.json["entries"]:
        sums = {}
        for line in entry["lines"]:
            currency = line["amount"]["currency"]
            sums[currency] = sums.get(currency, 0) + line["amount"]["minor"]
        assert set(sums.values()) == {0}
    assert receipt.headers["Cache-Control"] == "private, no-store"


def test_before_its_seal_a_receipt_has_no_proof(client, address):
    late = a_paid_order({some_goods(): 1})

    said = client.get(address(f"receipt/{late.receipt_code.lower()}")).json

    assert said["proof"] is None
    assert [entry["seal"] for entry in said["entries"]] == [None] * len(said["entries"])


@pytest.mark.parametrize("name", [*KEPT, "receipt/<code>"])
def test_nobody_is_named(client, world, address, name):
    text = json.dumps(client.get(address(name)).json, ensure_ascii=False)

    for secret in (
        world.delivered.number,
        world.waiting.number,
        *(
            "김하은",
            "010-1234",
            "세종대로",
            "Kim Jisu",
            "Dewi Lestari",
            "Lee Seoyeon",
            "Kopi Arabika",
        ),
    ):
        assert secret not in text
    if "<code>" not in name:
        assert world.delivered.receipt_code not in text


@pytest.mark.parametrize("name", KEPT)
def test_what_did_not_change_is_neither_made_nor_sent_again(client, address, statements, name):
    page = address(name)
    first = client.get(page)
    statements.clear()

    again = client.get(page, headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    assert len(statements) <= 1


@pytest.mark.parametrize("name", ["ledger", "payments", "programs/<slug>", "seals"])
def test_a_new_entry_or_seal_is_there_at_once(client, app, world, address, name):
    before = client.get(address(name)).json
    paid(world.program, 800, at=LATER)
    seal_with(app)

    assert client.get(address(name)).json != before


@pytest.mark.parametrize("name", [*KEPT, "receipt/<code>", "receipt/0000", "nothing"])
def test_pages_of_all_origins_may_ask(client, address, name):
    answer = client.get(address(name), headers={"Origin": "https://other.example"})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("method", "name", "status"),
    [
        ("GET", "receipt/0000-0000-0000", 404),
        ("GET", "receipt/*", 404),
        ("GET", "programs/none", 404),
        ("GET", "nothing", 404),
        ("POST", "ledger", 405),
        ("DELETE", "programs/<slug>", 405),
    ],
)
def test_refusals_are_json_with_a_request_id(client, address, method, name, status):
    answer = client.open(address(name), method=method)

    assert answer.status_code == status
    assert answer.json["error"]
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("name", ["programs", "seals", "decisions"])
def test_a_page_past_the_last_is_not_there(client, address, name):
    for page in ("2", "9" * 20):
        assert client.get(address(name), query_string={"page": page}).status_code == 404


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("ledger", 10),
        ("flow", 4),
        ("programs", 2),
        ("programs/<slug>", 12),
        ("payments", 2),
        ("pledges", 4),
        ("seals", 3),
        ("decisions", 3),
        ("receipt/<code>", 10),
    ],
)
def test_answers_cost_few_questions(client, address, statements, name, most):
    address = address(name)
    statements.clear()

    client.get(address)

    assert len(statements) <= most, "\n\n".join(statements)


def test_who_asks_too_often_is_told_so(engine_name, tmp_path, monkeypatch):
    monkeypatch.setattr(limiter, "enabled", False)
    config = settings(fresh_database(engine_name, tmp_path), tmp_path, LUMBUNG_RATE_LIMITS="1")
    limited = build(config)
    client = limited.test_client()

    with limited.app_context():
        limiter.reset()
        answers = [client.get(f"{BASE}/receipt/0000-0000-{n:04}") for n in range(30)]
        page = client.get("/en/r/0000-0000-9999")
        too_many = client.get(f"{BASE}/receipt/0000-0000-9999")
        limiter.reset()
        db.engine.dispose()

    assert {answer.status_code for answer in answers} == {404}
    assert page.status_code == 429  # one limit for all addresses with codes
    assert too_many.status_code == 429
    assert too_many.json["request_id"]
