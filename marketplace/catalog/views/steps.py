"""The steps of the product editor are parts of one form: where one stands, and what is missing."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext
from wtforms import Field

from marketplace.catalog.forms import ProductForm
from marketplace.kernel.errors import N_
from marketplace.reference.models import HsCode


class Step(NamedTuple):
    """`part` is its place on the page; `fields` are what buyers and customs need of it."""

    part: str
    name: str
    fields: tuple[str, ...]


CONTENTS = Step("contents-part", N_("Contents"), ("name", "category", "weight_grams", "price"))
STOCK = Step("stock-part", N_("Stock and customs"), ("stock", "hs6"))
CHECK = Step("check-part", N_("Check"), ())
STEPS = (CONTENTS, STOCK, CHECK)


class Progress:
    """How far a form is, with the HS code that was found for it."""

    def __init__(self, form: ProductForm, code: HsCode | None) -> None:
        self._form = form
        self._code = code

    @property
    def missing(self) -> list[Field]:
        """What is lacking or wrong before the product can be published, as the page goes."""
        return [field for step in STEPS for field in self._missing_of(step)]

    @property
    def next_place(self) -> str:
        """Where to go on: the first field that is missing, or the check."""
        missing = self.missing
        return str(missing[0].id) if missing else CHECK.part

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        """Name, state and address of each step; the first that lacks something is the one now."""
        coming = [step for step in STEPS if step is CHECK or self._missing_of(step)]
        return [
            (
                gettext(step.name),
                "now" if step is coming[0] else "" if step in coming else "done",
                f"#{step.part}",
            )
            for step in STEPS
        ]

    @property
    def is_ready(self) -> bool:
        """Whether publishing is offered. A draft with no stock may be sold out, or not counted yet;
        publishing asks.
        """
        return all(field.name == "stock" for field in self.missing)

    def _missing_of(self, step: Step) -> list[Field]:
        return [self._form[name] for name in step.fields if not self._is_filled(name)]

    def _is_filled(self, name: str) -> bool:
        field = self._form[name]
        return bool(self._code if name == "hs6" else field.data) and not field.errors
