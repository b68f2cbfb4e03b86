"""Text into search terms, the same for both databases. Nothing here reads a table.

Words are NFKC, in lower case, without accents. Latin words are kept and stemmed (Indonesian,
English); Hangul is kept whole and cut into overlapping pairs; the glossary adds what the goods
are called in the other two languages.
"""

from __future__ import annotations

import csv
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import chain
from pathlib import Path

import Stemmer

GLOSSARY = Path(__file__).parent / "data" / "glossary.csv"
LONGEST_WORD = 40
_WORD = re.compile(r"[가-힣]+|[^\W_가-힣]+")
_PARTICLES = (
    *("에서", "으로", "까지", "부터", "이랑"),
    *("을", "를", "이", "가", "은", "는", "의", "에", "로", "와", "과", "도", "랑"),
)
_stemmers = threading.local()


def words(text: str) -> list[str]:
    """`Kopi Gayo 500g 원두!` → kopi, gayo, 500g, 원두."""
    return [word[:LONGEST_WORD] for word in _WORD.findall(_fold(text))]


def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower()
    return text if text.isascii() else "".join(map(_bare, text))


@lru_cache(maxsize=20_000)
def _bare(sign: str) -> str:
    """A letter without its accents; Hangul stays whole."""
    if "가" <= sign <= "힣":
        return sign
    parts = unicodedata.normalize("NFKD", sign)
    return "".join(part for part in parts if not unicodedata.combining(part))


def is_hangul(word: str) -> bool:
    return "가" <= word[0] <= "힣"


def pairs(word: str) -> list[str]:
    """`아라비카` → 아라, 라비, 비카."""
    return [word[i : i + 2] for i in range(len(word) - 1)]


@lru_cache(maxsize=50_000)
def stem(word: str, language: str) -> str:
    """The stem by Snowball's rules for `indonesian` or `english`."""
    stemmer = getattr(_stemmers, language, None)
    if stemmer is None:
        stemmer = Stemmer.Stemmer(language)
        setattr(_stemmers, language, stemmer)
    return str(stemmer.stemWord(word))


@lru_cache(maxsize=512)
def terms(text: str) -> tuple[str, ...]:
    """What is indexed for `text`: its words in order, then stems and pairs of Hangul.

    Kept, since a change of stock writes the same texts again.
    """
    found = words(text)
    more = dict.fromkeys(chain.from_iterable(map(_more, found)))
    for word in found:
        more.pop(word, None)
    return (*found, *more)


@lru_cache(maxsize=20_000)
def _more(word: str) -> Sequence[str]:
    if is_hangul(word):
        return pairs(word)
    return stem(word, "indonesian"), stem(word, "english")


@dataclass(frozen=True)
class Entry:
    """One kind of goods, or a place, in three languages."""

    category: str
    names: tuple[tuple[str, ...], ...]

    @cached_property
    def text(self) -> str:
        return " ".join(" ".join(name) for name in self.names)


@cache
def glossary() -> tuple[Entry, ...]:
    with GLOSSARY.open(encoding="utf-8", newline="") as file:
        return tuple(
            Entry(
                row["category"],
                tuple(
                    tuple(words(name))
                    for lang in ("ko", "id", "en")
                    for name in row[lang].split("|")
                ),
            )
            for row in csv.DictReader(file)
        )


@cache
def _entries_by_first_word() -> dict[str, list[tuple[tuple[str, ...], Entry]]]:
    found: dict[str, list[tuple[tuple[str, ...], Entry]]] = {}
    for entry in glossary():
        for name in entry.names:
            if name:
                found.setdefault(name[0], []).append((name, entry))
    return found


def glossary_text(category: str, names: Iterable[str]) -> str:
    """What goods of `category`, called `names`, are called in all three languages."""
    found = dict.fromkeys(_entries_by_category().get(category, ()))
    for name in names:
        said = words(name)
        for place, word in enumerate(said):
            for start in _beginnings(word):
                for needed, entry in _entries_by_first_word().get(start, ()):
                    if tuple(said[place + 1 : place + len(needed)]) == needed[1:]:
                        found[entry] = None
    return " ".join(entry.text for entry in found)


@cache
def _entries_by_category() -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in glossary():
        found.setdefault(entry.category, []).append(entry)
    return found


def _beginnings(word: str) -> list[str]:
    """Hangul writes compounds in one: `백후추` also holds 후추."""
    if not is_hangul(word):
        return [word]
    return [word[i:j] for i in range(len(word)) for j in range(i + 2, len(word) + 1)] or [word]


@cache
def _known_hangul() -> frozenset[str]:
    return frozenset(
        name[0]
        for entry in glossary()
        for name in entry.names
        if len(name) == 1 and is_hangul(name[0])
    )


Alternative = tuple[str, ...]


def readings(word: str) -> list[Alternative]:
    """Ways in which a typed word may stand in the index; each is a set of terms, all needed.

    A term that ends in `*` stands for everything that begins so.
    """
    if not is_hangul(word):
        forms = dict.fromkeys((word, stem(word, "indonesian"), stem(word, "english")))
        return [(form,) for form in forms]
    if len(word) == 1:
        return [(f"{word}*",)]
    found: dict[Alternative, None] = {(word,): None, tuple(pairs(word)): None}
    for known in _cut_compound(word):
        found[known] = None
    bare = without_particle(word)
    if bare != word:
        found[tuple(pairs(bare)) if len(bare) > 1 else (bare,)] = None
    return list(found)


def without_particle(word: str) -> str:
    for particle in _PARTICLES:
        if word.endswith(particle) and len(word) - len(particle) >= 2:
            return word.removesuffix(particle)
    return word


def _cut_compound(word: str) -> Iterator[Alternative]:
    """`커피원두` → (커피, 원두), where the glossary knows both."""
    known = _known_hangul()
    for cut in range(1, len(word)):
        if word[:cut] in known and word[cut:] in known:
            yield (word[:cut], word[cut:])


def likeness(one: str, other: str) -> float:
    """How alike two words are, 0 to 1, by their letters (Hangul by its jamo) in threes."""
    first, second = threes(one), threes(other)
    shared = len(first & second)
    return 2 * shared / (len(first) + len(second))


def letters(word: str) -> int:
    return len(unicodedata.normalize("NFD", word))


def slips(word: str) -> int:
    """How many letters of a typed word may be wrong."""
    return 1 if letters(word) < 6 else 2


@lru_cache(maxsize=50_000)
def threes(word: str) -> frozenset[str]:
    """The letters of a word (Hangul: jamo) in threes, with its edges."""
    padded = f"  {unicodedata.normalize('NFD', word)} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def distance(one: str, other: str) -> int:
    """Letters to put in, take out, change or swap to make one word of the other."""
    a, b = (unicodedata.normalize("NFD", word) for word in (one, other))
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        oldest, before, row = before, row, [i]
        for j, right in enumerate(b, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                best = min(best, oldest[j - 2] + 1)
            row.append(best)
    return row[-1]


def corrections(word: str, vocabulary: Sequence[str], most: int = 3) -> list[str]:
    """Words of the vocabulary that the typed one may have been meant to be, likeliest first."""
    allowed = slips(word)
    likely = [
        (distance(word, known), -likeness(word, known), known)
        for known in vocabulary
        if known != word and likeness(word, known) > 0.2
    ]
    return [known for far, _, known in sorted(likely) if far <= allowed][:most]
