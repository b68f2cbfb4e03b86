"""Balance, connected accounts, transfers and payouts: the seller's side."""

from __future__ import annotations

from . import money
from .catalog import deleted, plain
from .engine import Context, op
from .errors import StripeFault, invalid, not_simulated

DAY = 86400


# -- accounts ----------------------------------------------------------------
def requirements(due=(), reason=None):
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(due),
        "disabled_reason": reason,
        "errors": [],
        "eventually_due": list(due),
        "past_due": [],
        "pending_verification": [],
    }


def account_object(e, ident, country, email=None, **fields):
    obj = e.shape(
        "account",
        id=ident,
        business_profile={
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "minority_owned_business_designation": None,
            "name": None,
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        capabilities={},
        charges_enabled=False,
        country=country,
        created=e.now(),
        default_currency=e.fees.settlement,
        details_submitted=False,
        email=email,
        external_accounts={
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{ident}/external_accounts",
        },
        future_requirements=requirements(),
        metadata={},
        payouts_enabled=False,
        requirements=requirements(),
        tos_acceptance={"date": None, "ip": None, "user_agent": None},
        type="express",
    )
    obj.update(fields)
    return obj


def platform_account(e):
    return account_object(
        e,
        e.platform,
        e.fees.country,
        email="platform@example.test",
        type="standard",
        charges_enabled=True,
        payouts_enabled=True,
        details_submitted=True,
        capabilities={"card_payments": "active", "transfers": "active"},
    )


@op("Account.retrieve_current")
def account_current(e, ctx, p):
    return e.get(e.platform, "account", ctx.account)


@op("Account.create")
def account_create(e, ctx, p):
    country = (p.get("country") or e.fees.country).upper()
    agreement = (p.get("tos_acceptance") or {}).get("service_agreement")
    if country not in e.config.connect_countries:
        raise invalid(
            f"{country} is not currently supported by Stripe.",
            param="country",
            code="country_unsupported",
        )
    if p.get("type") and p.get("controller"):
        raise invalid(
            "You may only specify one of these parameters: type, controller.",
            param="controller",
            code="parameters_exclusive",
        )
    ident = e.new_id("acct_1", 16)
    controller = p.get("controller") or {}
    kind = p.get("type") or (
        {"express": "express", "none": "custom", "full": "standard"}.get(
            (controller.get("stripe_dashboard") or {}).get("type"), "standard"
        )
    )
    wanted = [k for k, v in (p.get("capabilities") or {}).items() if v and v.get("requested")]
    obj = account_object(
        e,
        ident,
        country,
        email=p.get("email"),
        type=kind,
        metadata=e.metadata({}, p.get("metadata")),
        business_type=p.get("business_type"),
        default_currency=p.get("default_currency") or e.fees.settlement,
        capabilities={k: "inactive" for k in wanted},
        requirements=requirements(
            ("business_type", "external_account", "tos_acceptance.date", "tos_acceptance.ip"),
            "requirements.past_due",
        ),
    )
    if agreement:
        obj["tos_acceptance"]["service_agreement"] = agreement
    e.put(e.platform, obj)
    e.bucket(ident)
    e.emit(Context(ident, ctx.request_id, ctx.idempotency_key), "account.updated", obj)
    return obj


@op("Account.retrieve")
def account_retrieve(e, ctx, p, ident):
    return connected(e, ident)


def connected(e, ident):
    obj = e.table(e.platform, "account").get(ident)
    if obj is None:
        raise StripeFault(
            403,
            f"The provided key does not have access to account '{ident}' (or that account does "
            "not exist). Application access may have been revoked.",
            code="account_invalid",
        )
    return obj


def not_own(e, ident):
    if ident == e.platform:
        raise invalid(
            "You cannot change your own account through the API: use the Dashboard.",
            param="account",
        )


@op("Account.update")
def account_update(e, ctx, p, ident):
    obj = connected(e, ident)
    not_own(e, ident)
    fields = plain(p, ("email", "business_type", "default_currency"))
    fields["metadata"] = e.metadata(obj["metadata"], p.get("metadata"))
    for name, value in (p.get("capabilities") or {}).items():
        if value and value.get("requested"):
            fields["capabilities"] = dict(fields.get("capabilities") or obj["capabilities"])
            fields["capabilities"].setdefault(name, "inactive")
    if p.get("business_profile"):
        fields["business_profile"] = dict(
            obj["business_profile"], **plain(p["business_profile"], p["business_profile"])
        )
    e.update(Context(ident, ctx.request_id, ctx.idempotency_key), obj, "account.updated", **fields)
    return obj


@op("Account.delete")
def account_delete(e, ctx, p, ident):
    connected(e, ident)
    not_own(e, ident)
    del e.table(e.platform, "account")[ident]
    return deleted("account", ident)


@op("Account.list")
def account_list(e, ctx, p):
    rows = [a for a in e.table(e.platform, "account").values() if a["id"] != e.platform]
    return e.listing(rows, p, "/v1/accounts")


def onboard(e, ctx, ident, complete=True):
    """What finishing (or losing) the onboarding does to an account."""
    obj = connected(e, ident)
    state = "active" if complete else "inactive"
    e.update(
        Context(ident),
        obj,
        "account.updated",
        details_submitted=True,
        charges_enabled=complete,
        payouts_enabled=complete,
        capabilities={k: state for k in obj["capabilities"] or {"transfers": 1}},
        requirements=requirements()
        if complete
        else requirements(("individual.verification.document",), "requirements.past_due"),
    )
    for name in obj["capabilities"]:
        e.emit(Context(ident), "capability.updated", capability(e, obj, name))
    return obj


def capability(e, obj, name):
    return e.shape(
        "capability",
        id=name,
        account=obj["id"],
        requested=name in obj["capabilities"],
        requested_at=obj["created"],
        status=obj["capabilities"].get(name, "unrequested"),
        requirements=dict(obj["requirements"]),
        future_requirements=requirements(),
    )


@op("AccountCapability.list")
def capability_list(e, ctx, p, ident):
    obj = connected(e, ident)
    rows = [capability(e, obj, name) for name in obj["capabilities"]]
    return {
        "object": "list",
        "data": rows,
        "has_more": False,
        "url": f"/v1/accounts/{ident}/capabilities",
    }


@op("AccountCapability.retrieve")
def capability_retrieve(e, ctx, p, ident, name):
    known_capability(e, name)
    return capability(e, connected(e, ident), name)


def known_capability(e, name):
    schema = e.spec.resolve(e.spec.schemas["account"]["properties"]["capabilities"])
    if name not in schema["properties"]:
        raise invalid(f"No such capability: '{name}'", param="capability", code="resource_missing")


@op("AccountCapability.update")
def capability_update(e, ctx, p, ident, name):
    obj = connected(e, ident)
    known_capability(e, name)
    if p.get("requested"):
        obj["capabilities"].setdefault(name, "inactive")
    elif "requested" in p:
        obj["capabilities"].pop(name, None)
    return capability(e, obj, name)


@op("AccountLink.create")
def account_link(e, ctx, p):
    connected(e, p["account"])
    for name in ("refresh_url", "return_url"):
        if name not in p:
            raise invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")
        e.url(p[name], name)
    token = e.secret("", 24)
    e.fact(p["account"])["link"] = {"token": token, "return_url": p["return_url"]}
    return {
        "object": "account_link",
        "created": e.now(),
        "expires_at": e.now() + 300,
        "url": "{}/onboard/{}/{}".format(e.config.base_url, p["account"], token),
    }


@op("AccountLoginLink.create")
def login_link(e, ctx, p, ident):
    connected(e, ident)
    return {
        "object": "login_link",
        "created": e.now(),
        "url": f"{e.config.base_url}/login/{ident}",
    }


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


# -- events and webhook endpoints --------------------------------------------
@op("Event.retrieve")
def event_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "event", ident)


