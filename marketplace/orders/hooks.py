"""What higher rooms add: steps on the way of a village share, things to do, what is unspent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from marketplace.cooperatives.models import Cooperative
from marketplace.orders.models import Order

Trace = Callable[[Order, Sequence[int]], Sequence[Markup]]

_traces: list[tuple[int, Trace]] = []


def on_order_trace(function: Trace, *, place: int = 50) -> Trace:
    """Show the steps `function(order, release_entry_ids)` renders, smaller `place` first.

    The ids are the ledger entries whose lines on the village funds are this order's lots. Each
    step is a rendered `trace_step`.
    """
    if all(known is not function for _, known in _traces):
        _traces.append((place, function))
        _traces.sort(key=lambda trace: trace[0])
    return function


def trace_of(order: Order, entry_ids: Sequence[int]) -> list[Markup]:
    return [step for _, function in _traces for step in function(order, entry_ids)]


StaffSection = Callable[[Order], Markup | str]

_staff_sections: list[StaffSection] = []


def on_staff_order(function: StaffSection) -> StaffSection:
    """Show staff on the page of an order what `function(order)` renders; empty shows nothing."""
    if function not in _staff_sections:
        _staff_sections.append(function)
    return function


def staff_sections(order: Order) -> list[Markup]:
    found = [function(order) for function in _staff_sections]
    return [section for section in found if isinstance(section, Markup)]


Todo = Callable[[Cooperative], Sequence[dict[str, object]]]

_todos: list[tuple[int, Todo]] = []


def on_desk_todo(function: Todo, *, place: int = 50) -> Todo:
    """Add what a cooperative has to do to its desk: dicts of url, symbol, dye, title, note."""
    if all(known is not function for _, known in _todos):
        _todos.append((place, function))
        _todos.sort(key=lambda todo: todo[0])
    return function


def desk_todo(cooperative: Cooperative) -> list[dict[str, object]]:
    return [thing for _, function in _todos for thing in function(cooperative)]


@dataclass(frozen=True)
class ShareLots:
    """Who knows what programs spent of the shares in a release entry.

    `unspent(entry_id)` tells the won left by path of the fund; `take(entry_id, by, amounts)` notes
    that the entry `by` took some. The caller holds the locks of the funds.
    """

    unspent: Callable[[int], Mapping[str, int]]
    take: Callable[[int, int, Mapping[str, int]], None]


_share_lots: list[ShareLots] = []


def keep_share_lots(lots: ShareLots) -> None:
    """Ask `lots` from now on."""
    _share_lots[:] = [lots]


def share_lots() -> ShareLots:
    return _share_lots[0] if _share_lots else ShareLots(lambda _: {}, lambda *_: None)
