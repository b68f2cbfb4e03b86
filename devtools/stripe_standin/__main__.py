"""Start the stand-in as a process of its own, until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading

from .config import Config
from .money import Fees
from .server import Server


def listed(text):
    return tuple(part.strip() for part in text.split(",") if part.strip())


def countries(text):
    return listed(text.upper())


# option, type, environment variable, help; what is not given keeps the default of Config
OPTIONS = (
    ("host", str, "HOST", "a loopback address"),
    ("port", int, "PORT", "0 picks a free one"),
    ("webhook-url", str, "WEBHOOK_URL", "an endpoint that gets all events"),
    ("webhook-secret", str, "WEBHOOK_SECRET", "its signing secret"),
    ("webhook-events", listed, "WEBHOOK_EVENTS", "comma-separated"),
    ("webhook-attempts", int, None, "tries per event"),
    ("webhook-retry-base", float, None, "seconds before the first retry; doubles"),
    ("api-key", str, "API_KEY", "accept only this test key"),
    ("log", str, "LOG", "append every request to this JSONL file"),
    ("state", str, "STATE", "keep objects in this JSON file"),
    ("seller", str, "SELLER", "the name on the pay page"),
    ("payment-methods", listed, None, "comma-separated; what sessions offer when they name none"),
    ("connect-countries", countries, None, "comma-separated; where accounts may be created"),
    ("payout-delay", int, None, "days until a charge's money is available"),
    ("balance-delay", float, None, "seconds until a charge has its balance transaction"),
    ("seed", int, None, "repeatable object ids"),
)
FLAGS = (
    ("check", "check every answer and event against the description"),
    ("strict-version", "refuse another Stripe-Version than the description's"),
    ("open-enums", "accept unknown values where the SDK's types do"),
    ("quiet", "do not print requests"),
)


def settings(argv=None, environ=os.environ):
    parser = argparse.ArgumentParser(prog="python -m devtools.stripe_standin", description=__doc__)
    for name, kind, _, text in OPTIONS:
        parser.add_argument(f"--{name}", type=kind, default=argparse.SUPPRESS, help=text)
    for name, text in FLAGS:
        parser.add_argument(f"--{name}", action="store_true", default=argparse.SUPPRESS, help=text)
    parser.add_argument("--settlement", default="usd", help="the platform's settlement currency")
    parser.add_argument("--country", default="US", help="the platform's country")
    variables = {
        name.replace("-", "_"): kind(environ[f"STRIPE_STANDIN_{variable}"])
        for name, kind, variable, _ in OPTIONS
        if variable and environ.get(f"STRIPE_STANDIN_{variable}")
    }
    given = variables | vars(parser.parse_args(argv))
    return Config(fees=Fees(given.pop("country"), given.pop("settlement")), **given)


def main():
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    server = Server(settings())
    server.start()
    print(f"Stripe stand-in on {server.base_url} (API {server.service.spec.version})", flush=True)
    done.wait()
    server.stop()


if __name__ == "__main__":
    sys.exit(main())
