"""Disputes: the buyer's bank takes a payment back."""

from __future__ import annotations

from . import money
from .catalog import plain
from .engine import DAY, op
from .errors import invalid

# -- disputes ----------------------------------------------------------------
EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


def open_dispute(e, ctx, charge, amount=None, reason="fraudulent"):
    if charge["disputed"]:
        raise invalid("Charge {} is already disputed.".format(charge["id"]))
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid("Charge {} was not captured, so it cannot be disputed.".format(charge["id"]))
    amount = amount or charge["amount_captured"]
    ident = e.new_id("du_1")
    txn = e.post(
        ctx,
        amount=-money.convert(amount, charge["currency"], e.fees.settlement),
        currency=e.fees.settlement,
        type="adjustment",
        category="dispute",
        source=ident,
        fee=e.fees.dispute,
        details=[
            {
                "amount": e.fees.dispute,
                "application": None,
                "currency": e.fees.settlement,
                "description": "Dispute fee",
                "type": "stripe_fee",
            }
        ],
        description="Chargeback withdrawal for " + charge["id"],
    )
    dispute = e.shape(
        "dispute",
        id=ident,
        amount=amount,
        balance_transactions=[txn],
        charge=charge["id"],
        created=e.now(),
        currency=charge["currency"],
        enhanced_eligibility_types=[],
        evidence=dict({k: None for k in EVIDENCE}, enhanced_evidence={}),
        evidence_details={
            "due_by": e.now() + 9 * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        is_charge_refundable=False,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=reason,
        status="needs_response",
    )
    if charge["payment_method_details"]["type"] == "card":
        brand = charge["payment_method_details"]["card"]["brand"]
        dispute["payment_method_details"] = {
            "type": "card",
            "card": {
                "brand": brand,
                "case_type": "chargeback",
                "network": brand,
                "network_reason_code": "10.4",
            },
        }
    e.put(ctx.account, dispute)
    charge["disputed"] = True
    e.emit(ctx, "charge.dispute.created", dispute)
    e.emit(ctx, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(e, ctx, dispute, status):
    if dispute["status"] in ("won", "lost", "warning_closed"):
        raise invalid("This dispute is already closed", param="dispute")
    previous = {"status": dispute["status"]}
    dispute["status"] = status
    if status == "won":
        txn = e.post(
            ctx,
            amount=money.convert(dispute["amount"], dispute["currency"], e.fees.settlement),
            currency=e.fees.settlement,
            type="adjustment",
            category="dispute_reversal",
            source=dispute["id"],
            fee=-e.fees.dispute,
            details=[
                {
                    "amount": -e.fees.dispute,
                    "application": None,
                    "currency": e.fees.settlement,
                    "description": "Dispute fee refund",
                    "type": "stripe_fee",
                }
            ],
            description="Chargeback reversal for " + dispute["charge"],
        )
        dispute["balance_transactions"] = dispute["balance_transactions"] + [txn]
        e.get(ctx.account, "charge", dispute["charge"])["disputed"] = True
    e.emit(ctx, "charge.dispute.closed", dispute, previous)
    if status == "won":
        e.emit(ctx, "charge.dispute.funds_reinstated", dispute)
    return dispute


@op("Dispute.retrieve")
def dispute_retrieve(e, ctx, p, ident):
    return e.get(ctx.account, "dispute", ident, "dispute")


@op("Dispute.update")
def dispute_update(e, ctx, p, ident):
    obj = e.get(ctx.account, "dispute", ident, "dispute")
    if p.get("evidence") and obj["status"] in ("won", "lost"):
        raise invalid("This dispute is already closed", param="dispute")
    previous = {}
    if p.get("evidence"):
        previous["evidence"] = dict(obj["evidence"])
        obj["evidence"].update(plain(p["evidence"], [k for k in p["evidence"] if k in EVIDENCE]))
        obj["evidence_details"]["has_evidence"] = True
        if p.get("submit", True):
            previous["status"] = obj["status"]
            obj["status"] = "under_review"
            obj["evidence_details"]["submission_count"] += 1
            obj["evidence_details"]["submission_method"] = "manual"
    metadata = e.metadata(obj["metadata"], p.get("metadata"))
    if metadata != obj["metadata"]:
        previous["metadata"], obj["metadata"] = obj["metadata"], metadata
    if previous:
        e.emit(ctx, "charge.dispute.updated", obj, previous)
    return obj


@op("Dispute.close")
def dispute_close(e, ctx, p, ident):
    return close_dispute(e, ctx, e.get(ctx.account, "dispute", ident, "dispute"), "lost")


@op("Dispute.list")
def dispute_list(e, ctx, p):
    return e.listing(
        e.table(ctx.account, "dispute").values(), p, "/v1/disputes", ("charge", "payment_intent")
    )
