"""From orders to payments and back, to the won, in worlds of several orders and programs."""

import json
import random
from collections import Counter

import pytest
from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.kernel.money import won
from marketplace.ledger.public import verify
from marketplace.ledger.queries import entries_about
from marketplace.openbook.queries import find_receipt
from marketplace.orders.models import Order
from marketplace.reinvestment.models import Disbursement
from marketplace.reinvestment.operations import (
    add_evidence,
    finish_program,
    settle_disbursement,
)
from marketplace.reinvestment.queries import (
    committed_of,
    list_sources,
    paid_of,
    paid_parts,
    trace_order,
)
from tests.openbook.conftest import LATER, seal_with
from tests.orders.world import a_paid_order, some_goods
from tests.reinvestment.world import a_pledge, a_program, a_share, an_admin, approved, paid

FUNDS = ("programs", "training", "youth", "reserve")
THEMES = ("training", "tools", "youth")


def some_world(dice):
    """Orders whose shares lie in several funds, pledges, programs paid in parts, some finished."""
    orders = [f"L-{number}" for number in range(dice.randint(3, 8))]
    for order in orders:
        for fund in dice.sample(FUNDS, dice.randint(1, 4)):
            a_share(dice.randint(1, 3_000), fund, order=order)
    pledges = [a_pledge(9_000, received=dice.randint(1, 9_000)) for _ in range(2)]
    a_share(20_000, "programs", order="L-last")
    programs = [approved(a_program(dice.randint(2, 6_000))) for _ in range(dice.randint(2, 4))]
    for program in programs:
        for _ in range(dice.randint(0, 4)):
            left = committed_of(program).minor
            if left > 1:
                paid(program, dice.randint(1, left - 1))
        if paid_of(program) and dice.random() < 0.4:
            finish_program(program, by=an_admin().id, at=LATER)
    return [*orders, "L-last"], pledges, programs


def parts_of(kind, number, programs):
    ids = {entry.id for entry in entries_about(kind, number)}
    return paid_parts(ids, {program.id for program in programs})


@pytest.mark.parametrize("seed", range(12))
def test_sums_agree_in_both_directions_to_the_won(database, seed):
    orders, pledges, programs = some_world(random.Random(seed))
    had, spent = Counter(), Counter()
    for number in orders:
        trace = trace_order(number)
        for fund in trace.funds:
            assert fund.amount == fund.used + fund.free
        parts = parts_of("order", number, programs)
        for program, amount in trace.by_program():
            had[program.id] += amount.minor
            assert sum((part.amount for part in parts.get(program.id, ())), won(0)) <= amount
    matters = [("order", number) for number in orders] + [("pledge", p.number) for p in pledges]
    for kind, number in matters:
        for parts in parts_of(kind, number, programs).values():
            for part in parts:
                spent[part.disbursement.id] += part.amount.minor

    for program in programs:
        sources = list_sources(program)
        kept = committed_of(program) + paid_of(program)
        assert sum((source.amount for source in sources.rows), won(0)) == sources.amount == kept
        paid_in_all = sum((source.paid for source in sources.rows), won(0))
        assert paid_in_all == sources.paid == paid_of(program)
        of_orders = [source.amount.minor for source in sources.rows if source.kind == "order"]
        assert sum(of_orders) == had[program.id]
        assert sources.count == len(sources.rows)
    assert spent == {row.id: row.minor for row in db.session.scalars(select(Disbursement))}


def test_the_oldest_share_pays_the_first_payment(database):
    a_share(1_000, order="L-1")
    a_share(2_000, order="L-2")
    program = approved(a_program(2_500))
    first, second = paid(program, 700), paid(program, 900)

    parts = {number: parts_of("order", number, [program]) for number in ("L-1", "L-2")}

    assert [(p.disbursement, p.amount) for p in parts["L-1"][program.id]] == [
        (first, won(700)),
        (second, won(300)),
    ]
    assert [(p.disbursement, p.amount) for p in parts["L-2"][program.id]] == [(second, won(600))]
    assert [(s.amount, s.paid) for s in list_sources(program).rows] == [
        (won(1_000), won(1_000)),
        (won(1_500), won(600)),
    ]


