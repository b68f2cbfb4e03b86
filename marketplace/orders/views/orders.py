from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup

from marketplace.catalog.queries import list_photos
from marketplace.customs.policies import mask_customs_code, mask_phone
from marketplace.drawings import Node, flow
from marketplace.kernel.db import transaction
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import now
from marketplace.ledger.policies import SHARE_FUNDS
from marketplace.ledger.queries import Entry, entries_about
from marketplace.orders.forms import REASONS
from marketplace.orders.hooks import trace_of
from marketplace.orders.models import (
    Order,
    OrderRefund,
    OrderState,
    Parcel,
    ParcelRequest,
    ParcelState,
    RequestKind,
)
from marketplace.orders.operations import cancel_order, deliver_parcel
from marketplace.orders.policies import HOLD, NOTHING, Parts, may_return, release_at, return_until
from marketplace.orders.postings import SHARE_HELD
from marketplace.orders.queries import (
    get_order_of,
    get_parcel,
    latest_requests,
    list_orders_of,
    list_parcels,
    list_parts,
    list_refunds,
    refunded_of,
)
from marketplace.orders.queries import parts_left as list_parts_left
from marketplace.orders.views.blueprint import bp
from marketplace.payments.errors import AlreadyPaid, PaymentUnderway, StripeUnavailable
from marketplace.payments.flows import close_open_sessions
from marketplace.payments.models import Payment, PaymentState
from marketplace.payments.queries import list_payments, list_underway
from marketplace.reference.models import Carrier
from marketplace.reference.queries import list_carriers
from marketplace.web.access import signed_in
from marketplace.web.errors import explain
from marketplace.web.formats import format_moment, format_money
from marketplace.web.paging import Page, page_number

PART_OF_FUND = {path: part for part, path in SHARE_FUNDS.items()}


@dataclass(frozen=True)
class SharedRelease:
    """A parcel's village share in its four funds, as the ledger has it."""

    at: datetime
    entry_id: int
    amounts: list[tuple[str, Money]]

    @property
    def total(self) -> Money:
        return won(sum(amount.minor for _, amount in self.amounts))


