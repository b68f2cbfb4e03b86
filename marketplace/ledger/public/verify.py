#!/usr/bin/env python3
"""Check the books of Lumbung yourself, offline, with nothing but Python 3.9 or newer.

    python3 verify.py bundle.zip
    python3 verify.py bundle.zip --receipt 7K4M-92QX-5TPA
    python3 verify.py bundle.zip --receipt proof.json
    python3 verify.py bundle.zip --last-head head.txt --key "lumbung.example/ledger+1a2b3c4d+A…"

It believes no stored hash. It reads every entry, writes it down anew in the one way entries are
sealed, and computes the Merkle root, the sums and the balances itself.

--key        the key you trust. Without it the key in the bundle is used, and printed: compare it
             with the one that is published elsewhere.
--last-head  a file to remember the newest head in. The next time, the books must still contain
             all that you saw then. Without it nobody can notice a history that was cut off.
--receipt    the code on a receipt, or a proof that was downloaded for one.

Exit code: 0 all is right, 1 something is wrong, 2 the check could not be made.

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
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256, sha512
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
FREE_FUNDS = ("funds:refund-reserve",)


class Wrong(Exception):
    """The books are not what they should be."""


class Unreadable(Exception):
    """The check could not be made."""


# The tree: RFC 6962.


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """The whole subtrees of a growing tree, the largest first."""

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[bytes] = []

    def append(self, hash_: bytes) -> None:
        size = self.size = self.size + 1
        edge = self.edge
        while not size & 1:
            hash_ = sha256(b"\x01" + edge.pop() + hash_).digest()
            size >>= 1
        edge.append(hash_)

    def root(self) -> bytes:
        if not self.edge:
            return sha256(b"").digest()
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = node_hash(left, root)
        return root


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
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (not x and sign):
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

    def is_signed_by(self, key: Key) -> bool:
        mine = [s for name, s in self.signatures if name == key.name and s[:4] == key.key_id]
        return bool(mine) and all(
            is_signed(key.public, self.text.encode(), signature[4:]) for signature in mine
        )


def read_key(text: str) -> Key:
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    material = decoded(encoded)
    expected = sha256(name.encode() + b"\n" + material).digest()[:4]
    if len(material) != 33 or material[0] != 1 or key_id != expected.hex():
        raise Unreadable("This is no key: " + text.strip())
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
        raise Unreadable("This is no base 64: " + text) from None


# Entries.

# The one way in which an entry is written down and sealed: JSON with sorted keys and no spaces.
WORDS = r'"[^"\\\x00-\x1f]+"'
NUMBER = r'"[1-9]\d*"'
INSTANT = r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"'
HASH = r'"[0-9a-f]{64}"'
LINE = r'\["([A-Za-z0-9:-]+:[a-z]{3})","([A-Z]{3})","(-?[1-9]\d*)"\]'
PLAIN_LINE = LINE.replace("(", "(?:")
ENTRY = re.compile(
    r'\{"effective_on":"\d{4}-\d\d-\d\d"'
    rf',"id":({NUMBER})'
    rf',"kind":{WORDS}'
    rf',"lines":\[({PLAIN_LINE}(?:,{PLAIN_LINE})+)\]'
    rf',"occurred_at":{INSTANT}'
    rf',"policy":(?:null|{NUMBER})'
    rf',"posted_at":{INSTANT}'
    rf',"private":{HASH}'
    rf',"receipt":(null|{HASH})'
    rf',"ref":(?:null|{WORDS})'
    rf',"reverses":(null|{NUMBER})'
    r',"signatures":"[0-9]"'
    r',"v":"1"\}',
    re.ASCII,
)
lines_in = re.compile(LINE, re.ASCII).findall
written_as_sealed = ENTRY.fullmatch


def canonical(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def number_of(entry_id: str) -> str:
    """What the pages show for an id, such as J-01K8T-3QRS-7VWX."""
    signs, number = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", int(entry_id)
    digits = "".join(signs[number >> 5 * place & 31] for place in reversed(range(13)))
    return f"J-{digits[:5]}-{digits[5:9]}-{digits[9:]}"


class Books:
    """What the entries say, added up here."""

    def __init__(self) -> None:
        self.balances: Counter[tuple[str, str]] = Counter()
        self.ids: set[str] = set()
        self.reversed: set[str] = set()

    def add(self, entry_id: str, lines: str, undone: str | None) -> None:
        """Raises Wrong for an entry that breaks a rule of double entry."""
        sums: dict[str, int] = {}
        for code, currency, amount in lines_in(lines):
            minor = int(amount)
            sums[currency] = sums.get(currency, 0) + minor
            self.balances[code, currency] += minor
        if any(sums.values()):
            raise Wrong(f"Entry {number_of(entry_id)} does not balance.")
        if entry_id in self.ids:
            raise Wrong(f"Entry {number_of(entry_id)} is there twice.")
        self.ids.add(entry_id)
        if undone is not None:
            if undone in self.reversed:
                raise Wrong(f"Entry {number_of(undone)} is reversed twice.")
            self.reversed.add(undone)

    def close(self) -> None:
        """Raises Wrong for what only all entries together show."""
        for code, currency in self.balances:
            if code[-3:].upper() != currency:
                raise Wrong(f"{code} has lines in {currency}.")
        for undone in self.reversed - self.ids:
            raise Wrong(f"Entry {number_of(undone)} is reversed, and not there.")

    def cover(self, currency: str) -> tuple[int, int]:
        """Cash, and what is bound to a purpose, in one currency."""
        cash = held = 0
        for (code, other), minor in self.balances.items():
            path = code[:-4]
            if other != currency:
                continue
            if path in CASH:
                cash += minor
            elif path.startswith("funds:") and path not in FREE_FUNDS:
                held -= 0 if path.endswith(":pledged") else minor
        return cash, held


class Check:
    """One bundle, read once."""

    def __init__(self, bundle: zipfile.ZipFile, key: Key | None, code: str | None) -> None:
        self.bundle = bundle
        self.key = key or read_key(self._text("key.txt"))
        self.head = read_head(self._text("checkpoint"))
        self.code = code
        self.books = Books()
        self.tree = Tree()
        self.roots: dict[int, bytes] = {}
        self.found: list[dict[str, Any]] = []

    def steps(self, also: Iterable[int] = ()) -> list[Callable[[], str]]:
        """What every bundle is checked for, in order; each says what holds, or raises Wrong."""
        return [
            self.signature,
            lambda: self.entries(also),
            self.root,
            self.heads,
            self.balances,
            self.coverage,
        ]

    def _text(self, name: str) -> str:
        try:
            return self.bundle.read(name).decode()
        except KeyError:
            raise Unreadable(f"The bundle has no {name}.") from None

    def _lines(self, name: str) -> Iterator[bytes]:
        try:
            with self.bundle.open(name) as file:
                for line in file:
                    yield line.rstrip(b"\n")
        except KeyError:
            raise Unreadable(f"The bundle has no {name}.") from None

    def signature(self) -> str:
        if self.head.origin != self.key.name or not self.head.is_signed_by(self.key):
            raise Wrong("The newest head is not signed by the key.")
        return f"The head of {self.head.size:,} entries is signed by {self.key.name}."

    def entries(self, also: Iterable[int]) -> str:
        """Read every entry; remember the roots that will be compared."""
        heads = [json.loads(line) for line in self._lines("checkpoints.jsonl")]
        wanted = {int(head["size"]) for head in heads} | {self.head.size} | set(also)
        tree, roots = self.tree, self.roots
        wrongs: list[Wrong] = []
        for line in self._lines("leaves.jsonl"):
            try:
                self._read(line)
            except Wrong as wrong:
                wrongs.append(wrong)
            tree.append(sha256(b"\x00" + line).digest())
            if tree.size in wanted:
                roots[tree.size] = tree.root()
        if wrongs:
            more = f" (and {len(wrongs) - 1:,} more)" if wrongs[1:] else ""
            raise Wrong(f"{wrongs[0]}{more}")
        if tree.size != self.head.size:
            raise Wrong(f"The head has {self.head.size:,} entries, the bundle {tree.size:,}.")
        self.books.close()
        return f"All {tree.size:,} entries balance in each of their currencies."

    def _read(self, line: bytes) -> None:
        entry = written_as_sealed(line.decode("utf-8", "replace"))
        if entry is None:
            raise Wrong(f"Entry {self.tree.size + 1} is not written as entries are sealed.")
        entry_id, lines, receipt, undone = entry.groups()
        if self.code is not None and receipt != "null":
            tag = hmac.new(self.code.encode(), entry_id[1:-1].encode(), "sha256").hexdigest()
            if hmac.compare_digest(tag, receipt[1:-1]):
                self.found.append(json.loads(line))
        self.books.add(entry_id[1:-1], lines, None if undone == "null" else undone[1:-1])

    def root(self) -> str:
        if self.roots.get(self.head.size) != self.head.root:
            raise Wrong("The entries are not those that were sealed: their root is another.")
        return f"The entries are those that were sealed: root {self.head.root.hex()[:16]}…"

    def heads(self) -> str:
        count = 0
        for line in self._lines("checkpoints.jsonl"):
            head = read_head(json.loads(line)["note"])
            if head.origin != self.key.name or self.roots.get(head.size) != head.root:
                raise Wrong(f"The head of {head.size:,} entries does not fit the history.")
            count += 1
        return f"History only grew through all {count:,} published heads."

    def balances(self) -> str:
        published = json.loads(self._text("balances.json"))
        said = {code: int(minor) for code, minor in published["balances"].items()}
        ours = {code: minor for (code, _), minor in self.books.balances.items()}
        for code in sorted(said.keys() | ours.keys()):
            if said.get(code, 0) != ours.get(code, 0):
                raise Wrong(
                    f"{code} is published with {said.get(code, 0)}, the entries give "
                    f"{ours.get(code, 0)}."
                )
        return f"The balances of all {len(said):,} accounts follow from the entries."

    def coverage(self) -> str:
        words = []
        for currency in sorted({currency for _, currency in self.books.balances}):
            cash, held = self.books.cover(currency)
            # Rupiah on their way to cooperatives are paid from won: that place is below zero.
            if held > max(cash, 0):
                raise Wrong(f"The funds hold {held} {currency} (minor units), the cash is {cash}.")
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
                f"You saw a head of {seen.size:,} entries; now there are {self.head.size:,}. "
                "The end of the history was cut off."
            )
        if self.roots.get(seen.size) != seen.root:
            raise Wrong("What you saw last was rewritten since.")
        return f"Nothing of the {seen.size:,} entries that you saw last has changed."

    def receipt(self, proof: dict[str, Any] | None) -> str:
        if proof is not None:
            return self._proof(proof)
        if not self.found:
            raise Wrong("No sealed entry belongs to this receipt. New ones wait for some seconds.")
        return "\n".join(
            [f"{len(self.found)} sealed entries belong to the receipt:"]
            + [f"       {describe(found)}" for found in self.found]
        )

    def _proof(self, proof: dict[str, Any]) -> str:
        head = read_head(proof["checkpoint"])
        if head.origin != self.key.name or not head.is_signed_by(self.key):
            raise Wrong("The proof ends in a head that is not signed by the key.")
        if head.size > self.head.size:
            raise Unreadable("The proof is newer than the bundle: download the bundle again.")
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
    with open(path, encoding="utf-8") as file:
        return read_head(file.read())


def remember(path: str, note: str) -> None:
    """Written whole beside the file, then moved: a power cut leaves the old head."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(note)
    os.replace(path + ".new", path)


