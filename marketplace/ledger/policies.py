"""Pure rules of divisions: what is divided into what, and what the second person signs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from marketplace.kernel.time import today_in_seoul
from marketplace.ledger.errors import (
    NotWhole,
    PolicyNotInFuture,
    PolicyPartsWrong,
    PolicyReasonMissing,
    PolicyScopeUnknown,
    PolicyTooFar,
)

WHOLE = 10_000
FARTHEST = timedelta(days=731)
# The goods of a sale, and the village share in its four funds; parts in this order.
SCOPES = {
    "sale": ("cooperative", "service", "village_share"),
    "share": ("programs", "training", "youth", "reserve"),
}
REFUND_RESERVE = "funds:refund-reserve"
# Where each part of the village share goes when it is released.
SHARE_FUNDS = {
    "programs": "funds:village:programs",
    "training": "funds:village:training",
    "youth": "funds:village:youth",
    "reserve": REFUND_RESERVE,
}


def check_policy(
    scope: str, parts: Mapping[str, int], *, valid_from: datetime, reason: str, at: datetime
) -> None:
    """Raise what a division breaks by itself.

    That is PolicyScopeUnknown, PolicyPartsWrong, NotWhole, PolicyNotInFuture, PolicyTooFar or
    PolicyReasonMissing. `parts` are basis points. A division begins on a later day, so that no
    sale is divided anew, and within two years, so that a slip of the pen is no rule.
    """
    if scope not in SCOPES:
        raise PolicyScopeUnknown(scope=scope)
    if set(parts) != set(SCOPES[scope]) or not all(0 <= part <= WHOLE for part in parts.values()):
        raise PolicyPartsWrong
    if sum(parts.values()) != WHOLE:
        raise NotWhole(percent=f"{sum(parts.values()) / 100:g}")
    if today_in_seoul(valid_from) <= today_in_seoul(at):
        raise PolicyNotInFuture
    if today_in_seoul(valid_from) - today_in_seoul(at) > FARTHEST:
        raise PolicyTooFar
    if not reason.strip():
        raise PolicyReasonMissing


def seal_policy(
    scope: str, parts: Mapping[str, int], *, valid_from: datetime, reason: str, proposed_by: int
) -> str:
    """The hash of everything the second person reads; a changed word changes it."""
    body = {
        "scope": scope,
        "parts": dict(sorted(parts.items())),
        "valid_from": valid_from.isoformat(),
        "reason": reason,
        "proposed_by": proposed_by,
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
