"""Whether the books keep their rules, and whether no money is lost."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from marketplace.accounts.models import Role
from marketplace.admin.commands import audit_books
from marketplace.admin.queries import names_of
from marketplace.admin.views.blueprint import bp, readers, signers
from marketplace.kernel.money import Money
from marketplace.ledger.hooks import RULES, Breach
from marketplace.ledger.queries import entry_number
from marketplace.ledger.queries.audits import Audit, Result, find_last_audit, get_audit
from marketplace.ledger.queries.audits import list_audits as find_audits
from marketplace.ledger.queries.conservation import conservation
from marketplace.statements.wording import account_name, kind_name
from marketplace.web.downloads import offer
from marketplace.web.formats import format_money, format_number


@bp.get("/ledger/audit/")
@readers
def list_audits() -> ResponseReturnValue:
    """The last runs, and what the chosen one (`?run=`, else the newest) found."""
    audit = chosen_audit()
    runs = find_audits()
    people = {run.asked_by for run in runs if run.asked_by}
    if audit and audit.asked_by:
        people.add(audit.asked_by)
    return render_template(
        "admin/list_audits.html",
        audit=audit,
        files=offer("audit", run=audit.id) if audit else [],
        runs=runs,
        groups=_by_rule(audit) if audit else [],
        names=names_of(people),
        rules=RULES,
        in_words=_,
        breach_words=breach_words,
        entry_number=entry_number,
        may_act=current_user.has_role(Role.ADMIN),
    )


def chosen_audit() -> Audit | None:
    """The run that `?run=` names, else the newest. Raises AuditNotFound."""
    asked = request.args.get("run", "")
    return get_audit(int(asked)) if asked.isdecimal() and len(asked) < 10 else find_last_audit()


@bp.post("/ledger/audit/")
@signers
def new_audit() -> ResponseReturnValue:
    """Look at every rule now."""
    audit = audit_books(asked_by=current_user.id)
    if audit.is_clean:
        flash(_("Every rule holds."), "ok")
    else:
        flash(
            ngettext(
                "%(count)s breach was found.",
                "%(count)s breaches were found.",
                audit.breaches,
                count=format_number(audit.breaches),
            ),
            "bad",
        )
    return redirect(url_for(".list_audits", run=audit.id))


@bp.get("/ledger/conservation")
@readers
def show_conservation() -> ResponseReturnValue:
    """Paid in is all that was used and all that is here, in each currency."""
    return render_template(
        "admin/show_conservation.html",
        currencies=conservation(),
        files=offer("conservation"),
        account_name=account_name,
        kind_name=kind_name,
    )


def _by_rule(audit: Audit) -> list[tuple[str, list[Result]]]:
    """Every rule, those nobody checks too."""
    return [(rule, [result for result in audit.results if result.rule == rule]) for rule in RULES]


def breach_words(breach: Breach) -> str:
    """What is broken, in the reader's language and formats."""
    facts = {
        name: format_money(fact) if isinstance(fact, Money) else fact
        for name, fact in breach.facts.items()
    }
    sentence: str = _(breach.message)
    return sentence % facts if facts else sentence
