from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from marketplace.kernel.db import db
from marketplace.kernel.money import Money, rupiah, won
from marketplace.ledger.drafts import Line
from marketplace.ledger.errors import (
    AlreadyReversed,
    AmountTooLarge,
    EntryDayBeforeBooks,
    EntryDayInFuture,
    EntryMatterChanged,
    EntryMemoMissing,
    EntryProposalDecided,
    EntryProposalStale,
    EntryReasonMissing,
    MixedCurrencies,
    NothingMoves,
    NotReversible,
    NotYourEntryProposal,
    OneSided,
    Overdrawn,
    PeriodClosed,
    ReversalWaiting,
    SelfApproval,
    Unbalanced,
    UnknownAccount,
    ZeroLine,
)
from marketplace.ledger.hooks import register_reversible
from marketplace.ledger.models import (
    LedgerEntry,
    LedgerEntryProposal,
    LedgerPeriod,
    PeriodState,
)
from marketplace.ledger.operations import (
    approve_entry,
    post,
    propose_adjustment,
    propose_reversal,
    reverse,
    revise_adjustment,
    withdraw_entry,
)
from marketplace.ledger.queries import balance, find_entry, get_entry
from marketplace.ledger.queries.entry_proposals import list_waiting_entries
from tests.factories import NOON
from tests.ledger.drafts import TODAY, a_draft

pytestmark = pytest.mark.usefixtures("database")

FEE = {"expenses:bank-fee": won(2_500), "assets:bank": won(-2_500)}
MARCH = date(2026, 3, 31)


def lines(amounts):
    return [Line(path, amount) for path, amount in amounts.items()]


def an_adjustment(amounts=FEE, *, on=TODAY, memo="Bank fee of March", reason="Left out", by=1):
    return propose_adjustment(
        lines(amounts), effective_on=on, memo=memo, reason=reason, by=by, at=NOON
    )


def signed(proposal, *, by=2):
    return approve_entry(proposal, by=by, body_sha256=proposal.body_sha256, at=NOON)


def an_entry(**more) -> int:
    return post(
        a_draft(FEE, kind="adjustment", proposed_by=1, approved_by=2, memo="Bank fee", **more)
    )


def a_month(state, month=date(2026, 3, 1)):
    db.session.add(LedgerPeriod(starts_on=month, ends_on=MARCH, state=state))
    db.session.flush()


def count() -> int:
    return db.session.query(LedgerEntry).count()


def test_two_people_book_an_adjustment():
    proposal = an_adjustment(on=MARCH)
    assert count() == 0

    entry = get_entry(signed(proposal))

    assert (entry.kind, entry.effective_on, entry.memo) == (
        "adjustment",
        MARCH,
        "Bank fee of March",
    )
    assert (entry.proposed_by, entry.approved_by) == (1, 2)
    assert balance("expenses:bank-fee:krw") == won(2_500)
    assert list_waiting_entries() == []


@pytest.mark.parametrize(
    ("amounts", "error"),
    [
        ({"expenses:bank-fee": won(2_500), "assets:bank": won(-2_400)}, Unbalanced),
        ({"expenses:bank-fee": won(2_500)}, OneSided),
        ({}, OneSided),
        ({"expenses:bank-fee": won(2_500), "assets:bank": rupiah(-2_500)}, MixedCurrencies),
        ({"expenses:bank-fee": won(0), "assets:bank": won(0)}, ZeroLine),
        ({"expenses:tips": won(1), "assets:bank": won(-1)}, UnknownAccount),
        ({"expenses:bank-fee": won(2**63 - 1), "assets:bank": won(1 - 2**63)}, AmountTooLarge),
        ({"funds:refund-reserve": won(1), "assets:bank": won(-1)}, Overdrawn),
    ],
)
def test_an_adjustment_that_breaks_a_rule_is_not_proposed(amounts, error):
    with pytest.raises(error):
        an_adjustment(amounts)

    assert list_waiting_entries() == []
    assert count() == 0


