"""Signed heads of the log: C2SP signed notes, checkpoints and cosignatures. Pure.

Rule: c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from marketplace.ledger.errors import KeyUnreadable, NoteUnreadable

LOG = 1
"""The kind of a key that signs heads of its own log."""
WITNESS = 4
"""The kind of a key that says when it saw a head of another's log."""

_KEY_NAME = re.compile(r"[^\s+]+")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A head as its text says it: whose log, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note. `line` ends with its newline."""

    name: str
    key_id: bytes
    payload: bytes

    @property
    def line(self) -> str:
        return f"— {self.name} {base64.b64encode(self.key_id + self.payload).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint and who signed it."""

    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]

    @property
    def text(self) -> str:
        return f"{self.checkpoint.text}\n{''.join(line.line for line in self.signatures)}"

    def signed_by(self, verifier: Verifier) -> bool:
        """Whether there is a signature by this key, and it is right."""
        mine = [
            signature
            for signature in self.signatures
            if (signature.name, signature.key_id) == (verifier.name, verifier.key_id)
        ]
        return bool(mine) and all(
            verifier.accepts(signature.payload, self.checkpoint.text) for signature in mine
        )


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public half of a key, of kind LOG or WITNESS."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """What is published, and typed into the settings of those who verify."""
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def accepts(self, payload: bytes, text: str) -> bool:
        signed = text.encode()
        if self.kind == WITNESS:
            signed = _cosigned(int.from_bytes(payload[:8], "big"), text)
            payload = payload[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(payload, signed)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A key of kind LOG or WITNESS; `name` is an address without its scheme."""

    name: str
    kind: int
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return Verifier(self.name, self.kind, public.public_bytes_raw())

    @property
    def text(self) -> str:
        """What is kept, and shown to nobody."""
        material = base64.b64encode(bytes([self.kind]) + self.seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.key_id.hex()}+{material}"

    def sign(self, checkpoint: Checkpoint) -> Signature:
        return self._signature(self._sign(checkpoint.text.encode()))

    def cosign(self, checkpoint: Checkpoint, *, unix_time: int) -> Signature:
        signed = self._sign(_cosigned(unix_time, checkpoint.text))
        return self._signature(unix_time.to_bytes(8, "big") + signed)

    def _sign(self, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def _signature(self, payload: bytes) -> Signature:
        return Signature(self.name, self.verifier.key_id, payload)


def new_signer(name: str, kind: int = LOG) -> Signer:
    """A key of its own. Raises KeyUnreadable for a name with spaces or plus signs."""
    if not _KEY_NAME.fullmatch(name):
        raise KeyUnreadable
    return Signer(name, kind, Ed25519PrivateKey.generate().private_bytes_raw())


def read_signer(text: str) -> Signer:
    """Raises KeyUnreadable."""
    words = text.strip().split("+", 4)
    if len(words) != 5 or words[:2] != ["PRIVATE", "KEY"]:
        raise KeyUnreadable
    signer = Signer(words[2], *_material(words[4]))
    if signer.verifier.key_id.hex() != words[3]:
        raise KeyUnreadable
    return signer


def read_verifier(text: str) -> Verifier:
    """Raises KeyUnreadable."""
    words = text.strip().split("+", 2)
    if len(words) != 3:
        raise KeyUnreadable
    verifier = Verifier(words[0], *_material(words[2]))
    if verifier.key_id.hex() != words[1]:
        raise KeyUnreadable
    return verifier


def read_note(text: str) -> Note:
    """Raises NoteUnreadable."""
    body, blank, lines = text.rpartition("\n\n")
    signatures = [_SIGNATURE.fullmatch(line) for line in lines.split("\n")[:-1]]
    if not blank or not lines.endswith("\n"):
        raise NoteUnreadable
    return Note(
        _read_checkpoint(body),
        tuple(_read_signature(found.group(1, 2) if found else ()) for found in signatures),
    )


def _read_checkpoint(body: str) -> Checkpoint:
    words = body.split("\n")
    if len(words) != 3 or not re.fullmatch(r"0|[1-9][0-9]*", words[1]):
        raise NoteUnreadable
    checkpoint = Checkpoint(words[0], int(words[1]), _decoded(words[2]))
    if not words[0] or len(checkpoint.root) != 32:
        raise NoteUnreadable
    return checkpoint


def _read_signature(words: Sequence[str]) -> Signature:
    if not words:
        raise NoteUnreadable
    name, encoded = words
    material = _decoded(encoded)
    return Signature(name, material[:4], material[4:])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise NoteUnreadable from None


def _material(text: str) -> tuple[int, bytes]:
    try:
        material = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise KeyUnreadable from None
    if len(material) != 33 or material[0] not in {LOG, WITNESS}:
        raise KeyUnreadable
    return material[0], material[1:]


def _cosigned(unix_time: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {unix_time}\n{text}".encode()
