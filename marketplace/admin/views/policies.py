"""How sales and the village share are divided: in force, proposed, earlier, and tried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from decimal import Decimal

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.accounts.models import Role
from marketplace.accounts.signing import asks_code
from marketplace.admin.ledger_forms import POLICY_FORMS, PolicyForm, SignatureForm, TrialSaleForm
from marketplace.admin.queries import names_of
from marketplace.admin.views.blueprint import bp, readers, signers
from marketplace.drawings import split_bar
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.money import Money, won
from marketplace.kernel.time import SEOUL, now, today_in_seoul
from marketplace.ledger.errors import (
    NotWhole,
    PolicyDayTaken,
    PolicyDayWaiting,
    PolicyMissing,
    PolicyNotInFuture,
    PolicyPartsWrong,
    PolicyReasonMissing,
    PolicyTooFar,
    PolicyUnchanged,
)
from marketplace.ledger.models import SplitPolicyProposal
from marketplace.ledger.operations import (
    approve_policy,
    propose_policy,
    revise_policy,
    withdraw_policy,
)
from marketplace.ledger.policies import SCOPES
from marketplace.ledger.queries import policy_at
from marketplace.ledger.queries.policy_history import (
    PolicyFact,
    get_policy_proposal,
    list_waiting_policies,
)
from marketplace.ledger.queries.policy_history import (
    list_policies as find_policies,
)
from marketplace.orders.policies import Parts, divide_share, split_parcel
from marketplace.reference.errors import RateMissing, RateTooOld
from marketplace.reference.queries import rate_on
from marketplace.web.downloads import offer
from marketplace.web.errors import explain
from marketplace.web.formats import format_amount, format_number
from marketplace.web.forms import render_form

DYES = {
    "cooperative": 4,
    "service": 1,
    "village_share": 2,
    "programs": 2,
    "training": 7,
    "youth": 6,
    "reserve": 5,
}


@dataclass(frozen=True)
class TrialSale:
    """How a sale would be divided, to the won, by the functions that divide real ones."""

    goods: Money
    on: date
    parts: Parts
    shares: Mapping[str, int]
    owed: Money | None


@bp.get("/ledger/policies/")
@readers
def list_policies() -> ResponseReturnValue:
    at = now()
    histories = {scope: find_policies(scope) for scope in SCOPES}
    waiting = list_waiting_policies()
    form = TrialSaleForm(formdata=request.args)
    trial = None
    if form.validate() and form.amount.data is not None:
        trial = _try(form, won(form.amount.data), at)
    if not form.on.errors:
        form.on.data = form.day(today_in_seoul(at))
        form.on.raw_data = None
    decided = [fact.proposal for facts in histories.values() for fact in facts if fact.proposal]
    people = {
        person
        for proposal in [*waiting, *decided]
        for person in (proposal.proposed_by, proposal.approved_by)
        if person
    }
    return render_template(
        "admin/list_policies.html",
        at=at,
        files=offer("policies"),
        histories=histories,
        waiting=waiting,
        bars={scope: _bar(scope, facts, at) for scope, facts in histories.items()},
        legends={
            proposal.id: legend_of(
                proposal.scope, proposal.parts, _parts_in_force(histories[proposal.scope], at)
            )
            for proposal in waiting
        },
        form=form,
        trial=trial,
        trial_parts=_rows(asdict(trial.parts), SCOPES["sale"]) if trial else [],
        trial_shares=_rows(trial.shares, SCOPES["share"]) if trial else [],
        order=SCOPES,
        names=names_of(people),
        scope_name=scope_name,
        part_name=part_name,
        percent=percent,
        won=won,
        day_of=today_in_seoul,
        signature=SignatureForm(formdata=None),
        me=current_user.id,
        may_act=current_user.has_role(Role.ADMIN),
    )


@bp.route("/ledger/policies/<scope>/new", methods=["GET", "POST"])
@signers
def new_policy(scope: str) -> ResponseReturnValue:
    if scope not in SCOPES:
        abort(404)
    form = POLICY_FORMS[scope](data=_in_force(scope) if request.method == "GET" else None)
    if form.validate_on_submit() and _kept(form, None):
        flash(_("Proposed. A colleague has to sign it before its day."), "ok")
        return redirect(url_for(".list_policies"))
    return _edit(form)


@bp.route("/ledger/policies/<int:proposal_id>/edit", methods=["GET", "POST"])
@signers
def edit_policy(proposal_id: int) -> ResponseReturnValue:
    proposal = get_policy_proposal(proposal_id)
    stored = {name: Decimal(part) / 100 for name, part in proposal.parts.items()} | {
        "valid_from": today_in_seoul(proposal.valid_from),
        "reason": proposal.reason,
    }
    form = POLICY_FORMS[proposal.scope](data=stored if request.method == "GET" else None)
    if form.validate_on_submit() and _kept(form, proposal):
        flash(_("Changed. What was read before can no longer be signed."), "ok")
        return redirect(url_for(".list_policies"))
    return _edit(form, proposal)


@bp.post("/ledger/policies/<int:proposal_id>/approval")
@signers
@asks_code
def new_policy_approval(proposal_id: int) -> ResponseReturnValue:
    proposal = get_policy_proposal(proposal_id)
    form = SignatureForm()
    try:
        with transaction():
            approve_policy(proposal, by=current_user.id, body_sha256=form.body.data or "", at=now())
    except DomainError as error:
        flash(explain(error), "bad")
    else:
        flash(_("Signed. Sales from that day on are divided so."), "ok")
    return redirect(url_for(".list_policies"))


@bp.post("/ledger/policies/<int:proposal_id>/withdrawal")
@signers
def new_policy_withdrawal(proposal_id: int) -> ResponseReturnValue:
    proposal = get_policy_proposal(proposal_id)
    try:
        with transaction():
            withdraw_policy(proposal, by=current_user.id, at=now())
    except DomainError as error:
        flash(explain(error), "bad")
    else:
        flash(_("Withdrawn. The division stays as it is."), "ok")
    return redirect(url_for(".list_policies"))


def _kept(form: PolicyForm, proposal: SplitPolicyProposal | None) -> bool:
    """Write the proposal, new or changed; a refusal stands beside its field."""
    facts = {
        "valid_from": form.begins_at(),
        "reason": form.reason.data or "",
        "by": current_user.id,
        "at": now(),
    }
    try:
        with transaction():
            if proposal is None:
                propose_policy(form.scope, form.parts(), **facts)
            else:
                revise_policy(proposal, form.parts(), **facts)
    except (NotWhole, PolicyPartsWrong, PolicyUnchanged) as error:
        form.refuse(SCOPES[form.scope][0], error)
    except (PolicyNotInFuture, PolicyTooFar, PolicyDayTaken, PolicyDayWaiting) as error:
        form.refuse("valid_from", error)
    except PolicyReasonMissing as error:
        form.refuse("reason", error)
    return not form.is_refused


def _edit(form: PolicyForm, proposal: SplitPolicyProposal | None = None) -> ResponseReturnValue:
    return render_form(
        "admin/edit_policy.html", form, proposal=proposal, name=scope_name(form.scope)
    )


def _in_force(scope: str) -> dict[str, Decimal]:
    try:
        parts = policy_at(scope, now()).parts
    except PolicyMissing:
        return {}
    return {name: Decimal(part) / 100 for name, part in parts.items()}


def _try(form: TrialSaleForm, goods: Money, at: datetime) -> TrialSale | None:
    on = form.day(today_in_seoul(at))
    noon = datetime.combine(on, time(12), SEOUL)
    try:
        sale, share = policy_at("sale", noon).parts, policy_at("share", noon).parts
    except PolicyMissing as error:
        form.refuse("on", error)
        return None
    try:
        rate: Decimal | None = rate_on("KRW", "IDR", min(on, today_in_seoul(at)))[0]
    except (RateMissing, RateTooOld):
        rate = None
    parts = split_parcel(goods.minor, 0, sale, rate or Decimal(1))
    owed = Money(parts.owed, "IDR") if rate else None
    return TrialSale(goods, on, parts, divide_share(parts.village_share, share), owed)


def _rows(amounts: Mapping[str, int], names: Sequence[str]) -> list[tuple[str, str]]:
    return [(part_name(name), format_amount(won(amounts.get(name, 0)))) for name in names]


def _parts_in_force(facts: Sequence[PolicyFact], at: datetime) -> Mapping[str, int] | None:
    return next((fact.policy.parts for fact in facts if fact.is_in_force(at)), None)


def _bar(scope: str, facts: Sequence[PolicyFact], at: datetime) -> dict[str, object] | None:
    """The division in force as one bar with its legend."""
    parts = _parts_in_force(facts, at)
    if parts is None:
        return None
    items = legend_of(scope, parts)
    return {
        "drawing": split_bar(
            [(parts.get(name, 0), DYES[name]) for name in SCOPES[scope]],
            ", ".join(f"{name} {share}" for _look, name, share in items),
        ),
        "legend": items,
    }


def legend_of(
    scope: str, parts: Mapping[str, int], today: Mapping[str, int] | None = None
) -> list[tuple[str, str, str]]:
    """Each part with its share; with `today`, those that change say what they are today."""
    return [
        (f"f{DYES[name]}", part_name(name), _share(parts.get(name, 0), (today or parts).get(name)))
        for name in SCOPES[scope]
    ]


def _share(part: int, today: int | None) -> str:
    if today is None or today == part:
        return f"{percent(part)}%"
    return str(_("%(share)s%%, today %(today)s%%", share=percent(part), today=percent(today)))


def percent(basis_points: int) -> str:
    return format_number(Decimal(basis_points) / 100)


def scope_name(scope: str) -> str:
    names: dict[str, str] = {
        "sale": _("Goods of a sale"),
        "share": _("Funds of the village share"),
    }
    return names[scope]


def part_name(part: str) -> str:
    names: dict[str, str] = {
        "cooperative": _("Cooperative"),
        "service": _("Service and payment"),
        "village_share": _("Village share"),
        "programs": _("Village program fund"),
        "training": _("Training and mentoring fund"),
        "youth": _("Youth ambassador fund"),
        "reserve": _("Reserve for refunds"),
    }
    return names.get(part, part)