@pytest.mark.parametrize(
    "rows",
    [
        [("assets:bank", 5), ("assets:bank", -5)],
        [("assets:bank", 5), ("income:fx", 1), ("assets:bank", -5), ("income:fx", -1)],
    ],
)
def test_an_adjustment_that_moves_nothing_is_not_proposed(rows):
    with pytest.raises(NothingMoves):
        propose_adjustment(
            [Line(path, won(minor)) for path, minor in rows],
            effective_on=TODAY,
            memo="Nothing",
            reason="None",
            by=1,
            at=NOON,
        )

    assert list_waiting_entries() == []


def test_an_amount_that_is_no_integer_or_has_64_bits_is_no_money():
    with pytest.raises(TypeError):
        Money(0.5, "KRW")
    with pytest.raises(OverflowError):
        Money(2**63, "KRW")


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"memo": " "}, EntryMemoMissing),
        ({"reason": " "}, EntryReasonMissing),
        ({"on": TODAY + timedelta(days=1)}, EntryDayInFuture),
    ],
)
def test_an_adjustment_needs_words_and_a_day_that_has_come(more, error):
    with pytest.raises(error):
        an_adjustment(**more)

    assert list_waiting_entries() == []


def test_an_adjustment_counts_for_no_day_before_the_books_begin():
    signed(an_adjustment(on=MARCH))
    an_adjustment(on=date(2026, 3, 1))

    with pytest.raises(EntryDayBeforeBooks) as refused:
        an_adjustment(on=date(2026, 2, 28))

    assert refused.value.facts == {"month": "2026-03"}


def test_a_day_before_the_books_is_not_signed_either():
    early = an_adjustment(on=date(1999, 1, 1))
    an_entry()

    with pytest.raises(EntryDayBeforeBooks):
        signed(early)


def test_a_soft_closed_month_takes_it_and_a_closed_one_does_not():
    a_month(PeriodState.SOFT_CLOSED)
    signed(an_adjustment(on=MARCH))
    late = an_adjustment(on=MARCH)
    db.session.execute(sa.update(LedgerPeriod).values(state=PeriodState.CLOSED))

    with pytest.raises(PeriodClosed):
        an_adjustment(on=MARCH)
    with pytest.raises(PeriodClosed):
        signed(late)

    assert count() == 1
    assert late.is_waiting


def test_nobody_signs_their_own_entry():
    proposal = an_adjustment()

    with pytest.raises(SelfApproval):
        signed(proposal, by=1)

    assert count() == 0


def test_what_changed_after_it_was_read_is_not_signed():
    proposal = an_adjustment()
    read = proposal.body_sha256
    revise_adjustment(
        proposal,
        lines({path: amount + amount for path, amount in FEE.items()}),
        effective_on=TODAY,
        memo="Bank fee of March",
        reason="Counted again",
        by=1,
        at=NOON,
    )

    with pytest.raises(EntryProposalStale):
        approve_entry(proposal, by=2, body_sha256=read, at=NOON)
    assert count() == 0

    signed(proposal)
    assert balance("expenses:bank-fee:krw") == won(5_000)


def test_what_was_changed_behind_our_back_is_not_signed():
    proposal = an_adjustment()
    proposal.memo = "Something else"
    db.session.flush()

    with pytest.raises(EntryProposalStale):
        signed(proposal)


def test_only_its_writer_changes_an_adjustment():
    with pytest.raises(NotYourEntryProposal):
        revise_adjustment(
            an_adjustment(), lines(FEE), effective_on=TODAY, memo="a", reason="b", by=2, at=NOON
        )


def test_the_same_signature_again_books_nothing_more():
    proposal = an_adjustment()
    signed(proposal)

    for person in (2, 3):
        with pytest.raises(EntryProposalDecided):
            signed(proposal, by=person)
    assert count() == 1


def test_two_equal_adjustments_are_two_facts():
    assert signed(an_adjustment()) != signed(an_adjustment())


