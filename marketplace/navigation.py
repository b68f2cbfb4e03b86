"""What the head, the foot and the desks link to, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app, g, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from marketplace.kernel.config import Config
from marketplace.web.locale import LANGUAGES, NAMES, current_language, same_page_in

SITE = {"name": "Lumbung"}


@dataclass(frozen=True)
class NavItem:
    label: str
    url: str
    current: bool = False
    icon: str = ""
    count: int | None = None


def link(label: str, endpoint: str, icon: str = "", **values: object) -> NavItem | None:
    """A link to `endpoint`, or None where no room offers it."""
    if endpoint not in current_app.view_functions:
        return None
    url = url_for(endpoint, **values)
    return NavItem(label, url, current=request.full_path.rstrip("?") == url, icon=icon)


def links(*items: NavItem | None) -> list[NavItem]:
    return [item for item in items if item is not None]


class Navigation:
    """Read by `base.html` as `navigation.shop`, `.tools`, `.foot`, `.languages`."""

    @property
    def shop(self) -> list[NavItem]:
        return links(
            link(_("All goods"), "catalog.list_products"),
            link(_("Coffee"), "catalog.list_products", category="coffee"),
            link(_("Batik and textiles"), "catalog.list_products", category="textile"),
            link(_("Rattan and wicker"), "catalog.list_products", category="wickerwork"),
            link(_("Spices"), "catalog.list_products", category="spice"),
            link(_("Cooperatives"), "cooperatives.list_cooperatives"),
            link(_("Village programs"), "reinvestment.list_programs"),
            link(_("Open ledger"), "openbook.show_ledger"),
        )

    @property
    def languages(self) -> list[tuple[str, str, str]]:
        """(code, own name, address of this page in it)."""
        return [(lang, NAMES[lang], same_page_in(lang)) for lang in LANGUAGES]

    @property
    def desks(self) -> list[NavItem]:
        """The workplaces of whoever is signed in; filled by the rooms' context."""
        return g.get("desks", []) if current_user.is_authenticated else []


def set_up_navigation(app: Flask, config: Config) -> None:
    """Give templates the reader's language, theme and links."""

    @app.context_processor
    def surroundings() -> dict[str, object]:
        theme = request.cookies.get("theme", "")
        return {
            "lang": current_language(),
            "theme": theme if theme in {"light", "dark"} else "",
            "site": SITE | {"demo": config.demo},
            "navigation": Navigation(),
            "same_page_in": same_page_in,
        }
