from __future__ import annotations

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.models import Role
from marketplace.admin.queries import names_of
from marketplace.admin.views.blueprint import bp, readers
from marketplace.admin.views.documents import document_name, document_url
from marketplace.admin.views.people import names_behind, posted_by
from marketplace.admin.views.proposed_entries import elsewhere
from marketplace.ledger.queries import get_entry, neighbors
from marketplace.ledger.queries.entry_proposals import find_proposal_about
from marketplace.ledger.queries.sealing import find_covering_head, find_leaf
from marketplace.payments.recon_queries import list_matches_of
from marketplace.reinvestment.queries import find_settled
from marketplace.statements.hooks import behind
from marketplace.statements.shown import shown_lines, shown_notes, shown_total
from marketplace.statements.wording import LOOKS, description, kind_name
from marketplace.web.downloads import offer


@bp.get("/ledger/<int:entry_id>")
@readers
def show_entry(entry_id: int) -> ResponseReturnValue:
    """One entry with everything around it. An unknown one is a 404."""
    entry = get_entry(entry_id)
    near = neighbors(entry)
    proposal = find_proposal_about(entry.id)
    leaf = find_leaf(entry.id)
    settled = find_settled(entry.id) if entry.kind == "disbursement_settled" else None
    names = names_behind([entry])
    if settled and settled.settled_by:
        names |= names_of([settled.settled_by])
    return render_template(
        "admin/show_entry.html",
        entry=entry,
        near=near,
        files=offer("entry", entry_id=entry_id),
        lines=shown_lines(entry, url=lambda code: url_for(".show_account", code=code)),
        total=shown_total(entry),
        total_of=shown_total,
        posted=posted_by(entry, names),
        notes=shown_notes(entry),
        names=names,
        proposal=proposal,
        elsewhere=elsewhere(entry),
        may_act=current_user.has_role(Role.ADMIN),
        leaf=leaf,
        head=find_covering_head(leaf.index) if leaf else None,
        settled=settled,
        sections=behind(entry),
        matches=list_matches_of(entry.id),
        description=description,
        document=(
            document_name(entry.ref_kind, entry.ref_id),
            document_url(entry.ref_kind, entry.ref_id),
        ),
        parcel=entry.idem_key.partition(":")[2] if entry.kind == "release" else "",
        kind_name=kind_name,
        looks=LOOKS,
    )
