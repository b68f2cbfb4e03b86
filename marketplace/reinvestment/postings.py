"""What programs write into the ledger: one function per kind of entry, each a worked example.

Debit positive, credit negative, won. The examples are tests/reinvestment/worked_postings.csv.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from marketplace.kernel.money import Money, won
from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.drafts import Line, NewEntry

TRUST = "assets:bank-trust"
TRANSIT = "assets:disburse-transit"
RELEASED = "income:released-from-restriction"

ALLOCATION = "allocation"
RETURN = "allocation_returned"


# Balances that are the sum of lots, programs, payments and pledges. The reserve for refunds is not:
# it is our own money, and gives refunds more than the part of their order.
KEPT_BY_LOT = (
    "funds:village:",
    "funds:csr:",
    "funds:program:",
    "expenses:grants:",
    "assets:pledge-receivable:",
)


def is_kept_by_lot(path: str) -> bool:
    return path.startswith(KEPT_BY_LOT)


def committed_to(program_number: str) -> str:
    return f"funds:program:{program_number}:committed"


def grants_of(program_number: str) -> str:
    return f"expenses:grants:{program_number}"


def receivable_of(pledge_number: str) -> str:
    return f"assets:pledge-receivable:{pledge_number}"


def pledged_of(pledge_number: str) -> str:
    return f"funds:csr:{pledge_number}:pledged"


def available_of(pledge_number: str) -> str:
    return f"funds:csr:{pledge_number}:available"


def pledge(pledge_number: str, amount: Money, *, by: int | None, at: datetime) -> NewEntry:
    """A sponsor has promised: it is owed to the pledge's fund, and cannot be spent."""
    return _entry(
        "pledge",
        f"pledge:{pledge_number}",
        f"Pledge {pledge_number}",
        [Line(receivable_of(pledge_number), amount), Line(pledged_of(pledge_number), -amount)],
        ("pledge", pledge_number),
        proposed_by=by,
        at=at,
    )


def pledge_received(
    pledge_number: str, amount: Money, reference: str, *, by: int | None, at: datetime
) -> NewEntry:
    """The bank shows a sponsor's money: from now on it can be allocated."""
    return _entry(
        "pledge_received",
        f"pledge_received:{pledge_number}:{reference}",
        f"Pledge {pledge_number} received, bank reference {reference}",
        [
            Line(TRUST, amount),
            Line(receivable_of(pledge_number), -amount),
            Line(pledged_of(pledge_number), amount),
            Line(available_of(pledge_number), -amount),
        ],
        ("pledge", pledge_number),
        proposed_by=by,
        at=at,
    )


def allocation(
    program_number: str,
    funds: Mapping[str, Money],
    *,
    proposed_by: int,
    approved_by: int,
    at: datetime,
) -> NewEntry:
    """Two people have signed: money of the funds is committed to the program."""
    whole = sum(funds.values(), won(0))
    return _entry(
        ALLOCATION,
        f"allocation:{program_number}",
        f"Program {program_number} approved",
        [
            *[Line(fund, amount) for fund, amount in funds.items()],
            Line(committed_to(program_number), -whole),
        ],
        ("program", program_number),
        proposed_by=proposed_by,
        approved_by=approved_by,
        at=at,
    )


def allocation_returned(
    program_number: str, funds: Mapping[str, Money], *, by: int, at: datetime
) -> NewEntry:
    """The program is finished: what it did not need goes back where it came from."""
    whole = sum(funds.values(), won(0))
    return _entry(
        RETURN,
        f"allocation_returned:{program_number}",
        f"Program {program_number} finished, rest returned",
        [
            Line(committed_to(program_number), whole),
            *[Line(fund, -amount) for fund, amount in funds.items()],
        ],
        ("program", program_number),
        proposed_by=by,
        at=at,
    )


def disbursement(
    program_number: str,
    disbursement_number: str,
    amount: Money,
    purpose: str,
    *,
    proposed_by: int,
    approved_by: int,
    at: datetime,
) -> NewEntry:
    """Two people have released a payment: it is the program's grant, and on its way.

    What it is for is sealed with the entry.
    """
    return _entry(
        "disbursement",
        f"disbursement:{disbursement_number}",
        f"Disbursement {disbursement_number} to program {program_number}: {purpose}",
        [
            Line(committed_to(program_number), amount),
            Line(RELEASED, -amount),
            Line(grants_of(program_number), amount),
            Line(TRANSIT, -amount),
        ],
        ("program", program_number),
        proposed_by=proposed_by,
        approved_by=approved_by,
        at=at,
    )


def disbursement_settled(
    program_number: str,
    disbursement_number: str,
    amount: Money,
    reference: str,
    *,
    proposed_by: int,
    approved_by: int,
    at: datetime,
) -> NewEntry:
    """The bank shows that the payment left the trust account."""
    return _entry(
        "disbursement_settled",
        f"disbursement_settled:{disbursement_number}",
        f"Disbursement {disbursement_number} paid, bank reference {reference}",
        [Line(TRANSIT, amount), Line(TRUST, -amount)],
        ("program", program_number),
        proposed_by=proposed_by,
        approved_by=approved_by,
        at=at,
    )


def _entry(
    kind: str,
    idem_key: str,
    memo: str,
    lines: list[Line],
    about: tuple[str, str],
    *,
    at: datetime,
    proposed_by: int | None = None,
    approved_by: int | None = None,
) -> NewEntry:
    """The draft; it counts for the day it is posted."""
    return NewEntry(
        kind=kind,
        idem_key=idem_key,
        occurred_at=at,
        effective_on=today_in_seoul(at),
        memo=memo,
        lines=lines,
        ref_kind=about[0],
        ref_id=about[1],
        proposed_by=proposed_by,
        approved_by=approved_by,
    )
