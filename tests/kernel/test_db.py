import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from marketplace.kernel import db as kernel_db
from marketplace.kernel.db import db, snapshot, transaction
from marketplace.kernel.outbox import OutboxMessage, write_mail
from tests.factories import NOON


def mails() -> int:
    return db.session.query(OutboxMessage).count()


def write(key: str) -> None:
    write_mail(key, "a@example.com", template="paid", locale="ko", facts={"n": 1}, at=NOON)


@pytest.mark.usefixtures("database")
def test_a_refused_transaction_leaves_nothing_behind():
    with transaction():
        write("kept")

    def write_and_refuse():
        with transaction():
            write("lost")
            raise RuntimeError("refused")

    with pytest.raises(RuntimeError, match="refused"):
        write_and_refuse()

    assert mails() == 1


@pytest.mark.usefixtures("database")
def test_the_same_mail_is_written_once():
    with transaction():
        write("order:1")
        write("order:1")

    assert mails() == 1


@pytest.mark.usefixtures("database")
def test_instants_come_back_aware():
    with transaction():
        write("order:1")
    db.session.expire_all()

    assert db.session.query(OutboxMessage).one().created_at == NOON


@pytest.mark.usefixtures("database")
def test_transactions_do_not_nest():
    with transaction(), pytest.raises(RuntimeError, match="already open"), transaction():
        pass


def test_a_snapshot_is_of_one_instant(committed):
    with transaction():
        write("before")

    with snapshot():
        before = mails()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(write_elsewhere, committed).result()
        during = mails()

    assert (before, during, mails()) == (1, 1, 2)


def write_elsewhere(app):
    with app.app_context(), transaction():
        write("meanwhile")


def test_on_sqlite_the_next_writer_is_let_in_before_the_disk_is_waited_for(
    committed, engine_name, monkeypatch
):
    if engine_name != "sqlite":
        pytest.skip("PostgreSQL waits for the disk itself")
    database = Path(db.engine.url.database)
    waits = []

    def wait(handle: int) -> None:
        log = os.stat(f"{database}-wal")
        assert os.path.samestat(os.fstat(handle), log)
        with Path(f"{database}.lock").open() as queue:
            fcntl.flock(queue, fcntl.LOCK_EX | fcntl.LOCK_NB)
        waits.append(log.st_size)

    monkeypatch.setattr(kernel_db, "_sync", wait)
    with transaction():
        write("one")
    with transaction():
        write("two")

    assert len(waits) == 2
    assert 0 < waits[0] < waits[1]
