"""Forms check shape only; a rule's refusal is shown beside the field it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import render_template, request
from flask_babel import gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, PasswordField, StringField, TextAreaField

from marketplace.kernel.errors import N_, DomainError
from marketplace.kernel.text import one_line, readable
from marketplace.web.access import take_kept_fields
from marketplace.web.errors import explain


class Form(FlaskForm):
    """A form in the reader's language. After a late sign-in it comes back as it was typed."""

    form_errors: list[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if request.method == "GET" and "formdata" not in kwargs:
            kept = take_kept_fields()
            if kept is not None:
                kwargs["formdata"] = MultiDict(kept)
        super().__init__(*args, **kwargs)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Check all fields; each says one thing at a time, the first."""
        is_right = bool(super().validate(*args, **kwargs))
        for field in self:
            field.errors = [*field.errors][:1]
        return is_right

    def refuse(self, name: str, error: DomainError) -> None:
        """Show why the rule said no, beside the field `name`."""
        field = self[name]
        field.errors = [*field.errors, explain(error)]

    def refuse_whole(self, error: DomainError) -> None:
        """Show why the rule said no, above the form: no field could be put right."""
        self.form_errors = [*self.form_errors, explain(error)]

    @property
    def is_refused(self) -> bool:
        return any(field.errors for field in self) or bool(self.form_errors)

    class Meta(FlaskForm.Meta):
        locales = ()

        def get_translations(self, form: Any) -> Any:
            return _FieldMessages()

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            """What cannot be seen is taken out of all text before it is judged."""
            clean = _cleaner_of(unbound_field.field_class)
            if clean is not None:
                filters = [clean, *unbound_field.kwargs.get("filters", ())]
                options = {**options, "filters": filters}
            return super().bind_field(form, unbound_field, options)


def _cleaner_of(kind: type) -> Callable[[str | None], str | None] | None:
    """Passwords stay as they were typed."""
    if not issubclass(kind, StringField) or issubclass(kind, PasswordField):
        return None
    clean = readable if issubclass(kind, TextAreaField | HiddenField) else one_line
    return lambda text: clean(text) if isinstance(text, str) else text


# WTForms speaks of values and coercion, and has no Indonesian: its messages are said in our words.
_MESSAGES = {
    "This field is required.": N_("Please fill this in."),
    "Not a valid integer value.": N_("Write a whole number."),
    "Not a valid decimal value.": N_("Write a number."),
    "Not a valid date value.": N_("Choose a day that exists."),
    "Not a valid choice.": N_("Choose one of those offered."),
    "Invalid Choice: could not coerce.": N_("Choose one of those offered."),
    "Choice cannot be None.": N_("Choose one of those offered."),
    "Number must be at least %(min)s.": N_("Write a number of at least %(min)s."),
    "Number must be at most %(max)s.": N_("Write a number of at most %(max)s."),
    "Number must be between %(min)s and %(max)s.": N_("Write a number from %(min)s to %(max)s."),
    "Field must be at least %(min)d character long.": N_("Write at least %(min)d characters."),
    "Field must be at least %(min)d characters long.": N_("Write at least %(min)d characters."),
    "Field cannot be longer than %(max)d character.": N_("Write at most %(max)d characters."),
    "Field cannot be longer than %(max)d characters.": N_("Write at most %(max)d characters."),
    "Field must be between %(min)d and %(max)d characters long.": N_(
        "Write from %(min)d to %(max)d characters."
    ),
    "Invalid input.": N_("This cannot be read. Write it anew."),
}


class _FieldMessages:
    """WTForms' own messages through our catalogs."""

    def gettext(self, text: str) -> str:
        return str(gettext(_MESSAGES.get(text, text)))

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number == 1 else plural)


def render_form(template: str, form: Form, **values: Any) -> tuple[str, int]:
    """Render a page with a form: 200 when fresh, 422 once it carries errors."""
    return render_template(template, form=form, **values), 422 if form.is_refused else 200
