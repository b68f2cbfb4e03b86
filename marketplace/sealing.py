"""The seal of the ledger at work: its key, the last head it wrote down, and when it runs.

The key and the last head lie in the instance folder, where whoever edits the database is not.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import TypeVar

import structlog
from flask import Flask
from sqlalchemy import select

from marketplace.kernel.config import Config, ConfigError
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.time import now
from marketplace.ledger.errors import KeyUnreadable
from marketplace.ledger.notes import (
    LOG,
    Note,
    Signer,
    Verifier,
    new_signer,
    read_note,
    read_signer,
    read_verifier,
)
from marketplace.ledger.operations.sealing import BATCH, Codes, seal_entries
from marketplace.ledger.queries.sealing import find_head, has_unsealed
from marketplace.orders.models import Order

Key = TypeVar("Key", Signer, Verifier)

log = structlog.get_logger()

DEMO_LOG = "lumbung.example/ledger"

PAUSE = 1.0
"""Seconds between two looks for entries to seal."""
PAUSE_AFTER_FAULT = 60.0
RECENT = timedelta(minutes=5)
"""How far back a look goes; transactions are cut off long before."""
WHOLE_LOOK_EVERY = 600
"""Looks after which one goes back to the beginning, whatever was committed late."""


def key_file(config: Config) -> Path:
    return config.instance / "ledger.key"


def head_file(config: Config) -> Path:
    return config.instance / "ledger.head"


def read_seal_key(config: Config) -> Signer:
    """The key that signs heads. A demo makes its own on first use.

    Raises ConfigError where there is none, KeyUnreadable.
    """
    if config.ledger_key:
        return _of_log(read_signer(config.ledger_key))
    path = key_file(config)
    if config.demo and not path.exists():
        make_seal_key(path, DEMO_LOG)
    if not path.exists():
        raise ConfigError(
            "Set LUMBUNG_LEDGER_KEY, or make the key of the ledger's seal once, with"
            " `flask ledger key ADDRESS`."
        )
    return _of_log(read_signer(path.read_text()))


def read_public_key(config: Config) -> Verifier:
    """What heads are checked with: the public key of a machine that seals nothing, else its own.

    Raises ConfigError where there is none, KeyUnreadable.
    """
    if config.ledger_public_key:
        return _of_log(read_verifier(config.ledger_public_key))
    return read_seal_key(config).verifier


def find_public_key(config: Config) -> Verifier | None:
    """What heads are checked with; None where this machine has no key."""
    try:
        return read_public_key(config)
    except (ConfigError, KeyUnreadable):
        return None


def _of_log(key: Key) -> Key:
    if key.kind != LOG:
        raise ConfigError("The key of the ledger's seal is a witness's; it must be the log's.")
    return key


def make_seal_key(path: Path, name: str, kind: int = LOG) -> None:
    """Write a key of its own to `path`, for its owner's eyes; what is there already stays.

    Raises KeyUnreadable for a name that no key can have.
    """
    key = new_signer(name, kind)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f"{key.text}\n")
    try:
        # Appears whole or not at all, and never in place of another.
        os.link(beside, path)
    except FileExistsError:
        pass
    finally:
        beside.unlink()


def read_head_file(path: Path) -> Note | None:
    """The head that was seen last. Raises NoteUnreadable."""
    return read_note(path.read_text()) if path.exists() else None


def write_head_file(path: Path, text: str) -> None:
    """Written whole beside the file, then moved: a power cut leaves the old head."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def seal_waiting(config: Config, signer: Signer, *, is_whole: bool = True) -> int:
    """Seal what is committed by now, and write the head down; returns how many leaves that took.

    Unless `is_whole`, only what the last minutes brought is looked for. Raises SealForked,
    SealBroken.
    """
    at = now()
    since = 0 if is_whole else int((at - RECENT).timestamp() * 1000) << 22
    before = find_head()
    newest = before
    # Looked for first without a transaction: an idle look makes no writer wait.
    while has_unsealed(since=since):
        seen = read_head_file(head_file(config))
        with transaction():
            head = seal_entries(
                signer,
                at=at,
                since=since,
                codes=CODES,
                last_seen=seen.checkpoint if seen else None,
            )
        if head is None:
            break
        is_full = head.size - (newest.size if newest else 0) >= BATCH
        newest = head
        write_head_file(head_file(config), head.note)
        # What came meanwhile waits for the next look: under load no head is for a handful.
        if not is_full:
            break
    return (newest.size if newest else 0) - (before.size if before else 0)


def seal_at_once(signer: Signer) -> None:
    """Seal all that is booked in the open transaction, where no worker does: demo, tests.

    The head is not written down beside the database: the transaction may be undone yet.
    """
    while seal_entries(signer, at=now(), codes=CODES):
        pass


def _codes_of_orders(numbers: Collection[str]) -> dict[str, str]:
    rows = db.session.execute(
        select(Order.number, Order.receipt_code).where(Order.number.in_(numbers))
    )
    return {number: code for number, code in rows}


CODES: Codes = {"order": _codes_of_orders}


def seal_for_ever(app: Flask, stop: Event) -> None:
    """Seal every second until `stop`. Beside the schedule, whose smallest step is a minute."""
    config: Config = app.config["LUMBUNG"]
    signer = read_seal_key(config)
    looks = 0
    pause = 0.0
    while not stop.wait(pause):
        pause = PAUSE
        with app.app_context():
            try:
                done = seal_waiting(config, signer, is_whole=looks % WHOLE_LOOK_EVERY == 0)
            except DomainError as error:
                log.error("sealing stopped", reason=str(error))
                pause = PAUSE_AFTER_FAULT
            except Exception:
                db.session.rollback()
                log.exception("task failed", task="seal")
                pause = PAUSE_AFTER_FAULT
            else:
                looks += 1
                if done:
                    log.info("task", task="seal", done=done)
