"""Signed deliveries with retries, and ways to make them misbehave."""

from __future__ import annotations

import hashlib
import heapq
import hmac
import http.client
import itertools
import json
import ssl
import threading
import time
from urllib.parse import urlsplit

ORDERS = ("created", "reversed", "shuffled")
FAULTS = ("duplicate", "drop", "bad_signature", "stale", "delay_ms")


def signature(secret, body, stamp):
    return hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()


def header(secrets, body, stamp):
    signed = (f"v1={signature(secret, body, stamp)}" for secret in secrets)
    return ",".join([f"t={stamp}", *signed, f"v0={hashlib.sha256(body).hexdigest()}"])


class Deliverer:
    def __init__(self, engine, *, attempts=6, retry_base=1.0, timeout=10.0, manual=False):
        self.engine = engine
        self.attempts, self.retry_base, self.timeout = attempts, retry_base, timeout
        self.condition = threading.Condition()
        self.heap, self.counter = [], itertools.count()
        self.busy, self.stopped = 0, False
        self.manual = manual
        self.clear()
        self.thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        self.thread.start()

    def clear(self):
        with self.condition:
            self.heap.clear()
            self.history = []
            self.held = []
            self.faults = []  # [{"kind", "times", "types", ...}]
            self.order, self.window, self.batch, self.batch_due = "created", 0.0, [], None

    def stop(self):
        with self.condition:
            self.stopped = True
            self.condition.notify_all()
        self.thread.join(timeout=5)

    # -- queueing -----------------------------------------------------------
    def on_event(self, event, account):
        """Called with the engine locked, right when an event comes to be."""
        engine = self.engine
        targets = []
        for where in {account, engine.platform}:
            for endpoint in engine.table(where, "webhook_endpoint").values():
                fact = engine.fact(endpoint["id"])
                if endpoint["status"] != "enabled":
                    continue
                if where != account and not fact.get("connect"):
                    continue
                if where == account and account == engine.platform and fact.get("connect"):
                    continue
                if "*" in endpoint["enabled_events"] or event["type"] in endpoint["enabled_events"]:
                    targets.append((where, endpoint["id"]))
        event["pending_webhooks"] = len(targets)
        body = json.dumps(event, indent=2, ensure_ascii=False).encode()
        for where, endpoint in targets:
            self.add(
                {
                    "event": event["id"],
                    "type": event["type"],
                    "account": account,
                    "where": where,
                    "endpoint": endpoint,
                    "body": body,
                    "attempt": 1,
                }
            )

    def add(self, job):
        with self.condition:
            if self.manual:
                self.held.append(job)
                return
            if self.order != "created":
                self.batch.append(job)
                self.batch_due = time.monotonic() + self.window
            else:
                self._push(job, 0)
            self.condition.notify_all()

    def _push(self, job, delay):
        heapq.heappush(self.heap, (time.monotonic() + delay, next(self.counter), job))

    def set_order(self, order, window_ms):
        with self.condition:
            self._release_batch()
            self.order, self.window = order, window_ms / 1000.0

    def _release_batch(self):
        batch, self.batch, self.batch_due = self.batch, [], None
        if self.order == "reversed":
            batch.reverse()
        elif self.order == "shuffled":
            self.engine.random.shuffle(batch)
        for job in batch:
            self._push(job, 0)

    def flush(self):
        """Hand over at once everything held back, by hand or by an ordering window."""
        with self.condition:
            held, self.held = self.held, []
            released = len(held) + len(self.batch)
            self._release_batch()
            for job in held:
                self._push(job, 0)
            self.condition.notify_all()
        return released

    def set_manual(self, manual):
        self.manual = manual
        if not manual:
            self.flush()

    def resend(self, event, account):
        for where in {account, self.engine.platform}:
            for endpoint in list(self.engine.table(where, "webhook_endpoint").values()):
                with self.condition:
                    self._push(
                        {
                            "event": event["id"],
                            "type": event["type"],
                            "account": account,
                            "where": where,
                            "endpoint": endpoint["id"],
                            "attempt": 1,
                            "body": json.dumps(event, indent=2, ensure_ascii=False).encode(),
                        },
                        0,
                    )
                    self.condition.notify_all()

    def wait_idle(self, timeout):
        end = time.monotonic() + timeout
        with self.condition:
            while self.heap or self.busy or self.batch:
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.condition.wait(min(left, 0.05))
        return True

    def pending(self):
        with self.condition:
            return len(self.heap) + self.busy + len(self.held) + len(self.batch)

    # -- sending ------------------------------------------------------------
    def _run(self):
        while True:
            with self.condition:
                while True:
                    if self.stopped:
                        return
                    now = time.monotonic()
                    if self.batch and self.batch_due is not None and self.batch_due <= now:
                        self._release_batch()
                    if self.heap and self.heap[0][0] <= now:
                        break
                    waits = [self.heap[0][0] - now] if self.heap else []
                    if self.batch_due is not None:
                        waits.append(self.batch_due - now)
                    self.condition.wait(max(0.001, min(waits)) if waits else None)
                job = heapq.heappop(self.heap)[2]
                self.busy += 1
            try:
                self._deliver(job)
            finally:
                with self.condition:
                    self.busy -= 1
                    self.condition.notify_all()

    def _fault(self, job):
        for fault in self.faults:
            if fault["times"] > 0 and (not fault.get("types") or job["type"] in fault["types"]):
                fault["times"] -= 1
                return fault
        return None

    def _deliver(self, job):
        engine = self.engine
        with engine.lock:
            endpoint = engine.table(job["where"], "webhook_endpoint").get(job["endpoint"])
            if endpoint is None or endpoint["status"] != "enabled":
                return
            secrets = list(engine.fact(endpoint["id"])["secrets"])
            url = endpoint["url"]
        fault = self._fault(job) or {}
        kind = fault.get("kind")
        if kind == "delay_ms":
            time.sleep(min(fault.get("ms", 100), 60_000) / 1000.0)
        stamp = int(time.time())
        if kind == "stale":
            stamp -= int(fault.get("seconds", 3600))
        signed = header(["whsec_wrong"] if kind == "bad_signature" else secrets, job["body"], stamp)
        copies = 2 if kind == "duplicate" else 1
        for copy_number in range(copies):
            if kind == "drop":
                status, error = None, "dropped by a fault"
            else:
                status, error = self._post(url, job["body"], signed)
            self.history.append(
                {
                    "event": job["event"],
                    "type": job["type"],
                    "endpoint": job["endpoint"],
                    "attempt": job["attempt"],
                    "copy": copy_number + 1,
                    "status": status,
                    "error": error,
                    "fault": kind,
                    "at": time.time(),
                }
            )
        if status is not None and 200 <= status < 300:
            self._settled(job)
        elif job["attempt"] < self.attempts:
            again = dict(job, attempt=job["attempt"] + 1)
            with self.condition:
                self._push(again, self.retry_base * 2 ** (job["attempt"] - 1))

    def _settled(self, job):
        with self.engine.lock:
            event = self.engine.table(job["account"], "event").get(job["event"])
            if event and event["pending_webhooks"] > 0:
                event["pending_webhooks"] -= 1

    def _post(self, url, body, signed):
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        try:
            if secure:
                connection = http.client.HTTPSConnection(
                    parts.hostname,
                    parts.port,
                    timeout=self.timeout,
                    context=ssl.create_default_context(),
                )
            else:
                connection = http.client.HTTPConnection(
                    parts.hostname, parts.port, timeout=self.timeout
                )
            path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
            connection.request(
                "POST",
                path,
                body,
                {
                    "Content-Type": "application/json; charset=utf-8",
                    "Stripe-Signature": signed,
                    "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
                    "Accept": "*/*; q=0.5, application/xml",
                    "Cache-Control": "no-cache",
                    "Connection": "close",
                },
            )
            answer = connection.getresponse()
            answer.read(65536)
            connection.close()
            return answer.status, None
        except (OSError, http.client.HTTPException) as problem:
            return None, f"{type(problem).__name__}: {problem}"
