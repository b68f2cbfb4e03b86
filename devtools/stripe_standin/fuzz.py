"""Random requests made from the description.

    python -m devtools.stripe_standin.fuzz [seed] [rounds]

Every answer must be one of Stripe's shapes, the stand-in must never fail, and
the books must balance: what an account's balance says is the sum of its
balance transactions.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections import Counter
from urllib.parse import quote

from .config import Config
from .control import control
from .errors import StripeFault
from .service import Service

HEADERS = {
    "Authorization": "Bearer sk_test_fuzzfuzz01",
    "Content-Type": "application/x-www-form-urlencoded",
}
ODD = ["", "x" * 6000, "-1", "0", "999999999999999999", "nul\x00", "한글", "[]", "true"]
COMMON = [
    "krw",
    "usd",
    "idr",
    "https://x.test/a",
    "a@b.co",
    "pm_card_visa",
    "Kopi",
    "10",
    "US",
    "ID",
]
SESSION = {
    "mode": "payment",
    "success_url": "https://x.test/ok",
    "line_items": [
        {
            "quantity": "1",
            "price_data": {"currency": "krw", "unit_amount": "5000", "product_data": {"name": "x"}},
        }
    ],
}


class Fuzz:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.service = Service(Config(check=True, quiet=True, seed=seed))
        self.spec = self.service.spec
        self.statuses, self.worked, self.broken = Counter(), Counter(), []

    def ids(self, *kinds):
        engine = self.service.engine
        tables = engine.bucket(engine.platform)
        return [
            i
            for kind, rows in tables.items()
            if not kinds or kind in kinds
            for i in list(rows)[-12:]
        ]

    def value(self, schema, depth=0):
        schema = self.spec.resolve(schema)
        if "anyOf" in schema:
            return self.value(self.random.choice(schema["anyOf"]), depth)
        kind = schema.get("type")
        if self.random.random() < 0.02:
            return self.random.choice(ODD)
        if "enum" in schema:
            return str(self.random.choice(schema["enum"]))
        if kind == "integer":
            return str(self.random.choice([0, 1, 2, 50, 1000, 15000, 2_000_001, 99_999_999, -5]))
        if kind == "number":
            return "1.5"
        if kind == "boolean":
            return self.random.choice(["true", "false"])
        if kind == "array":
            return [
                self.value(schema["items"], depth + 1) for _ in range(self.random.randint(0, 2))
            ]
        if kind == "object":
            chance = 0.15 if depth < 2 else 0.05
            out = {
                k: self.value(v, depth + 1)
                for k, v in schema.get("properties", {}).items()
                if k in schema.get("required", ()) or self.random.random() < chance
            }
            if isinstance(schema.get("additionalProperties"), dict):
                out["k"] = "v"
            return out
        pool = self.ids()
        return self.random.choice(pool if pool and self.random.random() < 0.4 else COMMON)

    def round(self):
        op = self.random.choice(self.spec.operations)
        path = op.path
        for name in op.path_names:
            kind = {
                "intent": ("payment_intent", "setup_intent"),
                "session": ("checkout.session",),
            }.get(name, (name,))
            if name == "id":
                kind = {
                    "Product": ("product",),
                    "BalanceTransaction": ("balance_transaction",),
                    "Event": ("event",),
                    "TransferReversal": ("transfer", "transfer_reversal"),
                }.get(op.id.split(".")[0], ())
            pool = self.ids(*kind) or self.ids()
            path = path.replace(f"{{{name}}}", self.random.choice(pool or ["x"]), 1)
        params = self.value(op.params)
        params = params if isinstance(params, dict) else {}
        known = op.params["properties"]
        if self.random.random() < 0.7:
            for name, choices in (("amount", ("700", "1500")), ("currency", ("krw", "usd"))):
                if name in known:
                    params[name] = self.random.choice(choices)
            if op.id == "Session.create":
                keep = (
                    "metadata",
                    "locale",
                    "payment_intent_data",
                    "customer_creation",
                    "allowed_payment_method_types",
                )
                params = dict({k: v for k, v in params.items() if k in keep}, **SESSION)
            elif op.id == "Refund.create":
                params = {
                    "charge": self.random.choice(self.ids("charge") or ["x"]),
                    "amount": "400",
                }
            elif op.id == "PaymentIntent.create":
                params = dict(
                    amount="90000",
                    currency=params["currency"],
                    confirm="true",
                    payment_method=self.random.choice(
                        (
                            "pm_card_visa",
                            "pm_card_visa",
                            "pm_card_bypassPending",
                            "pm_card_chargeDeclined",
                        )
                    ),
                    capture_method=self.random.choice(("manual", "automatic", "automatic_async")),
                    return_url="https://x.test/back",
                )
            elif op.id == "Transfer.create":
                params = {
                    "destination": self.random.choice(self.ids("account")),
                    "amount": "3",
                    "currency": "usd",
                    "source_transaction": self.random.choice(self.ids("charge") or ["x"]),
                }
            elif op.id == "Account.create":
                params = {"country": "US", "capabilities": {"transfers": {"requested": "true"}}}
            elif op.id == "Payout.create":
                params = {"amount": "20", "currency": "usd"}
        text = "&".join(quote(k, safe="[]") + "=" + quote(str(v)) for k, v in flatten(params))
        headers = dict(HEADERS)
        if self.random.random() < 0.1:
            headers["Idempotency-Key"] = f"k{self.random.randint(0, 40)}"
        post = op.method == "post"
        status, _, out = self.service.api(
            op.method.upper(),
            path if post else path + "?" + text,
            headers,
            text.encode() if post else b"",
        )
        self.statuses[status] += 1
        self.worked[op.id] += status == 200
        if status == 500:
            self.broken.append((op.id, out["error"]["message"]))
        if status >= 400 and not isinstance(out["error"].get("message"), str):
            self.broken.append((op.id, "an error without a message"))
        self.nudge()

    def nudge(self):
        """Now and then, something happens outside the API."""
        if self.random.random() > 0.25:
            return
        engine, pick = self.service.engine, self.random.choice
        groups = [
            [
                (
                    "checkout/{}/{}".format(
                        i, pick(["pay", "fail", "async", "settle", "settle_fail"])
                    ),
                    {},
                )
                for i in self.ids("checkout.session")
            ],
            [(f"refunds/{i}/fail", {}) for i in self.ids("refund")],
            [("disputes/{}/{}".format(i, pick(["won", "lost"])), {}) for i in self.ids("dispute")],
            [("payouts/{}/{}".format(i, pick(["pay", "fail"])), {}) for i in self.ids("payout")],
            [(f"accounts/{i}/activate", {}) for i in self.ids("account") if i != engine.platform],
            [("disputes", {"charge": i}) for i in self.ids("charge") if self.random.random() < 0.1],
            [("clock", {"advance": 40000})],
            [("payouts/automatic", {})] if self.random.random() < 0.2 else [],
        ]
        calls = pick([g for g in groups if g])
        path, body = pick(calls)
        with contextlib.suppress(StripeFault):
            control(self.service, "POST", "/_control/" + path, {}, body)

    def books(self):
        engine = self.service.engine
        for account in list(engine.data):
            rows = engine.table(account, "balance_transaction").values()
            assert all(r["net"] == r["amount"] - r["fee"] for r in rows)
            sums = engine.balance(account)
            total = sum(v for side in sums.values() for v in side.values())
            assert total == sum(r["net"] for r in rows)
            for charge in engine.table(account, "charge").values():
                refunds = [
                    r["amount"]
                    for r in engine.table(account, "refund").values()
                    if r["charge"] == charge["id"] and r["status"] in ("succeeded", "pending")
                ]
                if charge["captured"]:
                    assert charge["amount_refunded"] == sum(refunds) <= charge["amount_captured"], (
                        charge["id"]
                    )
            for transfer in engine.table(account, "transfer").values():
                back = sum(
                    r["amount"]
                    for r in engine.table(account, "transfer_reversal").values()
                    if r["transfer"] == transfer["id"]
                )
                assert transfer["amount_reversed"] == back <= transfer["amount"]


def flatten(node, name=""):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from flatten(value, f"{name}[{key}]" if name else key)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from flatten(value, f"{name}[{index}]")
    else:
        yield name, node


def run(seed=1, rounds=1500):
    fuzz = Fuzz(seed)
    try:
        for _ in range(rounds):
            fuzz.round()
        fuzz.books()
    finally:
        fuzz.service.close()
    return fuzz


if __name__ == "__main__":
    done = run(*(int(a) for a in sys.argv[1:3]))
    print("answers", dict(done.statuses))
    print("never succeeded:", sorted(o.id for o in done.spec.operations if not done.worked[o.id]))
    problems = Counter("{}: {}".format(v["where"], v["problem"]) for v in done.service.violations)
    for text, count in problems.most_common(30):
        print(count, text)
    for text in sorted(set(done.broken)):
        print("broken", text)
    sys.exit(1 if done.broken or problems else 0)
