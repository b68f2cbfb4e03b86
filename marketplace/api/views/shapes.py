"""How amounts, days and rows are written in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import url_for

from marketplace.catalog.photo_files import LONG_SIDE, photo_path
from marketplace.kernel.money import Money
from marketplace.ledger.queries import Entry, entry_number
from marketplace.openbook.queries import Place, Seal, SealedDecision
from marketplace.reinvestment.models import Disbursement, Evidence
from marketplace.web.paging import Page

Shape = dict[str, Any]


def money(amount: Money) -> Shape:
    """In the smallest unit of its currency, as the books keep it."""
    return {"minor": amount.minor, "currency": amount.currency}


def instant(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def seal(row: Seal) -> Shape:
    return {
        "size": row.size,
        "root": row.root,
        "signed_at": instant(row.signed_at),
        "witnesses": row.witnesses,
        "checkpoint": url_for("ledger_files.show_old_checkpoint", size=row.size, _external=True),
    }


def entry(row: Entry) -> Shape:
    """An entry's number, day and lines: what its sealed leaf says too."""
    return {
        "number": row.number,
        "kind": row.kind,
        "day": row.effective_on.isoformat(),
        "lines": [{"account": line.code, "amount": money(line.amount)} for line in row.postings],
    }


def decision(row: SealedDecision) -> Shape:
    """What its sealed leaf says too: never why, nor who."""
    return {
        "number": row.decision.number,
        "kind": row.decision.kind,
        "outcome": row.decision.outcome,
        "decided_at": instant(row.decision.decided_at),
        "body": row.decision.body,
        "seal": place(row.place),
    }


def place(row: Place | None) -> Shape | None:
    if row is None:
        return None
    return {"number": row.number, "sealed_at": instant(row.sealed_at)}


def payment(row: Disbursement, evidence: Sequence[Evidence] = ()) -> Shape:
    """A payment to a village and what is shown of what it did."""
    return {
        "number": row.number,
        "amount": money(row.amount),
        "purpose": row.purpose,
        "released_at": instant(row.released_at),
        "settled_on": row.settled_on and row.settled_on.isoformat(),
        "entry": row.entry_id and entry_number(row.entry_id),
        "evidence": [
            {
                "note": piece.note,
                "photo": piece.photo_key
                and url_for(
                    "media.show_media", path=photo_path(piece.photo_key, LONG_SIDE), _external=True
                ),
                "added_at": instant(piece.added_at),
            }
            for piece in evidence
        ],
    }


def pages(page: Page[Any], endpoint: str, **values: Any) -> Shape:
    """How many there are, and the address of the next page."""
    more = page.number < page.last
    following = url_for(endpoint, page=page.number + 1, _external=True, **values)
    return {"count": page.count, "next": following if more else None}
