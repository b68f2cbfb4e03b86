"""Forms of entries that two people write by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from marketplace.admin.forms import DayField, plain
from marketplace.admin.ledger_forms import LONGEST_REASON
from marketplace.kernel.errors import DomainError
from marketplace.kernel.money import MINOR_DIGITS, Money
from marketplace.ledger.chart import rule_for
from marketplace.ledger.drafts import Line
from marketplace.ledger.errors import AmountTooLarge, UnknownAccount, ZeroLine
from marketplace.ledger.operations.entry_proposals import MOST
from marketplace.web.errors import explain
from marketplace.web.forms import Form

ROWS = 8
CURRENCIES = ["KRW", "IDR"]
GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")


def _reason(label: str) -> Field:
    return TextAreaField(
        label,
        [DataRequired(_l("Write the reason.")), Length(max=LONGEST_REASON)],
        filters=[plain],
    )


class ReversalForm(Form):
    """Why an entry is undone."""

    reason = _reason(_l("Why it is reversed"))


class AdjustmentForm(Form):
    """An entry line by line; rows that are empty do not count."""

    effective_on = DayField(_l("Accounting day"), [InputRequired(_l("Choose the day."))])
    currency = SelectField(_l("Currency"), choices=CURRENCIES)
    memo = StringField(
        _l("What happened"),
        [DataRequired(_l("Write what happened.")), Length(max=200)],
        filters=[plain],
    )
    reason = _reason(_l("Why it is booked by hand"))

    def rows(self) -> list[tuple[Field, Field, Field]]:
        """Account, debit and credit of each row."""
        return [
            (self[f"account_{row}"], self[f"debit_{row}"], self[f"credit_{row}"])
            for row in range(1, ROWS + 1)
        ]

    def filled(self) -> Iterator[tuple[Field, Field, Field]]:
        return (row for row in self.rows() if any(field.data for field in row))

    def validate(self, extra_validators: object = None) -> bool:
        """Shape of every row, each fault beside its field."""
        is_right = super().validate(extra_validators)
        for account, debit, credit in self.filled():
            _check_account(account, str(self.currency.data))
            _check_sides(account, debit, credit, str(self.currency.data))
        return is_right and not self.is_refused

    def lines(self) -> list[Line]:
        """The lines of a form that is right."""
        currency = str(self.currency.data)
        return [
            Line(
                path_typed(account.data),
                read_amount(debit.data, currency)
                if debit.data
                else -read_amount(credit.data, currency),
            )
            for account, debit, credit in self.filled()
        ]

    def fill_lines(self, lines: list[Line]) -> None:
        """Show lines that are stored."""
        for (account, debit, credit), line in zip(self.rows(), lines, strict=False):
            account.data = line.path
            side = debit if line.amount.minor > 0 else credit
            side.data = f"{abs(line.amount).major:f}"


for _row in range(1, ROWS + 1):
    setattr(
        AdjustmentForm,
        f"account_{_row}",
        StringField(_l("Account"), [Length(max=200)], filters=[plain]),
    )
    setattr(
        AdjustmentForm,
        f"debit_{_row}",
        StringField(_l("Debit"), [Length(max=40)], filters=[plain]),
    )
    setattr(
        AdjustmentForm,
        f"credit_{_row}",
        StringField(_l("Credit"), [Length(max=40)], filters=[plain]),
    )


def path_typed(text: str) -> str:
    """The path of an account as typed, with or without the currency its code ends in."""
    path, _colon, last = text.rpartition(":")
    return path if last.upper() in MINOR_DIGITS else text


def read_amount(text: str, currency: str) -> Money:
    """An amount as typed: 2,500 or 2500, with decimals where the currency has them.

    Raises ValidationError for anything else, and ZeroLine and AmountTooLarge.
    """
    text = text.replace(" ", "").replace("\u00a0", "")
    if not GROUPED.fullmatch(text):
        raise ValidationError(_("Write digits only, for example 2,500."))
    whole, _point, part = text.replace(",", "").partition(".")
    digits = MINOR_DIGITS[currency]
    if len(part) > digits:
        if digits:
            raise ValidationError(
                _("An amount in %(currency)s has two decimals at most.", currency=currency)
            )
        raise ValidationError(_("Won are whole. Write the amount without decimals."))
    minor = int(whole + part.ljust(digits, "0"))
    if not minor:
        raise ZeroLine
    if minor > MOST:
        raise AmountTooLarge(most=Money(MOST, currency))
    return Money(minor, currency)


def _check_account(account: Field, currency: str) -> None:
    if not account.data:
        _refuse(account, _("Name the account of this line."))
        return
    last = account.data.rpartition(":")[2].upper()
    if last in MINOR_DIGITS and last != currency:
        _refuse(
            account,
            _("This account is in %(other)s, the entry in %(own)s.", other=last, own=currency),
        )
        return
    try:
        rule_for(path_typed(account.data))
    except UnknownAccount as error:
        _refuse(account, error)


def _check_sides(account: Field, debit: Field, credit: Field, currency: str) -> None:
    if debit.data and credit.data:
        _refuse(credit, _("Write an amount on one side only."))
        return
    if not debit.data and not credit.data:
        _refuse(debit, _("Write the amount, as debit or as credit."))
        return
    side = debit if debit.data else credit
    try:
        read_amount(side.data, currency)
    except ValidationError as error:
        _refuse(side, str(error))
    except DomainError as error:
        _refuse(side, error)


def _refuse(field: Field, why: str | DomainError) -> None:

    sentence = explain(why) if isinstance(why, DomainError) else why
    field.errors = [*field.errors, sentence]
