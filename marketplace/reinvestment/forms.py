from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from marketplace.kernel.money import Money, won
from marketplace.reinvestment.models import ProgramTheme
from marketplace.reinvestment.operations import Proposal
from marketplace.reinvestment.policies import BudgetLine
from marketplace.web.fields import Within, WonField, too_large, whole_won
from marketplace.web.forms import Form

MOST_WON = 100_000_000_000
BUDGET_LINES = 8
LONGEST_TEXT = 4_000

Choices = Sequence[tuple[str, str]]


def _plain(text: str | None) -> str:
    """What was typed, without NUL, which PostgreSQL cannot keep."""
    return (text or "").replace("\0", "").strip()


def new_key() -> str:
    return secrets.token_urlsafe(16)


class ProposalForm(Form):
    """A proposal; the village comes with the address, the budget in numbered lines."""

    title = StringField(
        _l("Title in Indonesian"),
        [InputRequired(_l("Write a title.")), Length(max=120)],
        filters=[_plain],
    )
    title_ko = StringField(_l("Title in Korean"), [Length(max=120)], filters=[_plain])
    title_en = StringField(_l("Title in English"), [Length(max=120)], filters=[_plain])
    theme = SelectField(_l("Theme"), [InputRequired(_l("Choose a theme."))])
    cooperative = SelectField(_l("Cooperative"))
    problem = TextAreaField(
        _l("The problem, in the village's words"),
        [InputRequired(_l("Write what is wrong today.")), Length(max=LONGEST_TEXT)],
        filters=[_plain],
    )
    plan = TextAreaField(
        _l("What will be done"),
        [InputRequired(_l("Write what will be done.")), Length(max=LONGEST_TEXT)],
        filters=[_plain],
    )
    budget = HiddenField(_l("Budget"))
    form_key = HiddenField(default=new_key, validators=[Length(max=40)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._typed: list[tuple[str, str]] = []
        # By the number of the line: which of its two fields, and what is wrong with it.
        self.line_errors: dict[int, tuple[str, str]] = {}

    def offer(self, themes: Choices, cooperatives: Choices) -> None:
        """Fill the choices, which depend on language and village."""
        self.theme.choices = [*themes]
        self.cooperative.choices = [("", _("None in particular")), *cooperatives]

    def validate_budget(self, field: HiddenField) -> None:
        if not self.lines_sent():
            raise ValidationError(_("Write at least one budget line with its amount in won."))
        self.line_errors = {
            number: found
            for number, line in enumerate(self.lines_typed(), 1)
            if (found := _line_error(*line))
        }
        for number, (_name, sentence) in self.line_errors.items():
            raise ValidationError(
                _("Line %(number)s: %(sentence)s", number=number, sentence=sentence)
            )

    def lines_sent(self) -> list[tuple[str, int | None]]:
        """Pairs of words and won that have anything in them; won is None where unreadable."""
        return [(text, _amount_of(typed)) for text, typed in self.lines_typed() if text or typed]

    def lines_typed(self) -> list[tuple[str, str]]:
        """What stands in the budget's fields, so that a refused form keeps it."""
        return self._typed

    def read_lines(self, sent: Mapping[str, str], stored: Sequence[Sequence[object]] = ()) -> None:
        """Take the budget's numbered fields from what was sent, or from the stored proposal."""
        if "budget-text-1" in sent:
            self._typed = [
                (
                    _plain(sent.get(f"budget-text-{number}"))[:200],
                    _plain(sent.get(f"budget-won-{number}"))[:20],
                )
                for number in range(1, BUDGET_LINES + 1)
            ]
        else:
            self._typed = [(str(text), str(minor)) for text, minor in stored]
            self._typed += [("", "")] * (BUDGET_LINES - len(self._typed))

    def proposal(self, village_code: str) -> Proposal:
        lines: list[BudgetLine] = [(text, won(amount or 0)) for text, amount in self.lines_sent()]
        return Proposal(
            village_code=village_code,
            title=self.title.data or "",
            title_ko=self.title_ko.data or "",
            title_en=self.title_en.data or "",
            theme=ProgramTheme(self.theme.data),
            cooperative_id=int(self.cooperative.data) if self.cooperative.data else None,
            problem=self.problem.data or "",
            plan=self.plan.data or "",
            budget=lines,
        )


def _line_error(text: str, typed: str) -> tuple[str, str] | None:
    """The field of a budget line that is wrong, and why; None for a right or an empty line."""
    if not text and not typed:
        return None
    if not typed:
        return "won", _("Write how much it costs.")
    try:
        amount = whole_won(typed)
    except ValueError as error:
        return "won", str(error)
    if amount < 1:
        return "won", _("The amount must be above zero.")
    if amount > MOST_WON:
        return "won", too_large(MOST_WON)
    return None if text else ("text", _("Write what it pays for."))


def _amount_of(typed: str) -> int | None:
    try:
        amount = whole_won(typed)
    except ValueError:
        return None
    return amount if 0 < amount <= MOST_WON else None


class DecisionForm(Form):
    """The second signature, for exactly the text that was read."""

    decision = RadioField(_l("Your decision"), [InputRequired(_l("Choose one."))])
    reason = TextAreaField(
        _l("Reason, shown in the public record"), [Length(max=1000)], filters=[_plain]
    )
    body = HiddenField(validators=[Length(max=64)])
    code = StringField(_l("Code from your authenticator"), [Length(max=20)], id="code-decision")

    def offer(self) -> None:
        self.decision.choices = [("approve", _("Approve and sign")), ("reject", _("Refuse"))]


class DisbursementForm(Form):
    form_key = HiddenField(default=new_key, validators=[Length(max=40)])
    amount = WonField(
        _l("Amount"),
        [
            InputRequired(_l("Write the amount.")),
            Within(1, MOST_WON, _l("The amount must be above zero.")),
        ],
    )
    purpose = StringField(
        _l("What it pays for"),
        [InputRequired(_l("Write what it pays for.")), Length(max=200)],
        filters=[_plain],
    )

    def money(self) -> Money:
        return won(self.amount.data or 0)


class SettlementForm(Form):
    reference = StringField(
        _l("Bank reference"),
        [InputRequired(_l("Write the reference of the bank line.")), Length(max=60)],
        filters=[_plain],
    )


class EvidenceForm(Form):
    form_key = HiddenField(default=new_key, validators=[Length(max=40)])
    note = TextAreaField(
        _l("What the payment did, for everybody to read"),
        [InputRequired(_l("Write what it shows.")), Length(max=500)],
        filters=[_plain],
    )
    photo = FileField(_l("Photo of the goods, the work or the receipt"))


class PledgeForm(Form):
    form_key = HiddenField(default=new_key, validators=[Length(max=40)])
    organization = SelectField(_l("Company"), [InputRequired(_l("Choose a company."))])
    amount = WonField(
        _l("Amount"),
        [
            InputRequired(_l("Write the amount.")),
            Within(1, MOST_WON, _l("The amount must be above zero.")),
        ],
    )
    purpose = StringField(
        _l("Purpose, in the company's words"),
        [InputRequired(_l("Write what the money is for.")), Length(max=200)],
        filters=[_plain],
    )
    theme = SelectField(_l("Only for this theme"))
    province = SelectField(_l("Only for this province"))

    def offer(self, organizations: Choices, themes: Choices, provinces: Choices) -> None:
        self.organization.choices = [*organizations]
        self.theme.choices = [("", _("Any theme")), *themes]
        self.province.choices = [("", _("Any province")), *provinces]

    def money(self) -> Money:
        return won(self.amount.data or 0)


class ReceiptForm(Form):
    """Money of a pledge, as the bank shows it."""

    amount = WonField(
        _l("Amount received"),
        [
            InputRequired(_l("Write the amount.")),
            Within(1, MOST_WON, _l("The amount must be above zero.")),
        ],
    )
    reference = StringField(
        _l("Bank reference"),
        [InputRequired(_l("Write the reference of the bank line.")), Length(max=60)],
        filters=[_plain],
    )

    def money(self) -> Money:
        return won(self.amount.data or 0)
