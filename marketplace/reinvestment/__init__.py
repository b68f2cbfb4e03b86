"""Village programs: proposals with four eyes, allocations, disbursements, pledges of sponsors.

Owns programs, allocations, lot_uses, disbursements, evidence and pledges.
"""

from __future__ import annotations

from flask import Flask

from marketplace.kernel.config import Config
from marketplace.web.locale import mount


def set_up(app: Flask, config: Config) -> None:
    """Put the room into the application."""
    from marketplace.ledger.hooks import keep_from_adjustments, register_reversible
    from marketplace.payments.hooks import on_bank_line
    from marketplace.reinvestment.audit import register_checks
    from marketplace.reinvestment.operations.bank_lines import settle_by
    from marketplace.reinvestment.operations.lots import check_unspent, refuse_adjustment
    from marketplace.reinvestment.views import blueprints
    from marketplace.reinvestment.views.hooks import set_up_hooks

    set_up_hooks()
    on_bank_line(settle_by)
    register_checks()
    for kind in ("pledge_received", "adjustment"):
        register_reversible(kind, check_unspent)
    keep_from_adjustments(refuse_adjustment)
    mount(app, blueprints)
