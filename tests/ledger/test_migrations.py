"""The guards come and go with their migration."""

import warnings

import pytest
import sqlalchemy as sa
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import IntegrityError

from marketplace.kernel.db import db, transaction
from marketplace.kernel.money import won
from marketplace.ledger.operations import post
from tests.ledger.drafts import a_draft


def rewrite() -> None:
    with transaction():
        db.session.execute(sa.text("UPDATE ledger_entries SET memo = 'other'"))


def test_guards_stand_after_up_down_up(committed):
    with transaction():
        post(a_draft({"assets:bank": won(1), "equity:opening": won(-1)}))

    with pytest.raises(IntegrityError):
        rewrite()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        downgrade(revision="0001")
        rewrite()
        upgrade()

    with pytest.raises(IntegrityError):
        rewrite()
