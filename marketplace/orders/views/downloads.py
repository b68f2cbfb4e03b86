"""Lists of the staff as files. Nobody is named but cooperatives: files travel."""

from __future__ import annotations

from flask_babel import gettext as _

from marketplace.accounts.access import staff
from marketplace.accounts.models import Role
from marketplace.orders.queries import list_orders
from marketplace.orders.queries.disputes import list_disputes
from marketplace.orders.queries.payouts import list_batches
from marketplace.orders.views import admin, disputes, payouts
from marketplace.orders.views.payout_words import batch_state
from marketplace.payments.models import Dispute
from marketplace.web.downloads import ROWS_OF_A_SHEET, Table, offered_at

readers = staff(Role.ADMIN, Role.AUDITOR)


@offered_at(admin.bp, "/", "orders", to=readers)
def _orders() -> Table:
    """A row per order of the list, the newest first."""
    found, _count = list_orders(**admin.wanted_orders(), page=1, size=ROWS_OF_A_SHEET)
    columns = [_("Order number"), _("Placed"), _("State"), _("Goods"), _("International shipping")]
    columns += [_("Won")]
    rows = [
        (
            *(order.number, order.placed_at, admin.state_name(order.state)),
            *(order.goods, order.shipping, order.total),
        )
        for order, _buyer in found
    ]
    return Table(_("Orders"), columns, rows)


@offered_at(payouts.bp, "/", "payouts", to=readers)
def _payouts() -> Table:
    """A row per batch, the newest first."""
    batches, _count = list_batches(page=1, size=ROWS_OF_A_SHEET)
    columns = [_("Batch"), _("Gathered"), _("Payouts"), _("Rupiah"), _("State")]
    rows = [
        (
            batch.number,
            batch.proposed_at,
            len(batch.payouts),
            payouts.amount_of(batch),
            batch_state(batch)[0],
        )
        for batch in batches
    ]
    return Table(_("Batches"), columns, rows)


@offered_at(disputes.bp, "/", "disputes", to=readers)
def _disputes() -> Table:
    """A row per dispute, what waits for us first."""
    found, _count = list_disputes(page=1, size=ROWS_OF_A_SHEET)
    columns = [
        *(_("Order number"), _("Taken back on"), _("Reason"), _("State"), _("Answer by")),
        _("Won"),
    ]
    rows = [
        (
            order_number,
            dispute.opened_at,
            disputes.reason_name(dispute.reason),
            _state(dispute, waiting),
            dispute.answer_by if dispute.is_open else None,
            dispute.amount,
        )
        for dispute, order_number, waiting in found
    ]
    return Table(_("Disputes"), columns, rows)


def _state(dispute: Dispute, waiting: int) -> str:
    state = disputes.state_of(dispute)[0]
    return f"{state}, {_('who bears it?')}" if waiting else state
