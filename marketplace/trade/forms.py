from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    Field,
    HiddenField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    NumberRange,
    Optional,
    StopValidation,
    ValidationError,
)
from wtforms.widgets import TextInput

from marketplace.kernel.money import Money, dollars
from marketplace.trade.errors import PriceStepsDisordered
from marketplace.trade.policies import INCOTERMS, UNITS
from marketplace.web.fields import Within
from marketplace.web.forms import Form

MOST_PIECES = 1_000_000_000
MOST_DOLLARS = 1_000_000
GROUPED = re.compile(r"\d{1,3}([.,  ]\d{3})+")

INCOTERM_CHOICES = [SelectChoice(code, code) for code in INCOTERMS]


def plain(text: str | None) -> str | None:
    """What was typed, without the ends and without NUL, which PostgreSQL cannot keep."""
    return text.replace("\0", "").strip() if text else text


class QuantityField(IntegerField):
    """A whole number, as people write it: 2400, 2,400 or 2.400."""

    widget = TextInput()
    wrong = _l("Write a whole number, for example 2400.")

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and GROUPED.fullmatch(valuelist[0].strip()):
            valuelist = [re.sub(r"\D", "", valuelist[0])]
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(self.wrong) from error


class DaysField(QuantityField):
    wrong = _l("Write a number of days, for example 30.")


class MonthsField(QuantityField):
    wrong = _l("Write a number of months, for example 12.")


class DollarsField(Field):
    """An amount in US dollars with at most two decimals: 7.22 or 7,22."""

    widget = TextInput()
    data: Decimal | None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:.2f}"

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist or not valuelist[0].strip():
            return
        self.data = None
        try:
            amount = Decimal(valuelist[0].strip().replace(",", "."))
        except InvalidOperation as error:
            raise ValueError(_("Write an amount in dollars, for example 7.22.")) from error
        exponent = amount.as_tuple().exponent
        if not amount.is_finite() or not isinstance(exponent, int):
            raise ValueError(_("Write an amount in dollars, for example 7.22."))
        if exponent < -2:
            raise ValueError(
                _("Write at most two decimals, for example 7.22. Thousands without a sign: 4661.")
            )
        self.data = amount


def _quantity(label: Any) -> QuantityField:
    return QuantityField(
        label,
        [
            InputRequired(_l("Write the quantity.")),
            Within(1, MOST_PIECES, _l("Write a quantity of at least 1.")),
        ],
    )


def _place() -> StringField:
    return StringField(
        _l("Named place"),
        [DataRequired(_l("Write the port or the town.")), Length(max=80)],
        filters=[plain],
    )


class ExportFilterForm(Form):
    """What the catalog is narrowed down by; sent as GET."""

    class Meta(Form.Meta):
        csrf = False

    chapter = SelectField(_l("HS chapter"), validate_choice=False)
    province = SelectField(_l("Province"), validate_choice=False)
    moq = QuantityField(
        _l("Minimum order up to"),
        [Optional(), Within(1, MOST_PIECES, _l("Write a quantity of at least 1."))],
    )
    certificate = SelectField(_l("Certificate"), validate_choice=False)
    sort = SelectField(_l("Sort by"), validate_choice=False)

    def chosen(self, name: str) -> str:
        """The value of a choice, empty for one that is not offered."""
        field = self[name]
        return field.data if field.data in {choice.value for choice in field.choices} else ""


class RfqForm(Form):
    quantity = _quantity(_l("Quantity"))
    incoterm = SelectField(_l("Incoterm 2020"), choices=INCOTERM_CHOICES)
    place = _place()
    wanted_on = DateField(_l("Needed by"), [Optional()])
    message = TextAreaField(_l("Message"), [Length(max=4000)], filters=[plain])
    form_key = HiddenField(validators=[InputRequired(), Length(max=64)])


class MessageForm(Form):
    body = TextAreaField(
        _l("Reply"),
        [DataRequired(_l("Write something first.")), Length(max=4000)],
        filters=[plain],
    )
    form_key = HiddenField(validators=[InputRequired(), Length(max=64)])


