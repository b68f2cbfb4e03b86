"""The balance and its transactions."""

from __future__ import annotations

from .engine import op
from .errors import invalid


# -- balance -----------------------------------------------------------------
@op("Balance.retrieve")
def balance_retrieve(e, ctx, p):
    sums = e.balance(ctx.account)

    def side(amounts):
        return [
            {"amount": v, "currency": c, "source_types": {"card": v}}
            for c, v in sorted(amounts.items())
        ]

    out = {
        "object": "balance",
        "available": side(sums["available"]),
        "livemode": False,
        "pending": side(sums["pending"]),
    }
    if ctx.account == e.platform:
        out["connect_reserved"] = [{"amount": 0, "currency": e.fees.settlement}]
    return out


@op("BalanceTransaction.retrieve")
def txn_retrieve(e, ctx, p, ident):
    e.settle_due(ctx.account)
    return e.get(ctx.account, "balance_transaction", ident)


@op("BalanceTransaction.list")
def txn_list(e, ctx, p):
    e.settle_due(ctx.account)
    rows = list(e.table(ctx.account, "balance_transaction").values())
    if "payout" in p:
        payout = e.get(ctx.account, "payout", p["payout"], "payout")
        if not payout["automatic"]:
            raise invalid(
                "Balance transaction history can only be filtered on automatic transfers, not "
                "manual.",
                param="payout",
            )
        kept = set(e.fact(payout["id"]).get("transactions", ()))
        rows = [r for r in rows if r["id"] in kept]
    return e.listing(rows, p, "/v1/balance_transactions", ("type", "currency", "source"))