def run(options: argparse.Namespace) -> bool:
    """Whether all is right. Raises Unreadable."""
    code, proof = None, None
    if options.receipt and os.path.exists(options.receipt):
        with open(options.receipt, encoding="utf-8") as file:
            proof = json.load(file)
    elif options.receipt:
        code = normalized(options.receipt)
    seen = read_last_head(options.last_head)
    with zipfile.ZipFile(options.bundle) as bundle:
        check = Check(bundle, read_key(options.key) if options.key else None, code)
        also = [head.size for head in (seen, proof and read_head(proof["checkpoint"])) if head]
        steps = check.steps(also)
        if options.last_head:
            steps.append(lambda: check.growth(seen))
        if options.receipt:
            steps.append(lambda: check.receipt(proof))
        is_right = True
        for step in steps:
            try:
                say("ok", step())
            except Wrong as wrong:
                say("WRONG", str(wrong))
                is_right = False
        if not options.key:
            say("note", f"The key is the bundle's own: {bundle.read('key.txt').decode().strip()}")
            say("", "Compare it with the one that is published elsewhere.")
        if is_right and options.last_head:
            remember(options.last_head, bundle.read("checkpoint").decode())
    return is_right


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
        is_right = run(options)
    except (Unreadable, OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError) as error:
        say("ERROR", f"The check could not be made. {error}")
        return 2
    say("", "All is right." if is_right else "Something is wrong. Keep the bundle, and ask.")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