@dataclass(frozen=True)
class OrderView:
    """One order as its buyer sees it, gathered with few queries."""

    order: Order
    parcels: Sequence[Parcel]
    parts: dict[int, Parts]
    left: dict[int, Parts]
    entries: Sequence[Entry]
    payments: Sequence[Payment]
    refunds: Sequence[OrderRefund]
    carriers: dict[str, Carrier]
    requests: dict[int, ParcelRequest]

    @property
    def whole(self) -> Parts:
        return sum(self.parts.values(), NOTHING)

    @property
    def rest(self) -> Parts:
        """What the order's parts still hold after refunds."""
        return sum(self.left.values(), NOTHING)

    @property
    def goods(self) -> Money:
        return won(self.rest.goods)

    @property
    def share(self) -> Money:
        return won(self.rest.village_share)

    @property
    def cooperatives(self) -> Money:
        return won(self.rest.cooperative)

    @property
    def service(self) -> Money:
        return won(self.rest.service)

    @property
    def customs_code(self) -> str:
        return mask_customs_code(self.order.customs_code)

    @property
    def phone(self) -> str:
        return mask_phone(self.order.phone)

    @property
    def payment(self) -> Payment | None:
        """The one that was taken, or the last attempt."""
        paid = [payment for payment in self.payments if payment.paid_at]
        return next(iter(paid or list(self.payments)[-1:]), None)

    @property
    def is_underway(self) -> bool:
        """Whether a payment is made whose money is still on its way."""
        is_waiting = self.order.state is OrderState.AWAITING_PAYMENT
        return is_waiting and any(
            payment.state is PaymentState.PROCESSING for payment in self.payments
        )

    @property
    def refunded(self) -> Money:
        return won(sum(refund.minor for refund in self.refunds if refund.failed_at is None))

    @property
    def given_back(self) -> dict[int, Money]:
        """What the books have given back for each parcel."""
        return {parcel.id: refunded_of(self.refunds, parcel) for parcel in self.parcels}

    def goods_left(self, parcel: Parcel) -> Money:
        """What was paid for the goods of a parcel and did not go back."""
        return won(self.left[parcel.id].goods)

    @property
    def agrees_with_ledger(self) -> bool:
        """Whether the books hold exactly the promised share, and every refund of it."""
        sales = [entry for entry in self.entries if entry.kind == "sale"]
        booked = sum(
            -posting.amount.minor
            for entry in sales
            for posting in entry.postings
            if posting.path == SHARE_HELD
        )
        refunds_are_booked = all(row.entry_id or row.failed_at for row in self.refunds)
        return len(sales) == 1 and booked == self.whole.village_share and refunds_are_booked

    @property
    def releases(self) -> list[SharedRelease]:
        return [
            SharedRelease(
                entry.occurred_at,
                entry.id,
                [
                    (PART_OF_FUND[posting.path], -posting.amount)
                    for posting in entry.postings
                    if posting.path in PART_OF_FUND and posting.amount.minor < 0
                ],
            )
            for entry in self.entries
            if entry.kind == "release"
        ]

    @property
    def held_share(self) -> Money:
        """The share of parcels that are not released yet."""
        return won(
            sum(
                self.left[parcel.id].village_share
                for parcel in self.parcels
                if parcel.released_at is None
            )
        )

    @property
    def held_until(self) -> datetime | None:
        """When the last held share is released, once everything has arrived."""
        ends = [
            release_at(parcel.delivered_at) if parcel.delivered_at else None
            for parcel in self.parcels
            if parcel.released_at is None and self.left[parcel.id].village_share
        ]
        known = [end for end in ends if end]
        return max(known) if known and len(known) == len(ends) else None

    def may_ask(self, parcel: Parcel, at: datetime) -> RequestKind | None:
        """What the buyer may ask of a parcel now; nothing while a request is open."""
        asked = self.requests.get(parcel.id)
        is_paid = self.order.state is OrderState.PAID
        if not is_paid or not self.left[parcel.id].goods or (asked and asked.is_open):
            return None
        if parcel.state is ParcelState.WAITING:
            return RequestKind.CANCELLATION
        if parcel.delivered_at and not parcel.released_at and may_return(parcel.delivered_at, at):
            return RequestKind.RETURN
        return None

    def tracking_url(self, parcel: Parcel) -> str:
        carrier = self.carriers.get(parcel.carrier_code or "")
        if carrier is None or parcel.tracking_number is None:
            return ""
        return carrier.tracking_url.replace("{number}", parcel.tracking_number)


def gather(order: Order) -> OrderView:
    parcels = list_parcels(order)
    ids = [parcel.id for parcel in parcels]
    is_paid = order.state is OrderState.PAID
    has_left = any(parcel.carrier_code for parcel in parcels)
    parts = list_parts(ids)
    refunds = list_refunds(order) if is_paid else []
    return OrderView(
        order=order,
        parcels=parcels,
        parts=parts,
        left=list_parts_left(ids) if refunds else parts,
        entries=entries_about("order", order.number) if is_paid else [],
        payments=list_payments("order", order.number),
        refunds=refunds,
        requests=latest_requests(ids) if is_paid else {},
        carriers={row.code: row for row in list_carriers()} if has_left else {},
    )


def headline(
    order: Order,
    parcels: Sequence[Parcel],
    left: Mapping[int, Parts],
    *,
    is_underway: bool = False,
    asked: Mapping[int, ParcelRequest] | None = None,
) -> str:
    """The state as a sentence; parcels with no goods `left` after refunds say nothing.

    `is_underway`: a payment is made whose money is still on its way. `asked`: the last requests.
    """
    wanted = [parcel for parcel in parcels if left[parcel.id].goods]
    states = {parcel.state for parcel in wanted}
    is_unwanted = all(is_to_cancel((asked or {}).get(parcel.id)) for parcel in wanted)
    canceled = has_canceled(parcels, left)
    sentence = _("The cooperatives are preparing your order")
    if order.state is OrderState.AWAITING_PAYMENT:
        sentence = (
            _("Your payment is in progress")
            if is_underway
            else _("Your order is waiting for payment")
        )
    elif order.state is OrderState.CANCELED:
        sentence = _("This order was canceled")
    elif not states:
        sentence = _("This order was refunded")
    elif is_unwanted:
        sentence = _("You asked to cancel, and we answer soon")
    elif states == {ParcelState.DELIVERED}:
        sentence = (
            _("Everything has arrived except what was canceled")
            if canceled
            else _("Everything has arrived")
        )
    elif ParcelState.WAITING not in states:
        sentence = (
            _("Your order is on its way, without what was canceled")
            if canceled
            else _("Your order is on its way")
        )
    elif ParcelState.SHIPPED in states:
        sentence = _("Part of your order is on its way")
    elif ParcelState.DELIVERED in states:
        sentence = _("Part of your order has arrived")
    return str(sentence)


