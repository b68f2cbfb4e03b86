DAY = 86_400


def transfer(shop, account, amount, currency="usd", **more):
    return shop.v1.transfers.create(
        {"amount": amount, "currency": currency, "destination": account.id} | more
    )


def test_accounts_are_opened_in_supported_countries_only(shop, refusal):
    problem = refusal(shop.new_account, country="ID")

    assert problem.param == "country"
    assert "ID is not currently supported" in str(problem)


def test_an_account_receives_nothing_before_onboarding(shop, refusal):
    account = shop.new_account()

    problem = refusal(transfer, shop, account, 1)

    assert account.capabilities.transfers == "inactive"
    assert not account.payouts_enabled
    assert problem.code == "insufficient_capabilities_for_transfer"


def test_onboarding_is_finished_on_its_page(shop):
    account = shop.new_account()
    link = shop.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "https://shop.test/again",
            "return_url": "https://shop.test/onboarded",
        }
    )

    status, location, _ = shop.press(link.url, "Selesaikan pendaftaran", language="id")

    assert (status, location) == (303, "https://shop.test/onboarded")
    assert shop.v1.accounts.retrieve(account.id).capabilities.transfers == "active"
    assert shop.v1.accounts.capabilities.retrieve(account.id, "transfers").status == "active"
    shop.settle()
    told = {event.type: event.account for event in shop.hook.got if "account" in event}
    assert told == {"account.updated": account.id, "capability.updated": account.id}


def test_a_restricted_account_is_paid_no_more(shop):
    account = shop.new_account(active=True)

    shop.control(f"accounts/{account.id}/restrict")

    assert not shop.v1.accounts.retrieve(account.id).payouts_enabled
    assert shop.client(stripe_account=account.id).v1.balance.retrieve().pending is not None


def test_a_transfer_needs_available_money(shop, refusal):
    account = shop.new_account(active=True)
    shop.paid_session()

    assert refusal(transfer, shop, account, 100).code == "balance_insufficient"

    shop.control("clock", advance=3 * DAY)
    transfer(shop, account, 100)
    there = shop.client(stripe_account=account.id).v1.balance.retrieve()
    assert there.available[0].amount == 100


def test_a_transfer_from_a_charge_is_bound_to_its_amount_and_currency(shop, refusal):
    account = shop.new_account(active=True)
    charge = shop.paid_session().payment_intent.latest_charge

    won = refusal(transfer, shop, account, 100, "krw", source_transaction=charge.id)
    made = transfer(shop, account, 1_500, source_transaction=charge.id)
    over = refusal(transfer, shop, account, 700, source_transaction=charge.id)

    assert "must be the same as the transfer currency" in str(won)
    assert (made.transfer_group, made.source_transaction) == ("order-7", charge.id)
    assert "must not exceed the source amount" in str(over)


def test_a_transfer_can_be_reversed_up_to_its_amount(shop, refusal):
    account = shop.new_account(active=True)
    charge = shop.paid_session().payment_intent.latest_charge
    made = transfer(shop, account, 1_500, source_transaction=charge.id)
    reverse = shop.v1.transfers.reversals.create

    assert reverse(made.id, {"amount": 500}).transfer == made.id
    assert shop.v1.transfers.retrieve(made.id).amount_reversed == 500
    reverse(made.id)

    assert shop.v1.transfers.retrieve(made.id).reversed
    assert refusal(reverse, made.id, {"amount": 1}).http_status == 400
    shop.settle()
    assert shop.hook.types().count("transfer.created") == 1
    assert shop.hook.types().count("transfer.reversed") == 2


def test_transfers_are_found_by_their_group(shop):
    account = shop.new_account(active=True)
    charge = shop.paid_session().payment_intent.latest_charge
    made = [transfer(shop, account, 100, source_transaction=charge.id) for _ in "12"]

    found = shop.v1.transfers.list({"transfer_group": "order-7"}).data

    assert {t.id for t in found} == {t.id for t in made}


def test_a_destination_charge_keeps_the_application_fee(shop):
    account = shop.new_account(active=True)
    made = shop.new_session(
        currency="usd",
        amount=5_000,
        quantity=1,
        payment_intent_data={
            "transfer_data": {"destination": account.id},
            "application_fee_amount": 500,
        },
    )
    shop.control(f"checkout/{made.id}/pay")

    intent = shop.session(made.id, "payment_intent.latest_charge.transfer").payment_intent

    assert intent.latest_charge.transfer.amount == 4_500
    refund = shop.v1.refunds.create({"payment_intent": intent.id, "reverse_transfer": True})
    assert refund.transfer_reversal


def test_a_payout_needs_available_money(shop, refusal):
    problem = refusal(shop.v1.payouts.create, {"amount": 100, "currency": "usd"})

    assert problem.code == "balance_insufficient"


def test_a_failed_payout_returns_the_money(shop):
    shop.card_payment(50_000, card="pm_card_bypassPending")
    made = shop.v1.payouts.create({"amount": 5_000, "currency": "usd"})
    before = shop.available()

    shop.control(f"payouts/{made.id}/fail")

    failed = shop.v1.payouts.retrieve(made.id)
    assert (failed.status, failed.failure_code) == ("failed", "account_closed")
    assert shop.available() == before + 5_000


def test_payouts_are_paid_or_canceled_and_announced(shop):
    shop.card_payment(50_000, card="pm_card_bypassPending")
    one, two = (shop.v1.payouts.create({"amount": 1_000, "currency": "usd"}) for _ in "12")
    assert (one.status, one.automatic) == ("pending", False)
    shop.settle()
    shop.hook.clear()

    shop.control(f"payouts/{one.id}/pay")
    shop.v1.payouts.cancel(two.id)

    assert shop.v1.payouts.retrieve(one.id).status == "paid"
    assert shop.v1.payouts.retrieve(two.id).status == "canceled"
    shop.settle()
    assert {"payout.paid", "payout.canceled"} <= set(shop.hook.types())


def test_an_automatic_payout_sweeps_and_reconciles_the_balance(shop):
    shop.paid_session()
    shop.card_payment(50_000, card="pm_card_bypassPending")
    shop.control("clock", advance=3 * DAY)

    (swept,) = shop.control("payouts/automatic")["payouts"]

    assert shop.available() == 0
    listed = shop.v1.balance_transactions.list({"payout": swept["id"], "limit": 2})
    rows = [t for t in listed.auto_paging_iter() if t.id != swept["balance_transaction"]]
    assert len(rows) == 2
    assert sum(t.net for t in rows) == swept["amount"]
    shop.control("clock", advance=3 * DAY)
    assert shop.v1.payouts.retrieve(swept["id"]).reconciliation_status == "completed"
    shop.settle()
    assert {"balance.available", "payout.reconciliation_completed"} <= set(shop.hook.types())
