"""Transfers to connected accounts, and their reversals."""

from __future__ import annotations

from . import money
from .accounts import connected
from .catalog import plain
from .engine import Context, op
from .errors import StripeFault, invalid


# -- transfers ---------------------------------------------------------------
def make_transfer(
    e,
    ctx,
    amount,
    currency,
    destination,
    *,
    source=None,
    group=None,
    description=None,
    metadata=None,
):
    connected(e, destination)
    available = None
    if source is not None:
        available = e.get(ctx.account, "balance_transaction", source["balance_transaction"])[
            "available_on"
        ]
    ident = e.new_id("tr_3" if source else "tr_1")
    txn = e.post(
        ctx,
        amount=-amount,
        currency=currency,
        type="transfer",
        source=ident,
        description=description,
        available_on=available,
    )
    there = Context(destination, ctx.request_id)
    payment = e.new_id("py_1")
    obj = e.shape(
        "transfer",
        id=ident,
        amount=amount,
        amount_reversed=0,
        balance_transaction=txn["id"],
        created=e.now(),
        currency=currency,
        description=description,
        destination=destination,
        destination_payment=payment,
        metadata=metadata or {},
        reversals={
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/transfers/{ident}/reversals",
        },
        reversed=False,
        source_transaction=source["id"] if source else None,
        source_type="card",
        transfer_group=group,
    )
    e.put(ctx.account, obj)
    e.post(
        there,
        amount=amount,
        currency=currency,
        type="payment",
        source=payment,
        available_on=available,
        category="charge",
    )
    e.emit(ctx, "transfer.created", obj)
    return obj


@op("Transfer.create")
def transfer_create(e, ctx, p):
    currency = e.currency(p.get("currency"))
    destination = p["destination"]
    account = e.table(e.platform, "account").get(destination)
    if account is None:
        raise invalid(
            f"No such destination: '{destination}'", param="destination", code="resource_missing"
        )
    if account["capabilities"].get("transfers") != "active":
        raise invalid(
            "Your destination account needs to have at least one of the following capabilities "
            "enabled: transfers, crypto_transfers, legacy_payments",
            param="destination",
            code="insufficient_capabilities_for_transfer",
        )
    source, group = None, p.get("transfer_group")
    amount = p.get("amount")
    if p.get("source_transaction"):
        source = e.get(ctx.account, "charge", p["source_transaction"], "source_transaction")
        if not source["balance_transaction"]:
            raise invalid(
                "The source_transaction has not been captured yet.", param="source_transaction"
            )
        txn = e.get(ctx.account, "balance_transaction", source["balance_transaction"])
        if txn["currency"] != currency:
            raise invalid(
                "The currency of source_transaction's balance transaction ({}) must be the same "
                "as the transfer currency ({})".format(txn["currency"], currency),
                param="currency",
            )
        if group and source["transfer_group"] and group != source["transfer_group"]:
            raise invalid(
                "transfer_group must match that of the source_transaction", param="transfer_group"
            )
        group = (
            group
            or source["transfer_group"]
            or "group_" + (source["payment_intent"] or source["id"])
        )
        source["transfer_group"] = source["transfer_group"] or group
        used = sum(
            t["amount"] - t["amount_reversed"]
            for t in e.table(ctx.account, "transfer").values()
            if t["source_transaction"] == source["id"]
        )
        left = txn["amount"] - used
        amount = left if amount is None else amount
        if amount > left:
            raise invalid(
                "Transfers using this transaction as a source must not exceed the source amount "
                "of {}. (There is already {} in transfers using this source.)".format(
                    money.show(txn["amount"], currency), money.show(used, currency)
                ),
                param="amount",
                code="transfer_source_amount_exceeded",
            )
    if amount is None:
        raise StripeFault(
            400,
            "Missing required param: amount.",
            param="amount",
            code="parameter_missing",
            saved=False,
        )
    if amount <= 0:
        raise invalid(
            "This value must be greater than or equal to 1.",
            param="amount",
            code="parameter_invalid_integer",
        )
    if source is None and amount > e.balance(ctx.account)["available"].get(currency, 0):
        raise invalid(
            "You have insufficient available funds in your Stripe account. Try adding funds "
            "directly to your available balance by creating Charges using the 4000000000000077 "
            "test card. See: https://stripe.com/docs/testing#available-balance",
            code="balance_insufficient",
        )
    return make_transfer(
        e,
        ctx,
        amount,
        currency,
        destination,
        source=source,
        group=group,
        description=p.get("description"),
        metadata=e.metadata({}, p.get("metadata")),
    )


