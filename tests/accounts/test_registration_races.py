from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import func, select

from marketplace.accounts.errors import EmailTaken
from marketplace.accounts.models import User
from marketplace.accounts.operations import create_user
from marketplace.kernel.db import db, transaction
from tests.factories import NOON


def test_two_taps_on_the_button_open_one_account(committed):
    start = Barrier(2)

    def register():
        with committed.app_context():
            start.wait()
            try:
                with transaction():
                    create_user("a@example.com", "A", "a rice barn in June", locale="ko", at=NOON)
            except EmailTaken:
                return "taken"
            finally:
                db.session.remove()
            return "opened"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(lambda _: register(), range(2)))

    assert answers == ["opened", "taken"]
    assert db.session.scalar(select(func.count(User.id))) == 1
