import threading

import pytest
import stripe

BALANCE = "^/v1/balance$"


def test_the_same_key_gives_the_same_answer(shop):
    one = shop.new_session(key="order-7")
    two = shop.new_session(key="order-7")

    assert one.id == two.id
    assert "idempotent-replayed" not in one.last_response.headers
    assert two.last_response.headers["idempotent-replayed"] == "true"
    assert two.last_response.headers["original-request"] == one.last_response.request_id


def test_a_key_is_bound_to_its_parameters_and_address(shop, refusal):
    shop.new_session(key="order-7")

    other = refusal(shop.new_session, amount=1, key="order-7")
    elsewhere = refusal(shop.v1.customers.create, {"name": "x"}, {"idempotency_key": "order-7"})

    assert isinstance(other, stripe.IdempotencyError)
    assert "same parameters" in str(other)
    assert isinstance(elsewhere, stripe.IdempotencyError)
    assert "same endpoint" in str(elsewhere)


def test_a_key_does_not_remember_a_malformed_request(shop, refusal):
    refusal(shop.new_session, nonsense=1, key="fixed-later")

    assert shop.new_session(key="fixed-later").status == "open"


def test_a_key_remembers_a_declined_card(shop, refusal):
    first, second = (
        refusal(shop.card_payment, card="pm_card_chargeDeclined", key="declined") for _ in "12"
    )

    assert (first.code, second.code) == ("card_declined", "card_declined")
    assert len(shop.v1.payment_intents.list().data) == 1


def test_a_key_lives_for_a_day(shop):
    one = shop.new_session(key="order-7")

    shop.control("clock", advance=25 * 3600)

    assert shop.new_session(key="order-7").id != one.id


def test_a_key_in_use_is_a_conflict(shop, refusal):
    shop.control("faults", kind="hold", operation="Session.create")
    made = []
    first = threading.Thread(target=lambda: made.append(shop.new_session(key="race")))
    first.start()
    assert shop.control("faults/wait", held=1)["held"] == 1

    second = refusal(shop.new_session, key="race")

    assert shop.control("faults/release")["released"] == 1
    first.join()
    assert (second.http_status, second.error.code) == (409, "idempotency_key_in_use")
    assert shop.new_session(key="race").id == made[0].id


@pytest.mark.usefixtures("quick_retries")
@pytest.mark.parametrize("status", [409, 500, 503])
def test_the_library_retries_by_itself(shop, status):
    shop.control("faults", kind="error", status=status, times=2, path=BALANCE)

    assert shop.client(retries=2).v1.balance.retrieve().object == "balance"
    assert [r["status"] for r in shop.show("requests")["requests"]] == [status, status, 200]


@pytest.mark.usefixtures("quick_retries")
def test_a_retry_after_a_lost_answer_charges_once(shop):
    shop.control("faults", kind="drop_after", operation="PaymentIntent.create")

    assert shop.card_payment(retries=2).status == "succeeded"

    assert len(shop.v1.charges.list().data) == 1
    rows = shop.show("requests?operation=PaymentIntent.create")["requests"]
    assert [r["status"] for r in rows] == [0, 200]
    assert rows[1]["replayed"]
    assert rows[0]["headers"]["Idempotency-Key"] == rows[1]["headers"]["Idempotency-Key"]


def test_the_same_key_finds_the_payment_whose_answer_was_lost(shop, refusal):
    shop.control("faults", kind="drop_after", operation="PaymentIntent.create")

    lost = refusal(shop.card_payment, key="pay-order-8")

    assert isinstance(lost, stripe.APIConnectionError)
    assert shop.card_payment(key="pay-order-8").status == "succeeded"
    assert len(shop.v1.charges.list().data) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "error", "status": 500}, stripe.APIError),
        ({"kind": "error", "status": 429}, stripe.RateLimitError),
        ({"kind": "drop_before"}, stripe.APIConnectionError),
        ({"kind": "garbage"}, stripe.APIError),
    ],
)
def test_a_fault_strikes_once(shop, refusal, fault, kind):
    shop.control("faults", path=BALANCE, **fault)

    assert isinstance(refusal(shop.v1.balance.retrieve), kind)
    assert shop.v1.balance.retrieve().object == "balance"


def test_a_fault_can_skip_requests(shop, refusal):
    shop.control("faults", kind="error", path=BALANCE, skip=1)

    assert shop.v1.balance.retrieve().object == "balance"
    assert refusal(shop.v1.balance.retrieve).http_status == 500


def test_a_saved_error_stays_with_its_key(shop, refusal):
    shop.control("faults", kind="error", saved=True, operation="Customer.create")
    create = shop.v1.customers.create

    statuses = [
        refusal(create, {"name": "x"}, {"idempotency_key": "sticky"}).http_status for _ in "12"
    ]

    assert statuses == [500, 500]
    assert shop.v1.customers.list().data == []


def test_an_error_after_the_work_leaves_the_work_done(shop, refusal):
    shop.control("faults", kind="error_after", operation="Customer.create")
    create, key = shop.v1.customers.create, {"idempotency_key": "y"}

    assert refusal(create, {"name": "y"}, key).http_status == 500

    assert create({"name": "y"}, key).name == "y"
    assert [c.name for c in shop.v1.customers.list().data] == ["y"]


def test_unknown_faults_are_refused(shop):
    with pytest.raises(RuntimeError, match="kind must be one of latency, hold"):
        shop.control("faults", kind="gremlins")
