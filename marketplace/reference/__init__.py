"""Facts of the world: Indonesian regions, HS codes, exchange rates, carriers, Korean postcodes."""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
