import json
import time

import pytest
import stripe

from devtools.stripe_standin.spec import ResponseChecker, Spec


def line(currency="krw", unit_amount=5_000, name="x", **more):
    price = {"currency": currency, "unit_amount": unit_amount, "product_data": {"name": name}}
    return {"quantity": 1, "price_data": price | more}


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"sucess_url": "x"}, "parameter_unknown", "sucess_url"),
        ({"mode": "pay"}, None, "mode"),
        ({"success_url": "shop.test/ok"}, "url_invalid", "success_url"),
        ({"success_url": ""}, "parameter_invalid_empty", "success_url"),
        ({"metadata": {"x" * 41: "1"}}, None, "metadata"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata[k]"),
        ({"allow_promotion_codes": "maybe"}, None, "allow_promotion_codes"),
        ({"client_reference_id": "x" * 201}, None, "client_reference_id"),
        ({"payment_intent_data": {"application_fee_amount": 5}}, None, "application_fee_amount"),
        (
            {"payment_method_types": ["card"]},
            "payment_method_types_no_longer_supported",
            "payment_method_types",
        ),
        (
            {"amount": "12.5"},
            "parameter_invalid_integer",
            "line_items[0][price_data][unit_amount]",
        ),
        (
            {"line_items": [{"quantity": 1, "price_data": {"product_data": {"name": "x"}}}]},
            "parameter_missing",
            "line_items[0][price_data][currency]",
        ),
        (
            {"line_items": [line(colour="red")]},
            "parameter_unknown",
            "line_items[0][price_data][colour]",
        ),
        (
            {"line_items": [line("krw"), line("usd")]},
            "checkout_mixed_currencies",
            "line_items",
        ),
    ],
)
def test_a_malformed_session_is_refused_by_name(shop, refusal, given, code, param):
    problem = refusal(shop.new_session, **given)

    assert isinstance(problem, stripe.InvalidRequestError)
    assert (problem.http_status, problem.code) == (400, code)
    assert param in problem.param
    assert shop.show("events")["events"] == []


def test_a_session_cannot_expire_within_half_an_hour(shop, refusal):
    assert refusal(shop.new_session, expires_at=int(time.time()) + 60).param == "expires_at"


def test_a_misspelt_parameter_is_corrected(shop, refusal):
    assert "Did you mean success_url?" in str(refusal(shop.new_session, sucess_url="x"))


def test_the_contract_report_lists_malformed_requests(shop, refusal):
    refusal(shop.new_session, sucess_url="x")
    shop.new_session()

    report = shop.show("contract")

    assert [r["error"]["param"] for r in report["rejected_requests"]] == ["sucess_url"]
    assert report["version_mismatches"] == 0


def test_refunds_need_something_to_refund(shop, refusal):
    assert "You must specify one of" in str(refusal(shop.v1.refunds.create, {}))


def test_unknown_addresses_and_ids_are_not_found(shop, refusal):
    address = refusal(shop.client().raw_request, "post", "/v1/refundz")
    ident = refusal(shop.v1.payment_intents.retrieve, "pi_nope")

    assert address.http_status == 404
    assert "Unrecognized request URL" in str(address)
    assert (ident.http_status, ident.code) == (404, "resource_missing")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"currency": "usd", "allowed_payment_method_types": ["kakao_pay"]}, None),
        ({"amount": 2_000_001, "allowed_payment_method_types": ["samsung_pay"]}, None),
        ({"amount": 10}, "amount_too_small"),
        ({"currency": "usd", "amount": 100_000_000}, "amount_too_large"),
        ({"currency": "xyz"}, None),
    ],
)
def test_amounts_and_methods_must_suit_the_currency(shop, refusal, given, code):
    problem = refusal(shop.new_session, **{"quantity": 1} | given)

    assert (problem.http_status, problem.code) == (400, code)


def test_korean_methods_are_offered_in_won_only(shop):
    assert shop.new_session().payment_method_types == [
        "card",
        "kr_card",
        "kakao_pay",
        "naver_pay",
        "payco",
        "samsung_pay",
    ]
    assert shop.new_session(currency="usd", amount=2_000).payment_method_types == ["card"]


def test_a_method_is_not_offered_above_its_limit(shop):
    made = shop.new_session(amount=2_000_001, quantity=1)

    assert "samsung_pay" not in made.payment_method_types


