"""Demo data: real goods and regions, made-up people and figures, orders by the real operations."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
