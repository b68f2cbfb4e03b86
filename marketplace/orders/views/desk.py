from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from markupsafe import Markup

from marketplace.cooperatives.access import member
from marketplace.cooperatives.models import Cooperative
from marketplace.cooperatives.policies import may
from marketplace.cooperatives.queries import find_membership
from marketplace.drawings import stacked
from marketplace.kernel.db import transaction
from marketplace.kernel.money import Money, total, won
from marketplace.kernel.time import JAKARTA, now
from marketplace.ledger.queries import policy_at
from marketplace.orders.errors import (
    AlreadyDelivered,
    CancellationAsked,
    InvalidTrackingNumber,
    NotShipped,
    ParcelRefunded,
    TrackingMeanwhile,
    TrackingNumberForeign,
    TrackingNumberMistyped,
    TrackingNumberTaken,
)
from marketplace.orders.forms import REASONS, ShipForm
from marketplace.orders.hooks import desk_todo
from marketplace.orders.models import Order, Parcel, ParcelState
from marketplace.orders.operations import correct_tracking, ship_parcel, trace_of_number
from marketplace.orders.policies import SHIP_WITHIN, Parts
from marketplace.orders.queries import (
    count_missing,
    count_requests,
    count_to_ship,
    get_parcel_of,
    latest_requests,
    list_corrections,
    list_owed_parcels,
    list_parcels_of,
    list_parcels_with_trouble,
    list_refunds,
    owed_to,
    parts_left,
    refunded_of,
    weekly_sales,
)
from marketplace.orders.queries.payouts import list_payouts_of, owed_back_by, paid_out
from marketplace.orders.views import payout_words
from marketplace.reference.models import Carrier
from marketplace.reference.queries import list_carriers
from marketplace.web.errors import explain
from marketplace.web.formats import format_day, format_money, format_number
from marketplace.web.forms import render_form
from marketplace.web.paging import Page, page_number

bp = Blueprint("orders_desk", __name__, url_prefix="/c/<cooperative>")

TABS = {
    "to-ship": ParcelState.WAITING,
    "on-the-way": ParcelState.SHIPPED,
    "done": ParcelState.DELIVERED,
}
SIZE = 20
WRONG_NUMBER = (
    InvalidTrackingNumber,
    TrackingNumberMistyped,
    TrackingNumberForeign,
    TrackingNumberTaken,
)


@bp.get("/")
@member("desk.view")
def show_desk(cooperative: Cooperative) -> ResponseReturnValue:
    at = now()
    waiting, count = list_parcels_of(cooperative, ParcelState.WAITING, page=1, size=5)
    weeks = weekly_sales(cooperative, at=at)
    membership = find_membership(current_user.id, cooperative.slug)
    sees_money = membership is not None and may(membership.role, "payouts.view")
    todo = []
    if count:
        todo.append(
            {
                "url": url_for(".list_parcels", cooperative=cooperative.slug),
                "symbol": "truck",
                "dye": 2,
                "title": ngettext(
                    "%(num)s order waits to be sent", "%(num)s orders wait to be sent", count
                ),
                "note": _("At the latest %(day)s", day=format_day(due_of(waiting[0][1]))),
            }
        )
    todo += _from_buyers(cooperative)
    return render_template(
        "orders/desk.html",
        cooperative=cooperative,
        todo=(todo + desk_todo(cooperative))[:3],
        waiting=waiting,
        asked=latest_requests([parcel.id for parcel, _ in waiting]),
        owed=owed_to(cooperative) if sees_money else None,
        weeks=weeks,
        chart=draw_weeks(weeks),
        sales=Money(sum(amount.minor for _, amount in weeks), "IDR"),
        today=at.astimezone(JAKARTA).date(),
        due_of=due_of,
    )


