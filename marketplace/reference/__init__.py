"""Facts of the world: Indonesian regions, HS codes, exchange rates, carriers, Korean postcodes.

Owns provinces, regencies, districts, villages, hs_codes, exchange_rates, carriers,
korean_postcodes and imported_files. `data/README.md` says where each file comes from.
"""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.reference.commands import rates, reference
    from marketplace.reference.queries import allow_rates_of

    allow_rates_of(config.oldest_rate_days)
    app.cli.add_command(reference)
    app.cli.add_command(rates)
