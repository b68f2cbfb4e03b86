"""What a parcel to Korea costs beyond its goods: freight, duty, VAT, limits.

Owns tariff_lines, customs_rules, restrictions and shipping_rates. A rule is a row with the day
from which it holds; `data/README.md` says where each comes from and which nobody has checked.
"""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.customs.commands import customs
    from marketplace.customs.wording import explain_landed, landed_rows, sentence

    app.cli.add_command(customs)
    app.jinja_env.filters |= {
        "customs_rule": sentence,
        "explain_landed": explain_landed,
        "landed_rows": landed_rows,
    }
