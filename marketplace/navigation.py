"""What the head, the foot and the desks link to, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Flask, current_app, has_request_context, request, url_for
from flask_login import current_user
from markupsafe import Markup

from marketplace import drawings
from marketplace.accounts.models import Role
from marketplace.cooperatives.models import Cooperative
from marketplace.cooperatives.queries import list_memberships
from marketplace.kernel.config import Config
from marketplace.web.locale import LANGUAGES, NAMES, current_language, same_page_in
from marketplace.web.locale import say as _

SITE = {"name": "Lumbung"}


@dataclass(frozen=True)
class Link:
    label: str
    url: str
    current: bool = False
    icon: str = ""
    count: int | None = None


@dataclass(frozen=True)
class Group:
    label: str
    links: list[Link]


@dataclass(frozen=True)
class Desk:
    """A workplace: a cooperative's, a partner's, the administration's."""

    label: str
    url: str
    icon: str
    groups: list[Group]
    tagline: str = ""
    tabs: list[Link] = field(default_factory=list)
    tile: Markup | None = None

    @property
    def current(self) -> bool:
        return request.path.startswith(self.url)


def _url(endpoint: str, **values: Any) -> str:
    """The address of `endpoint`, empty where no room offers it. Made once per language."""
    known: dict[tuple[object, ...], str] = current_app.extensions.setdefault("links", {})
    key = (request.script_root, current_language(), endpoint, *sorted(values.items()))
    if key not in known:
        is_there = endpoint in current_app.view_functions
        known[key] = url_for(endpoint, **values) if is_there else ""
    return known[key]


def _link(label: str, endpoint: str, icon: str = "", **values: Any) -> Link:
    url = _url(endpoint, **values)
    path = url.split("?")[0]
    exact = request.full_path.rstrip("?") == url
    inside = "?" not in url and request.path.startswith(f"{path.rstrip('/')}/")
    return Link(label, url, current=bool(url) and (exact or inside), icon=icon)


def _links(*links: Link) -> list[Link]:
    """Those that lead somewhere; of nested ones only the deepest is current."""
    found = [link for link in links if link.url]
    deepest = max((link.url for link in found if link.current), key=len, default="")
    return [
        Link(link.label, link.url, link.url == deepest, link.icon, link.count) for link in found
    ]


class Navigation:
    """Plain values for `base.html` and `desk.html`; made once per page."""

    @property
    def home(self) -> str:
        return _url("catalog.show_home")

    @property
    def search(self) -> str:
        return _url("catalog.list_products")

    @property
    def suggest(self) -> str:
        return _url("catalog.suggest")

    @property
    def cart(self) -> str:
        return _url("orders.show_cart")

    @property
    def sign_in(self) -> str:
        return _url("accounts.sign_in")

    @property
    def sign_out(self) -> str:
        return _url("accounts.sign_out")

    @property
    def theme(self) -> str:
        return _url("accounts.set_theme")

    @cached_property
    def languages(self) -> list[tuple[str, str, str]]:
        return [(lang, NAMES[lang], same_page_in(lang)) for lang in LANGUAGES]

    @cached_property
    def shop(self) -> list[Link]:
        return _links(
            _link(_("All goods"), "catalog.list_products"),
            _link(_("Coffee"), "catalog.list_products", category="coffee"),
            _link(_("Batik and textiles"), "catalog.list_products", category="textile"),
            _link(_("Rattan and wicker"), "catalog.list_products", category="wickerwork"),
            _link(_("Spices"), "catalog.list_products", category="spice"),
            _link(_("Cooperatives"), "cooperatives.list_cooperatives"),
            _link(_("Village programs"), "reinvestment.list_programs"),
            _link(_("Open ledger"), "openbook.show_ledger"),
        )

    @cached_property
    def tools(self) -> list[Link]:
        if not current_user.is_authenticated:
            return []
        links = [_link(_("My orders"), "orders.list_orders", icon="box")]
        if current_user.has_role(Role.ADMIN):
            links.append(_link(_("Authenticator"), "accounts.show_authenticator", icon="phone"))
        return _links(*links)

    @cached_property
    def offers_exports(self) -> bool:
        """A stranger may turn out to be a partner; who is signed in and is none is refused."""
        return not current_user.is_authenticated or bool(current_user.organizations)

    @cached_property
    def foot(self) -> list[Group]:
        exports = [_link(_("Export catalog (KOTRA)"), "trade.list_exports")]
        groups = [
            Group(
                _("Shopping"),
                _links(
                    _link(_("All goods"), "catalog.list_products"),
                    _link(_("Cooperatives"), "cooperatives.list_cooperatives"),
                    _link(_("How buying works"), "orders.show_guide"),
                    _link(_("My orders"), "orders.list_orders"),
                ),
            ),
            Group(
                _("Village share"),
                _links(
                    _link(_("Open ledger"), "openbook.show_ledger"),
                    _link(_("Village programs"), "reinvestment.list_programs"),
                    _link(_("Check a receipt"), "openbook.check_receipt"),
                ),
            ),
            Group(
                _("Working together"),
                _links(*(exports if self.offers_exports else [])),
            ),
        ]
        return [group for group in groups if group.links]

    @cached_property
    def desks(self) -> list[Desk]:
        if not current_user.is_authenticated:
            return []
        desks = [_cooperative_desk(m.cooperative) for m in list_memberships(current_user.id)]
        if current_user.organizations:
            desks.append(_trade_desk(current_user.organizations[0].organization.name))
        if current_user.has_role(Role.ADMIN, Role.AUDITOR):
            desks.append(_admin_desk())
        return [desk for desk in desks if desk.url]


