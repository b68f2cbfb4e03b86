"""Everything public of the books in one file, for whoever wants to check it without us."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.ledger.chart import path_of
from marketplace.ledger.models import LedgerAccount, LedgerHead
from marketplace.ledger.notes import Verifier
from marketplace.ledger.queries.sealing import (
    balances_under,
    checkpoint,
    get_head,
    list_heads,
    written_leaves,
)

VERIFIER = Path(__file__).resolve().parents[1] / "public" / "verify.py"

READ_ME = """\
The books of {origin}: {size} leaves up to the head in the file `checkpoint`.

leaves.jsonl       one leaf per line, as it was sealed: an entry, or what people decided (`type`)
checkpoints.jsonl  every head that was signed, the first one first
accounts.jsonl     the accounts: class, name, and whether money in it is bound to a purpose
balances.json      what every account holds; debit positive, in the smallest unit of its currency
key.txt            the key that signs heads; compare it with the one published elsewhere
verify.py          checks all of it with nothing but Python: python3 verify.py THIS-FILE.zip
"""


def write_bundle(file: IO[bytes], log: Verifier, *, name_of: Callable[[str], str]) -> int:
    """Write the bundle of the newest head; returns its size. Raises NotSealed.

    `name_of` gives the public name for the path of an account. The same history gives the same
    file, byte for byte.
    """
    head = get_head()
    with ZipFile(file, "w") as bundle:
        for name, lines in _files(head, log, name_of):
            about = ZipInfo(name)
            about.compress_type = ZIP_DEFLATED
            with bundle.open(about, "w", force_zip64=True) as target:
                for line in lines:
                    target.write(line)
    return head.size


def _files(
    head: LedgerHead, log: Verifier, name_of: Callable[[str], str]
) -> Iterator[tuple[str, Iterator[bytes]]]:
    yield "README.txt", iter([READ_ME.format(origin=log.name, size=head.size).encode()])
    yield "checkpoint", iter([checkpoint(head.size).encode()])
    yield "key.txt", iter([f"{log.text}\n".encode()])
    yield "leaves.jsonl", (leaf + b"\n" for leaf in written_leaves(0, head.size))
    yield "checkpoints.jsonl", _checkpoints(head)
    yield "accounts.jsonl", _accounts(head, name_of)
    yield "balances.json", _totals(head)
    yield "verify.py", iter([VERIFIER.read_bytes()])


def _checkpoints(newest: LedgerHead) -> Iterator[bytes]:
    for head in list_heads(newest.size):
        yield _json({"size": str(head.size), "note": head.note})


def _totals(head: LedgerHead) -> Iterator[bytes]:
    balances = {code: str(minor) for code, minor in balances_under(head.size).items()}
    yield _json({"size": str(head.size), "balances": balances})


def _accounts(head: LedgerHead, name_of: Callable[[str], str]) -> Iterator[bytes]:
    codes = balances_under(head.size)
    rows = db.session.execute(
        select(
            LedgerAccount.code,
            LedgerAccount.account_class,
            LedgerAccount.currency,
            LedgerAccount.is_restricted,
        )
    )
    # Sorted here, since databases sort by their own alphabets.
    for code, account_class, currency, is_restricted in sorted(rows):
        if code in codes:
            yield _json(
                {
                    "class": account_class.value,
                    "code": code,
                    "currency": currency,
                    "is_restricted": is_restricted,
                    "name": name_of(path_of(code)),
                }
            )


def _json(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{text}\n".encode()
