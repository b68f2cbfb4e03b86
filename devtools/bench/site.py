"""The application with one bare page beside it, to compare with, and Stripe answered at once."""

from flask import Response
from stripe import StripeClient

import devtools.bench.production  # noqa: F401
from devtools.bench.stripe import Answers
from marketplace.payments.client import API_VERSION
from marketplace.web.access import public
from wsgi import app

app.extensions["stripe"] = StripeClient(
    "sk_test_bench", stripe_version=API_VERSION, http_client=Answers()
)


@app.get("/bare")
@public
def bare() -> Response:
    return Response("<!doctype html><title>bare</title>")
