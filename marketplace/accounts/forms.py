from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from marketplace.accounts.policies import LONGEST_EMAIL, LONGEST_PASSWORD, SHORTEST_PASSWORD
from marketplace.web.forms import Form


class SignInForm(Form):
    email = EmailField(
        _l("E-mail address"),
        [InputRequired(_l("Enter your e-mail address.")), Length(max=LONGEST_EMAIL)],
    )
    password = PasswordField(
        _l("Password"),
        [InputRequired(_l("Enter your password.")), Length(max=LONGEST_PASSWORD)],
    )
    next = HiddenField()


class NewAuthenticatorForm(Form):
    password = PasswordField(
        _l("Password"),
        [InputRequired(_l("Enter your password.")), Length(max=LONGEST_PASSWORD)],
    )


class CodeForm(Form):
    code = StringField(
        _l("Code from your authenticator"),
        [InputRequired(_l("Write the six digits that your authenticator shows now."))],
    )


class RegisterForm(Form):
    name = StringField(_l("Name"), [DataRequired(_l("Enter your name.")), Length(max=80)])
    email = EmailField(
        _l("E-mail address"),
        [InputRequired(_l("Enter your e-mail address.")), Length(max=LONGEST_EMAIL)],
    )
    password = PasswordField(
        _l("Password"),
        [
            DataRequired(_l("Choose a password.")),
            Length(
                min=SHORTEST_PASSWORD,
                max=LONGEST_PASSWORD,
                message=_l("Choose a password of at least 10 characters."),
            ),
        ],
    )
    agrees = BooleanField(
        _l("I have read the terms of use and agree to them."),
        [InputRequired(_l("An account needs your agreement to the terms of use."))],
    )
    next = HiddenField()