def test_won_have_no_decimals_and_rupiah_have_two(shop, refusal):
    price = {
        "currency": "krw",
        "unit_amount_decimal": "10.5",
        "product_data": {"name": "x"},
    }

    assert "zero-decimal" in str(refusal(shop.v1.prices.create, price))
    made = shop.new_session(currency="idr", amount=25_000_000_00, quantity=1)
    assert "Rp25,000,000.00" in shop.open(made.url)


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"key": "sk_live_abcdefgh12345"}, stripe.AuthenticationError, "Live keys"),
        ({"key": "nonsense"}, stripe.AuthenticationError, "Invalid API Key"),
        ({"key": "pk_test_abcdefgh"}, stripe.PermissionError, "publishable"),
        ({"stripe_account": "acct_1nobody"}, stripe.PermissionError, "acct_1nobody"),
        ({"stripe_version": "tomorrow"}, stripe.InvalidRequestError, "Invalid Stripe API version"),
    ],
)
def test_only_test_keys_and_known_accounts_and_versions_pass(shop, refusal, options, kind, text):
    problem = refusal(shop.client(**options).v1.balance.retrieve)

    assert isinstance(problem, kind)
    assert text in str(problem)


def test_the_api_takes_forms_only(shop):
    status, _, text = shop.http(
        "POST",
        "/v1/refunds",
        '{"charge": "ch_1"}',
        {"Authorization": "Bearer sk_test_selftest0001", "Content-Type": "application/json"},
    )

    assert status == 400
    assert "application/x-www-form-urlencoded" in text


def test_answers_name_their_version_and_request(shop):
    headers = shop.v1.balance.retrieve().last_response.headers

    assert headers["stripe-version"] == shop.show("health")["api_version"]
    assert headers["request-id"].startswith("req_")


@pytest.mark.parametrize("header", [{"Origin": "https://evil.test"}, {"Host": "evil.test"}])
def test_web_pages_of_others_cannot_control_the_stand_in(shop, header):
    shop.new_session()

    status, _, _ = shop.http(
        "POST", "/_control/reset", "{}", {"Content-Type": "application/json"} | header
    )

    assert status == 403
    assert len(shop.v1.checkout.sessions.list().data) == 1


def test_requests_are_logged_without_the_key(shop, log_file):
    made = shop.new_session(key="log-me")

    text = log_file.read_text(encoding="utf-8")

    row = json.loads(text.splitlines()[-1])
    assert row["headers"]["Idempotency-Key"] == "log-me"
    assert (row["method"], row["path"]) == ("POST", "/v1/checkout/sessions")
    assert (row["operation"], row["status"]) == ("Session.create", 200)
    assert row["params"]["line_items"]["0"]["price_data"]["currency"] == "krw"
    assert row["request_id"] == made.last_response.request_id
    assert not row["version_mismatch"]
    assert "sk_test_selftest0001" not in text


def test_the_description_is_of_the_version_the_library_uses():
    assert Spec().version == stripe._api_version._ApiVersion.CURRENT


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({}, []),
        ({"amount": "1"}, ["amount: '1' is not of type integer"]),
        ({"amount": True}, ["amount: True is not of type integer"]),
        ({"colour": "red"}, ["(top): 'colour' was unexpected"]),
        ({"object": "refunds"}, ["object: 'refunds' is not one of ['refund']"]),
        ({"metadata": {"order": 7}}, ["metadata/order: 7 is not of type string"]),
        ({"reason": None}, []),
    ],
)
def test_answers_off_the_document_are_found(change, problems):
    spec = Spec()
    refund = {"object": "refund", "id": "re_1", "amount": 1, "created": 1, "currency": "krw"}

    assert ResponseChecker(spec).problems(spec.schemas["refund"], refund | change) == problems


def test_a_missing_field_is_found():
    problems = ResponseChecker(Spec()).for_object({"object": "refund", "id": "re_1"})

    assert problems == [f"(top): '{name}' is missing" for name in ("amount", "created", "currency")]


def test_the_old_module_style_of_the_library_works(shop, monkeypatch):
    monkeypatch.setattr(stripe, "api_base", shop.base_url)
    monkeypatch.setattr(stripe, "api_key", "sk_test_selftest0001")
    monkeypatch.setattr(stripe, "default_http_client", shop.http_client)

    made = stripe.Customer.create(name="Old style")

    assert stripe.Customer.retrieve(made.id).name == "Old style"
