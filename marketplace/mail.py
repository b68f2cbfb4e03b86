"""Sends what waits in the outbox: by SMTP, or in the demo into `instance/mail`."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from flask import current_app, g, render_template

from marketplace.kernel.config import Config
from marketplace.kernel.db import lock, transaction
from marketplace.kernel.outbox import OutboxMessage, list_due, note_failure
from marketplace.kernel.time import now

SENDER = "Lumbung <no-reply@lumbung.example>"
CLAIM = timedelta(minutes=5)


def send_due() -> int:
    """Send due mails one by one; returns how many went out. A failed one waits and is retried.

    A mail is claimed before it is sent and marked after, so that no connection is made inside a
    transaction; a crash in between sends it again under the same Message-ID.
    """
    sent = 0
    while (message := _claim_next()) is not None:
        try:
            deliver(compose(message))
        except (OSError, smtplib.SMTPException) as error:
            with transaction():
                note_failure(lock(OutboxMessage, message.id), str(error), at=now())
        else:
            with transaction():
                lock(OutboxMessage, message.id).sent_at = now()
            sent += 1
    return sent


def _claim_next() -> OutboxMessage | None:
    with transaction():
        due = list_due(now(), limit=1)
        if not due:
            return None
        due[0].due_at = now() + CLAIM
        return due[0]


def compose(message: OutboxMessage) -> EmailMessage:
    """The mail in its reader's language, as plain text; the first line is the subject."""
    g.lang = message.locale
    text = render_template(f"mail/{message.template}.txt", **message.facts)
    subject, _, body = text.strip().partition("\n")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = SENDER, message.recipient, subject.strip()
    mail["Message-ID"] = f"<outbox-{message.id}@lumbung.example>"
    mail.set_content(body.strip() + "\n")
    return mail


def deliver(mail: EmailMessage) -> None:
    """Hand the mail over. Raises OSError or SMTPException."""
    config: Config = current_app.config["LUMBUNG"]
    if not config.smtp_url:
        folder = config.instance / "mail"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{mail['Message-ID'].strip('<>')}.eml").write_bytes(mail.as_bytes())
        return
    url = urlsplit(config.smtp_url)
    secure = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    with secure(url.hostname or "", url.port or 0, timeout=20) as server:
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(mail)
