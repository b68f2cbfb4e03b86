from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, MultipleFileField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, StopValidation, ValidationError

from marketplace.catalog.policies import CATEGORIES
from marketplace.catalog.words import category_name
from marketplace.kernel.money import Money, rupiah
from marketplace.web.forms import Form

LONGEST_NAME = 60
LONGEST_STORY = 4000
LEAST_PRICE, MOST_PRICE = 1_000, 100_000_000
MOST_GRAMS = 30_000
MOST_PIECES = 100_000
GROUPED = re.compile(r"(?:rp\.?\s*)?(\d{1,3}(?:[.,\s]\d{3})+|\d+)(?:[.,]00)?", re.IGNORECASE)

SIGNED = re.compile(r"-?[0-9]{1,9}")


def plain(text: str | None) -> str:
    """What was typed without its ends; nothing where no sign of it can be seen.

    NUL goes too, which PostgreSQL cannot keep.
    """
    text = text.replace("\0", "").strip() if text else text
    return text if text and any(sign.isprintable() and sign != " " for sign in text) else ""


class WholeNumberField(StringField):
    """A whole number as people write it: 192000, 192.000, 192,000 or Rp 192.000."""

    number: int | None = None

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([text.replace("\0", "").strip() for text in valuelist])
        found = GROUPED.fullmatch(self.data or "")
        self.number = int(re.sub(r"\D", "", found.group(1))[:18]) if found else None

    def process_data(self, value: Any) -> None:
        self.number = value
        super().process_data(None if value is None else f"{value:,}".replace(",", "."))


class CodeField(StringField):
    """What was typed; or the code that was chosen among those offered for it, which comes last."""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist[-1:])


class Between:
    """The number is there and within limits; the sentence says what to write instead.

    A draft may leave it out.
    """

    def __init__(self, least: int, most: int, example: int) -> None:
        self.least, self.most, self.example = least, most, example

    def __call__(self, form: ProductForm, field: WholeNumberField) -> None:
        if form.is_draft and not field.data:
            return
        if field.number is None:
            raise ValidationError(
                _("Write a whole number, for example %(example)s.", example=self.example)
            )
        if not self.least <= field.number <= self.most:
            raise ValidationError(
                _("Write a number from %(least)s to %(most)s.", least=self.least, most=self.most)
            )


class DraftOptional:
    """A draft may leave the field empty."""

    def __call__(self, form: ProductForm, field: Field) -> None:
        if form.is_draft and not field.data:
            raise StopValidation


class ProductForm(Form):
    """Goods as a cooperative writes them down. `kept` names photos that wait for this form;
    `seen_stock` is the stock as the page showed it, `seen_words` traces of all else. A draft needs
    only its name; what else is written in it has to make sense.
    """

    is_draft = False

    form_key = HiddenField()
    kept = HiddenField()
    seen_stock = HiddenField()
    seen_words = HiddenField(filters=[plain])
    photos = MultipleFileField(_l("Photos"))
    name = StringField(
        _l("Product name"), [DataRequired(), Length(max=LONGEST_NAME)], filters=[plain]
    )
    category = SelectField(_l("Kind"), validate_choice=True)
    weight_grams = WholeNumberField(_l("Weight with packing"), [Between(1, MOST_GRAMS, 200)])
    story = TextAreaField(_l("Story of the product"), [Length(max=LONGEST_STORY)], filters=[plain])
    price = WholeNumberField(_l("Price"), [Between(LEAST_PRICE, MOST_PRICE, 192_000)])
    hs6 = CodeField(
        _l("HS code"), [DraftOptional(), DataRequired(), Length(max=80)], filters=[plain]
    )
    stock = WholeNumberField(_l("Stock"), [Between(0, MOST_PIECES, 20)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.category.choices = [("", _("Choose a kind")), *named_categories()]

    def validate_category(self, field: SelectField) -> None:
        if not field.data and not self.is_draft:
            raise ValidationError(_("Choose the kind that fits best."))

    def validate_name(self, field: StringField) -> None:
        if field.data and not any(sign.isalnum() for sign in field.data):
            raise ValidationError(_("Write the name in letters, so that buyers can search for it."))

    @property
    def money(self) -> Money | None:
        """The price as typed, None while it is not a number."""
        number = self.price.number
        return rupiah(number) if number and number <= MOST_PRICE else None

    @property
    def seen(self) -> int | None:
        """The stock as the page showed it; None on a page that did not say."""
        text = self.seen_stock.data or ""
        return int(text) if SIGNED.fullmatch(text) else None

    @property
    def traces(self) -> dict[str, str] | None:
        """Traces of the fields as the page showed them; None on a page that did not say."""
        pairs = [pair.partition("=") for pair in (self.seen_words.data or "").split()]
        return {field: trace for field, _sign, trace in pairs} or None

    def see(self, traces: Mapping[str, str]) -> None:
        """Note what the page shows, for the next time it is sent."""
        self.seen_words.data = " ".join(f"{field}={trace}" for field, trace in traces.items())

    def kept_keys(self) -> list[str]:
        return [key for key in (self.kept.data or "").split(",") if key]


def named_categories() -> list[tuple[str, str]]:
    return [(category, category_name(category)) for category in CATEGORIES]
