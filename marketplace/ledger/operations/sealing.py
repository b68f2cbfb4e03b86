"""Sealing: committed entries and decisions get a leaf, and the new head a signature.

Rule: docs/adr/0008-sealed-ledger.md, docs/adr/0012-sealed-decisions.md
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text, bindparam, func, insert, select, text

from marketplace.kernel.db import db
from marketplace.ledger.decisions import Decided, DecisionKind, written_decision
from marketplace.ledger.errors import NoteUnreadable, SealBroken, SealForked
from marketplace.ledger.leaves import Booked, receipt_tag, written_leaf
from marketplace.ledger.merkle import TILE_HEIGHT, Frontier, is_consistent, leaf_hash
from marketplace.ledger.models import LedgerCosignature, LedgerHead, LedgerLeaf, LedgerTileRoot
from marketplace.ledger.notes import Checkpoint, Note, Signer, Verifier, read_note
from marketplace.ledger.queries.sealing import (
    find_head,
    get_head,
    list_unsealed,
    list_unsealed_decisions,
    prove_growth,
)

BATCH = 1_000
"""Entries per head: on SQLite no writer waits longer than for these."""

SALT_BYTES = 16
HASH_BYTES = 32
ONE_SEALER = 0x5EA1
"""Names the lock that sealers on PostgreSQL take."""

LEAVES_AT_ONCE = text(
    """
    INSERT INTO ledger_leaves (leaf_index, entry_id, decision_id, salt, receipt, leaf_hash)
    SELECT * FROM unnest(:leaf_index, :entry_id, :decision_id, :salt, :receipt, :leaf_hash)
    """
).bindparams(
    bindparam("leaf_index", type_=ARRAY(BigInteger)),
    bindparam("entry_id", type_=ARRAY(BigInteger)),
    bindparam("decision_id", type_=ARRAY(BigInteger)),
    bindparam("salt", type_=ARRAY(LargeBinary)),
    bindparam("receipt", type_=ARRAY(Text)),
    bindparam("leaf_hash", type_=ARRAY(LargeBinary)),
)
"""PostgreSQL: one statement for all rows, instead of one for each."""

Codes = Mapping[str, Callable[[Collection[str]], Mapping[str, str]]]
"""By kind of reference: a function from the numbers of such things to their receipts' codes."""
NewSalt = Callable[[int], bytes]


def random_salt(id_: int) -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def seal_entries(
    signer: Signer,
    *,
    at: datetime,
    since: int = 0,
    codes: Codes | None = None,
    last_seen: Checkpoint | None = None,
    new_salt: NewSalt = random_salt,
) -> LedgerHead | None:
    """Seal the next committed entries, at most BATCH, and decisions, and sign the head they make.

    Leaves follow the order of sealing, so an entry that was committed late gets a later leaf and
    none is passed over; `since` (an id) only narrows the search down. A decision is under no head
    without the entries it rests on, nor an entry without the division it names. Returns None where
    nothing waits or another is sealing. Raises SealForked where the log lacks what was seen before
    (`last_seen`), SealBroken where its last head is not what this key signed.
    """
    if not _is_only_sealer():
        return None
    head = find_head()
    if last_seen is not None:
        check_seen(last_seen)
    # Before the entries: those that a decision rests on were committed with it, or earlier.
    decisions = list_unsealed_decisions(since=since)
    entries = list_unsealed(since=since, limit=BATCH)
    if len(entries) == BATCH:
        last = entries[-1][0].id
        decisions = [
            decision
            for decision in decisions
            if decision.kind == DecisionKind.POLICY or decision.id <= last + 1
        ]
    if not entries and not decisions:
        return None
    frontier = _frontier(head, signer.verifier)
    leaves = _of_decisions(decisions, new_salt) + _of_entries(entries, codes or {}, new_salt)
    _write_leaves(leaves, frontier)
    sealed = Checkpoint(signer.name, frontier.size, frontier.root())
    new_head = LedgerHead(
        size=frontier.size,
        root=sealed.root,
        frontier=b"".join(frontier.hashes),
        note=Note(sealed, (signer.sign(sealed),)).text,
        signed_at=at,
    )
    db.session.add(new_head)
    db.session.flush()
    return new_head


def check_seen(seen: Checkpoint) -> None:
    """Raise SealForked unless the log has the head that somebody saw."""
    head = find_head(seen.size)
    if head is None or head.root != seen.root:
        raise SealForked(size=seen.size)


