"""Stripe's stand-in in this process, and its events, delivered when a test says so."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from devtools.stripe_standin.driver import Driver
from devtools.stripe_standin.webhooks import header

SECRET = "whsec_standin"


class Stripe(Driver):
    """Buyers' clicks on the pay page, and the events that follow, held back until delivered."""

    def __init__(self, server):
        super().__init__(server.base_url)
        self.server = server

    def pay(self, session_id, method="kakao_pay"):
        self.control(f"checkout/{session_id}/pay", method=method)

    def fail(self, session_id):
        self.control(f"checkout/{session_id}/fail", reason="card_declined")

    def delay(self, session_id):
        """The buyer has paid, and the money comes later."""
        self.control(f"checkout/{session_id}/async", method="kakao_pay")

    def end_delay(self, session_id, *, with_money=True):
        self.control(f"checkout/{session_id}/{'settle' if with_money else 'settle_fail'}")

    def expire(self, session_id):
        self.control(f"checkout/{session_id}/expire")

    def events(self, *kinds):
        """What Stripe would send, oldest first."""
        engine = self.server.service.engine
        found = list(engine.table(engine.platform, "event").values())
        return [event for event in found if not kinds or event["type"] in kinds]

    def requests(self, operation):
        return self.show(f"requests?operation={operation}&limit=200")["requests"]

    def deliver(self, client, event, *, secret=SECRET, stamp=None):
        """The answer of our endpoint to one delivery."""
        body = json.dumps(event).encode()
        signed = header([secret], body, stamp or int(time.time()))
        return client.post(
            "/webhooks/stripe",
            data=body,
            headers={"Stripe-Signature": signed, "Content-Type": "application/json"},
        )

    def deliver_all(self, client, *kinds):
        return [self.deliver(client, event).status_code for event in self.events(*kinds)]


def point_at(app, base_url):
    """Let `app` talk to the stand-in at `base_url`."""
    app.config["LUMBUNG"] = replace(app.config["LUMBUNG"], stripe_api_base=base_url)
    found = app.extensions.pop("stripe", None)
    if found is not None:
        found._requestor._client.close()
