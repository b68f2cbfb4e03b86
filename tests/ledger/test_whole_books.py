"""Whatever is booked, the books agree with a reference of twenty lines of Python."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.kernel.db import db
from marketplace.kernel.money import Money
from marketplace.ledger.chart import account_code, rule_for
from marketplace.ledger.drafts import Line, NewEntry
from marketplace.ledger.errors import Overdrawn
from marketplace.ledger.operations import post, reverse
from marketplace.ledger.queries import Journal, balance, list_entries, trial_balance
from tests.factories import NOON
from tests.ledger.drafts import TODAY
from tests.ledger.worked_postings import WORKED

pytestmark = pytest.mark.usefixtures("database")

PATHS = [
    "assets:bank",
    "assets:stripe",
    "liabilities:coop:gayo:held",
    "liabilities:coop:gayo:payable",
    "funds:village:held",
    "funds:village:programs",
    "income:platform-fee",
]
LAST = TODAY + timedelta(days=30)


@st.composite
def balanced_lines(draw):
    """Lines in one or two currencies; the last line of each takes what is left over."""
    lines = []
    for currency in draw(st.lists(st.sampled_from(["KRW", "IDR"]), min_size=1, unique=True)):
        amounts = draw(
            st.lists(st.integers(-(10**12), 10**12).filter(bool), min_size=1, max_size=5)
        )
        if sum(amounts) == 0:
            amounts.append(7)
        for minor in (*amounts, -sum(amounts)):
            lines.append(Line(draw(st.sampled_from(PATHS)), Money(minor, currency)))
    return draw(st.permutations(lines))


class Reference:
    """Books kept in two counters."""

    def __init__(self):
        self.sums = Counter()
        self.entries = {}

    def post(self, key: str, lines) -> bool:
        if key in self.entries:
            return True
        taken = Counter()
        for line in lines:
            taken[line.code] += line.amount.minor
        after = {code: self.sums[code] + minor for code, minor in taken.items()}
        for line in lines:
            guarded = not rule_for(line.path).may_overdraw
            if guarded and taken[line.code] > 0 and after[line.code] > 0:
                return False
        self.sums.update(taken)
        self.entries[key] = lines
        return True


def book(key: str, lines, on: date) -> bool:
    try:
        post(
            NewEntry(
                kind="any",
                idem_key=key,
                occurred_at=NOON,
                effective_on=on,
                memo="",
                lines=lines,
            )
        )
    except Overdrawn:
        return False
    return True


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(balanced_lines(), st.integers(0, 30), st.booleans()), min_size=1, max_size=12
    )
)
def test_balances_are_those_of_the_reference(acts):
    reference = Reference()
    savepoint = db.session.begin_nested()
    for number, (lines, days, twice) in enumerate(acts):
        for _ in range(1 + twice):
            key = f"any:{number}"
            booked = book(key, lines, TODAY + timedelta(days=days))
            assert booked == reference.post(key, lines)

    entries = list_entries(Journal())
    assert {entry.idem_key: list(lines_of(entry)) for entry in entries} == {
        key: list(lines) for key, lines in reference.entries.items()
    }
    for path in PATHS:
        for currency in ("KRW", "IDR"):
            code = account_code(path, currency)
            assert balance(code) == Money(reference.sums[code], currency)
    for days in (0, 15, 30):
        trial = trial_balance(TODAY + timedelta(days=days))
        assert all(not trial.columns(currency).balance for currency in trial.currencies)
    savepoint.rollback()


def lines_of(entry):
    return (Line(posting.path, posting.amount) for posting in entry.postings)


def test_the_worked_postings_say_what_they_should():
    for number, (memo, lines, after) in enumerate(WORKED):
        post(
            NewEntry(
                kind="worked",
                idem_key=f"worked:{number}",
                occurred_at=NOON,
                effective_on=TODAY,
                memo=memo,
                lines=[Line(path, amount) for path, amount in lines],
            )
        )
        assert {code: balance(code) for code in after} == after, memo

    trial = trial_balance(TODAY)
    assert [trial.columns(currency).balance.minor for currency in trial.currencies] == [0]


def test_reversing_everything_leaves_nothing():
    entry_ids = [
        post(
            NewEntry(
                kind="worked",
                idem_key=f"worked:{number}",
                occurred_at=NOON,
                effective_on=TODAY,
                memo=memo,
                lines=[Line(path, amount) for path, amount in lines],
            )
        )
        for number, (memo, lines, _) in enumerate(WORKED)
    ]

    for entry_id in reversed(entry_ids):
        reverse(entry_id, occurred_at=NOON, effective_on=LAST, memo="")

    assert trial_balance(LAST).rows == ()
    assert trial_balance(TODAY).rows != ()
