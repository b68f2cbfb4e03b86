"""The same posting by django-hordak, in an environment of its own: python hordak_load.py …

    python hordak_load.py <database> <port> setup
    python hordak_load.py <database> <port> <clients> <seconds>

Prints JSON. The way of writing is the documented one: a transaction, and its legs one by one.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import sys
import time
from typing import Any

import django
from django.conf import settings

AMOUNTS = (1_000, -800, -120, -50, -30)


def configure(database: str, port: str) -> None:
    settings.configure(
        SECRET_KEY="bench",
        USE_TZ=True,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "mptt",
            "djmoney",
            "hordak",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": database,
                "HOST": "127.0.0.1",
                "PORT": port,
                "USER": "postgres",
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DEFAULT_CURRENCY="KRW",
        CURRENCIES=["KRW"],
        HORDAK_CURRENCIES=["KRW"],
        HORDAK_INTERNAL_CURRENCY="KRW",
    )
    django.setup()


def set_up() -> None:
    from django.core.management import call_command
    from hordak.models import Account

    call_command("migrate", verbosity=0)
    for number in range(len(AMOUNTS)):
        Account.objects.create(name=f"c{number}", code=str(number), type="LI", currencies=["KRW"])


def write(seconds: float, start: Any) -> dict[str, Any]:
    from django.db import transaction
    from djmoney.money import Money
    from hordak.models import Account, Leg, Transaction

    accounts = list(Account.objects.order_by("id"))

    def post() -> None:
        with transaction.atomic():
            entry = Transaction.objects.create(description="Order paid")
            for account, amount in zip(random.sample(accounts, len(AMOUNTS)), AMOUNTS, strict=True):
                side = "debit" if amount > 0 else "credit"
                Leg.objects.create(
                    transaction=entry, account=account, **{side: Money(abs(amount), "KRW")}
                )

    post()
    start.wait()
    count, used, begun = 0, time.process_time(), time.perf_counter()
    while time.perf_counter() < begun + seconds:
        post()
        count += 1
    return {"entries": count, "cpu": time.process_time() - used}


def run(clients: int, seconds: float) -> dict[str, Any]:
    fork = multiprocessing.get_context("fork")
    start, answers = fork.Barrier(clients), fork.SimpleQueue()

    def work() -> None:
        answers.put(write(seconds, start))
        os._exit(0)

    processes = [fork.Process(target=work) for _ in range(clients)]
    for process in processes:
        process.start()
    found = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return {
        "rate": sum(row["entries"] for row in found) / seconds,
        "entries": sum(row["entries"] for row in found),
        "cpu": sum(row["cpu"] for row in found),
    }


if __name__ == "__main__":
    configure(sys.argv[1], sys.argv[2])
    if sys.argv[3] == "setup":
        set_up()
    else:
        print(json.dumps(run(int(sys.argv[3]), float(sys.argv[4]))))
