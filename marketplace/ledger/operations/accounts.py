"""Opening accounts and locking those that must not be overdrawn."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql

from marketplace.kernel.db import db
from marketplace.ledger.chart import currency_of, path_of, rule_for
from marketplace.ledger.models import LedgerAccount, LedgerAccountControl
from marketplace.ledger.queries.accounts import find_accounts


def open_accounts(codes: Collection[str], *, on: date) -> None:
    """Open those of `codes` that are not open yet, as the chart says. Repeating is safe.

    Raises UnknownAccount.
    """
    missing = sorted(set(codes) - find_accounts(codes).keys())
    if not missing:
        return
    connection = db.session.connection()
    # Sorted, so that two first sales at once wait for each other in the same order.
    rows = [_new_row(code, on) for code in missing]
    if connection.dialect.name == "postgresql":
        connection.execute(
            postgresql.insert(LedgerAccount).on_conflict_do_nothing(index_elements=["code"]), rows
        )
    else:
        connection.execute(insert(LedgerAccount), rows)
    uncontrolled = select(LedgerAccount.id).where(
        LedgerAccount.code.in_(missing),
        LedgerAccount.may_overdraw.is_(False),
        LedgerAccount.id.not_in(select(LedgerAccountControl.account_id)),
    )
    connection.execute(insert(LedgerAccountControl).from_select(["account_id"], uncontrolled))


def _new_row(code: str, on: date) -> dict[str, object]:
    rule = rule_for(path_of(code))
    return {
        "code": code,
        "account_class": rule.account_class,
        "currency": currency_of(code),
        "is_restricted": rule.restricted,
        "may_overdraw": rule.may_overdraw,
        "opened_on": on,
    }


def lock_accounts(codes: Collection[str]) -> None:
    """Hold the accounts among `codes` that must not be overdrawn, until the transaction ends.

    One order for everybody, so that nobody waits in a circle. `post` does it for the accounts one
    entry spends from; call it first where several entries spend in one transaction.
    """
    db.session.execute(
        select(LedgerAccountControl.account_id)
        .join(LedgerAccount, LedgerAccount.id == LedgerAccountControl.account_id)
        .where(LedgerAccount.code.in_(sorted(codes)))
        .order_by(LedgerAccountControl.account_id)
        .with_for_update(of=LedgerAccountControl)
    ).all()
