import pytest
import stripe

EXPIRED = "checkout.session.expired"


def expire_a_session(shop):
    shop.expire(shop.new_session())
    shop.settle()


def test_a_refused_delivery_is_tried_again(shop):
    shop.hook.answers = [500, 500]

    expire_a_session(shop)

    assert len(shop.hook.got) == 3
    assert len({event.id for event in shop.hook.got}) == 1
    event = shop.v1.events.retrieve(shop.hook.got[0].id)
    assert (event.type, event.pending_webhooks) == (EXPIRED, 0)
    assert event.api_version == shop.show("health")["api_version"]


def test_an_event_may_arrive_twice(shop):
    shop.control("webhooks/faults", kind="duplicate")

    expire_a_session(shop)

    assert len(shop.hook.got) == 2
    assert shop.hook.got[0].id == shop.hook.got[1].id


def test_an_event_can_be_sent_again(shop):
    expire_a_session(shop)
    event = shop.hook.got[0]
    shop.hook.clear()

    shop.control(f"events/{event.id}/resend")

    shop.settle()
    assert {again.id for again in shop.hook.got} == {event.id}


@pytest.mark.parametrize(
    ("kind", "text"),
    [("bad_signature", "No signatures found"), ("stale", "Timestamp outside the tolerance")],
)
def test_a_bad_signature_is_refused_and_the_retry_is_signed_well(shop, kind, text):
    shop.control("webhooks/faults", kind=kind)

    expire_a_session(shop)

    assert len(shop.hook.refused) == 1
    assert text in shop.hook.refused[0]
    assert shop.hook.types() == [EXPIRED]


def test_the_old_secret_stays_valid_while_it_is_rolled(shop):
    endpoint = shop.v1.webhook_endpoints.list().data[-1]

    rolled = shop.control("webhooks/roll", endpoint=endpoint.id)

    assert rolled["valid"] == 2
    for secret in (shop.hook.secret, rolled["secret"]):
        shop.hook.secret = secret
        expire_a_session(shop)
    assert shop.hook.types() == [EXPIRED, EXPIRED]
    assert shop.hook.refused == []


def test_events_can_arrive_in_reverse(shop):
    shop.control("webhooks/order", order="reversed", window_ms=60_000)

    shop.control(f"checkout/{shop.new_session().id}/pay")

    assert shop.control("webhooks/flush")["released"] == 5
    shop.settle()
    assert shop.hook.types()[0] == "checkout.session.completed"
    assert shop.hook.types()[-1] == "payment_intent.created"


def test_events_can_be_held_back(shop):
    shop.control("webhooks/manual", manual=True)
    shop.control(f"checkout/{shop.new_session().id}/pay")
    shop.settle()
    assert shop.hook.got == []

    assert shop.control("webhooks/flush")["released"] == 5

    shop.settle()
    assert len(shop.hook.got) == 5


def test_a_lost_event_can_still_be_asked_for(shop):
    shop.control("webhooks/faults", kind="drop", types=[EXPIRED], times=9)

    expire_a_session(shop)

    assert shop.hook.got == []
    missed = shop.v1.events.list({"type": EXPIRED}).data
    assert [event.pending_webhooks for event in missed] == [1]


def test_an_endpoint_made_by_the_api_gets_the_events_it_wants(shop):
    made = shop.v1.webhook_endpoints.create(
        {"url": shop.hook.url + "/second", "enabled_events": ["customer.created"]}
    )
    assert made.secret.startswith("whsec_")
    assert not hasattr(shop.v1.webhook_endpoints.retrieve(made.id), "secret")

    shop.v1.customers.create({"name": "Dewi"})
    expire_a_session(shop)

    attempts = [d for d in shop.show("webhooks")["deliveries"] if d["endpoint"] == made.id]
    assert {d["type"] for d in attempts} == {"customer.created"}
    # the receiver knows the other endpoint's secret only
    assert shop.hook.types() == ["customer.created", EXPIRED]
    assert len(shop.hook.refused) == len(attempts) == 6


def test_an_endpoint_can_be_switched_off(shop):
    for endpoint in shop.v1.webhook_endpoints.list().data:
        shop.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})

    expire_a_session(shop)

    assert shop.hook.got == []


def test_an_endpoint_can_only_ask_for_events_that_exist(shop, refusal):
    problem = refusal(
        shop.v1.webhook_endpoints.create,
        {"url": shop.hook.url, "enabled_events": ["order.paid"]},
    )

    assert isinstance(problem, stripe.InvalidRequestError)
    assert "must be one of" in str(problem)