@op("Transfer.retrieve")
def transfer_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "transfer", ident, "transfer")


@op("Transfer.update")
def transfer_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "transfer", ident, "transfer")
    fields = plain(p, ("description",))
    fields["metadata"] = e.metadata(obj["metadata"], p.get("metadata"))
    e.update(ctx, obj, "transfer.updated", **fields)
    return obj


@op("Transfer.list")
def transfer_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "transfer").values(),
        p,
        "/v1/transfers",
        ("destination", "transfer_group"),
    )


def reverse(e, ctx, transfer, amount, description=None, metadata=None, refund=None):
    left = transfer["amount"] - transfer["amount_reversed"]
    if amount is None:
        amount = left
    if amount <= 0:
        raise invalid("Transfer {} has already been fully reversed.".format(transfer["id"]))
    if amount > left:
        raise invalid(
            "Reversal amount ({}) is greater than unreversed amount on transfer ({})".format(
                money.show(amount, transfer["currency"]), money.show(left, transfer["currency"])
            ),
            param="amount",
        )
    there = Context(transfer["destination"], ctx.request_id)
    ident = e.new_id("trr_1")
    txn = e.post(
        ctx,
        amount=amount,
        currency=transfer["currency"],
        type="transfer_refund",
        source=ident,
        category="transfer_reversal",
    )
    e.post(
        there,
        amount=-amount,
        currency=transfer["currency"],
        type="payment_refund",
        source=ident,
        category="refund",
    )
    obj = e.shape(
        "transfer_reversal",
        id=ident,
        amount=amount,
        balance_transaction=txn["id"],
        created=e.now(),
        currency=transfer["currency"],
        metadata=metadata or {},
        transfer=transfer["id"],
        source_refund=refund["id"] if refund else None,
        destination_payment_refund=e.new_id("pyr_1"),
    )
    e.put(ctx.account, obj)
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, obj)
    e.emit(ctx, "transfer.reversed", transfer)
    return obj


def reverse_for_refund(e, ctx, charge, refund):
    if not charge.get("transfer"):
        raise invalid("The charge has no associated transfer to reverse.", param="reverse_transfer")
    transfer = e.get(ctx.account, "transfer", charge["transfer"])
    share = transfer["amount"] * refund["amount"] // charge["amount_captured"]
    refund["transfer_reversal"] = reverse(e, ctx, transfer, share, refund=refund)["id"]


@op("TransferReversal.create")
def reversal_create(e, ctx, p, ident):
    transfer = e.get(ctx.account, "transfer", ident, "id")
    return reverse(
        e, ctx, transfer, p.get("amount"), p.get("description"), e.metadata({}, p.get("metadata"))
    )


@op("TransferReversal.retrieve")
def reversal_retrieve(e, ctx, p, ident, reversal):
    e.get(ctx.account, "transfer", ident, "id")
    return e.get(ctx.account, "transfer_reversal", reversal, "id")


@op("TransferReversal.update")
def reversal_update(e, ctx, p, ident, reversal):
    obj = reversal_retrieve(e, ctx, {}, ident, reversal)
    obj["metadata"] = e.metadata(obj["metadata"], p.get("metadata"))
    return obj


@op("TransferReversal.list")
def reversal_list(e, ctx, p, ident):
    e.get(ctx.account, "transfer", ident, "id")
    rows = [r for r in e.table(ctx.account, "transfer_reversal").values() if r["transfer"] == ident]
    return e.listing(rows, p, f"/v1/transfers/{ident}/reversals")
