"""Demo data: real goods and regions, made-up people and figures, orders by the real operations."""

from __future__ import annotations

import logging

import click
import structlog
from flask import Flask
from flask.cli import AppGroup

from marketplace.kernel.config import Config
from marketplace.kernel.time import now

ORDERS = 320

commands = AppGroup("demo", help="Made-up data for trying things out.")


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application; outside demo mode the commands are absent."""
    if config.demo:
        app.cli.add_command(commands)


@commands.command()
@click.option("--orders", type=int, default=ORDERS, envvar="LUMBUNG_DEMO_ORDERS")
def load(orders: int) -> None:
    """Fill an empty database with the demo; what is there already stays as it is."""
    from marketplace.demo.loading import load_demo

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    load_demo(now(), orders=orders)
