import smtplib
from datetime import timedelta

import pytest

from marketplace import mail
from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox import OutboxMessage, write_mail
from marketplace.kernel.time import now


@pytest.fixture
def waiting(database):
    with transaction():
        write_mail(
            "order-paid:L-1",
            "buyer@example.com",
            template="order_paid",
            locale="ko",
            facts={"order": "L-1", "receipt_code": "7K4M-92QX-5TPA", "total_minor": 24_900},
            at=now() - timedelta(minutes=1),
        )
    return db.session.query(OutboxMessage).one()


@pytest.fixture
def mailbox(app, tmp_path, monkeypatch):
    from dataclasses import replace

    monkeypatch.setitem(app.config, "LUMBUNG", replace(app.config["LUMBUNG"], instance=tmp_path))
    return tmp_path / "mail"


def test_a_due_mail_goes_out_once_in_its_readers_language(waiting, mailbox):
    assert mail.send_due() == 1
    assert mail.send_due() == 0

    (letter,) = mailbox.glob("*.eml")
    assert "24,900원" in mail.compose(waiting).get_content()
    assert b"buyer@example.com" in letter.read_bytes()


def test_a_mail_that_cannot_be_sent_waits_and_keeps_the_reason(waiting, monkeypatch):
    def closed(_):
        raise smtplib.SMTPServerDisconnected("closed")

    monkeypatch.setattr(mail, "deliver", closed)

    assert mail.send_due() == 0

    db.session.expire_all()
    assert waiting.sent_at is None
    assert waiting.last_error == "closed"
    assert waiting.due_at > now()