def test_two_people_reverse_an_entry():
    entry_id = an_entry()

    reversal = get_entry(signed(propose_reversal(entry_id, reason="Twice", by=1, at=NOON)))

    assert (reversal.kind, reversal.reverses_id, reversal.effective_on) == (
        "reversal",
        entry_id,
        TODAY,
    )
    assert reversal.memo == f"Reversal of {get_entry(entry_id).number}: Twice"
    assert balance("expenses:bank-fee:krw") == won(0)


@pytest.mark.parametrize("kind", ["sale", "payout", "reversal", "unheard_of"])
def test_only_some_kinds_are_reversed_by_hand(kind):
    entry_id = post(a_draft(FEE, kind=kind))

    with pytest.raises(NotReversible):
        propose_reversal(entry_id, reason="Wrong", by=1, at=NOON)

    assert list_waiting_entries() == []


def test_a_room_may_refuse_a_reversal_when_it_is_signed(monkeypatch):
    from marketplace.ledger import hooks

    monkeypatch.setattr(hooks, "_reversible", dict(hooks._reversible))
    entry_id = post(a_draft(FEE, kind="gift"))
    register_reversible("gift", lambda entry_id: None)
    proposal = propose_reversal(entry_id, reason="Wrong", by=1, at=NOON)

    def refuse(entry_id: int) -> None:
        raise AlreadyReversed

    register_reversible("gift", refuse)
    with pytest.raises(AlreadyReversed):
        signed(proposal)
    assert proposal.is_waiting


def test_one_reversal_of_an_entry_waits_at_a_time():
    entry_id = an_entry()
    propose_reversal(entry_id, reason="Twice", by=1, at=NOON)

    with pytest.raises(ReversalWaiting):
        propose_reversal(entry_id, reason="Twice", by=2, at=NOON)


def test_a_reversal_needs_a_reason_and_an_entry_that_stands():
    entry_id = an_entry()
    with pytest.raises(EntryReasonMissing):
        propose_reversal(entry_id, reason=" ", by=1, at=NOON)
    reverse(entry_id, occurred_at=NOON, effective_on=TODAY, memo="Undo")

    with pytest.raises(AlreadyReversed):
        propose_reversal(entry_id, reason="Again", by=1, at=NOON)


def test_what_was_reversed_meanwhile_is_not_reversed_again():
    entry_id = an_entry()
    proposal = propose_reversal(entry_id, reason="Twice", by=1, at=NOON)
    reverse(entry_id, occurred_at=NOON, effective_on=TODAY, memo="Undo")

    with pytest.raises(AlreadyReversed):
        signed(proposal)
    assert count() == 2


def test_a_matter_that_went_on_is_looked_at_again():
    about = {"ref_kind": "pledge", "ref_id": "CSR-26-001"}
    entry_id = an_entry(**about)
    proposal = propose_reversal(entry_id, reason="Twice", by=1, at=NOON)
    post(a_draft(FEE, **about))

    with pytest.raises(EntryMatterChanged):
        signed(proposal)
    withdraw_entry(proposal, by=2, at=NOON)

    signed(propose_reversal(entry_id, reason="Twice", by=1, at=NOON))
    assert find_entry(f"reversal:{entry_id}") is not None


def test_a_decided_proposal_stays():
    booked, dropped = an_adjustment(), an_adjustment()
    signed(booked)
    withdraw_entry(dropped, by=2, at=NOON)

    with pytest.raises(EntryProposalDecided):
        withdraw_entry(booked, by=1, at=NOON)
    with pytest.raises(EntryProposalDecided):
        signed(dropped)
    for statement in (
        "UPDATE ledger_entry_proposals SET reason = 'other'",
        "DELETE FROM ledger_entry_proposals",
    ):
        with pytest.raises(IntegrityError), db.session.begin_nested():
            db.session.execute(sa.text(statement))
    assert db.session.query(LedgerEntryProposal).count() == 2