class QuotationForm(Form):
    quantity = _quantity(_l("Quantity"))
    unit_price = DollarsField(_l("Unit price"), [InputRequired(_l("Write the price."))])
    incoterm = SelectField(_l("Incoterm 2020"), choices=INCOTERM_CHOICES)
    place = _place()
    lead_time_days = DaysField(
        _l("Lead time"),
        [
            InputRequired(_l("Write the number of days.")),
            NumberRange(1, 730, _l("Write a number of days from 1 to 730.")),
        ],
    )
    valid_until = DateField(_l("Valid until"), [InputRequired(_l("Choose a day."))])
    note = TextAreaField(_l("Message with the offer"), [Length(max=2000)], filters=[plain])
    form_key = HiddenField(validators=[InputRequired(), Length(max=64)])

    def validate_unit_price(self, field: DollarsField) -> None:
        if field.data is None or not 0 < field.data <= MOST_DOLLARS:
            raise ValidationError(_("Write an amount in dollars, for example 7.22."))

    @property
    def price(self) -> Money:
        return dollars(self.unit_price.data or 0)


class Beside:
    """May be empty, unless the field beside it is filled."""

    def __init__(self, other: str, missing: Any) -> None:
        self.other, self.missing = other, missing

    def __call__(self, form: Form, field: Field) -> None:
        if not _is_filled(field):
            field.errors = []
            raise StopValidation(self.missing if _is_filled(form[self.other]) else "")


def _is_filled(field: Field) -> bool:
    return bool(field.raw_data and str(field.raw_data[0]).strip())


def _from_quantity(label: Any, price: str) -> QuantityField:
    beside = Beside(price, _l("Write the quantity."))
    return QuantityField(
        label, [beside, Within(1, MOST_PIECES, _l("Write a quantity of at least 1."))]
    )


class ExportOfferForm(Form):
    """What a cooperative offers for export; up to two lower prices for larger quantities."""

    unit = SelectField(_l("Unit"), choices=[SelectChoice(unit, unit) for unit in UNITS])
    moq = _quantity(_l("Minimum order"))
    price_1 = DollarsField(_l("Unit price"), [InputRequired(_l("Write the price."))])
    from_2 = _from_quantity(_l("From this quantity"), "price_2")
    price_2 = DollarsField(_l("Unit price from there"), [Beside("from_2", _l("Write the price."))])
    from_3 = _from_quantity(_l("From this larger quantity"), "price_3")
    price_3 = DollarsField(
        _l("Unit price from there on"), [Beside("from_3", _l("Write the price."))]
    )
    incoterm = SelectField(_l("Incoterm 2020"), choices=INCOTERM_CHOICES)
    place = _place()
    lead_time_days = DaysField(
        _l("Lead time"),
        [
            InputRequired(_l("Write the number of days.")),
            NumberRange(1, 730, _l("Write a number of days from 1 to 730.")),
        ],
    )
    capacity_per_month = _quantity(_l("Capacity a month"))
    packing = StringField(_l("Packing"), [Length(max=200)], filters=[plain])
    shelf_life_months = MonthsField(
        _l("Shelf life"),
        [Optional(), Within(1, 600, _l("Write a number of months from 1 to 600."))],
    )

    def _check_price(self, field: DollarsField) -> None:
        if field.data is not None and not 0 < field.data <= MOST_DOLLARS:
            raise ValidationError(_("Write an amount in dollars, for example 7.22."))

    validate_price_1 = validate_price_2 = validate_price_3 = _check_price

    @property
    def prices(self) -> list[tuple[int, Money]]:
        """Quantities and the price of one unit from there on."""
        return [(start.data or 0, dollars(price.data or 0)) for start, price in self._steps]

    @property
    def _steps(self) -> list[tuple[QuantityField, DollarsField]]:
        """The fields of the steps that are filled."""
        lower = ((self.from_2, self.price_2), (self.from_3, self.price_3))
        filled = [(start, price) for start, price in lower if start.data is not None]
        return [(self.moq, self.price_1), *filled]

    def refuse_step(self, error: PriceStepsDisordered) -> None:
        """Show why the steps are wrong, beside the first that is."""
        _, price = self._steps[int(str(error.facts["step"])) - 1]
        self.refuse(price.short_name, error)


class AcceptForm(Form):
    signer = StringField(
        _l("Who signs for the buyer"),
        [DataRequired(_l("Write the name of the person who signs.")), Length(max=120)],
        filters=[plain],
    )


class DeclineForm(Form):
    reason = TextAreaField(_l("Reason"), [Optional(), Length(max=2000)], filters=[plain])
