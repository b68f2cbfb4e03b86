"""State, ids, events and the rules that every resource shares."""

from __future__ import annotations

import copy
import json
import os
import random
import re
import string
import threading
import time

from . import money
from .errors import StripeFault, invalid, missing

ALPHABET = string.ascii_letters + string.digits
OPS = {}
DAY = 86400
INCLUDABLE = (("checkout.session", "line_items"), ("charge", "refunds"))


def op(name):
    def register(function):
        OPS[name] = function
        return function

    return register


class Context:
    """What one request brings along."""

    def __init__(self, account, request_id=None, idempotency_key=None):
        self.account = account
        self.request_id, self.idempotency_key = request_id, idempotency_key


KINDS = {  # object type -> (collection, what a 404 calls it)
    "checkout.session": "checkout.session",
    "payment_intent": "payment_intent",
    "charge": "charge",
    "refund": "refund",
    "dispute": "dispute",
    "transfer": "transfer",
    "transfer_reversal": "transfer reversal",
    "payout": "payout",
    "account": "account",
    "customer": "customer",
    "product": "product",
    "price": "price",
    "balance_transaction": "balance transaction",
    "event": "event",
    "webhook_endpoint": "webhook endpoint",
    "payment_method": "PaymentMethod",
    "setup_intent": "setupintent",
    "item": "line item",
}


