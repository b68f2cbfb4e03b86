from __future__ import annotations

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from marketplace.accounts.models import User
from marketplace.cooperatives import queries
from marketplace.cooperatives.hooks import parts_of
from marketplace.cooperatives.models import Cooperative
from marketplace.cooperatives.queries import Place, get_cooperative, place_of
from marketplace.web.access import public
from marketplace.web.formats import format_number
from marketplace.web.locale import current_language
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

    def address(page: int) -> str:
        return url_for(".list_cooperatives", q=text or None, province=province or None, page=page)

    return render_template(
        "cooperatives/list_cooperatives.html",
        page=Page(rows, count, number, PAGE_SIZE),
        provinces=queries.list_provinces_with_cooperatives(),
        text=text,
        province=province,
        address=address,
    )


@cooperatives.get("/<slug>")
@public
def show_cooperative(slug: str) -> ResponseReturnValue:
    cooperative = get_cooperative(slug)
    place = place_of(cooperative)
    language = _story_language(cooperative)
    return render_template(
        "cooperatives/show_cooperative.html",
        cooperative=cooperative,
        place=place,
        facts=_facts(cooperative, place),
        story=cooperative.story(language),
        story_language=language,
        parts=parts_of(cooperative),
        goods_url=_goods_url(cooperative),
    )


def _story_language(cooperative: Cooperative) -> str:
    """The reader's language where there is a translation; `?text=id` asks for the original."""
    wants_original = request.args.get("text") == "id"
    return (
        "id" if wants_original or not cooperative.story(current_language()) else current_language()
    )


def _facts(cooperative: Cooperative, place: Place) -> list[tuple[str, str]]:
    facts = [(_("Form of cooperative"), cooperative.kind)]
    if place.village is not None:
        village = f"{place.village}, {place.district}" if place.district else place.village
        facts.append((_("Village"), village))
    facts += [
        (_("Regency"), place.regency),
        (_("Province"), place.province.name(current_language())),
        (_("Members"), format_number(cooperative.members)),
        (_("Women"), format_number(cooperative.women)),
    ]
    if cooperative.founded_year is not None:
        facts.append((_("Since"), str(cooperative.founded_year)))
    return facts


def _goods_url(cooperative: Cooperative) -> str:
    if "catalog.list_products" not in current_app.view_functions:
        return ""
    return url_for("catalog.list_products", cooperative=cooperative.slug)


def desk_of(user: User) -> str | None:
    """The desk of the first cooperative `user` works for."""
    memberships = queries.list_memberships(user.id)
    if not memberships or "orders_desk.show_desk" not in current_app.view_functions:
        return None
    return url_for("orders_desk.show_desk", cooperative=memberships[0].cooperative.slug)
