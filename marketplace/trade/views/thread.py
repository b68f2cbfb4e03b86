"""A request as both sides see it: the talk, the offers in it, and where the deal stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from flask_babel import gettext as _

from marketplace.kernel.money import Money
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.errors import PolicyMissing
from marketplace.ledger.queries import policy_at
from marketplace.reference.errors import RateMissing, RateTooOld
from marketplace.reference.queries import rate_on
from marketplace.trade.models import Quotation, QuotationAcceptance, Rfq, RfqDecline, Side
from marketplace.trade.policies import is_over
from marketplace.trade.queries import (
    Goods,
    find_acceptance,
    find_decline,
    get_goods,
    list_messages,
    list_quotations,
    name_people,
    zone_of,
)
from marketplace.trade.views.words import day_of
from marketplace.web.formats import format_day

OLDEST_RATE_DAYS = 3650


@dataclass(frozen=True)
class Offer:
    """A quotation and what has become of it: open, replaced, expired, accepted, declined."""

    quotation: Quotation
    state: str

    @property
    def is_open(self) -> bool:
        return self.state == "open"


@dataclass(frozen=True)
class Word:
    """Something said in the talk, by whom and when; an offer may be in it."""

    at: datetime
    side: Side
    author: str
    body: str
    locale: str
    offer: Offer | None = None


@dataclass
class Thread:
    """Everything a page about a request shows. Nothing in it needs the database again."""

    rfq: Rfq
    goods: Goods
    words: list[Word]
    offers: list[Offer]
    acceptance: QuotationAcceptance | None
    decline: RfqDecline | None
    people: dict[int, str] = field(default_factory=dict)

    @property
    def newest(self) -> Offer | None:
        return self.offers[-1] if self.offers else None

    def offer(self, number: str) -> Offer | None:
        return next((o for o in self.offers if o.quotation.number == number), None)

    def state(self) -> tuple[str, str]:
        """Where the request stands, in few words, and the kind of its badge."""
        if self.acceptance is not None:
            return _("Accepted"), "ok"
        if self.decline is not None:
            return _("Declined"), "plain"
        if self.newest is None:
            return _("Waiting for an offer"), "wait"
        if self.newest.is_open:
            return _("Waiting for the buyer"), "wait"
        return _("Offer expired"), "bad"

    def steps(self) -> list[dict[str, str]]:
        """The way of a deal, for a timeline."""
        steps = [
            {
                "title": _("Request sent"),
                "state": "done",
                "note": day_of(self.rfq.created_at),
            }
        ]
        if self.newest is None:
            steps.append({"title": _("Quotation"), "state": "" if self.decline else "now"})
        else:
            steps.append(self._offer_step(self.newest))
        if self.decline is not None:
            day = day_of(self.decline.at)
            return [*steps, {"title": _("Declined"), "state": "done", "note": day}]
        if self.acceptance is None:
            return [*steps, {"title": _("Acceptance")}, {"title": _("Goods ready to load")}]
        assert self.newest is not None
        ready = self.acceptance.at.date() + timedelta(days=self.newest.quotation.lead_time_days)
        return [
            *steps,
            {
                "title": _("Accepted"),
                "state": "done",
                "note": day_of(self.acceptance.at),
            },
            {
                "title": _("Goods ready to load"),
                "state": "now",
                "note": _("about %(day)s", day=format_day(ready)),
            },
        ]

    def _offer_step(self, offer: Offer) -> dict[str, str]:
        revision, day = offer.quotation.revision, format_day(offer.quotation.valid_until)
        if offer.is_open:
            return {
                "title": _("Quotation %(revision)s open", revision=revision),
                "state": "now",
                "note": _("valid until %(day)s", day=day),
            }
        title = _("Quotation %(revision)s", revision=revision)
        return {"title": title, "state": "done", "note": _("valid until %(day)s", day=day)}


def read_thread(rfq: Rfq, lang: str, *, at: datetime) -> Thread:
    """Gather the talk and the offers of `rfq`. Six queries."""
    messages, quotations = list_messages(rfq), list_quotations(rfq)
    acceptance, decline = find_acceptance(rfq), find_decline(rfq)
    people = name_people(
        [
            rfq.created_by,
            *(message.by_user_id for message in messages),
            *(quotation.created_by for quotation in quotations),
        ]
    )
    offers = [
        Offer(quotation, _state_of(quotation, quotations[-1], rfq, acceptance, decline, at))
        for quotation in quotations
    ]
    words = [
        Word(m.at, m.side, people.get(m.by_user_id, ""), m.body, m.locale) for m in messages
    ] + [
        Word(
            offer.quotation.created_at,
            Side.COOPERATIVE,
            people.get(offer.quotation.created_by, ""),
            offer.quotation.note,
            offer.quotation.locale,
            offer,
        )
        for offer in offers
    ]
    return Thread(
        rfq=rfq,
        goods=get_goods(rfq.product_id, lang),
        words=sorted(words, key=lambda word: word.at),
        offers=offers,
        acceptance=acceptance,
        decline=decline,
        people=people,
    )


def _state_of(
    quotation: Quotation,
    newest: Quotation,
    rfq: Rfq,
    acceptance: QuotationAcceptance | None,
    decline: RfqDecline | None,
    at: datetime,
) -> str:
    if acceptance is not None and acceptance.quotation_id == quotation.id:
        return "accepted"
    if quotation.id != newest.id:
        return "replaced"
    if decline is not None:
        return "declined"
    if is_over(quotation.valid_until, at=at, zone=zone_of(rfq.cooperative)):
        return "expired"
    return "open"


@dataclass(frozen=True)
class Figures:
    """Sums of the offer on the table, beside the dollars of its paper."""

    offer: Offer
    won: tuple[Money, date] | None
    share: tuple[Money, Decimal] | None


def deal_figures(thread: Thread) -> Figures | None:
    """What the newest offer comes to; None while there is none."""
    if thread.newest is None:
        return None
    quotation = thread.newest.quotation
    return Figures(
        thread.newest,
        in_won(quotation.total, today_in_seoul(quotation.created_at)),
        village_share(quotation.total, quotation.created_at),
    )


def in_won(amount: Money, day: date) -> tuple[Money, date] | None:
    """About how much `amount` is in won, and the day of the rate; None without a rate."""
    try:
        rate, fixed_on = rate_on(amount.currency, "KRW", day, oldest_days=OLDEST_RATE_DAYS)
    except (RateMissing, RateTooOld):
        return None
    return amount.convert("KRW", rate, step=1000), fixed_on


def village_share(amount: Money, at: datetime) -> tuple[Money, Decimal] | None:
    """The village share of a sale of `amount`, and its percent; None before the first policy."""
    try:
        parts = policy_at("sale", at).parts
    except PolicyMissing:
        return None
    portion = Decimal(parts["village_share"]) / sum(parts.values())
    return amount.convert(amount.currency, portion), (portion * 100).normalize()
