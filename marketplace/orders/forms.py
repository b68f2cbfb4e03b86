from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, StopValidation, ValidationError

from marketplace.kernel.money import Money, won
from marketplace.orders.models import RequestKind, RequestReason
from marketplace.orders.operations import Address
from marketplace.web.fields import Within, WonField
from marketplace.web.forms import Form

MOST_WON = 1_000_000_000
MOST_PAID_WON = 100_000_000_000
REQUIRED = _l("Please fill this in.")
STALE = _l("This page is out of date. Please reload it and try again.")


def new_key() -> str:
    return secrets.token_urlsafe(16)


def plain(text: str | None) -> str:
    """What was typed, without NUL, which PostgreSQL cannot keep."""
    return (text or "").replace("\0", "").strip()


def required() -> DataRequired:
    return DataRequired(REQUIRED)


STEPS = {
    "recipient": ("recipient", "phone", "postcode", "line", "detail"),
    "customs": ("customs_code", "delivery_note"),
    "payment": ("terms", "transfer"),
}
"""The checkout's steps in their order, and the fields of each."""


class CheckoutForm(Form):
    recipient = StringField(_l("Recipient's name"), [required(), Length(max=60)])
    phone = StringField(_l("Mobile phone"), [required(), Length(max=30)])
    postcode = StringField(_l("Postcode"), [required(), Length(max=10)])
    line = StringField(_l("Road-name address"), [required(), Length(max=200)])
    detail = StringField(_l("Building, floor, door"), [Length(max=100)])
    customs_code = StringField(_l("Personal customs code"), [required(), Length(max=30)])
    delivery_note = TextAreaField(_l("Note for the delivery"), [Length(max=200)])
    terms = BooleanField(
        _l("I have checked the goods, the amount and the terms of sale, and I agree."),
        [DataRequired(_l("Please agree to the terms to order."))],
    )
    transfer = BooleanField(
        _l("I agree that my data is sent to Indonesia to deliver this order."),
        [DataRequired(_l("Without this consent nobody in Indonesia could send your parcel."))],
    )
    form_key = HiddenField(
        validators=[DataRequired(STALE), Length(min=8, max=64, message=STALE)],
    )
    quote = HiddenField(validators=[Length(max=1000, message=STALE)])

    def check(self, steps: Collection[str]) -> None:
        """Refuse what is wrong in the fields of these steps, and of no other."""
        for name in (name for step in steps for name in STEPS[step]):
            self[name].validate(self)
            self[name].errors = [*self[name].errors][:1]

    def address(self) -> Address:
        return Address(
            recipient=self.recipient.data or "",
            phone=self.phone.data or "",
            postcode=self.postcode.data or "",
            line=self.line.data or "",
            detail=self.detail.data or "",
            customs_code=self.customs_code.data or "",
            delivery_note=self.delivery_note.data or "",
        )