class Engine:
    def __init__(self, spec, config):
        self.spec, self.config = spec, config
        self.lock = threading.RLock()
        self.random = random.Random(config.seed)
        self.fees = config.fees
        self.on_event = lambda event, account: None
        self.timers = []
        self.reset()

    # -- life cycle ---------------------------------------------------------
    def reset(self):
        with self.lock:
            self.close()
            self.offset = 0
            self.platform = self.config.platform
            self.data = {}
            self.extra = {}  # private facts about objects, by id
            self.keys = {}  # idempotency
            self.outcomes = {"refund": [], "payout": [], "payment": []}
            self.bucket(self.platform)
            from .accounts import platform_account

            self.put(self.platform, platform_account(self))
            self.changed = True

    def dump(self):
        return {"offset": self.offset, "data": self.data, "extra": self.extra, "keys": self.keys}

    def load(self, state):
        with self.lock:
            self.offset, self.data = state["offset"], state["data"]
            self.extra, self.keys = state["extra"], state["keys"]

    def save(self, path):
        with self.lock:
            text = json.dumps(self.dump(), ensure_ascii=False)
        temporary = path + ".new"
        with open(temporary, "w", encoding="utf-8") as handle:
            handle.write(text)
        os.replace(temporary, path)

    def later(self, seconds, function, *args):
        """Run something with the engine locked, unless a reset or the end comes first."""

        def run():
            with self.lock:
                if timer in self.timers:
                    self.timers.remove(timer)
                    function(self, *args)

        timer = threading.Timer(seconds, run)
        timer.daemon = True
        with self.lock:
            self.timers.append(timer)
        timer.start()

    def close(self):
        with self.lock:
            for timer in self.timers:
                timer.cancel()
            self.timers.clear()

    # -- small tools --------------------------------------------------------
    def now(self):
        return int(time.time()) + self.offset

    def new_id(self, prefix, length=24):
        return prefix + "".join(self.random.choice(ALPHABET) for _ in range(length))

    def secret(self, prefix, length=32):
        # client secrets and signing secrets never need to be repeatable
        return prefix + "".join(random.SystemRandom().choice(ALPHABET) for _ in range(length))

    def shape(self, name, /, **fields):
        """An object with every nullable field that Stripe always sends."""
        schema = self.spec.schemas[name]
        out = {"object": name} if "object" in schema["properties"] else {}
        for key in schema.get("x-present", ()):
            out[key] = None
        if "livemode" in schema.get("required", ()):
            out["livemode"] = False
        out.update(fields)
        return out

    # -- storage ------------------------------------------------------------
    def bucket(self, account):
        return self.data.setdefault(account, {})

    def table(self, account, kind):
        return self.bucket(account).setdefault(kind, {})

    def put(self, account, obj):
        self.table(account, obj["object"])[obj["id"]] = obj
        self.changed = True
        return obj

    def get(self, account, kind, ident, param="id"):
        obj = self.table(account, kind).get(ident)
        if obj is None:
            raise missing(KINDS.get(kind, kind), ident, param)
        return obj

    def lookup(self, account, ident):
        for where in (account, self.platform):
            for table in self.bucket(where).values():
                if ident in table:
                    return table[ident]
        return None

    def fact(self, ident):
        return self.extra.setdefault(ident, {})

    # -- events -------------------------------------------------------------
    def emit(self, ctx, type, obj, previous=None):
        data = {"object": copy.deepcopy(obj)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = self.shape(
            "event",
            id=self.new_id("evt_1"),
            created=self.now(),
            data=data,
            type=type,
            api_version=self.spec.version,
            pending_webhooks=0,
            request={"id": ctx.request_id, "idempotency_key": ctx.idempotency_key},
        )
        if ctx.account != self.platform:
            event["account"] = ctx.account
        self.put(ctx.account, event)
        self.on_event(event, ctx.account)
        return event

    def update(self, ctx, obj, type=None, **fields):
        """Change an object; with ``type``, announce it with previous_attributes."""
        previous = {}
        for key, value in fields.items():
            if obj.get(key) != value:
                previous[key] = copy.deepcopy(obj.get(key))
                obj[key] = value
        if previous:
            self.changed = True
            if type:
                self.emit(ctx, type, obj, previous)
        return previous

    # -- answers ------------------------------------------------------------
    def listing(self, rows, params, url, match=()):
        """A page of ``rows`` (oldest first), newest first as Stripe pages."""
        rows = list(rows)
        created = params.get("created")
        if isinstance(created, int):
            rows = [r for r in rows if r.get("created") == created]
        elif isinstance(created, dict):
            tests = {"gt": int.__gt__, "gte": int.__ge__, "lt": int.__lt__, "lte": int.__le__}
            for name, value in created.items():
                rows = [r for r in rows if tests[name](r.get("created", 0), value)]
        for key in match:
            if key in params:
                rows = [r for r in rows if r.get(key) == params[key]]
        limit = params.get("limit", 10)
        if not 1 <= limit <= 100:
            raise invalid(
                "This value must be greater than or equal to 1."
                if limit < 1
                else "This value must be less than or equal to 100.",
                param="limit",
                code="parameter_invalid_integer",
            )
        rows.reverse()
        after, before = params.get("starting_after"), params.get("ending_before")
        if after and before:
            raise invalid(
                "You cannot parameterize both starting_after and ending_before.",
                param="starting_after",
                code="parameters_exclusive",
            )
        ids = [r["id"] for r in rows]
        for name, cursor in (("starting_after", after), ("ending_before", before)):
            if cursor and cursor not in ids:
                raise missing("object", cursor, name)
        if after:
            rows = rows[ids.index(after) + 1 :]
        if before:
            rows = rows[: ids.index(before)]
            page, more = rows[-limit:], len(rows) > limit
        else:
            page, more = rows[:limit], len(rows) > limit
        return {"object": "list", "data": page, "has_more": more, "url": url}

    def expand(self, ctx, op_schema, answer, paths):
        answer = copy.deepcopy(answer)
        for path in paths:
            segments = path.split(".")
            is_list = isinstance(answer, dict) and answer.get("object") == "list"
            if is_list:
                if segments[0] != "data":
                    raise invalid(
                        f"This property cannot be expanded ({path}). You may want to try "
                        f"expanding 'data.{path}' instead.",
                        param="expand[0]",
                    )
                segments = segments[1:]
            if len(segments) > 4:
                raise invalid(
                    f"You cannot expand more than 4 levels of a property ({path}).",
                    param="expand[0]",
                )
            roots = answer["data"] if is_list else [answer]
            for root in roots:
                self._expand(ctx, root, segments, path)
        return answer

    def _expand(self, ctx, node, segments, path):
        if not segments or node is None:
            return
        if isinstance(node, list):
            for sub in node:
                self._expand(ctx, sub, segments, path)
            return
        if node.get("object") == "list" and segments[0] == "data":
            self._expand(ctx, node["data"], segments[1:], path)
            return
        key, kind = segments[0], node.get("object")
        if (kind, key) in INCLUDABLE:
            node[key] = copy.deepcopy(self.included(ctx, kind, key, node["id"]))
        elif not self._expandable(node, key):
            raise invalid(f"This property cannot be expanded ({path}).", param="expand[0]")
        value = node.get(key)
        if isinstance(value, str):
            found = self.lookup(ctx.account, value)
            if found is not None:
                node[key] = value = copy.deepcopy(found)
        if isinstance(value, (dict, list)):
            self._expand(ctx, value, segments[1:], path)

    def _expandable(self, node, key):
        schema = self.spec.schemas.get(node.get("object"))
        if schema is None:
            return isinstance(node.get(key), (dict, list, str))
        sub = schema["properties"].get(key)
        if sub is None:
            return False
        if sub.get("x-expandable"):
            return True
        sub = self.spec.resolve(sub)
        return sub.get("type") in ("object", "array") or "anyOf" in sub

    def included(self, ctx, kind, key, ident):
        if key == "line_items":
            rows = self.fact(ident).get("line_items", [])
            url = f"/v1/checkout/sessions/{ident}/line_items"
        else:
            rows = [r for r in self.table(ctx.account, "refund").values() if r["charge"] == ident][
                ::-1
            ]
            url = f"/v1/charges/{ident}/refunds"
        return {"object": "list", "data": rows[:10], "has_more": len(rows) > 10, "url": url}

    # -- rules shared by several resources ----------------------------------
    def metadata(self, old, given, param="metadata"):
        if given is None:
            return dict(old or {})
        if given == "":
            return {}
        out = dict(old or {})
        for key, value in given.items():
            if len(key) > 40:
                raise invalid(
                    "Metadata keys must be at most 40 characters, but you passed in a key with "
                    f"{len(key)} characters.",
                    param=param,
                )
            if "[" in key or "]" in key:
                raise invalid("Metadata keys cannot contain square brackets.", param=param)
            if len(value) > 500:
                raise invalid(
                    "Metadata values can have up to 500 characters, but you passed in a value "
                    f"that is {len(value)} characters.",
                    param=f"{param}[{key}]",
                )
            if value == "":
                out.pop(key, None)
            else:
                out[key] = value
        if len(out) > 50:
            raise invalid("You can't have more than 50 metadata keys.", param=param)
        return out

    def currency(self, value, param="currency"):
        if value is None:
            raise StripeFault(
                400,
                f"Missing required param: {param}.",
                code="parameter_missing",
                param=param,
                saved=False,
            )
        code = value.lower()
        if not re.fullmatch("[a-z]{3}", code) or not money.known(code):
            raise invalid(
                f"Invalid currency: {value}. Stripe supports the ISO 4217 codes listed at "
                "https://stripe.com/docs/currencies",
                param=param,
            )
        return code

    def chargeable(self, amount, currency, param="amount"):
        if amount < 0:
            raise invalid("Invalid positive integer", param=param, code="parameter_invalid_integer")
        if amount < money.minimum(currency):
            raise invalid(
                f"Amount must be at least {money.show(money.minimum(currency), currency)} "
                f"{currency}",
                param=param,
                code="amount_too_small",
            )
        if amount > money.maximum(currency):
            raise invalid(
                f"Amount must be no more than {money.show(money.maximum(currency), currency)} "
                f"{currency}",
                param=param,
                code="amount_too_large",
            )
        if currency in money.THREE_DECIMAL and amount % 10:
            raise invalid(f"Amounts in {currency} must end in 0", param=param)
        return amount

    def url(self, value, param):
        if value is None:
            return None
        if not re.match(r"https?://[^\s/]+", value):
            raise invalid(
                "Not a valid URL"
                if "://" in value
                else "Invalid URL: An explicit scheme (such as https) must be provided.",
                param=param,
                code="url_invalid",
            )
        if len(value) > 5000:
            raise invalid(
                "Invalid URL: URL must be 5000 characters or less.", param=param, code="url_invalid"
            )
        return value

    def exactly_one(self, params, names, prefix=""):
        given = [n for n in names if params.get(n) is not None]

        def label(name):
            return f"{prefix}[{name}]" if prefix else name

        if len(given) > 1:
            raise invalid(
                "You may only specify one of these parameters: {}.".format(
                    ", ".join(map(label, given))
                ),
                param=label(given[1]),
                code="parameters_exclusive",
            )
        if not given:
            raise invalid(
                "You must specify one of these parameters: {}.".format(
                    ", ".join(map(label, names))
                ),
                param=label(names[0]),
                code="parameter_missing",
            )
        return given[0]

    # -- money in and out of an account -------------------------------------
    def post(
        self,
        ctx,
        *,
        amount,
        currency,
        type,
        source,
        fee=0,
        details=(),
        exchange=None,
        available_on=None,
        description=None,
        category=None,
    ):
        available = available_on if available_on is not None else self.now()
        txn = self.shape(
            "balance_transaction",
            id=self.new_id("txn_3"),
            amount=amount,
            available_on=available,
            balance_type="payments",
            created=self.now(),
            currency=currency,
            description=description,
            exchange_rate=exchange,
            fee=fee,
            fee_details=list(details),
            net=amount - fee,
            reporting_category=category or type,
            source=source,
            status="available" if available <= self.now() else "pending",
            type=type,
        )
        return self.put(ctx.account, txn)

    def settle_due(self, account):
        """Pending money whose day has come becomes available."""
        moved = False
        for txn in self.table(account, "balance_transaction").values():
            if txn["status"] == "pending" and txn["available_on"] <= self.now():
                txn["status"] = "available"
                moved = self.changed = True
        return moved

    def balance(self, account):
        self.settle_due(account)
        sums = {"available": {}, "pending": {}}
        for txn in self.table(account, "balance_transaction").values():
            side = sums[txn["status"]]
            side[txn["currency"]] = side.get(txn["currency"], 0) + txn["net"]
        for side in sums.values():
            side.setdefault(self.fees.settlement, 0)
        return sums
