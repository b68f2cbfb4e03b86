"""Payouts from a balance to a bank."""

from __future__ import annotations

from .engine import DAY, op
from .errors import invalid, not_simulated


# -- payouts -----------------------------------------------------------------
def make_payout(
    e,
    ctx,
    amount,
    currency,
    *,
    automatic,
    description=None,
    metadata=None,
    descriptor=None,
    transactions=(),
    method="standard",
):
    ident = e.new_id("po_1")
    txn = e.post(
        ctx,
        amount=-amount,
        currency=currency,
        type="payout",
        source=ident,
        description=description or "STRIPE PAYOUT",
    )
    obj = e.shape(
        "payout",
        id=ident,
        amount=amount,
        arrival_date=e.now() + 2 * DAY,
        automatic=automatic,
        balance_transaction=txn["id"],
        created=e.now(),
        currency=currency,
        description=description or "STRIPE PAYOUT",
        destination=e.fact("bank").setdefault("id", "ba_1StandInBankAccount000"),
        metadata=metadata or {},
        method=method,
        reconciliation_status="in_progress" if automatic else "not_applicable",
        source_type="card",
        status="in_transit" if automatic else "pending",
        type="bank_account",
        statement_descriptor=descriptor,
        trace_id={"status": "pending", "value": None},
    )
    e.fact(ident)["transactions"] = [*list(transactions), txn["id"]]
    e.put(ctx.account, obj)
    e.emit(ctx, "payout.created", obj)
    return obj


def automatic_payout(e, ctx):
    """Sweep everything available, as a daily schedule would."""
    e.settle_due(ctx.account)
    paid = {
        t
        for x in e.table(ctx.account, "payout").values()
        if x["automatic"]
        for t in e.fact(x["id"]).get("transactions", ())
    }
    by_currency = {}
    for txn in e.table(ctx.account, "balance_transaction").values():
        if txn["status"] == "available" and txn["id"] not in paid:
            by_currency.setdefault(txn["currency"], []).append(txn)
    made = []
    for currency, rows in sorted(by_currency.items()):
        total = sum(t["net"] for t in rows)
        if total > 0:
            made.append(
                make_payout(
                    e, ctx, total, currency, automatic=True, transactions=[t["id"] for t in rows]
                )
            )
    return made


def payout_paid(e, ctx, obj):
    if obj["status"] not in ("pending", "in_transit"):
        raise invalid("This payout is {}.".format(obj["status"]))
    previous = {"status": obj["status"]}
    obj.update(status="paid", arrival_date=e.now())
    e.emit(ctx, "payout.updated", obj, previous)
    e.emit(ctx, "payout.paid", obj)
    if obj["automatic"]:
        obj["reconciliation_status"] = "completed"
        e.emit(ctx, "payout.reconciliation_completed", obj)
    return obj


def payout_failed(e, ctx, obj, code="account_closed"):
    if obj["status"] not in ("pending", "in_transit", "paid"):
        raise invalid("This payout is {}.".format(obj["status"]))
    txn = e.post(
        ctx,
        amount=obj["amount"],
        currency=obj["currency"],
        type="payout_failure",
        source=obj["id"],
        category="payout_reversal",
        description="STRIPE PAYOUT",
    )
    previous = {"status": obj["status"]}
    obj.update(
        status="failed",
        failure_code=code,
        failure_balance_transaction=txn["id"],
        failure_message="The bank account has been closed.",
    )
    e.emit(ctx, "payout.updated", obj, previous)
    e.emit(ctx, "payout.failed", obj)
    return obj


@op("Payout.create")
def payout_create(e, ctx, p):
    currency = e.currency(p["currency"])
    amount = p["amount"]
    if amount <= 0:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param="amount",
            code="parameter_invalid_integer",
        )
    if amount > e.balance(ctx.account)["available"].get(currency, 0):
        raise invalid(
            "You have insufficient funds in your Stripe account for this transfer. Your card "
            "balance is too low.",
            param="amount",
            code="balance_insufficient",
        )
    if p.get("method") == "instant":
        raise not_simulated("instant payouts", "method")
    obj = make_payout(
        e,
        ctx,
        amount,
        currency,
        automatic=False,
        description=p.get("description"),
        metadata=e.metadata({}, p.get("metadata")),
        descriptor=p.get("statement_descriptor"),
    )
    outcome = e.outcomes["payout"].pop(0) if e.outcomes["payout"] else None
    if outcome == "fail":
        payout_failed(e, ctx, obj)
    elif outcome == "succeed":
        payout_paid(e, ctx, obj)
    return obj


@op("Payout.retrieve")
def payout_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "payout", ident, "payout")


@op("Payout.update")
def payout_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "payout", ident, "payout")
    e.update(ctx, obj, "payout.updated", metadata=e.metadata(obj["metadata"], p.get("metadata")))
    return obj


@op("Payout.cancel")
def payout_cancel(e, ctx, p, ident):
    obj = e.get(ctx.account, "payout", ident, "payout")
    if obj["status"] != "pending" or obj["automatic"]:
        raise invalid(
            "This payout cannot be canceled: it is {}.".format(obj["status"]), param="payout"
        )
    e.post(
        ctx,
        amount=obj["amount"],
        currency=obj["currency"],
        type="payout_cancel",
        source=ident,
        category="payout_reversal",
    )
    e.update(ctx, obj, None, status="canceled")
    e.emit(ctx, "payout.canceled", obj)
    return obj


@op("Payout.reverse")
def payout_reverse(e, ctx, p, ident):
    raise not_simulated("payout reversals")


@op("Payout.list")
def payout_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "payout").values(), p, "/v1/payouts", ("status", "destination")
    )
