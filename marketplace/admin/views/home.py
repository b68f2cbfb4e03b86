from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.models import Role
from marketplace.admin import queries
from marketplace.admin.views.blueprint import bp, readers
from marketplace.admin.views.decisions import decisions_waiting
from marketplace.admin.views.figures import check_figures
from marketplace.kernel.money import Money
from marketplace.kernel.time import now, today_in_seoul
from marketplace.orders.policies import SHIP_WITHIN
from marketplace.orders.queries.disputes import list_disputes_to_do
from marketplace.orders.queries.payouts import list_waiting_batches
from marketplace.orders.views.disputes import state_of
from marketplace.orders.views.payouts import amount_of
from marketplace.reference.queries import find_rates_in_use
from marketplace.reinvestment.models import ProgramState
from marketplace.reinvestment.queries import (
    count_waiting_disbursements,
    list_programs,
    list_waiting_disbursements,
)


@bp.get("/")
@readers
def show_home() -> ResponseReturnValue:
    """What waits for somebody, and whether the books are whole."""
    at = now()
    today = today_in_seoul(at)
    proposals, proposal_count = list_programs(states=[ProgramState.PROPOSED], size=queries.AT_MOST)
    return render_template(
        "admin/show_home.html",
        figures=check_figures(queries.check_books(today), queries.find_seal(), at),
        rates=find_rates_in_use(today),
        today=today,
        proposals=queries.Queue(proposals, proposal_count),
        disbursements=queries.Queue(
            list_waiting_disbursements(queries.AT_MOST), count_waiting_disbursements()
        ),
        requests=queries.open_requests(),
        decisions=decisions_waiting(),
        payouts=queries.Queue(*list_waiting_batches(queries.AT_MOST)),
        parcels=queries.late_parcels(at),
        refunds=queries.pending_refunds(),
        disputes=queries.Queue(*list_disputes_to_do(queries.AT_MOST)),
        dispute_state=state_of,
        events=queries.troubled_events(at),
        ship_within=SHIP_WITHIN,
        days_since=lambda moment: (at - moment).days,
        money_of=Money,
        amount_of=amount_of,
        may_sign=current_user.has_role(Role.ADMIN),
    )
