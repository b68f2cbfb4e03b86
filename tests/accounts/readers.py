"""Calling a view as somebody, without a page around it."""

from __future__ import annotations

from flask import g
from flask_login import login_user
from werkzeug.exceptions import Unauthorized

from marketplace.kernel.errors import NotFound, NotPermitted


def answer(app, view, reader, **arguments):
    """What `view` returns for `reader` (None is a stranger), or the status of its refusal."""
    with app.test_request_context("/ko/"):
        try:
            if reader is not None:
                login_user(reader)
            return view(**arguments)
        except Unauthorized:
            return 401
        except NotPermitted:
            return 403
        except NotFound:
            return 404
        finally:
            g.pop("_login_user", None)
