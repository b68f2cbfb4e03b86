"""Errors shaped the way Stripe shapes them."""

from __future__ import annotations


class StripeFault(Exception):
    """An answer with an ``error`` body."""

    def __init__(
        self,
        status,
        message,
        *,
        type="invalid_request_error",
        code=None,
        param=None,
        headers=None,
        saved=True,
        **extra,
    ):
        super().__init__(message)
        self.status, self.message, self.type = status, message, type
        self.code, self.param, self.extra = code, param, extra
        self.headers = headers or {}
        # saved: whether an Idempotency-Key remembers this answer
        self.saved = saved

    def body(self):
        error = {"message": self.message, "type": self.type}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = "https://stripe.com/docs/error-codes/" + self.code.replace("_", "-")
        if self.param:
            error["param"] = self.param
        error.update(self.extra)
        return {"error": error}


def invalid(message, param=None, code=None, **extra):
    return StripeFault(400, message, param=param, code=code, **extra)


def rejected(message, param=None, code=None):
    """A request that never started executing: not remembered by its key."""
    return StripeFault(400, message, param=param, code=code, saved=False)


def missing(kind, ident, param="id"):
    return StripeFault(404, f"No such {kind}: '{ident}'", code="resource_missing", param=param)


def declined(code, message, decline_code=None, **extra):
    if decline_code:
        extra["decline_code"] = decline_code
    return StripeFault(402, message, type="card_error", code=code, **extra)


def not_simulated(what, param=None):
    return StripeFault(
        501,
        f"This stand-in does not simulate {what}.",
        type="api_error",
        code="not_simulated",
        param=param,
        saved=False,
        headers={"Stripe-Should-Retry": "false"},
    )
