"""What a program asks for: what makes no sense is refused by its name, not passed over."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from flask import request
from flask.typing import ResponseReturnValue

from marketplace.api.views.blueprint import bp
from marketplace.kernel.errors import N_, Invalid
from marketplace.web.errors import error_page, explain
from marketplace.web.paging import page_number


class ParameterUnknown(Invalid):
    message = N_("The parameter “%(name)s” cannot be “%(value)s”.")


@bp.errorhandler(ParameterUnknown)
def refuse(error: ParameterUnknown) -> ResponseReturnValue:
    return error_page(HTTPStatus.BAD_REQUEST, explain(error))


def asked_for(name: str, known: Collection[str]) -> str:
    """The value of a parameter, empty where it is not given. Raises ParameterUnknown."""
    value = request.args.get(name, "")
    if value and value not in known:
        raise ParameterUnknown(name=name, value=value[:40])
    return value


def asked_page() -> int:
    """`?page=`, from 1. Raises ParameterUnknown."""
    value = request.args.get("page", "1")
    if not (value.isascii() and value.isdigit() and value.strip("0")):
        raise ParameterUnknown(name="page", value=value[:40])
    return page_number()