def has_canceled(parcels: Sequence[Parcel], left: Mapping[int, Parts]) -> bool:
    """Whether a parcel is never to be sent, because the money of its goods went back before."""
    return any(
        parcel.state is ParcelState.WAITING and not left[parcel.id].goods for parcel in parcels
    )


def is_to_cancel(asked: ParcelRequest | None) -> bool:
    return asked is not None and asked.is_open and asked.kind is RequestKind.CANCELLATION


def timeline(
    order: Order,
    parcel: Parcel,
    *,
    is_refunded: bool = False,
    asked: ParcelRequest | None = None,
) -> list[dict[str, str]]:
    """What has happened to a parcel, and what is to come.

    A refunded one releases nothing; one to be canceled waits for the answer.
    """
    done = {ParcelState.WAITING: 1, ParcelState.SHIPPED: 2, ParcelState.DELIVERED: 4}[parcel.state]
    if order.state is not OrderState.PAID:
        done = 0
    elif parcel.released_at:
        done = 5
    steps = [
        (_("Paid"), order.paid_at),
        (_("Packed by the cooperative"), parcel.shipped_at),
        (_("On the way to Korea"), None),
        (_("Arrived"), parcel.delivered_at),
        (_("Village share released"), parcel.released_at),
    ]
    states = ["done" if place < done else "now" if place == done else "" for place in range(5)]
    if parcel.is_arrival_assumed:
        steps[3] = (_("Taken as arrived"), parcel.delivered_at)
    rows = [
        {"title": title, "state": state, "note": format_moment(moment) if moment else ""}
        for (title, moment), state in zip(steps, states, strict=True)
    ]
    if parcel.delivered_at and not parcel.released_at:
        until = release_at(parcel.delivered_at)
        rows[4]["note"] = _("from %(time)s", time=format_moment(until))
    if order.state is OrderState.PAID and is_to_cancel(asked):
        return [rows[0], {"title": _("Waiting for our answer"), "state": "now", "note": ""}]
    if is_refunded and not parcel.released_at:
        # Nothing more is to come: what has happened stays.
        rows = [row | {"state": "done"} for row in rows[:4] if row["note"]]
    return rows


def standing(parcel: Parcel, steps: Sequence[dict[str, str]]) -> dict[str, str]:
    """The one of its `timeline` that says where a parcel is: arrived, or what goes on now."""
    if parcel.delivered_at:
        return steps[:4][-1]
    return next((step for step in steps if step["state"] == "now"), steps[-1])


@bp.get("/orders")
@signed_in
def list_orders() -> ResponseReturnValue:
    number = page_number()
    rows, count = list_orders_of(current_user.id, page=number)
    ids = [parcel.id for order in rows for parcel in order.parcels]
    return render_template(
        "orders/list.html",
        page=Page(rows, count, number, 20),
        page_url=lambda number: url_for(".list_orders", page=number),
        headline=headline,
        underway=list_underway(
            "order", [row.number for row in rows if row.state is OrderState.AWAITING_PAYMENT]
        ),
        hold=HOLD,
        left=list_parts_left(ids),
        asked=latest_requests(ids),
    )


@bp.get("/orders/<number>")
@signed_in
def show_order(number: str) -> ResponseReturnValue:
    order = get_order_of(current_user.id, number)
    view, at = gather(order), now()
    return render_template(
        "orders/show.html",
        order=order,
        view=view,
        headline=headline(
            order, view.parcels, view.left, is_underway=view.is_underway, asked=view.requests
        ),
        timelines={
            parcel.id: timeline(
                order,
                parcel,
                is_refunded=not view.left[parcel.id].goods,
                asked=view.requests.get(parcel.id),
            )
            for parcel in view.parcels
        },
        standing=standing,
        photos=photos_of(view.parcels),
        trace=_trace(view),
        flow=draw_split(view) if view.goods else "",
        release_rows=release_rows,
        methods=methods(),
        receipt_url=_receipt_url(order),
        held_until=order.placed_at + HOLD,
        may_ask={parcel.id: view.may_ask(parcel, at) for parcel in view.parcels},
        return_until=return_until,
        reasons=REASONS,
    )


