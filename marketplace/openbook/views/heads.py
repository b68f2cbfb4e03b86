"""Every seal that was set, the newest first."""

from __future__ import annotations

from collections.abc import Hashable

from flask import current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.openbook.queries import list_seals, newest_state
from marketplace.openbook.views.blueprint import bp
from marketplace.sealing import find_public_key
from marketplace.web.access import public
from marketplace.web.caching import kept
from marketplace.web.paging import Page, page_number

SIZE = 50


def of_heads() -> Hashable:
    """Cosignatures, which come later, show up with the next head."""
    return newest_state()[1]


@bp.get("/ledger/heads")
@public
@kept(of_heads)
def list_heads() -> ResponseReturnValue:
    number = page_number()
    seals, count = list_seals(number=number, size=SIZE)
    return render_template(
        "openbook/list_heads.html",
        page=Page(seals, count, number, SIZE),
        page_url=lambda page: url_for(".list_heads", page=page),
        key=find_public_key(current_app.config["LUMBUNG"]),
    )
