from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError
from wtforms.widgets import TextInput

from marketplace.kernel.money import won
from marketplace.ledger.queries import Journal
from marketplace.statements.wording import kinds_meant
from marketplace.web.fields import Within, WonField
from marketplace.web.forms import Form

MOST_WON = 100_000_000_000


def plain(text: str | None) -> str:
    """What was typed, without the ends and without NUL, which PostgreSQL cannot keep."""
    return (text or "").replace("\0", "").strip()


class DayField(DateField):
    """A day. What is none comes back as text, since a date picker would show nothing of it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([text.strip() for text in valuelist])
        except ValueError as error:
            raise ValueError(
                _(
                    "“%(typed)s” is no day of the calendar. Write it like 2026-04-18.",
                    typed=valuelist[0][:40],
                )
            ) from error

    def __call__(self, **kwargs: Any) -> Any:
        if self.process_errors:
            return TextInput()(self, **kwargs)
        return super().__call__(**kwargs)


class JournalForm(Form):
    """What the journal is narrowed down by; sent as GET."""

    class Meta(Form.Meta):
        csrf = False

    since = DayField(_l("First day"), [Optional()])
    until = DayField(_l("Last day"), [Optional()])
    kind = SelectField(_l("Kind"), validate_choice=False, filters=[plain])
    path = SelectField(_l("Account"), validate_choice=False, filters=[plain])
    text = StringField(_l("Words or number"), [Length(max=100)], filters=[plain])
    at_least = WonField(
        _l("At least, won"),
        [Optional(), Within(1, MOST_WON, _l("Write whole won above zero, for example 33200."))],
    )

    def offer(self, kinds: dict[str, str], paths: dict[str, str]) -> None:
        """Fill the choices; what is asked for is among them, be it a group, an account or wrong."""
        self.kinds = kinds
        self.kind.choices = [("", _l("All kinds")), *(_own(self.kind, kinds) | kinds).items()]
        self.path.choices = [("", _l("All accounts")), *(_own(self.path, paths) | paths).items()]

    def validate_kind(self, field: SelectField) -> None:
        if field.data and field.data not in self.kinds:
            raise ValidationError(_("Choose one of those offered."))

    def validate_until(self, field: DayField) -> None:
        if self.since.data and field.data and field.data < self.since.data:
            raise ValidationError(_("This day lies before the first one."))

    def journal(self) -> Journal:
        """The entries asked for, by a form that is right."""
        return Journal(
            kind=self.kind.data or None,
            path=self.path.data or None,
            text=self.text.data or None,
            meant=kinds_meant(self.text.data or ""),
            at_least=None if self.at_least.data is None else won(self.at_least.data),
            since=self.since.data,
            until=self.until.data,
        )


def _own(field: Field, offered: dict[str, str]) -> dict[str, str]:
    return {} if not field.data or field.data in offered else {field.data: field.data}


class DayForm(Form):
    """The day of a trial balance; sent as GET."""

    class Meta(Form.Meta):
        csrf = False

    on = DayField(_l("At the end of"), [Optional()])
