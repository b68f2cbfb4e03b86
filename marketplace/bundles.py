"""The bundle of the books as a file to download: never made twice for one head.

The worker makes it, so that nobody who asks for it waits.
"""

from __future__ import annotations

import fcntl
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from flask import current_app
from flask_babel import force_locale

from marketplace.kernel.config import Config
from marketplace.ledger.models import LedgerHead
from marketplace.ledger.queries.sealing import find_head, get_head
from marketplace.ledger.queries.sealing_bundle import VERIFIER, write_bundle
from marketplace.sealing import read_public_key
from marketplace.statements.wording import account_name

OLDEST = timedelta(hours=1)
"""How far a bundle may lag behind the newest head before whoever asks for it makes another."""
KEPT = 2
"""The newest one, and the one before, which somebody may be downloading."""
NAME = re.compile(r"([1-9][0-9]{0,17})-([0-9a-f]{64})\.zip")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The books up to the head of `size` entries, in a file."""

    path: Path
    size: int

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size

    @property
    def made_at(self) -> datetime:
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    @property
    def age(self) -> timedelta:
        return timedelta(seconds=max(0.0, time.time() - self.path.stat().st_mtime))


def publish_bundle() -> int:
    """Make the bundle of the newest head, unless it is there or none is sealed yet."""
    config: Config = current_app.config["LUMBUNG"]
    if find_head() is None:
        return 0
    before = find_bundle(config)
    bundle = current_bundle(config, oldest=timedelta(0))
    return int(before is None or before.size != bundle.size)


def find_bundle(config: Config) -> Bundle | None:
    """The newest one whose head is in the log."""
    for bundle in _list_bundles(config):
        head = find_head(bundle.size)
        if head is not None and _file_of(config, head) == bundle.path:
            return bundle
    return None


def current_bundle(config: Config, *, oldest: timedelta = OLDEST) -> Bundle:
    """The bundle, made anew where it is older than `oldest` and the log has grown.

    While another is making it, the last one is given. Raises NotSealed, ConfigError.
    """
    bundle = find_bundle(config)
    if bundle is not None and not _is_due(bundle, oldest):
        return bundle
    with _only_maker(config, waits=bundle is None) as is_maker:
        if bundle is not None and not is_maker:
            return bundle
        made_meanwhile = find_bundle(config)
        if made_meanwhile is not None and not _is_due(made_meanwhile, oldest):
            return made_meanwhile
        return _make(config)


def _is_due(bundle: Bundle, oldest: timedelta) -> bool:
    return bundle.size < get_head().size and bundle.age >= oldest


def _make(config: Config) -> Bundle:
    beside = _folder(config) / "unfinished"
    key = read_public_key(config)
    with beside.open("wb") as file, force_locale("en"):
        size = write_bundle(file, key, name_of=account_name)
    path = _file_of(config, get_head(size))
    beside.replace(path)
    for old in _list_bundles(config)[KEPT:]:
        old.path.unlink(missing_ok=True)
    return Bundle(path, size)


def _list_bundles(config: Config) -> list[Bundle]:
    """The longest first."""
    found = [(path, NAME.fullmatch(path.name)) for path in _folder(config).iterdir()]
    bundles = [Bundle(path, int(name.group(1))) for path, name in found if name]
    return sorted(bundles, key=lambda bundle: -bundle.size)


def _file_of(config: Config, head: LedgerHead) -> Path:
    """Named for the head and the checker: a new checker is a new bundle too."""
    content = sha256(head.note.encode() + VERIFIER.read_bytes()).hexdigest()
    return _folder(config) / f"{head.size}-{content}.zip"


def _folder(config: Config) -> Path:
    folder = config.instance / "bundles"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _only_maker(config: Config, *, waits: bool) -> Iterator[bool]:
    """Whether it is our turn, among all processes of this machine."""
    with (_folder(config) / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
