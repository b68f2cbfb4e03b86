"""Injected trouble: late, failing, lost and unreadable answers."""

from __future__ import annotations

import re
import threading
import time

from .errors import StripeFault, rejected

KINDS = ("latency", "hold", "error", "error_after", "drop_before", "drop_after", "garbage")
LONGEST_MS = 120_000


class Dropped(Exception):
    """Close the connection without an answer."""


class Faults:
    def __init__(self):
        self.rows = []
        self.condition = threading.Condition()
        self.held, self.round = 0, 0

    def add(self, given):
        if given.get("kind") not in KINDS:
            raise rejected("kind must be one of " + ", ".join(KINDS), param="kind")
        self.rows.append(dict(given, times=int(given.get("times", 1))))

    def clear(self):
        self.rows.clear()
        self.release()

    def take(self, method, path, operation):
        for fault in self.rows:
            if fault["times"] <= 0 or not matches(fault, method, path, operation):
                continue
            if fault.get("skip", 0) > 0:
                fault["skip"] -= 1
                continue
            fault["times"] -= 1
            return fault
        return None

    def before(self, fault, answer_headers):
        """What the fault does before the work; raises where the work is not to be done."""
        kind = fault["kind"]
        if kind == "latency":
            time.sleep(min(fault.get("ms", 1000), LONGEST_MS) / 1000)
        elif kind == "hold":
            self._hold(min(fault.get("ms", 30_000), LONGEST_MS) / 1000)
        elif kind == "drop_before":
            raise Dropped
        elif kind == "error":
            raise injected(fault, answer_headers, "An injected error.")

    def after(self, fault, answer_headers):
        """What the fault does after the work: a body to send instead, or None."""
        kind = fault["kind"]
        if kind == "drop_after":
            raise Dropped
        if kind == "error_after":
            raise injected(fault, answer_headers, "An injected error, after the work was done.")
        return "<html>not json</html>" if kind == "garbage" else None

    def _hold(self, longest):
        with self.condition:
            now = self.round
            self.held += 1
            self.condition.notify_all()
            self.condition.wait_for(lambda: self.round != now, longest)
            self.held -= 1

    def wait(self, held, seconds):
        """Return once `held` requests are being held, or when the seconds are over."""
        with self.condition:
            self.condition.wait_for(lambda: self.held >= held, seconds)
            return self.held

    def release(self):
        with self.condition:
            self.round += 1
            self.condition.notify_all()
            return self.held


def matches(fault, method, path, operation):
    return (
        fault.get("operation") in (None, "", operation)
        and (fault.get("method") or method).upper() == method
        and re.search(fault.get("path") or "", path) is not None
    )


def injected(fault, answer_headers, message):
    status = int(fault.get("status", 500))
    answer_headers.update(fault.get("headers") or {})
    limited = status == 429
    return StripeFault(
        status,
        fault.get("message", message),
        type="rate_limit_error" if limited else "api_error",
        code=fault.get("code", "rate_limit" if limited else None),
        # Stripe remembers 500s of requests that began; refusals are not remembered
        saved=bool(fault.get("saved", False)),
    )