def cosign_head(witness: Signer, log: Verifier, *, at: datetime, last_seen: Note | None) -> Note:
    """Say with an outside key that the newest head only grew since `last_seen`.

    Returns what the witness has to keep as the last head it saw. Repeating is safe. Raises
    SealForked where history was rewritten or cut off since, SealBroken where the log's own
    signature is wrong.
    """
    head = get_head()
    note = read_note(head.note)
    if not note.signed_by(log) or note.checkpoint.origin != log.name:
        raise SealBroken
    if last_seen is not None:
        _check_growth(last_seen, note.checkpoint, log)
    key = witness.verifier.text
    known = db.session.get(LedgerCosignature, (head.size, key))
    signature = witness.cosign(note.checkpoint, unix_time=int(at.timestamp()))
    if known is None:
        db.session.add(LedgerCosignature(size=head.size, key=key, line=signature.line, seen_at=at))
        db.session.flush()
    return Note(note.checkpoint, (*note.signatures, signature))


def _check_growth(last_seen: Note, newest: Checkpoint, log: Verifier) -> None:
    seen = last_seen.checkpoint
    if not last_seen.signed_by(log):
        raise NoteUnreadable
    if seen.size > newest.size:
        raise SealForked(size=seen.size)
    proof = prove_growth(seen.size, newest.size) if seen.size else []
    if not is_consistent(seen.size, seen.root, newest.size, newest.root, proof):
        raise SealForked(size=seen.size)


def _is_only_sealer() -> bool:
    """Take turns until the transaction ends; on SQLite there is one writer anyway."""
    connection = db.session.connection()
    if connection.dialect.name != "postgresql":
        return True
    return db.session.scalar(select(func.pg_try_advisory_xact_lock(ONE_SEALER))) is True


def _frontier(head: LedgerHead | None, verifier: Verifier) -> Frontier:
    """Where the tree goes on; only from a head that we signed ourselves."""
    if head is None:
        return Frontier()
    edge = head.frontier
    try:
        frontier = Frontier(
            head.size,
            [edge[start : start + HASH_BYTES] for start in range(0, len(edge), HASH_BYTES)],
        )
        note = read_note(head.note)
    except (ValueError, NoteUnreadable):
        raise SealBroken from None
    expected = Checkpoint(verifier.name, head.size, frontier.root())
    if note.checkpoint != expected or not note.signed_by(verifier):
        raise SealBroken
    return frontier


def _of_decisions(decisions: Sequence[Decided], new_salt: NewSalt) -> list[dict[str, Any]]:
    leaves = []
    for decision in decisions:
        salt = new_salt(decision.id)
        leaves.append(
            {
                "entry_id": None,
                "decision_id": decision.id,
                "salt": salt,
                "receipt": None,
                "leaf_hash": leaf_hash(written_decision(decision, salt=salt)),
            }
        )
    return leaves


def _of_entries(
    entries: Sequence[tuple[Booked, str | None]], codes: Codes, new_salt: NewSalt
) -> list[dict[str, Any]]:
    tags = _receipt_tags([entry for entry, _ in entries], codes)
    leaves = []
    for entry, lines in entries:
        salt, receipt = new_salt(entry.id), tags.get(entry.id)
        content = written_leaf(entry, salt=salt, receipt=receipt, lines=lines)
        leaves.append(
            {
                "entry_id": entry.id,
                "decision_id": None,
                "salt": salt,
                "receipt": receipt,
                "leaf_hash": leaf_hash(content),
            }
        )
    return leaves


def _write_leaves(leaves: list[dict[str, Any]], frontier: Frontier) -> None:
    """Give the leaves their places, and the tiles they fill their roots."""
    roots: list[dict[str, Any]] = []
    for leaf in leaves:
        leaf["leaf_index"] = frontier.size
        completed = frontier.append(leaf["leaf_hash"])[TILE_HEIGHT::TILE_HEIGHT]
        roots += [
            {
                "level": level,
                "position": (frontier.size >> level * TILE_HEIGHT) - 1,
                "hash": root,
            }
            for level, root in enumerate(completed, start=1)
        ]
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        columns = {name: [leaf[name] for leaf in leaves] for name in leaves[0]}
        connection.execute(LEAVES_AT_ONCE, columns)
    else:
        connection.execute(insert(LedgerLeaf), leaves)
    if roots:
        connection.execute(insert(LedgerTileRoot), roots)


def _receipt_tags(entries: Sequence[Booked], codes: Codes) -> dict[int, str]:
    """By entry: what its receipt's code finds it by."""
    tags: dict[int, str] = {}
    for ref_kind, codes_of in codes.items():
        about = [entry for entry in entries if entry.ref_kind == ref_kind and entry.ref_id]
        found = codes_of({entry.ref_id for entry in about if entry.ref_id}) if about else {}
        for entry in about:
            if code := found.get(entry.ref_id or ""):
                tags[entry.id] = receipt_tag(code, entry.id)
    return tags