def test_a_program_says_how_much_of_its_money_is_still_on_its_way(client, world):
    payment = db.session.scalars(select(Disbursement)).one()
    address = f"/en/programs/{world.program.slug}"

    assert "₩1,200 of it is on its way" in client.get(address).text
    assert "on its way" in client.get("/en/ledger").text

    settle_disbursement(payment, reference="TRF-99", by=an_admin().id, at=LATER)

    assert "of it is on its way" not in client.get(address).text


def test_a_receipt_leads_to_the_payment_and_its_evidence(client, world):
    payment = db.session.scalars(select(Disbursement)).one()
    address = f"/en/r/{world.delivered.receipt_code}"
    before = client.get(address).get_data(as_text=True)
    settle_disbursement(payment, reference="TRF-99", by=an_admin().id, at=LATER)

    after = client.get(address).get_data(as_text=True)

    assert "₩1,200" in before
    assert "On its way to the village since" in before
    assert "Paid to the village on" not in before
    assert "Paid to the village on" in after
    assert "₩900" in before  # 2,100 of this order are the program's, 1,200 are paid
    assert "seen on the bank statement" not in before
    assert "seen on the bank statement" in after
    assert "TRF-99" not in after


def test_a_receipt_shows_what_its_payment_did(client, world):
    payment = db.session.scalars(select(Disbursement)).one()
    add_evidence(payment, "Rangka berdiri", photo_key="0" * 24, by=an_admin().id, at=LATER)

    page = client.get(f"/en/r/{world.delivered.receipt_code}").get_data(as_text=True)
    answer = client.get(f"/api/v1/public/receipt/{world.delivered.receipt_code}").get_json()

    assert "Rangka berdiri" in page
    assert f"/en/programs/{world.program.slug}#d-{payment.number}" in page
    (piece,) = answer["programs"][0]["payments"][0]["evidence"]
    assert piece["note"] == "Rangka berdiri"
    assert piece["photo"].endswith(f"/media/00/{'0' * 24}-1280.webp")


def test_a_program_shows_the_shares_behind_it_and_nobody(client, world):
    page = client.get(f"/en/programs/{world.program.slug}").get_data(as_text=True)

    assert "An order" in page
    assert f"Pledge {world.pledge.number}" in page
    assert "2,100" in page
    assert "2,900" in page
    for secret in (world.delivered.number, world.delivered.receipt_code, "김하은"):
        assert secret not in page


def test_a_receipt_says_where_its_entries_are_sealed(client, app, world, sealed):
    late = a_paid_order({some_goods(): 1})
    receipt = find_receipt(world.delivered.receipt_code)
    waiting = find_receipt(late.receipt_code)

    page = client.get(f"/en/r/{receipt.code}").get_data(as_text=True)

    assert {p.number for p in receipt.places.values()} <= set(range(1, sealed.size + 1))
    assert len(receipt.places) == len(receipt.entries)
    assert f"of {sealed.size}" in page
    assert waiting.unsealed == len(waiting.entries)
    assert "within seconds" in client.get(f"/en/r/{late.receipt_code}").get_data(as_text=True)
    assert client.get(f"/ledger/r/{late.receipt_code}/proof.json").status_code == 404


def test_the_downloaded_proof_holds_beside_the_downloaded_bundle(
    client, app, world, sealed, tmp_path, capsys
):
    bundle, proof = tmp_path / "bundle.zip", tmp_path / "proof.json"
    with client.get("/ledger/bundle.zip") as answer:
        bundle.write_bytes(answer.data)
    paid(world.program, 800, at=LATER)
    seal_with(app)

    answer = client.get(f"/ledger/r/{world.delivered.receipt_code}/proof.json")
    proof.write_bytes(answer.data)

    assert verify.main([str(bundle), "--receipt", str(proof)]) == 0
    assert verify.main([str(bundle), "--receipt", world.delivered.receipt_code]) == 0
    said = capsys.readouterr().out
    assert f"{len(answer.json['entries'])} entries are proven" in said
    assert answer.headers["Cache-Control"] == "private, no-store"
    for secret in (world.delivered.number, world.delivered.receipt_code, "idem_key", "salt"):
        assert secret not in json.dumps(answer.json)


def test_a_receipt_costs_few_questions(client, world, sealed, statements):
    number_of_orders = len(db.session.scalars(select(Order)).all())
    statements.clear()

    client.get(f"/en/r/{world.delivered.receipt_code}")

    assert number_of_orders == 2
    assert len(statements) <= 11, "\n\n".join(statements)
