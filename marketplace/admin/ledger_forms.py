"""Forms of the pages on which two people decide about the books."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, DecimalField, Field, HiddenField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import TextInput

from marketplace.admin.forms import MOST_WON
from marketplace.kernel.time import SEOUL
from marketplace.ledger.models import PeriodState
from marketplace.ledger.policies import SCOPES
from marketplace.web.fields import Within, WonField
from marketplace.web.forms import Form

LONGEST_REASON = 500


def _plain(text: str | None) -> str:
    """What was typed, without NUL, which PostgreSQL cannot keep."""
    return (text or "").replace("\0", "").strip()


class PeriodChangeForm(Form):
    """One step of a month; the button that was pressed says which."""

    to_state = HiddenField(validators=[AnyOf([str(state) for state in PeriodState])])
    reason = StringField(_l("Reason"), [Length(max=LONGEST_REASON)], filters=[_plain])

    def state(self) -> PeriodState:
        return PeriodState(self.to_state.data)


class PercentField(DecimalField):
    """A share of 100 with two places at most: 92, 92.5 or 92,5."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip().removesuffix("%").strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = Decimal(text.replace(",", "."))
        except InvalidOperation as error:
            raise ValidationError(_("Write a percentage, for example 92.5.")) from error
        if not self.data.is_finite() or round(self.data, 2) != self.data:
            self.data = None
            raise ValidationError(_("Write a percentage with two decimals at most."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:f}"


def _percent(label: str) -> Field:
    return PercentField(
        label,
        [
            InputRequired(_l("Write the share, 0 for none.")),
            NumberRange(min=0, max=100, message=_l("A share is between 0 and 100.")),
        ],
    )


class PolicyForm(Form):
    """A division from a day on; the fields of its parts come with the scope."""

    scope: str
    valid_from = DateField(_l("Holds from"), [InputRequired(_l("Choose the first day."))])
    reason = TextAreaField(
        _l("Why it changes"),
        [InputRequired(_l("Write the reason.")), Length(max=LONGEST_REASON)],
        filters=[_plain],
    )

    def part_fields(self) -> list[Field]:
        return [self[name] for name in SCOPES[self.scope]]

    def parts(self) -> dict[str, int]:
        """Basis points by part."""
        return {name: int(self[name].data * 100) for name in SCOPES[self.scope]}

    def begins_at(self) -> datetime:
        """The first instant of the day in Korea, where the books are kept."""
        assert self.valid_from.data is not None
        return datetime.combine(self.valid_from.data, time(), SEOUL)


class SalePolicyForm(PolicyForm):
    """How the goods of a sale are divided."""

    scope = "sale"
    cooperative = _percent(_l("Cooperative"))
    service = _percent(_l("Service and payment"))
    village_share = _percent(_l("Village share"))


class SharePolicyForm(PolicyForm):
    """How the village share is divided into its funds."""

    scope = "share"
    programs = _percent(_l("Village program fund"))
    training = _percent(_l("Training and mentoring fund"))
    youth = _percent(_l("Youth ambassador fund"))
    reserve = _percent(_l("Reserve for refunds"))


POLICY_FORMS: dict[str, type[PolicyForm]] = {"sale": SalePolicyForm, "share": SharePolicyForm}


class SignatureForm(Form):
    """A second signature under what was read."""

    body = HiddenField(validators=[Length(max=64)])


class TrialSaleForm(Form):
    """A sale that did not happen, to see how it would be divided; sent as GET."""

    class Meta(Form.Meta):
        csrf = False

    amount = WonField(
        _l("Goods, in won"),
        [Optional(), Within(1, MOST_WON, _l("Write whole won above zero, for example 33200."))],
    )
    on = DateField(_l("Sold on"), [Optional()])

    def day(self, today: date) -> date:
        return self.on.data or today