class PiecesForm(Form):
    """How many pieces, at `least` so many: 1 to put goods in, 0 to take them out.

    The token is looked at before, where the page has one.
    """

    quantity = IntegerField(_l("Quantity"), default=1)

    class Meta(Form.Meta):
        csrf = False

    def __init__(self, *args: Any, least: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.least = least

    def validate_quantity(self, field: IntegerField) -> None:
        if field.data is not None and field.data < self.least:
            raise ValidationError(_("Write a number of at least %(min)s.", min=self.least))


class ShipForm(Form):
    carrier = SelectField(_l("Carrier"), [InputRequired(REQUIRED)])
    tracking_number = StringField(_l("Tracking number"), [required(), Length(max=40)])
    # The number that the page showed: a colleague may have corrected it since.
    seen = HiddenField(validators=[Length(max=60)], filters=[plain])


REASONS = {
    RequestReason.CHANGED_MIND: _l("I changed my mind"),
    RequestReason.BROKEN: _l("Something is broken or spoiled"),
    RequestReason.WRONG_GOODS: _l("Other goods came, or some are missing"),
    RequestReason.NOT_AS_DESCRIBED: _l("It is not as described"),
    RequestReason.NEVER_ARRIVED: _l("It never arrived"),
    RequestReason.OTHER: _l("Something else"),
}
BEFORE_SENDING = (RequestReason.CHANGED_MIND, RequestReason.OTHER)


class RequestForm(Form):
    """Why a buyer wants the money of a parcel back. Who changed their mind owes no words."""

    reason = RadioField(_l("Reason"), [InputRequired(_l("Please choose one."))])
    details = TextAreaField(_l("In your own words"), [Length(max=1000)])

    def offer(self, kind: RequestKind) -> None:
        """Fill the choices that make sense before or after the parcel was sent."""
        fitting = BEFORE_SENDING if kind is RequestKind.CANCELLATION else tuple(REASONS)
        self.reason.choices = [(reason.value, REASONS[reason]) for reason in fitting]

    def validate_details(self, field: TextAreaField) -> None:
        needs_words = self.reason.data not in (None, RequestReason.CHANGED_MIND)
        if needs_words and not (field.data or "").strip():
            raise StopValidation(_l("Please say in a few words what happened."))


class RefusalForm(Form):
    why = TextAreaField(_l("Why not"), [required(), Length(max=500)])


class RefundForm(Form):
    amount = WonField(
        _l("Amount in won"),
        [InputRequired(REQUIRED), Within(1, MOST_WON, _l("Enter at least 1 won."))],
    )
    reason = StringField(_l("Reason"), [required(), Length(max=200)])
    # How many refunds the page showed: a second tap, or a colleague's refund, makes it old.
    seen = IntegerField(validators=[InputRequired()])

    def money(self) -> Money:
        return won(self.amount.data or 0)


class GatherForm(Form):
    """Which cooperatives are paid; the choices are those that can be."""

    cooperative = SelectMultipleField(
        _l("Cooperatives"),
        [InputRequired(_l("Choose at least one cooperative."))],
        coerce=int,
        validate_choice=False,
    )
    form_key = HiddenField(default=new_key, validators=[Length(max=40)], filters=[plain])


class ReleaseForm(Form):
    """The second signature, for exactly what was read."""

    checked = BooleanField(
        _l("I have read the names and amounts of this batch."),
        [DataRequired(_l("Read the batch, then tick this."))],
    )
    body = HiddenField(validators=[Length(max=64)])


class PayoutSettlementForm(Form):
    """One line of the bank's statement."""

    on = DateField(_l("Day on the bank statement"), [InputRequired(REQUIRED)])
    paid = WonField(
        _l("Won that left the account, without the fee"),
        [
            InputRequired(REQUIRED),
            Within(1, MOST_PAID_WON, _l("Enter at least 1 won.")),
        ],
    )
    fee = WonField(
        _l("Bank fee in won"),
        [
            InputRequired(_l("Enter 0 when the bank took no fee.")),
            Within(0, MOST_WON, _l("Enter 0 when the bank took no fee.")),
        ],
    )
    reference = StringField(_l("Bank reference"), [required(), Length(max=60)], filters=[plain])


class RulingForm(Form):
    """Who bears a lost dispute of released money."""

    fault = RadioField(_l("Whose fault was it?"), [InputRequired(_l("Please choose one."))])
    reason = TextAreaField(
        _l("Why, for the record"), [required(), Length(max=500)], filters=[plain]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fault.choices = [
            ("no", _l("Not the cooperative's")),
            ("yes", _l("The cooperative's")),
        ]


class RejectionForm(Form):
    reason = StringField(_l("Reason the bank gave"), [required(), Length(max=200)], filters=[plain])


class AccountForm(Form):
    """Where a cooperative is paid."""

    bank = SelectField(_l("Bank"), [InputRequired(REQUIRED)])
    number = StringField(_l("Account number"), [required(), Length(max=40)], filters=[plain])
    holder = StringField(
        _l("Account holder, as the bank writes it"), [required(), Length(max=70)], filters=[plain]
    )


class AccountCheckForm(Form):
    number = StringField(_l("Account number"), [required(), Length(max=40)], filters=[plain])


class CarrierInvoiceForm(Form):
    """Whose invoice a bank's line paid, and the parcels on it."""

    carrier = SelectField(_l("Carrier"), [InputRequired(REQUIRED)])
    invoice = StringField(_l("Invoice number"), [required(), Length(max=60)], filters=[plain])
    parcels = TextAreaField(
        _l("Parcels on the invoice"), [required(), Length(max=20_000)], filters=[plain]
    )