def photos_of(parcels: Sequence[Parcel]) -> dict[str, str]:
    """The photos of what is in the parcels, by the address of the product."""
    return list_photos({item.product_slug for parcel in parcels for item in parcel.line_items})


def draw_split(view: OrderView) -> Markup:
    """The goods' amount, and where it goes."""
    parts = [
        ("cooperatives", _("Cooperatives"), 4, view.cooperatives),
        ("service", _("Running the market, payment"), 7, view.service),
        ("share", _("Village share"), 2, view.share),
    ]
    return flow(
        [
            [Node("order", _("My order"), 1)],
            [Node(key, label, dye) for key, label, dye, _amount in parts],
        ],
        [("order", key, amount.minor) for key, _label, _dye, amount in parts],
        _(
            "%(goods)s for goods: %(cooperatives)s to the cooperatives, %(service)s for running "
            "the market and payment, %(share)s as village share.",
            goods=format_money(view.goods),
            cooperatives=format_money(view.cooperatives),
            service=format_money(view.service),
            share=format_money(view.share),
        ),
        lambda amount: format_money(won(int(amount))),
        width=700,
        height=260,
        gap=46,
        label_width=150,
        reach=True,
    )


def release_rows(release: SharedRelease) -> list[tuple[str, str]]:
    names = {
        "programs": _("Village program fund"),
        "training": _("Training and mentoring"),
        "youth": _("Youth ambassadors"),
        "reserve": _("Reserve for refunds"),
    }
    return [(names.get(name, name), format_money(amount)) for name, amount in release.amounts]


def methods() -> dict[str, str]:
    """Stripe's names of ways to pay."""
    return {
        "card": _("Card"),
        "kr_card": _("Korean card"),
        "kakao_pay": _("Kakao Pay"),
        "naver_pay": _("Naver Pay"),
        "payco": _("Payco"),
        "samsung_pay": _("Samsung Pay"),
    }


def _receipt_url(order: Order) -> str:
    if "openbook.show_receipt" in current_app.view_functions:
        return url_for("openbook.show_receipt", code=order.receipt_code)
    if "openbook.check_receipt" in current_app.view_functions:
        return url_for("openbook.check_receipt", code=order.receipt_code)
    return ""


def _trace(view: OrderView) -> list[Markup]:
    if view.order.state is not OrderState.PAID:
        return []
    return trace_of(view.order, [release.entry_id for release in view.releases])


@bp.route("/orders/<number>/cancellation", methods=["GET", "POST"])
@signed_in
def new_cancellation(number: str) -> ResponseReturnValue:
    """Give up an order that is not paid. Its session is closed first, so it cannot be paid."""
    order = get_order_of(current_user.id, number)
    here = redirect(url_for(".show_order", number=number))
    if order.state is not OrderState.AWAITING_PAYMENT:
        if order.state is OrderState.PAID:
            flash(_("This order is paid already. You can cancel its parcels one by one."), "wait")
        return here
    if list_underway("order", [order.number]):
        flash(explain(PaymentUnderway()), "wait")
        return here
    if request.method == "GET":
        return render_template("orders/cancel.html", order=order)
    try:
        close_open_sessions("order", order.number, at=now())
        with transaction():
            canceled = cancel_order(order, at=now(), by=current_user.id)
    except AlreadyPaid:
        flash(_("This order is paid already. You can cancel its parcels one by one."), "wait")
    except PaymentUnderway as error:
        flash(explain(error), "wait")
    except StripeUnavailable as error:
        flash(explain(error), "bad")
    else:
        if canceled:
            flash(_("The order was canceled. Nothing was charged."), "ok")
    return here


@bp.post("/orders/<number>/parcels/<parcel_number>/receipt")
@signed_in
def confirm_receipt(number: str, parcel_number: str) -> ResponseReturnValue:
    """The buyer says that the parcel has arrived."""
    order = get_order_of(current_user.id, number)
    parcel = get_parcel(order, parcel_number)
    with transaction():
        deliver_parcel(parcel, at=now())
    flash(_("Thank you. The cooperative and the village share will follow."), "ok")
    return redirect(url_for(".show_order", number=number))
