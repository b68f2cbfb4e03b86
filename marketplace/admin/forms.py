from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField
from wtforms.validators import Length, Optional

from marketplace.ledger.queries import Journal
from marketplace.web.forms import Form


class JournalForm(Form):
    """What the journal is narrowed down by; sent as GET."""

    class Meta(Form.Meta):
        csrf = False

    since = DateField(_l("From"), [Optional()])
    until = DateField(_l("To"), [Optional()])
    kind = SelectField(_l("Kind"), validate_choice=False)
    path = SelectField(_l("Account"), validate_choice=False)
    text = StringField(_l("Words or number"), [Length(max=100)])

    def offer(self, kinds: dict[str, str], paths: dict[str, str]) -> None:
        """Fill the choices; an account that is no group is offered when it is asked for."""
        self.kind.choices = [("", _l("All kinds")), *kinds.items()]
        asked = self.path.data or ""
        own = {} if asked in paths or not asked else {asked: asked}
        self.path.choices = [("", _l("All accounts")), *(own | paths).items()]

    def journal(self) -> Journal:
        """The entries asked for; a field that makes no sense is left out."""
        return Journal(
            kind=self.kind.data or None,
            path=self.path.data or None,
            text=(self.text.data or "").strip()[:100] or None,
            since=self.since.data,
            until=self.until.data,
        )


class DayForm(Form):
    """The day of a trial balance; sent as GET."""

    class Meta(Form.Meta):
        csrf = False

    on = DateField(_l("At the end of"), [Optional()])
