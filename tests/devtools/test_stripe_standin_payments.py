import pytest
import stripe


def confirmed(shop, **given):
    return shop.v1.payment_intents.create({"confirm": True} | given)


def test_an_intent_needs_a_payment_method(shop, refusal):
    intent = shop.v1.payment_intents.create(
        {"amount": 2_500, "currency": "usd", "allowed_payment_method_types": ["card"]}
    )

    problem = refusal(shop.v1.payment_intents.confirm, intent.id)

    assert intent.status == "requires_payment_method"
    assert intent.client_secret.startswith(intent.id + "_secret_")
    assert problem.code == "payment_intent_unexpected_state"


def test_a_declined_intent_can_be_confirmed_with_another_card(shop, refusal):
    intents = shop.v1.payment_intents
    intent = intents.create(
        {"amount": 2_500, "currency": "usd", "allowed_payment_method_types": ["card"]}
    )

    problem = refusal(
        intents.confirm,
        intent.id,
        {"payment_method": "pm_card_chargeDeclinedInsufficientFunds"},
    )

    assert isinstance(problem, stripe.CardError)
    assert (problem.code, problem.error.decline_code) == ("card_declined", "insufficient_funds")
    assert problem.error.payment_intent.id == intent.id
    done = intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    assert done.status == "succeeded"
    assert done.latest_charge.startswith("ch_")


def test_a_succeeded_intent_cannot_be_canceled(shop, refusal):
    done = shop.card_payment()

    problem = refusal(shop.v1.payment_intents.cancel, done.id)

    assert problem.code == "payment_intent_unexpected_state"


def test_authentication_happens_on_a_page(shop):
    waiting = confirmed(
        shop,
        amount=2_500,
        currency="usd",
        payment_method="pm_card_authenticationRequired",
        automatic_payment_methods={"enabled": True},
        return_url="https://shop.test/back",
    )
    assert (waiting.status, waiting.next_action.type) == ("requires_action", "redirect_to_url")

    status, location, _ = shop.press(waiting.next_action.redirect_to_url.url, "Authorize")

    assert status == 303
    assert location.startswith("https://shop.test/back?payment_intent=" + waiting.id)
    assert location.endswith("redirect_status=succeeded")
    assert shop.v1.payment_intents.retrieve(waiting.id).status == "succeeded"


def test_a_wallet_payment_can_be_refused_on_a_page(shop):
    waiting = confirmed(
        shop,
        amount=9_000,
        currency="krw",
        payment_method_data={"type": "naver_pay"},
        allowed_payment_method_types=["naver_pay"],
        return_url="https://shop.test/back",
    )

    shop.press(waiting.next_action.redirect_to_url.url, "거절", language="ko")

    failed = shop.v1.payment_intents.retrieve(waiting.id)
    assert failed.last_payment_error.code == "payment_method_provider_decline"


def test_part_of_held_money_can_be_captured(shop):
    held = confirmed(
        shop,
        amount=5_000,
        currency="usd",
        capture_method="manual",
        payment_method="pm_card_visa",
        allowed_payment_method_types=["card"],
    )
    assert (held.status, held.amount_capturable) == ("requires_capture", 5_000)

    taken = shop.v1.payment_intents.capture(held.id, {"amount_to_capture": 4_000})

    assert taken.amount_received == 4_000


def test_card_numbers_are_not_taken(shop, refusal):
    card = {"number": "4242424242424242", "exp_month": 1, "exp_year": 2030, "cvc": "123"}

    problem = refusal(shop.v1.payment_methods.create, {"type": "card", "card": card})

    assert "generally unsafe" in str(problem)


def test_a_card_can_be_set_up_for_later(shop):
    made = shop.v1.setup_intents.create(
        {
            "payment_method": "pm_card_visa",
            "confirm": True,
            "allowed_payment_method_types": ["card"],
        }
    )

    assert made.status == "succeeded"


def test_a_late_balance_transaction_comes_with_charge_updated(shop, start_shop):
    slow = start_shop(balance_delay=3_600)
    made = slow.new_session()
    slow.control(f"checkout/{made.id}/pay")
    done = slow.session(made.id, "payment_intent.latest_charge")
    charge = done.payment_intent.latest_charge
    assert (done.payment_status, charge.balance_transaction) == ("paid", None)

    assert slow.control("charges/settle")["charges"] == [charge.id]

    assert slow.v1.charges.retrieve(charge.id).balance_transaction.startswith("txn_")
    slow.settle()
    assert slow.hook.types()[-1] == "charge.updated"
    assert slow.hook.got[-1].data.previous_attributes["balance_transaction"] is None


