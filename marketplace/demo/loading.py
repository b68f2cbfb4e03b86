"""The demo, step by step. Each step is whole or absent, and repeating it is harmless."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click
from flask import current_app
from sqlalchemy import select, update

from marketplace.customs.operations import import_rules
from marketplace.demo.banking import plan_banking
from marketplace.demo.closing import plan_closings
from marketplace.demo.exports import load_exports, load_request
from marketplace.demo.goods import load_goods
from marketplace.demo.payouts import load_accounts, plan_payouts
from marketplace.demo.people import load_membership, load_people
from marketplace.demo.programs import plan_pledges, plan_programs
from marketplace.demo.sales import plan_sales
from marketplace.demo.year import Year
from marketplace.kernel.config import Config
from marketplace.kernel.db import db, exists, transaction
from marketplace.kernel.outbox import OutboxMessage
from marketplace.ledger.operations import set_policy
from marketplace.orders.models import Order
from marketplace.reference.operations import import_all
from marketplace.sealing import read_seal_key, seal_waiting

YEAR = timedelta(days=365)
BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
# The division of the demo, in basis points; nobody signed it, since it opens the books.
SALE = {"cooperative": 9200, "service": 500, "village_share": 300}
SHARE = {"programs": 7000, "training": 1500, "youth": 1000, "reserve": 500}


def load_demo(at: datetime, *, orders: int) -> None:
    """Fill the database up to `at` with reference data, people, goods and `orders` orders."""
    config: Config = current_app.config["LUMBUNG"]
    first_day = at - YEAR
    steps: list[tuple[str, Callable[[], object]]] = [
        ("regions, HS codes, exchange rates", import_all),
        ("customs rules", import_rules),
        ("policies", load_policies),
        ("people", lambda: load_people(config.demo_password, first_day)),
        ("cooperatives and products", lambda: load_goods(first_day)),
        ("memberships", lambda: load_membership(first_day)),
        ("bank accounts", lambda: load_accounts(first_day)),
        ("export offers", lambda: load_exports(first_day)),
        ("a request for quotation", lambda: load_request(at)),
        (
            "a year of orders, pledges, programs and payouts",
            lambda: live_a_year(first_day, at, orders),
        ),
    ]
    for name, step in steps:
        click.echo(f"  {name} …")
        with transaction():
            step()
    seal_waiting(config, read_seal_key(config))


def live_a_year(first_day: datetime, until: datetime, orders: int) -> None:
    """Let everything happen in the order of time, so that no fund is spent before it is filled."""
    if exists(select(Order.id).where(Order.is_demo)):
        return
    year = Year(first_day, until)
    plan_pledges(year)
    plan_sales(year, orders)
    plan_programs(year)
    plan_payouts(year)
    plan_banking(year)
    plan_closings(year)
    year.pass_by()
    db.session.execute(
        update(OutboxMessage).where(OutboxMessage.sent_at.is_(None)).values(sent_at=until)
    )


def load_policies() -> None:
    set_policy("sale", SALE, valid_from=BEGINNING)
    set_policy("share", SHARE, valid_from=BEGINNING)