@op("Event.list")
def event_list(e, ctx, p):
    rows = [r for r in e.table(ctx.account, "event").values() if r["created"] > e.now() - 30 * DAY]
    if "type" in p and "types" in p:
        raise invalid(
            "You may pass either type or types, but not both.",
            param="types",
            code="parameters_exclusive",
        )
    if len(p.get("types", ())) > 20:
        raise invalid("You can pass at most 20 types.", param="types")
    if "type" in p:
        prefix = p["type"].rstrip("*")
        rows = [
            r
            for r in rows
            if r["type"] == p["type"] or ("*" in p["type"] and r["type"].startswith(prefix))
        ]
    if "types" in p:
        rows = [r for r in rows if r["type"] in p["types"]]
    if "delivery_success" in p:
        rows = [r for r in rows if (r["pending_webhooks"] == 0) == p["delivery_success"]]
    return e.listing(rows, p, "/v1/events")


@op("WebhookEndpoint.create")
def endpoint_create(e, ctx, p):
    obj = make_endpoint(
        e,
        ctx,
        p["url"],
        p["enabled_events"],
        p.get("connect", False),
        p.get("api_version"),
        p.get("description"),
        e.metadata({}, p.get("metadata")),
    )
    return dict(obj, secret=e.fact(obj["id"])["secrets"][0])


def make_endpoint(
    e, ctx, url, events, connect=False, version=None, description=None, metadata=None, secret=None
):
    e.url(url, "url")
    if not events:
        raise invalid("You must specify at least one event.", param="enabled_events")
    obj = e.shape(
        "webhook_endpoint",
        id=e.new_id("we_1"),
        created=e.now(),
        enabled_events=list(events),
        status="enabled",
        url=url,
        api_version=version,
        description=description,
        metadata=metadata or {},
    )
    e.fact(obj["id"]).update(secrets=[secret or e.secret("whsec_")], connect=bool(connect))
    return e.put(ctx.account, obj)


@op("WebhookEndpoint.retrieve")
def endpoint_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "webhook_endpoint", ident, "webhook_endpoint")


@op("WebhookEndpoint.update")
def endpoint_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "webhook_endpoint", ident, "webhook_endpoint")
    if "url" in p:
        e.url(p["url"], "url")
    fields = plain(p, ("url", "enabled_events", "description"))
    if "disabled" in p:
        fields["status"] = "disabled" if p["disabled"] else "enabled"
    e.update(ctx, obj, None, metadata=e.metadata(obj["metadata"], p.get("metadata")), **fields)
    return obj


@op("WebhookEndpoint.delete")
def endpoint_delete(e, ctx, p, ident):
    e.get(ctx.account, "webhook_endpoint", ident, "webhook_endpoint")
    del e.table(ctx.account, "webhook_endpoint")[ident]
    return deleted("webhook_endpoint", ident)


@op("WebhookEndpoint.list")
def endpoint_list(e, ctx, p):
    return e.listing(e.table(ctx.account, "webhook_endpoint").values(), p, "/v1/webhook_endpoints")
