"""Every seal that was set, the newest first."""

from __future__ import annotations

import time
from collections.abc import Hashable

from flask import current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace.bundles import find_bundle
from marketplace.openbook.queries import list_seals, newest_state
from marketplace.openbook.views.blueprint import bp
from marketplace.sealing import find_public_key
from marketplace.web.access import public
from marketplace.web.caching import kept
from marketplace.web.paging import Page, page_number

SIZE = 50


def of_heads() -> Hashable:
    """Cosignatures and the bundle, which come later, show up within a minute."""
    return newest_state()[1], int(time.time() // 60)


@bp.get("/ledger/heads")
@public
@kept(of_heads)
def list_heads() -> ResponseReturnValue:
    number = page_number()
    seals, count = list_seals(number=number, size=SIZE)
    config = current_app.config["LUMBUNG"]
    return render_template(
        "openbook/list_heads.html",
        page=Page(seals, count, number, SIZE),
        page_url=lambda page: url_for(".list_heads", page=page),
        bundle=find_bundle(config),
        key=find_public_key(config),
    )
