from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from marketplace.web.forms import Form

REQUIRED = _l("Please fill this in.")


def plain(text: str | None) -> str:
    """What was typed, without NUL, which PostgreSQL cannot keep."""
    return (text or "").replace("\0", "").strip()


class StatementForm(Form):
    """A file of the bank."""

    file = FileField(_l("Statement"), [FileRequired(_l("Choose a file."))])


class ClassifyForm(Form):
    """What an unknown line of Stripe was."""

    path = SelectField(_l("Account it belongs to"), [InputRequired(REQUIRED)])
    reason = StringField(
        _l("What it is, for the record"),
        [DataRequired(REQUIRED), Length(max=200)],
        filters=[plain],
    )


class MatchForm(Form):
    """Which entry a bank's line is; the choice is `entry:line`."""

    entry = RadioField(_l("Entry"), [InputRequired(_l("Please choose one."))])


class BankFeeForm(Form):
    """What a bank's fee was for."""

    what = StringField(
        _l("What the fee is for"), [DataRequired(REQUIRED), Length(max=120)], filters=[plain]
    )


class BookingSignatureForm(Form):
    """A second signature under what was read."""

    body = HiddenField(validators=[Length(max=64)])
