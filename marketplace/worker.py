"""What happens without a request: mails, money on its way, arrivals, releases, balances, seals.

Nothing here is the only record of anything: each task looks for rows that wait.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

import structlog
from flask import Flask, current_app
from huey import SqliteHuey, crontab
from huey.consumer_options import ConsumerConfig

from marketplace import mail
from marketplace.admin.commands import audit_daily
from marketplace.bundles import publish_bundle
from marketplace.checkpoints import keep_balances
from marketplace.kernel.config import Config
from marketplace.kernel.db import db
from marketplace.orders.commands import (
    catch_up_payments,
    follow_up_arrivals,
    give_up_unpaid,
    release_parcels,
)
from marketplace.payments.commands import mirror_stripe
from marketplace.sealing import read_seal_key, seal_for_ever

log = structlog.get_logger()


def build_queue(app: Flask) -> SqliteHuey:
    """The schedule of `app`."""
    config: Config = app.config["LUMBUNG"]
    queue = SqliteHuey("lumbung", filename=str(config.instance / "queue.db"))
    for name, task, minutes in SCHEDULE:
        queue.periodic_task(crontab(minute=minutes), name=name)(_inside(app, name, task))
    return queue


def _inside(app: Flask, name: str, task: Callable[[], int]) -> Callable[[], None]:
    """Run `task` in the application; a fault is logged and tried again with the next tick."""

    def run() -> None:
        with app.app_context():
            try:
                done = task()
            except Exception:
                db.session.rollback()
                log.exception("task failed", task=name)
            else:
                if done:
                    log.info("task", task=name, done=done)

    return run


# Name, task, and the minutes at which it runs.
SCHEDULE: list[tuple[str, Callable[[], int], str]] = [
    ("send mails", mail.send_due, "*"),
    ("catch up with payments", catch_up_payments, "*/2"),
    ("give up unpaid orders", give_up_unpaid, "*/2"),
    ("follow up arrivals", follow_up_arrivals, "*/10"),
    ("release parcels", release_parcels, "*/10"),
    ("mirror Stripe", mirror_stripe, "*/10"),
    ("keep balances", keep_balances, "*"),
    ("audit the books", audit_daily, "*/10"),
    ("publish the bundle", publish_bundle, "*/10"),
]


def run_worker() -> None:
    """Work until stopped. Raises ConfigError where the ledger's seal has no key."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    read_seal_key(app.config["LUMBUNG"])
    options = ConsumerConfig(workers=1, periodic=True, check_worker_health=True)
    options.validate()
    stop = Event()
    sealer = Thread(target=seal_for_ever, args=(app, stop), name="sealer", daemon=True)
    sealer.start()
    try:
        build_queue(app).create_consumer(**options.values).run()
    finally:
        stop.set()
        sealer.join(timeout=10)
