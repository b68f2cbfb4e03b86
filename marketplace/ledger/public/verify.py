#!/usr/bin/env python3
"""Check the books of Lumbung yourself, offline, with nothing but Python 3.9 or newer.

    python3 verify.py bundle.zip
    python3 verify.py bundle.zip --receipt 7K4M-92QX-5TPA
    python3 verify.py bundle.zip --receipt proof.json
    python3 verify.py bundle.zip --last-head head.txt --key "lumbung.example/ledger+1a2b3c4d+A…"

It believes no stored hash. It reads every leaf of the log, an entry or what people decided, as it
was sealed, and computes the Merkle root, the sums and the balances itself.

--key        the key you trust. Without it the key in the bundle is used, and printed: compare it
             with the one that is published elsewhere.
--last-head  a file to remember the newest head in. The next time, the books must still contain
             all that you saw then. Without it nobody can notice a history that was cut off.
--receipt    the code on a receipt, or a proof that was downloaded for one.

Exit code: 0 all is right, 1 something is wrong, 2 the check could not be made, or the bundle does
not hold the receipt.

The formats: RFC 6962 (tree), RFC 8032 (Ed25519), c2sp.org/signed-note, c2sp.org/tlog-checkpoint,
c2sp.org/tlog-cosignature. MIT licensed.
"""

from __future__ import annotations

import argparse
import base64
import hmac
import json
import os
import re
import sys
import zipfile
import zlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256, sha512
from secrets import randbelow
from typing import Any, NamedTuple

CASH = (
    "assets:bank",
    "assets:bank-trust",
    "assets:stripe",
    "assets:stripe:unclassified",
    "assets:disputes",
    "assets:payout-transit",
    "assets:disburse-transit",
)
STRETCH = 1 << 20
# Half a second of work; of more heads this many are drawn anew each time.
MOST_SIGNATURES = 3_000
FREE_FUNDS = ("funds:refund-reserve",)
WHOLE_CURRENCIES = ("KRW",)
BOUND_CASH = ("assets:bank-trust", "assets:disburse-transit")
CLASSES = {
    "assets": "A",
    "liabilities": "L",
    "equity": "Q",
    "income": "I",
    "expenses": "X",
    "funds": "F",
}


class Wrong(Exception):
    """The books are not what they should be."""


class Unreadable(Exception):
    """The check could not be made."""


class NotHere(Exception):
    """The books are right as far as the bundle goes; the receipt is not in them."""


# The tree: RFC 6962.


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """The whole subtrees of a growing tree, by height; None where there is none."""

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[bytes | None] = []

    def extend(self, hashes: list[bytes]) -> None:
        self.size += len(hashes)
        height = 0
        while hashes:
            if height == len(self.edge):
                self.edge.append(None)
            left = self.edge[height]
            if left is not None:
                hashes = [left, *hashes]
            self.edge[height] = hashes[-1] if len(hashes) & 1 else None
            hashes = [
                sha256(b"\x01" + left + right).digest()
                for left, right in zip(hashes[::2], hashes[1::2])
            ]
            height += 1

    def root(self) -> bytes:
        root = None
        for left in self.edge:
            if left is not None:
                root = left if root is None else node_hash(left, root)
        return sha256(b"").digest() if root is None else root


def root_of_proof(hash_: bytes, index: int, size: int, proof: list[bytes]) -> bytes | None:
    """The root that a proof leads to; None where it has the wrong length. RFC 9162, 2.1.3.2."""
    last = size - 1
    for sibling in proof:
        if not last:
            return None
        if index & 1 or index == last:
            hash_ = node_hash(sibling, hash_)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, sibling)
        index, last = index >> 1, last >> 1
    return None if last else hash_


# Signatures: RFC 8032, Ed25519.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]
NEUTRAL: Point = (0, 1, 1, 0)


def add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    x, z, t, y = f - e, h - g, h + g, f + e
    return (x * z % P, t * y % P, z * t % P, x * y % P)


def times(factor: int, point: Point) -> Point:
    result = NEUTRAL
    while factor:
        if factor & 1:
            result = add(result, point)
        point = add(point, point)
        factor >>= 1
    return result


def same(a: Point, b: Point) -> bool:
    return not (a[0] * b[2] - b[0] * a[2]) % P and not (a[1] * b[2] - b[1] * a[2]) % P