def _from_buyers(cooperative: Cooperative) -> list[dict[str, object]]:
    """What buyers have said that needs an eye: requests, parcels that did not come."""
    here = url_for(".list_parcels", cooperative=cooperative.slug, tab="buyers")
    asked, missing = count_requests(cooperative), count_missing(cooperative)
    things: list[dict[str, object]] = []
    if asked:
        title = ngettext("%(num)s buyer wants money back", "%(num)s buyers want money back", asked)
        note = _("Do not send what a buyer wants to cancel.")
        things.append({"url": here, "symbol": "alert", "dye": 3, "title": title, "note": note})
    if missing:
        title = ngettext(
            "%(num)s parcel has not arrived", "%(num)s parcels have not arrived", missing
        )
        note = _("Ask the carrier, and look at the tracking number.")
        things.append({"url": here, "symbol": "alert", "dye": 3, "title": title, "note": note})
    return things


def draw_weeks(weeks: list[tuple[date, Money]]) -> Markup:
    """Sales by week in thousand rupiah."""
    return stacked(
        [(f"{monday.day}/{monday.month}", [amount.minor // 100_000]) for monday, amount in weeks],
        [4],
        _(
            "Sales by week, the last one %(amount)s",
            amount=format_money(weeks[-1][1]) if weeks else "",
        ),
        lambda thousands: format_number(round(thousands)),
        width=360,
        height=200,
    )


def due_of(order: Order) -> date:
    """The last day to send a parcel, in the cooperative's zone."""
    return ((order.paid_at or order.placed_at) + SHIP_WITHIN).astimezone(JAKARTA).date()


@bp.get("/orders")
@member("orders.view")
def list_parcels(cooperative: Cooperative) -> ResponseReturnValue:
    tab = request.args.get("tab", "to-ship")
    number = page_number()
    if tab == "buyers":
        rows, count = list_parcels_with_trouble(cooperative, page=number, size=SIZE)
    else:
        state = TABS.get(tab, ParcelState.WAITING)
        rows, count = list_parcels_of(cooperative, state, page=number, size=SIZE)
    return render_template(
        "orders/desk_parcels.html",
        cooperative=cooperative,
        page=Page(rows, count, number, SIZE),
        page_url=lambda page: url_for(
            ".list_parcels", cooperative=cooperative.slug, tab=tab, page=page
        ),
        tab=tab if tab in TABS or tab == "buyers" else "to-ship",
        trouble=count_requests(cooperative) + count_missing(cooperative),
        asked=latest_requests([parcel.id for parcel, _ in rows]),
        to_ship=count_to_ship(cooperative),
        today=now().astimezone(JAKARTA).date(),
        due_of=due_of,
    )


@bp.get("/orders/<number>")
@member("orders.view")
def show_parcel(cooperative: Cooperative, number: str) -> ResponseReturnValue:
    return _show_parcel(cooperative, number, _ship_form())


@bp.post("/orders/<number>/shipment")
@member("orders.ship")
def new_shipment(cooperative: Cooperative, number: str) -> ResponseReturnValue:
    """The cooperative says that it has sent the parcel."""
    parcel, _order = get_parcel_of(cooperative, number)
    form = _ship_form()
    if form.validate_on_submit():
        carrier = next(row for row in list_carriers() if row.code == form.carrier.data)
        try:
            with transaction():
                ship_parcel(parcel, carrier, form.tracking_number.data or "", at=now())
        except WRONG_NUMBER as error:
            form.refuse("tracking_number", error)
        except (ParcelRefunded, CancellationAsked) as error:
            flash(explain(error), "bad")
            return redirect(url_for(".show_parcel", cooperative=cooperative.slug, number=number))
        else:
            flash(_("Parcel %(number)s is on its way. The buyer was told.", number=number), "ok")
            return redirect(url_for(".list_parcels", cooperative=cooperative.slug))
    return _show_parcel(cooperative, number, form)


@bp.post("/orders/<number>/tracking")
@member("orders.ship")
def correct_number(cooperative: Cooperative, number: str) -> ResponseReturnValue:
    """The cooperative puts a wrong tracking number right, until the parcel has arrived."""
    parcel, _order = get_parcel_of(cooperative, number)
    form = _ship_form()
    here = redirect(url_for(".show_parcel", cooperative=cooperative.slug, number=number))
    if form.validate_on_submit():
        carrier = next(row for row in list_carriers() if row.code == form.carrier.data)
        try:
            with transaction():
                is_new = correct_tracking(
                    parcel,
                    carrier,
                    form.tracking_number.data or "",
                    by=current_user,
                    at=now(),
                    seen=form.seen.data,
                )
        except WRONG_NUMBER as error:
            form.refuse("tracking_number", error)
        except TrackingMeanwhile as error:
            form.refuse("tracking_number", error)
            form.seen.data = trace_of_number(get_parcel_of(cooperative, number)[0])
        except (NotShipped, AlreadyDelivered) as error:
            flash(explain(error), "bad")
            return here
        else:
            if is_new:
                flash(_("The number was corrected. The buyer was told."), "ok")
            else:
                flash(_("The parcel has this number already."), "wait")
            return here
    return _show_parcel(cooperative, number, form)


def _ship_form() -> ShipForm:
    form = ShipForm()
    carriers: list[Carrier] = sorted(
        list_carriers(), key=lambda row: not row.code.startswith("pos")
    )
    form.carrier.choices = [(row.code, row.name) for row in carriers]
    return form


def _show_parcel(cooperative: Cooperative, number: str, form: ShipForm) -> ResponseReturnValue:
    parcel, order = get_parcel_of(cooperative, number)
    if parcel.state is ParcelState.SHIPPED and not form.is_submitted():
        if form.tracking_number.raw_data is None:
            form.carrier.data = parcel.carrier_code
            form.tracking_number.data = parcel.tracking_number
        form.seen.data = form.seen.data or trace_of_number(parcel)
    carriers = {row.code: row for row in list_carriers()}
    membership = find_membership(current_user.id, cooperative.slug)
    goods = total([item.amount for item in parcel.line_items], "KRW")
    left = parts_left([parcel.id])[parcel.id]
    refunds = [
        refund
        for refund in list_refunds(order)
        if refund.parcel_id == parcel.id and refund.failed_at is None
    ]
    return render_form(
        "orders/desk_parcel.html",
        form,
        cooperative=cooperative,
        parcel=parcel,
        order=order,
        declared=_declared(parcel, left),
        goods_back=goods - won(left.goods),
        back=refunded_of(refunds, parcel),
        is_refunded=not left.goods,
        refunds=refunds,
        may_ship=membership is not None and may(membership.role, "orders.ship"),
        carrier=carriers.get(parcel.carrier_code or ""),
        carriers=carriers,
        corrections=list_corrections(parcel) if parcel.tracking_number else [],
        asked=latest_requests([parcel.id]).get(parcel.id),
        reasons=REASONS,
        today=now().astimezone(JAKARTA).date(),
        due_of=due_of,
    )


def _declared(parcel: Parcel, left: Parts) -> Money:
    """What the customs paper says the goods are worth: once sent, no refund changes it."""
    if parcel.shipped_at is not None:
        left = parts_left([parcel.id], at=parcel.shipped_at)[parcel.id]
    elif not left.goods:
        return total([item.amount for item in parcel.line_items], "KRW")
    return won(left.goods)


@bp.get("/payouts")
@member("payouts.view")
def list_payouts(cooperative: Cooperative) -> ResponseReturnValue:
    number = page_number()
    rows, count = list_owed_parcels(cooperative, page=number, size=SIZE)
    return render_template(
        "orders/desk_payouts.html",
        cooperative=cooperative,
        owed=owed_to(cooperative),
        owed_back=owed_back_by(cooperative),
        payouts=list_payouts_of(cooperative),
        paid_out=paid_out([row.parcel.id for row in rows]),
        words=payout_words,
        percent={name: f"{part / 100:g}" for name, part in policy_at("sale", now()).parts.items()},
        page=Page(rows, count, number, SIZE),
        page_url=lambda page: url_for(".list_payouts", cooperative=cooperative.slug, page=page),
    )
