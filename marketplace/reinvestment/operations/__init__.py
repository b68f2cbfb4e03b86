"""Proposing, signing, paying: always two people."""

from __future__ import annotations

from marketplace.reinvestment.operations.disbursements import (
    cancel_disbursement,
    propose_disbursement,
    release_disbursement,
    settle_disbursement,
)
from marketplace.reinvestment.operations.evidence import add_evidence, withdraw_evidence
from marketplace.reinvestment.operations.pledges import make_pledge, receive_pledge
from marketplace.reinvestment.operations.programs import (
    Proposal,
    approve_program,
    finish_program,
    propose_program,
    reject_program,
    revise_program,
)

__all__ = [
    "Proposal",
    "add_evidence",
    "approve_program",
    "cancel_disbursement",
    "finish_program",
    "make_pledge",
    "propose_disbursement",
    "propose_program",
    "receive_pledge",
    "reject_program",
    "release_disbursement",
    "revise_program",
    "settle_disbursement",
    "withdraw_evidence",
]