def _cooperative_desk(cooperative: Cooperative) -> Desk:
    here = {"cooperative": cooperative.slug}
    home = _url("orders_desk.show_desk", **here)
    tabs = _links(
        Link(_("Home"), home, request.path == home, "home"),
        _link(_("Orders"), "orders_desk.list_parcels", "box", **here),
        _link(_("Products"), "catalog_desk.list_products", "list", **here),
        _link(_("Requests"), "trade_desk.list_rfqs", "chat", **here),
        _link(_("Money"), "orders_desk.list_payouts", "coin", **here),
    )
    return Desk(
        label=cooperative.name,
        tagline=cooperative.regency.name,
        url=home,
        icon="hands",
        groups=[Group("", tabs)],
        tabs=tabs,
        tile=drawings.coop_tile(cooperative.slug, cooperative.motif, cooperative.dye),
    )


def _trade_desk(organization: str) -> Desk:
    return Desk(
        label=_("Export desk"),
        tagline=organization,
        url=_url("trade.list_exports"),
        icon="globe",
        groups=[
            Group(
                "",
                _links(
                    _link(_("Export catalog"), "trade.list_exports", "search"),
                    _link(_("Requests for quotation"), "trade.list_rfqs", "chat"),
                ),
            )
        ],
    )


def _admin_desk() -> Desk:
    home = _url("admin.show_home")
    return Desk(
        label=_("Administration"),
        url=home,
        icon="scale",
        groups=[
            Group(
                "",
                _links(
                    Link(_("Waiting for you"), home, request.path == home, "home"),
                    _link(_("Orders"), "orders_admin.list_orders", "box"),
                    _link(_("Payouts"), "payouts_admin.list_payouts", "hands"),
                    _link(_("Disputes"), "disputes_admin.list_disputes", "alert"),
                    _link(_("Reconciliation"), "reconciliation.show_overview", "check"),
                ),
            ),
            Group(
                _("Ledger"),
                _links(
                    _link(_("Journal"), "admin.list_entries", "list"),
                    _link(_("Accounts"), "admin.list_accounts", "coin"),
                    _link(_("Trial balance"), "admin.show_trial_balance", "scale"),
                    _link(_("Audit"), "admin.list_audits", "shield"),
                    _link(_("Conservation"), "admin.show_conservation", "check"),
                    _link(_("Months"), "admin.list_periods", "calendar"),
                    _link(_("Divisions"), "admin.list_policies", "filter"),
                ),
            ),
            Group(
                _("Village programs"),
                _links(
                    _link(_("Funds"), "admin.show_funds", "coin"),
                    _link(_("Programs"), "reinvestment_admin.list_programs", "sprout"),
                    _link(_("Pledges"), "reinvestment_admin.list_pledges", "hands"),
                ),
            ),
        ],
    )


def _address(config: Config) -> str:
    """Ours from outside. A demo may be asked for under any name."""
    is_any = config.demo and has_request_context()
    return request.host_url.rstrip("/") if is_any else config.base_url


def set_up_navigation(app: Flask, config: Config) -> None:
    """Give templates the reader's language, theme and links."""

    @app.context_processor
    def surroundings() -> dict[str, object]:
        theme = request.cookies.get("theme", "") if has_request_context() else ""
        return {
            "lang": current_language(),
            "theme": theme if theme in {"light", "dark"} else "",
            "site": SITE | {"demo": config.demo, "address": _address(config)},
            "navigation": Navigation(),
            "same_page_in": same_page_in,
        }