def test_a_payment_can_be_refunded_in_parts_up_to_its_amount(shop, refusal):
    intent = shop.paid_session("kakao_pay").payment_intent
    refund = shop.v1.refunds.create

    one = refund({"payment_intent": intent.id, "amount": 10_000})
    over = refusal(refund, {"payment_intent": intent.id, "amount": 20_001})
    refund({"payment_intent": intent.id})
    again = refusal(refund, {"payment_intent": intent.id})

    assert (one.status, one.currency) == ("succeeded", "krw")
    assert one.id.startswith("pyr_")
    assert "greater than unrefunded amount on charge (₩20,000)" in str(over)
    assert again.code == "charge_already_refunded"
    charge = shop.v1.charges.retrieve(intent.latest_charge.id, {"expand": ["refunds"]})
    assert charge.refunded
    assert charge.amount_refunded == 30_000
    assert len(charge.refunds.data) == 2


def test_a_refund_takes_the_money_back_without_the_fee(shop):
    intent = shop.paid_session("kakao_pay").payment_intent
    shop.hook.clear()

    made = shop.v1.refunds.create({"payment_intent": intent.id, "amount": 10_000})

    taken = shop.v1.balance_transactions.list({"source": made.id}).data[0]
    assert (taken.amount, taken.fee) == (-720, 0)
    shop.settle()
    assert shop.hook.types() == ["refund.created", "charge.refunded"]


def test_a_pending_refund_succeeds_later(shop):
    intent = shop.paid_session().payment_intent
    shop.control("outcomes", refund=["pending"])
    waiting = shop.v1.refunds.create({"payment_intent": intent.id, "amount": 1_000})
    assert waiting.status == "pending"

    shop.control(f"refunds/{waiting.id}/succeed")

    assert shop.v1.refunds.retrieve(waiting.id).status == "succeeded"
    shop.settle()
    assert "refund.updated" in shop.hook.types()


def test_a_failed_refund_can_be_refunded_again(shop):
    intent = shop.paid_session().payment_intent
    shop.control("outcomes", refund=["fail"])
    made = shop.v1.refunds.create({"payment_intent": intent.id, "amount": 2_000})

    failed = shop.v1.refunds.retrieve(made.id)

    assert failed.status == "failed"
    assert failed.failure_reason
    assert failed.failure_balance_transaction
    assert shop.v1.charges.retrieve(failed.charge).amount_refunded == 0
    shop.settle()
    assert "refund.failed" in shop.hook.types()


def test_a_succeeded_refund_can_bounce(shop):
    intent = shop.paid_session().payment_intent
    made = shop.v1.refunds.create({"payment_intent": intent.id, "amount": 3_000})

    shop.control(f"refunds/{made.id}/fail", reason="lost_or_stolen_card")

    assert shop.v1.refunds.retrieve(made.id).failure_reason == "lost_or_stolen_card"


def test_a_dispute_withdraws_the_money_and_winning_returns_it(shop):
    intent = shop.paid_session().payment_intent
    before = shop.available()
    shop.hook.clear()

    opened = shop.control("disputes", payment_intent=intent.id, reason="product_not_received")

    dispute = shop.v1.disputes.retrieve(opened["id"])
    assert (dispute.status, dispute.amount) == ("needs_response", 30_000)
    assert shop.available() == before - 2160 - 1500
    answered = shop.v1.disputes.update(
        dispute.id, {"evidence": {"uncategorized_text": "Sent."}, "submit": True}
    )
    assert answered.status == "under_review"
    shop.control(f"disputes/{dispute.id}/won")
    assert shop.available() == before
    shop.settle()
    assert shop.hook.types() == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


def test_a_disputed_charge_cannot_be_refunded(shop, refusal):
    intent = shop.paid_session().payment_intent
    shop.control("disputes", payment_intent=intent.id)

    problem = refusal(shop.v1.refunds.create, {"payment_intent": intent.id})

    assert problem.code == "charge_disputed"


def test_a_dispute_can_be_given_up(shop):
    opened = shop.control("disputes", payment_intent=shop.paid_session().payment_intent.id)

    assert shop.v1.disputes.close(opened["id"]).status == "lost"


@pytest.mark.parametrize("outcome", ["insufficient_funds", "provider_declined"])
def test_the_next_payment_can_be_made_to_fail(shop, outcome):
    shop.control("outcomes", payment=[outcome])
    made = shop.new_session()

    assert not shop.control(f"checkout/{made.id}/pay", method="kakao_pay")["paid"]
    assert shop.control(f"checkout/{made.id}/pay", method="kakao_pay")["paid"]
