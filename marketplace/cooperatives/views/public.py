from __future__ import annotations

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.accounts.models import User
from marketplace.cooperatives import queries
from marketplace.cooperatives.hooks import parts_of
from marketplace.web.access import public
from marketplace.web.locale import LANGUAGES, current_language
from marketplace.web.paging import Page, page_number

cooperatives = Blueprint("cooperatives", __name__, url_prefix="/cooperatives")

PAGE_SIZE = 24


@cooperatives.get("")
@public
def list_cooperatives() -> ResponseReturnValue:
    text = request.args.get("q", "").strip()[:80]
    province = request.args.get("province", "")[:2]
    number = page_number()
    rows, count = queries.list_cooperatives(
        text=text, province=province, number=number, size=PAGE_SIZE
    )
    return render_template(
        "cooperatives/list_cooperatives.html",
        page=Page(rows, count, number, PAGE_SIZE),
        provinces=queries.list_provinces_with_cooperatives(),
        text=text,
        province=province,
    )


@cooperatives.get("/<slug>")
@public
def show_cooperative(slug: str) -> ResponseReturnValue:
    cooperative = queries.get_cooperative(slug)
    wanted = request.args.get("text", "")
    return render_template(
        "cooperatives/show_cooperative.html",
        cooperative=cooperative,
        place=queries.place_of(cooperative),
        parts=parts_of(cooperative),
        story_language=wanted if wanted in LANGUAGES else current_language(),
    )


def desk_of(user: User) -> str | None:
    """The desk of the first cooperative `user` works for."""
    memberships = queries.list_memberships(user.id)
    if not memberships or "orders_desk.show_desk" not in current_app.view_functions:
        return None
    return url_for("orders_desk.show_desk", cooperative=memberships[0].cooperative.slug)