def point_of(encoded: bytes) -> Point | None:
    number = int.from_bytes(encoded, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if len(encoded) != 32 or y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    v3 = v * v % P * v % P
    x = u * v3 % P * pow(u * v3 % P * v3 % P * v, (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (v * x * x - u) % P or (not x and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or NEUTRAL


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    key, r = point_of(public), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or len(signature) != 64 or s >= ORDER:
        return False
    k = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % ORDER
    return same(times(s, BASE), add(r, times(k, key)))


def are_signed(public: bytes, signed: list[tuple[bytes, bytes]]) -> bool:
    """Whether all messages carry their signature: added up, each times a number drawn by lot.

    Who forges one would have to guess its 128 bits. Rule: the small exponents test of Bellare,
    Garay and Rabin, 1998.
    """
    key = point_of(public)
    if key is None:
        return False
    in_s = in_k = 0
    terms = []
    for message, signature in signed:
        r, s = point_of(signature[:32]), int.from_bytes(signature[32:], "little")
        if r is None or len(signature) != 64 or s >= ORDER:
            return False
        k = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little")
        factor = os.urandom(16)
        in_s += s * int.from_bytes(factor, "big")
        in_k += k * int.from_bytes(factor, "big")
        terms.append((factor, r))
    return same(times(in_s % ORDER, BASE), add(sum_of(terms), times(in_k % ORDER, key)))


def sum_of(terms: list[tuple[bytes, Point]]) -> Point:
    """The sum of points by their factors of 16 bytes: for each byte, equal ones are added first."""
    result = NEUTRAL
    for place in range(16):
        shares: dict[int, Point] = {}
        for factor, point in terms:
            digit = factor[place]
            shares[digit] = add(shares[digit], point) if digit in shares else point
        result = times(256, result)
        running = column = NEUTRAL
        for digit in range(255, 0, -1):
            if digit in shares:
                running = add(running, shares[digit])
            column = add(column, running)
        result = add(result, column)
    return result


# Heads: signed notes.


class Key(NamedTuple):
    name: str
    key_id: bytes
    public: bytes


class Head(NamedTuple):
    origin: str
    size: int
    root: bytes
    text: str
    signatures: list[tuple[str, bytes]]

    def signed_with(self, key: Key) -> list[tuple[bytes, bytes]]:
        """Its text with each signature that is said to be of this key."""
        return [
            (self.text.encode(), signature[4:])
            for name, signature in self.signatures
            if name == key.name and signature[:4] == key.key_id
        ]

    def is_signed_by(self, key: Key) -> bool:
        signed = self.signed_with(key)
        return bool(signed) and all(is_signed(key.public, *pair) for pair in signed)


def are_heads_signed(heads: list[Head], key: Key) -> bool:
    signed = [head.signed_with(key) for head in heads]
    return all(signed) and are_signed(key.public, [pair for pairs in signed for pair in pairs])


def find_unsigned(heads: list[Head], key: Key) -> Head | None:
    """The first that the key did not sign, looked for in halves."""
    if len(heads) < 2:
        return next((head for head in heads if not head.is_signed_by(key)), None)
    if are_heads_signed(heads, key):
        return None
    half = len(heads) // 2
    return find_unsigned(heads[:half], key) or find_unsigned(heads[half:], key)


def read_key(text: str) -> Key:
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    material = decoded(encoded)
    expected = sha256(name.encode() + b"\n" + material).digest()[:4]
    if len(material) != 33 or material[0] != 1 or key_id != expected.hex():
        raise Unreadable(f"This is no key: {text.strip()[:99] or 'nothing'}.")
    return Key(name, expected, material[1:])


def read_head(note: str) -> Head:
    text, blank, lines = note.rpartition("\n\n")
    words = text.split("\n")
    if not blank or len(words) != 3 or not re.fullmatch("0|[1-9][0-9]*", words[1]):
        raise Unreadable("This is no signed head.")
    signatures = []
    for line in lines.split("\n")[:-1]:
        found = re.fullmatch(r"— (\S+) (\S+)", line)
        if found is None:
            raise Unreadable("This is no signed head.")
        signatures.append((found.group(1), decoded(found.group(2))))
    return Head(words[0], int(words[1]), decoded(words[2]), text + "\n", signatures)


def decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Unreadable(f"This is no base 64: {text[:99]}.") from None


# Entries.

# The one way in which an entry is written down and sealed: JSON with sorted keys and no spaces.
WORDS = r'"[^"\\\x00-\x1f]+"'
NUMBER = r'"[1-9][0-9]*"'
INSTANT = r'"[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]\.[0-9]{6}Z"'
HASH = r'"[0-9a-f]{64}"'
LINE = r'\["[A-Za-z0-9:-]+","[A-Z]{3}","-?[1-9][0-9]*"\]'
# Whole lines of a text; what is looked at closer is in groups.
ENTRIES = re.compile(
    r'^\{"effective_on":"([0-9]{4}-[0-9][0-9])-[0-9][0-9]"'
    r',"id":"([1-9][0-9]*)"'
    rf',"kind":{WORDS}'
    rf',"lines":\[({LINE}(?:,{LINE})+)\]'
    rf',"occurred_at":{INSTANT}'
    rf',"policy":(null|{NUMBER})'
    rf',"posted_at":{INSTANT}'
    rf',"private":{HASH}'
    rf',"receipt":(null|{HASH})'
    rf',"ref":(?:null|{WORDS})'
    rf',"reverses":(null|{NUMBER})'
    r',"signatures":"[0-9]"'
    r',"v":"1"\}\n',
    re.MULTILINE,
)
written_as_sealed = ENTRIES.findall


def is_entry(line: bytes) -> bool:
    return bool(written_as_sealed(line.decode("utf-8", "replace") + "\n"))


def canonical(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def money(minor: int, currency: str) -> str:
    whole, part = divmod(abs(minor), 100)
    amount = f"{abs(minor):,}" if currency in WHOLE_CURRENCIES else f"{whole:,}.{part:02}"
    return f"{'-' if minor < 0 else ''}{currency} {amount}"


def whole(minor: str) -> int:
    """Of the one way in which a whole number is written as text. Raises ValueError."""
    if not re.fullmatch("0|-?[1-9][0-9]*", minor):
        raise ValueError
    return int(minor)


def number_of(entry_id: str) -> str:
    """What the pages show for an id, such as J-01K8T-3QRS-7VWX."""
    signs, number = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", int(entry_id)
    digits = "".join(signs[number >> 5 * place & 31] for place in reversed(range(13)))
    return f"J-{digits[:5]}-{digits[5:9]}-{digits[9:]}"


Entry = tuple[str, str, str, str, str, str]
"""Its month, id, lines as they are written, division, receipt, and what it reverses."""


def is_bound(path: str) -> bool:
    """Whether money in an account is bound to a purpose."""
    return path in BOUND_CASH or (path.startswith("funds:") and path not in FREE_FUNDS)


class Books:
    """What the entries say, added up here."""

    def __init__(self) -> None:
        self.balances: defaultdict[str, int] = defaultdict(int)
        self.places: set[tuple[str, str]] = set()
        self.ids: set[str] = set()
        self.reversed: set[str] = set()
        self.policies: set[str] = set()
        self.months: Counter[str] = Counter()

    def add(self, entries: list[Entry]) -> Iterator[str]:
        """Count them in; gives a sentence for each that breaks a rule of double entry."""
        balances = self.balances
        self.policies.update([entry[3] for entry in entries])
        self.months.update([entry[0] for entry in entries])
        for _, entry_id, lines, _, _, undone in entries:
            words = lines[2:-2].replace('"],["', '","').split('","')
            codes, currencies, minors = words[::3], words[1::3], list(map(int, words[2::3]))
            if sum(minors) or currencies.count(currencies[0]) != len(currencies):
                yield from self._balance(entry_id, currencies, minors)
            for code, minor in zip(codes, minors):
                balances[code] += minor
            self.places.update(zip(codes, currencies))
            if entry_id in self.ids:
                yield f"Entry {number_of(entry_id)} is there twice."
            self.ids.add(entry_id)
            if undone != "null":
                if undone in self.reversed:
                    yield f"Entry {number_of(undone[1:-1])} is reversed twice."
                self.reversed.add(undone)

    @staticmethod
    def _balance(entry_id: str, currencies: list[str], minors: list[int]) -> Iterator[str]:
        sums: Counter[str] = Counter()
        for currency, minor in zip(currencies, minors):
            sums[currency] += minor
        if any(sums.values()):
            yield f"Entry {number_of(entry_id)} does not balance."

    def close(self) -> None:
        """Raises Wrong for what only all entries together show."""
        for code, currency in self.places:
            if code[-4:] != ":" + currency.lower():
                raise Wrong(f"{code} has lines in {currency}.")
        for undone in self.reversed:
            if undone[1:-1] not in self.ids:
                raise Wrong(f"Entry {number_of(undone[1:-1])} is reversed, and not there.")

    def cover(self, currency: str) -> tuple[int, int]:
        """Cash, and what is bound to a purpose, in one currency."""
        cash = held = 0
        for code, minor in self.balances.items():
            path = code[:-4]
            if code[-3:].upper() != currency:
                continue
            if path in CASH:
                cash += minor
            elif path.startswith("funds:") and is_bound(path):
                held -= 0 if path.endswith(":pledged") else minor
        return cash, held


# Decisions.

# Begins as no entry does; what is looked at closer is in groups.
DECIDED = b'{"body":'
DECISION = re.compile(
    r'\{"body":(\{.*\})'
    rf',"decided_at":{INSTANT}'
    rf',"decided_by":(null|{HASH})'
    r',"id":"([1-9][0-9]*)"'
    r',"kind":"(policy|period|entry)"'
    r',"outcome":"(signed|withdrawn|opening)"'
    rf',"private":{HASH}'
    rf',"proposed_at":(?:null|{INSTANT})'
    rf',"proposed_by":(null|{HASH})'
    r',"type":"decision","v":"1"\}'
)
BODIES = {
    "policy": {"parts", "policy", "scope", "valid_from"},
    "period": {"entries", "from", "last_entry", "month", "to"},
    "entry": {"entry", "kind", "reverses"},
}
STEPS = {("open", "soft"), ("soft", "open"), ("soft", "closed")}
WHOLE = 10_000


class Decisions:
    """What people decided, in the order in which it was sealed."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.ids: set[str] = set()
        self.divisions: dict[str, tuple[str, str, bool]] = {}
        self.months: dict[str, str] = {}
        self.closed: dict[str, int] = {}
        self.entries: set[str] = set()

    @property
    def count(self) -> int:
        return sum(self.kinds.values())

    def add(self, line: bytes) -> str | None:
        """Count one in; a sentence where it breaks a rule."""
        text = line.decode("utf-8", "replace")
        found = DECISION.fullmatch(text)
        self.kinds[found.group(4) if found else "?"] += 1
        body = read_body(found.group(1)) if found else None
        if found is None or body is None or canonical(json.loads(text)) != line:
            return "A decision is not written as decisions are sealed: " + text[:60]
        _, decided_by, id_, kind, outcome, proposed_by = found.groups()
        name = "Decision D" + number_of(id_)[1:]
        if id_ in self.ids:
            return f"{name} is there twice."
        self.ids.add(id_)
        self.outcomes[outcome] += 1
        if outcome == "withdrawn":
            return None
        is_alone = "null" in (decided_by, proposed_by) or decided_by == proposed_by
        if outcome == "signed" and is_alone:
            return f"{name} was not signed by two people."
        if set(body) != BODIES[kind] or (outcome == "opening" and kind != "policy"):
            return f"{name} does not say what it decides."
        if kind == "policy":
            wrong = self._divide(body, outcome)
        elif kind == "period":
            wrong = self._turn(body)
        else:
            wrong = "is about an entry that was decided before" * (body["entry"] in self.entries)
            self.entries.add(body["entry"])
        return f"{name} {wrong}." if wrong else None

    def _divide(self, body: dict[str, Any], outcome: str) -> str:
        parts = [int(part) for part in body["parts"].values()]
        if sum(parts) != WHOLE or min(parts) < 0:
            return "divides more or less than the whole"
        begin = (body["scope"], body["valid_from"])
        if body["policy"] in self.divisions or begin in [
            known[:2] for known in self.divisions.values()
        ]:
            return "is about a division that was decided before"
        self.divisions[body["policy"]] = (*begin, outcome == "opening")
        return ""

    def _turn(self, body: dict[str, Any]) -> str:
        month, begin, end = body["month"], body["from"], body["to"]
        if (begin, end) not in STEPS or self.months.get(month, begin) != begin:
            return f"turns {month} from {begin} to {end}, which was {self.months.get(month, begin)}"
        self.months[month] = end
        if end == "closed":
            self.closed[month] = int(body["entries"])
        return ""

    def close(self, books: Books) -> None:
        """Raises Wrong for what only all decisions and entries together show."""
        for named in sorted(books.policies - {"null"}):
            if named[1:-1] not in self.divisions:
                raise Wrong(f"Entries name the division {named[1:-1]}, which nobody decided.")
        first = {
            scope: min(begin for known, begin, _ in self.divisions.values() if known == scope)
            for scope, _, _ in self.divisions.values()
        }
        for scope, begin, is_opening in self.divisions.values():
            if is_opening and begin != first[scope]:
                raise Wrong(f"The division of {scope} from {begin} on was not signed.")
        for entry_id in sorted(self.entries - books.ids):
            raise Wrong(f"Entry {number_of(entry_id)} was signed, and is not there.")
        for month, count in sorted(self.closed.items()):
            if books.months[month] > count:
                raise Wrong(
                    f"{month} was closed with {count:,} entries and has {books.months[month]:,}."
                )


def read_body(text: str) -> dict[str, Any] | None:
    """What was decided: words, numbers as text, and parts of a whole; None for anything else."""
    try:
        body: dict[str, Any] = json.loads(text)
    except ValueError:
        return None
    words = [word for name, word in body.items() if name != "parts"]
    parts = body.get("parts", {"whole": "0"})
    if not isinstance(parts, dict) or not parts:
        return None
    numbers = [*parts.values(), *(body[name] for name in ("policy", "entry") if name in body)]
    if body.get("to") == "closed":
        numbers.append(body.get("entries"))
    is_right = all(isinstance(word, (str, type(None))) for word in words) and all(
        isinstance(number, str) and re.fullmatch("0|[1-9][0-9]*", number) for number in numbers
    )
    return body if is_right else None


LATER = "A new bundle is made within ten minutes; download it then, and check again."


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn what goes wrong with the form of `what` into one sentence. Raises Unreadable."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise Unreadable(f"{what} is not written as in a bundle.") from None
    # A zip that claims to be encrypted or packed in another way is a RuntimeError.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        raise Unreadable(f"{what} is damaged. Download the bundle again.") from None


class Check:
    """One bundle, read once."""

    def __init__(self, bundle: zipfile.ZipFile, key: Key | None, code: str | None) -> None:
        self.bundle = bundle
        self.key = key or read_key(self._text("key.txt"))
        self.head = read_head(self._text("checkpoint"))
        self.code = code
        self.books = Books()
        self.decisions = Decisions()
        self.tree = Tree()
        self.roots: dict[int, bytes] = {}
        self.found: list[dict[str, Any]] = []
        self.undecided: list[str] = []
        self.newest = b""

    def steps(self, also: Iterable[int] = ()) -> list[Callable[[], str]]:
        """What every bundle is checked for, in order; each says what holds, or raises Wrong."""
        return [
            self.signature,
            lambda: self.entries(also),
            self.decided,
            self.root,
            self.heads,
            self.balances,
            self.accounts,
            self.coverage,
        ]

    def _require(self, name: str) -> None:
        if name not in self.bundle.namelist():
            raise Unreadable(f"The bundle has no {name}.")

    def _text(self, name: str) -> str:
        self._require(name)
        with reading(name):
            return self.bundle.read(name).decode()

    def _rows(self, name: str, *fields: str) -> Iterator[list[Any]]:
        """What stands in `fields` of the object on each line."""
        for place, line in enumerate(self._lines(name), 1):
            with reading(f"Line {place:,} of {name}"):
                row = json.loads(line)
                values = [row[field] for field in fields]
            yield values

    def _heads(self) -> Iterator[Head]:
        """Every head that was published, of the size it is listed with."""
        for place, (size, note) in enumerate(self._rows("checkpoints.jsonl", "size", "note"), 1):
            with reading(f"Line {place:,} of checkpoints.jsonl"):
                head = read_head(note)
            if str(head.size) != size:
                raise Wrong(f"The head of {head.size:,} leaves is listed with {size}.")
            yield head

    def _lines(self, name: str) -> Iterator[bytes]:
        for text in self._stretches(name):
            yield from text[:-1].split(b"\n")

    def _stretches(self, name: str) -> Iterator[bytes]:
        """A file in whole lines, about a megabyte at a time."""
        self._require(name)
        with reading(name), self.bundle.open(name) as file:
            rest = b""
            while read := file.read(STRETCH):
                whole, newline, rest = (rest + read).rpartition(b"\n")
                if newline:
                    yield whole + newline
            if rest:
                yield rest + b"\n"

    def signature(self) -> str:
        if self.head.origin != self.key.name or not self.head.is_signed_by(self.key):
            raise Wrong("The newest head is not signed by the key.")
        return f"The head of {self.head.size:,} leaves is signed by {self.key.name}."

    def entries(self, also: Iterable[int]) -> str:
        """Read every leaf; remember the roots that will be compared."""
        published = {head.size for head in self._heads()}
        sizes = sorted(published | {self.head.size} | set(also))
        wrongs: list[str] = []
        for text in self._stretches("leaves.jsonl"):
            lines = text[:-1].split(b"\n")
            wrongs += self._read(text, lines)
            self._grow([sha256(b"\x00" + line).digest() for line in lines], sizes)
            entries = (line for line in reversed(lines) if not line.startswith(DECIDED))
            self.newest = next(entries, self.newest)
        if wrongs:
            more = f" (and {len(wrongs) - 1:,} more)" if wrongs[1:] else ""
            raise Wrong(f"{wrongs[0]}{more}")
        size = self.tree.size
        if size != self.head.size:
            raise Wrong(f"The head has {self.head.size:,} leaves, the bundle {size:,}.")
        self.books.close()
        count = size - self.decisions.count
        return f"All {count:,} entries balance in each of their currencies."

    def _grow(self, hashes: list[bytes], sizes: list[int]) -> None:
        """Let the tree grow, with a stop at each of `sizes` to remember the root."""
        tree, begun, done = self.tree, self.tree.size, 0
        for size in sizes[bisect_right(sizes, begun) : bisect_right(sizes, begun + len(hashes))]:
            tree.extend(hashes[done : size - begun])
            done = size - begun
            self.roots[size] = tree.root()
        tree.extend(hashes[done:])

    def _read(self, text: bytes, lines: list[bytes]) -> Iterator[str]:
        entries = written_as_sealed(text.decode("utf-8", "replace"))
        if len(entries) != len(lines):
            for place, line in enumerate(lines, self.tree.size + 1):
                if line.startswith(DECIDED):
                    self.undecided += filter(None, [self.decisions.add(line)])
                elif not is_entry(line):
                    yield f"Leaf {place} is not written as entries are sealed."
            lines = [line for line in lines if is_entry(line)]
        if self.code is not None:
            self._find(self.code.encode(), lines, entries)
        yield from self.books.add(entries)

    def _find(self, code: bytes, lines: list[bytes], entries: list[Entry]) -> None:
        """Keep the entries that belong to a receipt."""
        for line, (_, entry_id, _, _, receipt, _) in zip(lines, entries):
            if receipt != "null":
                tag = hmac.new(code, entry_id.encode(), "sha256").hexdigest()
                if hmac.compare_digest(tag, receipt[1:-1]):
                    self.found.append(json.loads(line))

    def decided(self) -> str:
        """Whether each decision is signed by two people, and what holds is what was decided."""
        decisions = self.decisions
        if self.undecided:
            more = f" (and {len(self.undecided) - 1:,} more)" if self.undecided[1:] else ""
            raise Wrong(f"{self.undecided[0]}{more}")
        if not decisions.count:
            return "No decision is sealed in these books: they are older than that."
        decisions.close(self.books)
        kinds, outcomes = decisions.kinds, decisions.outcomes
        return (
            f"Decisions of people: {kinds['policy']:,} on divisions, {kinds['period']:,} on "
            f"months, {kinds['entry']:,} on entries; signed by two {outcomes['signed']:,}, "
            f"taken back {outcomes['withdrawn']:,}, with the opening {outcomes['opening']:,}."
        )

    def root(self) -> str:
        if self.roots.get(self.head.size) != self.head.root:
            raise Wrong("The leaves are not those that were sealed: their root is another.")
        return f"The leaves are those that were sealed: root {self.head.root.hex()[:16]}…"

    def heads(self) -> str:
        count, drawn, head = 0, [], None
        for head in self._heads():
            if head.origin != self.key.name or self.roots.get(head.size) != head.root:
                raise Wrong(f"The head of {head.size:,} leaves does not fit the history.")
            count += 1
            # Any of them is as likely to stay among those that are looked at.
            if count <= MOST_SIGNATURES:
                drawn.append(head)
            elif (place := randbelow(count)) < MOST_SIGNATURES:
                drawn[place] = head
        if head is None or head.size != self.head.size:
            raise Wrong("The newest head is not the last of those that were published.")
        unsigned = find_unsigned(drawn, self.key)
        if unsigned is not None:
            raise Wrong(f"The head of {unsigned.size:,} leaves is not signed by the key.")
        signed = "all" if count == len(drawn) else f"{len(drawn):,}, drawn by lot,"
        return (
            f"History only grew through all {count:,} published heads; "
            f"{signed} are signed by {self.key.name}."
        )

    def balances(self) -> str:
        text = self._text("balances.json")
        with reading("balances.json"):
            published = json.loads(text)
            said = {code: whole(minor) for code, minor in published["balances"].items()}
        ours = self.books.balances
        for code in sorted(said.keys() | ours.keys()):
            if said.get(code, 0) != ours.get(code, 0):
                currency = code[-3:].upper()
                raise Wrong(
                    f"{code} is published with {money(said.get(code, 0), currency)}, "
                    f"the entries give {money(ours.get(code, 0), currency)}."
                )
        return f"The balances of all {len(said):,} accounts follow from the entries."

    def accounts(self) -> str:
        """The list is exactly of the accounts in the entries, and each is what its code says."""
        listed = set()
        rows = self._rows("accounts.jsonl", "code", "class", "currency", "is_restricted")
        for code, *about in rows:
            code = str(code)
            path, _, currency = code.rpartition(":")
            if code in listed:
                raise Wrong(f"{code} is listed twice in accounts.jsonl.")
            if code not in self.books.balances:
                raise Wrong(f"{code} is listed in accounts.jsonl, and no entry has it.")
            listed.add(code)
            if about != [CLASSES.get(path.partition(":")[0]), currency.upper(), is_bound(path)]:
                raise Wrong(f"{code} is listed in accounts.jsonl as something else than it is.")
        missing = sorted(self.books.balances.keys() - listed)
        if missing:
            raise Wrong(f"{missing[0]} is missing in accounts.jsonl.")
        return f"All {len(listed):,} accounts are listed, and which of them are bound to a purpose."

    def coverage(self) -> str:
        words = []
        for currency in sorted({code[-3:].upper() for code in self.books.balances}):
            cash, held = self.books.cover(currency)
            # Rupiah on their way to cooperatives are paid from won: that place is below zero.
            if held > max(cash, 0):
                raise Wrong(
                    f"The funds hold {money(held, currency)}, the cash is {money(cash, currency)}."
                )
            if held:
                words.append(f"{currency} {cash / held:.2f} times")
        return "Cash covers the money bound to a purpose: " + (", ".join(words) or "none is held.")

    def growth(self, seen: Head | None) -> str:
        if seen is None:
            return "No earlier head to compare with; this one is remembered for the next time."
        if not seen.is_signed_by(self.key):
            raise Wrong("The head that you saw last was signed by another key.")
        if seen.size > self.head.size:
            raise Wrong(
                f"You saw a head of {seen.size:,} leaves; now there are {self.head.size:,}. "
                "The end of the history was cut off."
            )
        if self.roots.get(seen.size) != seen.root:
            raise Wrong("What you saw last was rewritten since.")
        return f"Nothing of the {seen.size:,} leaves that you saw last has changed."

    def receipt(self, proof: dict[str, Any] | None) -> str:
        if proof is not None:
            return self._proof(proof)
        if not self.found:
            raise NotHere(
                f"{self._extent()} does not hold this receipt: the code is mistyped, or its "
                f"entries are newer. {LATER}"
            )
        return "\n".join(
            [f"{len(self.found)} sealed entries belong to the receipt:"]
            + [f"       {describe(found)}" for found in self.found]
        )

    def _extent(self) -> str:
        found = re.search(rb'"posted_at":"(.{10})T(.{5})', self.newest)
        day, time = (word.decode() for word in found.groups()) if found else ("?", "?")
        booked = f", the newest entry booked on {day} at {time} UTC,"
        return f"The bundle of {self.head.size:,} leaves{booked}"

    def _proof(self, proof: dict[str, Any]) -> str:
        head = read_head(proof["checkpoint"])
        if head.origin != self.key.name or not head.is_signed_by(self.key):
            raise Wrong("The proof ends in a head that is not signed by the key.")
        if head.size > self.head.size:
            raise NotHere(
                f"{self._extent()} is older than the proof, which goes up to leaf "
                f"{head.size:,}. {LATER}"
            )
        if self.roots.get(head.size) != head.root:
            raise Wrong("The proof belongs to another history than the bundle.")
        words = [f"{len(proof['entries'])} entries are proven to be in the sealed history:"]
        for entry in proof["entries"]:
            content, hashes = entry["leaf"], [decoded(text) for text in entry["proof"]]
            hash_ = leaf_hash(canonical(content))
            if root_of_proof(hash_, int(entry["index"]), head.size, hashes) != head.root:
                raise Wrong(f"Entry {number_of(content['id'])} is not in the sealed history.")
            words.append("       " + describe(content))
            if "salt" in entry:
                secret = bytes.fromhex(entry["salt"]) + canonical(entry["private"])
                if sha256(secret).hexdigest() != content["private"]:
                    raise Wrong("The private part is not what was sealed.")
                words.append(f"       {entry['private']['memo']} (private part fits)")
        return "\n".join(words)


def describe(content: dict[str, Any]) -> str:
    lines = "; ".join(f"{code} {amount}" for code, _, amount in content["lines"])
    return f"{number_of(content['id'])} {content['effective_on']} {content['kind']}: {lines}"


# The command.


def say(sign: str, words: str) -> None:
    sys.stdout.write(f"{sign:<6} {words}\n")


def normalized(code: str) -> str:
    """A receipt's code however it was typed: O is 0, I and L are 1, in fours."""
    bare = re.sub("[^0-9A-Z]", "", code.upper().translate(str.maketrans("OIL", "011")))
    return "-".join(bare[start : start + 4] for start in range(0, len(bare), 4))


def read_last_head(path: str | None) -> Head | None:
    if path is None or not os.path.exists(path):
        return None
    with reading(path), open(path, encoding="utf-8") as file:
        return read_head(file.read())


def remember(path: str, note: str) -> None:
    """Written whole beside the file, then moved: a power cut leaves the old head."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(note)
    os.replace(path + ".new", path)


def read_proof(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        text = file.read()
    try:
        proof: dict[str, Any] = json.loads(text)
        read_head(proof["checkpoint"])
        is_whole = bool(proof["entries"]) and all(
            int(entry["index"]) >= 0
            and isinstance(entry["leaf"]["id"], str)
            and isinstance(entry["proof"], list)
            and ("salt" not in entry or isinstance(entry["private"]["memo"], str))
            for entry in proof["entries"]
        )
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        is_whole = False
    if not is_whole:
        raise Unreadable(f"{path} is no proof. Download it again from the page of the receipt.")
    return proof


def read_receipt(words: str | None) -> tuple[str | None, dict[str, Any] | None]:
    """What `--receipt` means: a code, or a proof in a file."""
    if not words:
        return None, None
    if os.path.exists(words):
        return None, read_proof(words)
    code = normalized(words)
    if not re.fullmatch("(?:[0-9A-Z]{4}-){2}[0-9A-Z]{4}", code) or "." in words:
        raise Unreadable(f"{words} is neither a file here nor the code of a receipt.")
    return code, None


def run(options: argparse.Namespace) -> int:
    """The exit code. Raises Unreadable."""
    code, proof = read_receipt(options.receipt)
    seen = read_last_head(options.last_head)
    with reading(options.bundle), zipfile.ZipFile(options.bundle) as bundle:
        check = Check(bundle, read_key(options.key) if options.key else None, code)
        also = [head.size for head in (seen, proof and read_head(proof["checkpoint"])) if head]
        steps = check.steps(also)
        if options.last_head:
            steps.append(lambda: check.growth(seen))
        if options.receipt:
            steps.append(lambda: check.receipt(proof))
        is_right = is_here = True
        for step in steps:
            try:
                say("ok", step())
            except Wrong as wrong:
                say("WRONG", str(wrong))
                is_right = False
            except NotHere as reason:
                say("LATER", str(reason))
                is_here = False
        if not options.key:
            say("note", f"The key is the bundle's own: {bundle.read('key.txt').decode().strip()}")
            say("", "Compare it with the one that is published elsewhere.")
        if is_right and options.last_head:
            remember(options.last_head, bundle.read("checkpoint").decode())
    if not is_right:
        say("", "Something is wrong. Keep the bundle, and ask.")
        return 1
    say("", "All is right." if is_here else "The books are right. The receipt is not in them yet.")
    return 0 if is_here else 2


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle")
    parser.add_argument("--receipt", metavar="CODE-OR-FILE")
    parser.add_argument("--last-head", metavar="FILE")
    parser.add_argument("--key", metavar="KEY")
    options = parser.parse_args(words)
    try:
        return run(options)
    except FileNotFoundError as error:
        say("ERROR", f"The check could not be made. There is no file {error.filename}.")
        return 2
    except OSError as error:
        say("ERROR", f"The check could not be made. {error.filename} cannot be read or written.")
        return 2
    except Unreadable as error:
        say("ERROR", f"The check could not be made. {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
