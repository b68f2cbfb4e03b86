"""The same click in two windows at once, on real connections."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from marketplace.accounts.models import Organization
from marketplace.catalog.models import Product
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.money import dollars
from marketplace.kernel.outbox import OutboxMessage
from marketplace.trade.models import Quotation, QuotationAcceptance, Rfq
from marketplace.trade.operations import accept_quotation, send_quotation, send_rfq
from tests.factories import NOON
from tests.trade.deals import a_deal, a_quotation, an_rfq

TWICE = range(2)


def at_once(app, act):
    """What `act` gives in two threads, refusals as their class."""

    def run(number):
        with app.app_context():
            try:
                with transaction():
                    return act(number)
            except DomainError as error:
                return type(error)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, TWICE))


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def test_two_taps_send_one_request(committed):
    with transaction():
        deal = a_deal()
        ids = deal.organization.id, deal.profile.product_id, deal.partner.id

    numbers = at_once(
        committed,
        lambda _: (
            send_rfq(
                db.session.get(Organization, ids[0]),
                db.session.get(Product, ids[1]),
                quantity=600,
                unit="kg",
                incoterm="FOB",
                place="Belawan",
                wanted_on=None,
                message="Please quote.",
                locale="en",
                form_key="K1",
                by=ids[2],
                at=NOON,
            ).number
        ),
    )

    assert numbers[0] == numbers[1]
    assert (count(Rfq), count(OutboxMessage)) == (1, 1)


def test_two_members_quoting_at_once_make_two_revisions(committed):
    with transaction():
        deal = a_deal()
        rfq = an_rfq(deal)
        ids = rfq.id, deal.member.id

    numbers = at_once(
        committed,
        lambda window: (
            send_quotation(
                db.session.get(Rfq, ids[0]),
                quantity=600,
                unit_price=dollars(7),
                incoterm="FOB",
                place="Belawan",
                lead_time_days=30,
                valid_until=(NOON + timedelta(days=9)).date(),
                note="",
                locale="id",
                form_key=f"K{window}",
                by=ids[1],
                at=NOON,
            ).number
        ),
    )

    assert sorted(number[-2:] for number in numbers) == ["-1", "-2"]


def test_two_colleagues_accepting_at_once_make_one_deal(committed):
    with transaction():
        deal = a_deal()
        quotation = a_quotation(deal, an_rfq(deal))
        ids = quotation.id, deal.partner.id

    at_once(
        committed,
        lambda window: accept_quotation(
            db.session.get(Quotation, ids[0]), f"Signer {window}", by=ids[1], at=NOON
        ),
    )

    assert count(QuotationAcceptance) == 1
