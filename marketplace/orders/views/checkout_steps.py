"""The steps of the checkout: which are done, which is open, which are to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from flask_babel import lazy_gettext as _l

from marketplace.orders.forms import STEPS, CheckoutForm


class StepState(StrEnum):
    DONE = "done"
    OPEN = "open"
    NEXT = "next"


@dataclass(frozen=True)
class CheckoutSteps:
    """How far the buyer is; more than one step is open only when each has something wrong."""

    titles: ClassVar[Mapping[str, str]] = {
        "recipient": _l("Recipient"),
        "customs": _l("Customs and delivery"),
        "payment": _l("Payment and consent"),
    }
    states: Mapping[str, StepState]

    @property
    def current(self) -> str:
        """The first that is open."""
        return self._open[0]

    @property
    def last(self) -> str:
        """The last that is open: the way on stands there."""
        return self._open[-1]

    @property
    def before(self) -> str | None:
        """The one before those that are open."""
        names = list(self.states)
        place = names.index(self.current)
        return names[place - 1] if place else None

    @property
    def following(self) -> str | None:
        """Where the way on leads; None where it leads to the payment."""
        return next((name for name, state in self.states.items() if state is StepState.NEXT), None)

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """For the component `steps`: title, state, and the address of what has been reached."""
        return [
            (self.titles[name], "now" if name == self.current else state, self._address(name))
            for name, state in self.states.items()
        ]

    @property
    def _open(self) -> list[str]:
        return [name for name, state in self.states.items() if state is StepState.OPEN]

    def _address(self, name: str) -> str:
        is_elsewhere = name != self.current and self.states[name] is not StepState.NEXT
        return f"#{name}-part" if is_elsewhere else ""


def steps_of(form: CheckoutForm, wanted: str) -> CheckoutSteps:
    """The steps in which something is wrong are open, or else the one that is `wanted`."""
    names = list(STEPS)
    wrong = {step for step in names if any(form[name].errors for name in STEPS[step])}
    states = dict.fromkeys(names[: names.index(wanted)], StepState.DONE)
    states |= dict.fromkeys(names[names.index(wanted) :], StepState.NEXT)
    states |= dict.fromkeys(wrong or {wanted}, StepState.OPEN)
    return CheckoutSteps(states)
