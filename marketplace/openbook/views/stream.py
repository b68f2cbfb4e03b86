"""The flow of money: where it came from, in which fund it lay, what it is for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from markupsafe import Markup

from marketplace.drawings import Node, flow
from marketplace.kernel.money import Money, won
from marketplace.openbook.queries import Figures
from marketplace.openbook.queries.figures import CSR, HELD
from marketplace.reinvestment.models import ProgramTheme
from marketplace.reinvestment.views.words import FUND_DYES, dye_of, fund_dye, theme_name
from marketplace.statements.wording import account_name
from marketplace.web.formats import format_money

SHARES, PLEDGES, FREE, OTHER = "shares", "pledges", "free", "other"


@dataclass(frozen=True)
class Band:
    """Money on its way from one node to the next."""

    start: Node
    end: Node
    amount: Money


@dataclass(frozen=True)
class Stream:
    """Bands between three columns: sources, funds, uses."""

    into: list[Band]
    out: list[Band]

    @property
    def bands(self) -> list[Band]:
        return [*self.into, *self.out]

    @property
    def columns(self) -> list[list[Node]]:
        sources = [band.start for band in self.into]
        funds = [band.end for band in self.into] + [band.start for band in self.out]
        uses = [band.end for band in self.out]
        return [list(dict.fromkeys(nodes)) for nodes in (sources, funds, uses)]

    def lists(self) -> list[dict[str, object]]:
        """The same figures as words and amounts, for small screens."""
        labels = (_("Where it came from"), _("In which fund"), _("What it is for"))
        sides = (
            _sums((band.start, band.amount) for band in self.into),
            _sums((band.end, band.amount) for band in self.into),
            _sums((band.end, band.amount) for band in self.out),
        )
        top = max((amount.minor for side in sides for amount in side.values()), default=1)
        return [
            {
                "label": label,
                "rows": [
                    (node.label, format_money(amount), amount.minor, node.dye)
                    for node, amount in side.items()
                ],
                "top": top,
            }
            for label, side in zip(labels, sides, strict=True)
        ]


def stream_of(figures: Figures, themes: Mapping[str, ProgramTheme]) -> Stream:
    """Bands of one kind are one: all pledges are one fund, all programs of a theme one use."""
    into: defaultdict[tuple[str, str], int] = defaultdict(int)
    out: defaultdict[tuple[str, str], int] = defaultdict(int)
    for path in sorted(figures.funds, key=_place):
        fund = _grouped(path)
        source = PLEDGES if fund == CSR else SHARES
        into[source, fund] += figures.came.get(path, 0)
        if path != HELD:
            out[fund, FREE] += figures.balances.get(path, 0)
    for (path, number), amount in figures.assigned.items():
        theme = themes.get(number)
        out[_grouped(path), theme.value if theme else OTHER] += amount
    order = [*(theme.value for theme in ProgramTheme), OTHER, FREE]
    return Stream(
        [
            Band(_source(source), _fund(fund), won(amount))
            for (source, fund), amount in into.items()
            if amount > 0
        ],
        [
            Band(_fund(fund), _use(use), won(amount))
            for (fund, use), amount in sorted(out.items(), key=lambda item: order.index(item[0][1]))
            if amount > 0
        ],
    )


def draw_stream(stream: Stream) -> Markup:
    columns = stream.columns
    rows = max(len(column) for column in columns)
    return flow(
        columns,
        [(band.start.key, band.end.key, band.amount.minor) for band in stream.bands],
        _(
            "Flow of money from its sources through the funds to programs. "
            "The same figures are in the table below."
        ),
        lambda amount: format_money(won(int(amount))),
        width=1150,
        height=max(300, 80 * rows),
        gap=40,
        label_width=250,
    )


def _place(path: str) -> int:
    """The village's funds as they are divided, what waits after them, company pledges last."""
    order = [*FUND_DYES, HELD]
    return order.index(path) if path in order else len(order)


def _grouped(path: str) -> str:
    return CSR if path.startswith(CSR) else path


def _source(key: str) -> Node:
    if key == SHARES:
        return Node(SHARES, _("Village share of sales"), 2)
    return Node(PLEDGES, _("Pledges of Korean companies"), 1)


def _fund(path: str) -> Node:
    name = _("Fund of company pledges") if path == CSR else account_name(path) or path
    return Node(path, str(name), 2 if path == HELD else fund_dye(path))


def _use(key: str) -> Node:
    if key == FREE:
        return Node(FREE, _("Free, not assigned yet"), 5)
    if key == OTHER:
        return Node(OTHER, _("Other programs"), 4)
    theme = ProgramTheme(key)
    return Node(key, theme_name(theme), dye_of(theme))


def _sums(parts: Iterable[tuple[Node, Money]]) -> dict[Node, Money]:
    sums: dict[Node, Money] = {}
    for node, amount in parts:
        sums[node] = sums.get(node, won(0)) + amount
    return sums
