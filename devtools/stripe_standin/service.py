"""Everything behind the sockets: API requests, the books and the deliveries."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import re
import threading
import time
import traceback
from urllib.parse import urlsplit

from . import (
    accounts,
    balance,
    catalog,
    charges,
    checkout,
    disputes,
    events,
    intents,
    payouts,
    refunds,
    transfers,
)
from .engine import OPS, Context, Engine
from .errors import StripeFault, not_simulated, rejected
from .faults import Dropped, Faults
from .forms import decode
from .spec import ResponseChecker, Spec
from .webhooks import Deliverer

# importing these modules registers their operations
SIMULATED = (
    *(accounts, balance, catalog, charges, checkout, disputes),
    *(events, intents, payouts, refunds, transfers),
)
KEY_LIFETIME = 24 * 3600
LOG_LENGTH = 5000
SENSITIVE = re.compile(
    r"number|cvc|account_number|routing_number|id_number|ssn|secret|password", re.I
)
LOGGED_HEADERS = (
    "Idempotency-Key",
    "Stripe-Version",
    "Stripe-Account",
    "Stripe-Context",
    "Content-Type",
    "User-Agent",
)


class Call:
    """One API request on its way through."""

    def __init__(self, method, target, headers, body, entry, answer_headers):
        self.method, self.parts = method, urlsplit(target)
        self.headers, self.body = headers, body
        self.entry, self.answer_headers = entry, answer_headers
        self.operation = self.ids = self.raw = self.ctx = self.fault = None

    @property
    def key(self):
        return self.headers.get("Idempotency-Key") if self.method == "POST" else None


class Service:
    """The stand-in without its sockets; usable in-process as well."""

    def __init__(self, config):
        self.config = config
        self.spec = Spec(config.spec_path) if config.spec_path else Spec()
        self.spec.open_enums = config.open_enums
        self.engine = Engine(self.spec, config)
        self.deliverer = Deliverer(
            self.engine,
            attempts=config.webhook_attempts,
            retry_base=config.webhook_retry_base,
            timeout=config.webhook_timeout,
        )
        self.engine.on_event = self._announce
        self.checker = ResponseChecker(self.spec) if config.check else None
        self.log_lock = threading.Lock()
        self.requests, self.violations, self.faults = [], [], Faults()
        self.running = set()
        self.serial = 0
        if config.state:
            with (
                contextlib.suppress(FileNotFoundError),
                open(config.state, encoding="utf-8") as handle,
            ):
                self.engine.load(json.load(handle))
            checkout.move_pages(self.engine)
        self._default_endpoint()

    def _announce(self, event, account):
        if self.checker:
            self._check(event["type"], {"$ref": "#/components/schemas/event"}, event)
            for problem in self.checker.for_object(event["data"]["object"]):
                self.violations.append({"where": "event " + event["type"], "problem": problem})
        self.deliverer.on_event(event, account)

    def _default_endpoint(self):
        """Have the endpoint of the settings, once for the platform and once for its accounts."""
        config, engine = self.config, self.engine
        if not config.webhook_url:
            return
        known = [
            endpoint
            for endpoint in engine.table(engine.platform, "webhook_endpoint").values()
            if engine.fact(endpoint["id"]).get("default")
        ]
        for endpoint in known:
            endpoint.update(url=config.webhook_url, enabled_events=list(config.webhook_events))
            engine.fact(endpoint["id"])["secrets"] = [config.webhook_secret]
        for for_connect in () if known else (False, True):
            endpoint = events.make_endpoint(
                engine,
                Context(engine.platform),
                config.webhook_url,
                list(config.webhook_events),
                connect=for_connect,
                secret=config.webhook_secret,
            )
            engine.fact(endpoint["id"])["default"] = True

    def _check(self, where, schema, instance):
        for problem in self.checker.problems(schema, instance):
            self.violations.append({"where": where, "problem": problem})

    def reset(self):
        self.deliverer.clear()
        self.deliverer.manual = False
        self.faults.clear()
        with self.engine.lock:
            self.engine.reset()
            self.violations.clear()
            self.requests.clear()
            self._default_endpoint()
        self.persist(force=True)

    def close(self):
        self.faults.clear()
        self.deliverer.stop()
        self.engine.close()
        self.persist(force=True)

    def persist(self, force=False):
        if self.config.state and (force or self.engine.changed):
            self.engine.changed = False
            self.engine.save(self.config.state)

    # -- the log --------------------------------------------------------------
    def _new_entry(self, method, path, headers):
        with self.log_lock:
            self.serial += 1
            request_id = f"req_standin{self.serial:08d}"
        return {
            "at": round(time.time(), 3),
            "request_id": request_id,
            "method": method,
            "path": path,
            "operation": None,
            "params": None,
            "headers": {h: headers[h] for h in LOGGED_HEADERS if headers.get(h)},
            "key": mask((headers.get("Authorization") or "").partition(" ")[2]),
            "status": None,
            "error": None,
            "replayed": False,
            "fault": None,
            "version_mismatch": False,
            "ms": None,
        }

    def _record(self, entry, started, **fields):
        entry.update(fields, ms=round((time.monotonic() - started) * 1000, 1))
        with self.log_lock:
            self.requests.append(entry)
            del self.requests[:-LOG_LENGTH]
            if self.config.log:
                with open(self.config.log, "a", encoding="utf-8") as handle:
                    handle.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")

    # -- the API --------------------------------------------------------------
    def api(self, method, target, headers, body):
        """(status, headers, body) of the answer to one API request."""
        started = time.monotonic()
        entry = self._new_entry(method, urlsplit(target).path, headers)
        answer_headers = {
            "Request-Id": entry["request_id"],
            "Stripe-Version": headers.get("Stripe-Version") or self.spec.version,
        }
        call = Call(method, target, headers, body, entry, answer_headers)
        try:
            status, out = self._answer(call)
        except StripeFault as fault:
            status, out = fault.status, fault.body()
            out["error"]["request_log_url"] = (
                f"{self.config.base_url}/_control/requests/{entry['request_id']}"
            )
            answer_headers.update(fault.headers)
        except Dropped:
            self._record(entry, started, status=0, error="connection dropped")
            raise
        except UnicodeDecodeError:
            status, out = 400, rejected("Invalid request: not UTF-8.").body()
        except Exception as problem:  # a bug of the stand-in: say so, loudly
            traceback.print_exc()
            text = f"the stand-in failed: {problem!r}"
            status, out = 500, {"error": {"type": "api_error", "message": text}}
            answer_headers["Stripe-Should-Retry"] = "false"
            self.violations.append({"where": entry["operation"], "problem": text})
        self._record(
            entry, started, status=status, error=out.get("error") if status >= 400 else None
        )
        return status, answer_headers, out

    def _answer(self, call):
        self._authenticate(call.headers)
        self._check_version(call)
        call.operation, call.ids = self.spec.find(call.method, call.parts.path)
        call.entry["operation"] = call.operation.id
        call.raw = decode(form_text(call))
        call.entry["params"] = redact(call.raw)

        account = self.engine.platform
        chosen = call.headers.get("Stripe-Account")
        if chosen:
            accounts.connected(self.engine, chosen)
            account = chosen
        if call.key is not None and len(call.key) > 255:
            raise rejected("Idempotency-Key must be at most 255 characters", code=None)
        call.fault = self.faults.take(call.method, call.parts.path, call.operation.id)
        if call.fault:
            call.entry["fault"] = call.fault["kind"]
        call.ctx = Context(account, call.entry["request_id"], call.key)
        return self._execute(call) if call.key is None else self._once(call)

    def _authenticate(self, headers):
        key = api_key(headers)
        if not key:
            raise StripeFault(
                401,
                "You did not provide an API key. You need to provide your API key in the "
                "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
                "YOUR_SECRET_KEY').",
                saved=False,
            )
        if key.startswith("pk_"):
            raise StripeFault(
                403,
                "This API call cannot be made with a publishable API key. Please use a secret "
                "API key.",
                code="secret_key_required",
                saved=False,
            )
        if re.match(r"(sk|rk)_live_", key):
            raise StripeFault(
                401, "Live keys are refused here: this is a stand-in, not Stripe.", saved=False
            )
        chosen = self.config.api_key
        if not re.match(r"(sk|rk)_test_\w+$", key) or (
            chosen and not hmac.compare_digest(key, chosen)
        ):
            raise StripeFault(401, f"Invalid API Key provided: {mask(key)}", saved=False)

    def _check_version(self, call):
        version = call.headers.get("Stripe-Version")
        if version is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}(\.[a-z_]+)?", version):
            raise rejected(f"Invalid Stripe API version: {version}")
        call.entry["version_mismatch"] = version is not None and version != self.spec.version
        if self.config.strict_version and version != self.spec.version:
            raise rejected(
                f"Stripe-Version is {version}; this stand-in was started with --strict-version "
                f"for {self.spec.version}."
            )

    def _execute(self, call, remember=lambda status, out: None):
        if call.fault:
            self.faults.before(call.fault, call.answer_headers)
        params = self.spec.check(call.operation, call.raw)
        expand = params.pop("expand", None) or []
        function = OPS.get(call.operation.id)
        if function is None:
            raise not_simulated(call.operation.id)
        with self.engine.lock:
            checkout.expire_due(self.engine, call.ctx.account)
            obj = function(self.engine, call.ctx, params, *call.ids)
            out = self.engine.expand(call.ctx, call.operation.response, obj, expand)
            self.engine.changed = self.engine.changed or call.operation.method != "get"
        remember(200, out)
        if self.checker and not expand:
            self._check(call.operation.id, call.operation.response, out)
        self.persist()
        spoiled = self.faults.after(call.fault, call.answer_headers) if call.fault else None
        return 200, spoiled or out

    # -- idempotency: one stored answer per account and key --------------------
    def _once(self, call):
        slot = call.ctx.account + "|" + call.key
        call.answer_headers["Idempotency-Key"] = call.key
        with self.engine.lock:
            stored = self._stored(slot, call)
            if stored is None:
                if slot in self.running:
                    raise key_in_use(call.key)
                self.running.add(slot)
        if stored is not None:
            return self._replay(stored, call)

        def remember(status, out):
            with self.engine.lock:
                self.engine.keys[slot] = {
                    "path": call.parts.path,
                    "params": call.raw,
                    "status": status,
                    "body": out,
                    "at": self.engine.now(),
                    "request_id": call.entry["request_id"],
                }
                self.engine.changed = True

        call.answer_headers["Original-Request"] = call.entry["request_id"]
        try:
            return self._execute(call, remember)
        except StripeFault as problem:
            if problem.saved:
                remember(problem.status, problem.body())
            raise
        finally:
            with self.engine.lock:
                self.running.discard(slot)

    def _stored(self, slot, call):
        stored = self.engine.keys.get(slot)
        if stored is None or stored["at"] + KEY_LIFETIME < self.engine.now():
            return None
        if stored["path"] != call.parts.path:
            raise key_misused(
                "for the same endpoint they were first used for "
                f"('{call.parts.path}' vs '{stored['path']}')",
                call.key,
            )
        if stored["params"] != call.raw:
            raise key_misused("with the same parameters they were first used with", call.key)
        return stored

    def _replay(self, stored, call):
        call.entry["replayed"] = True
        call.answer_headers.update(
            {"Idempotent-Replayed": "true", "Original-Request": stored["request_id"]}
        )
        if call.fault:
            self.faults.before(call.fault, call.answer_headers)
            if call.fault["kind"] == "drop_after":
                raise Dropped
        return stored["status"], stored["body"]


def api_key(headers):
    scheme, _, rest = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return rest.strip()
    try:
        return base64.b64decode(rest).decode().split(":", 1)[0]
    except ValueError:
        return ""


def form_text(call):
    """The parameters as sent: a form body and the query of a POST, else the query."""
    if call.method != "POST":
        return call.parts.query
    content_type = (call.headers.get("Content-Type") or "").split(";")[0].strip()
    if call.body and content_type != "application/x-www-form-urlencoded":
        raise rejected(
            "Invalid request (check that your POST content type is "
            "application/x-www-form-urlencoded). If you have any questions, we can help at "
            "https://support.stripe.com/."
        )
    return "&".join(filter(None, (call.body.decode("utf-8", "strict"), call.parts.query)))


def key_in_use(key):
    return StripeFault(
        409,
        "There is currently another in-progress request using this Idempotent Key (that "
        "probably means you submitted twice, and the other request is still going through): "
        f"{key}. Please try again later.",
        type="idempotency_error",
        code="idempotency_key_in_use",
        saved=False,
    )


def key_misused(only, key):
    return StripeFault(
        400,
        f"Keys for idempotent requests can only be used {only}. Try using a key other than "
        f"'{key}' if you meant to execute a different request.",
        type="idempotency_error",
        saved=False,
    )


def mask(key):
    key = key.strip()
    if len(key) < 12:
        return "*" * len(key)
    return key[:8] + "*" * 8 + key[-4:]


def redact(node, name=""):
    if isinstance(node, dict):
        return {k: redact(v, k) for k, v in node.items()}
    if isinstance(node, list):
        return [redact(v, name) for v in node]
    return "[redacted]" if SENSITIVE.search(name) else node
