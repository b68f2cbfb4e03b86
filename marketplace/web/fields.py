"""Fields for numbers as people write them, and sentences for numbers that cannot be."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext as _
from wtforms import Field, IntegerField
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from marketplace.web.formats import format_number

# One separator throughout, so that 12.5 and 2500000.00 are no whole won.
GROUPED = re.compile(r"[1-9][0-9]{0,2}([.,\u00a0 ])[0-9]{3}(\1[0-9]{3})*")


def whole_won(text: str) -> int:
    """The won in `text`, grouped by thousands or not, with or without the sign of the won.

    Raises ValidationError.
    """
    text = text.strip(" \u00a0₩원")
    bare = re.sub(r"[^0-9]", "", text) if GROUPED.fullmatch(text) else text
    if not re.fullmatch(r"-?[0-9]{1,30}", bare):
        raise ValidationError(_("Write whole won, for example 2500000."))
    return int(bare)


class WonField(IntegerField):
    """Whole won as people write them: 2500000, 2,500,000 or 2.500.000."""

    # A field of type number would not let anybody type the separators.
    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            self.data = whole_won(text)


class Within:
    """A number from `least` to `most`; the sentence for too much names the largest."""

    def __init__(self, least: int, most: int, too_small: Any) -> None:
        self.least, self.most, self.too_small = least, most, too_small

    def __call__(self, _form: Any, field: Field) -> None:
        if field.data is not None and field.data < self.least:
            raise ValidationError(self.too_small)
        if field.data is not None and field.data > self.most:
            raise ValidationError(too_large(self.most))


def too_large(most: int) -> str:
    return str(_("Write a number of at most %(most)s.", most=format_number(most)))
