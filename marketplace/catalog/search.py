"""Finding products: words and filters in, one page of ids with counts out.

Candidates are capped: at most CAP, the newest ones. The index itself, and so the database in
use, is hidden here; a dedicated engine can take its place.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import func, select

from marketplace.catalog import index
from marketplace.catalog.analysis import corrections, readings, words
from marketplace.catalog.index import OTHER_CURRENCY, Facts, Hit, Question, price_band
from marketplace.catalog.models import SearchWord
from marketplace.catalog.policies import rupiah_limits
from marketplace.kernel.db import db
from marketplace.kernel.money import LARGEST

CAP = 1000
MOST_WORDS = 8
MOST_DROPS = 4
FEW_HITS = 3
MOST_VOCABULARY = 20_000
KEPT_ANSWERS = 32
DAY = 86_400
# In the order of the first facts, certificates last.
GROUPS = ("category", "province", "island", "certificate")
SORTS = ("relevance", "new", "cheap", "dear")

Test = Callable[[Facts], bool]


@dataclass(frozen=True)
class Filters:
    """What must hold; several values of one group mean any of them. Prices in won."""

    category: tuple[str, ...] = ()
    province: tuple[str, ...] = ()
    island: tuple[str, ...] = ()
    certificate: tuple[str, ...] = ()
    cooperative: str = ""
    price_from: int | None = None
    price_to: int | None = None
    is_available: bool = False


@dataclass(frozen=True)
class Found:
    """One page of product ids. `is_capped`: there are more than `count`.

    `facets` says how many would remain for each value of a group, its own choice set aside.
    `shorter` names words without which the others would find something.
    """

    ids: Sequence[int]
    count: int
    is_capped: bool
    facets: Mapping[str, Counter[str]] = field(default_factory=dict)
    suggestions: Sequence[str] = ()
    shorter: Mapping[str, str] = field(default_factory=dict)


def search(
    typed: str,
    filters: Filters,
    *,
    rate: Decimal,
    version: int,
    sort: str = "",
    page: int = 1,
    size: int = 24,
) -> Found:
    """Find published products. `rate`: rupiah for one won; `version`: the catalog's.

    Sorted by relevance when something was typed, else newest first. Signs alone find nothing.
    """
    said = words(typed)[:MOST_WORDS]
    if typed.strip() and not said:
        return Found(ids=[], count=0, is_capped=False)
    scope = Filters(cooperative=filters.cooperative)

    def recall(sought: Sequence[str]) -> list[Hit]:
        return _recall(
            (version, tuple(sought), filters.cooperative),
            lambda: index.ask(_question(sought, scope, rate), CAP + 1),
        )

    base = recall(said)
    tests = _tests(filters, rate)
    hits = base
    if len(base) > CAP and tests:
        hits = index.ask(_question(said, filters, rate), CAP + 1)
    kept, facets = _sift(hits, tests)
    is_capped = len(kept) > CAP
    order = _sorted(kept[:CAP], sort or ("relevance" if said else "new"))
    if hits is not base:
        sampled = _sift(base, tests)[1]
        facets = {group: sampled[group] | count for group, count in facets.items()}
    found = Found(
        ids=[hit.product_id for hit in order[(page - 1) * size : page * size]],
        count=len(order),
        is_capped=is_capped,
        facets=facets,
    )
    if said and len(base) < FEW_HITS:
        shorter = {} if base else _shorter(said, recall)
        return replace(found, suggestions=suggest_spelling(said), shorter=shorter)
    return found


def _shorter(said: Sequence[str], recall: Callable[[Sequence[str]], list[Hit]]) -> dict[str, str]:
    """Words to drop, each with the rest, which finds something."""
    rests = {
        said[place]: [*said[:place], *said[place + 1 :]] for place in range(len(said[:MOST_DROPS]))
    }
    return {word: " ".join(rest) for word, rest in rests.items() if rest and recall(rest)}


def suggest_spelling(said: Sequence[str]) -> list[str]:
    """What a search that finds little may have meant, likeliest first."""
    choices = [_corrections(word) for word in said]
    if not any(choices):
        return []
    meant = [found[0] if found else word for word, found in zip(said, choices, strict=True)]
    suggestions = [" ".join(meant)]
    for place, found in enumerate(choices):
        suggestions += [
            " ".join([*meant[:place], other, *meant[place + 1 :]]) for other in found[1:]
        ]
    return suggestions[:3]


def _corrections(word: str) -> list[str]:
    """Nothing for a word that products do contain."""
    vocabulary = db.session.scalars(
        select(SearchWord.word)
        .where(func.length(SearchWord.word).between(len(word) - 2, len(word) + 2))
        .limit(MOST_VOCABULARY)
    ).all()
    return [] if word in vocabulary else corrections(word, vocabulary)


def _question(said: Sequence[str], filters: Filters, rate: Decimal) -> Question:
    tags = [[f"{group}:{value}" for value in getattr(filters, group)] for group in GROUPS]
    if filters.cooperative:
        tags.append([f"cooperative:{filters.cooperative}"])
    if filters.is_available:
        tags.append(["available:yes"])
    if filters.price_from is not None or filters.price_to is not None:
        least, most = rupiah_limits(filters.price_from, filters.price_to, rate)
        bands = range(price_band(least), price_band(most) + 1)
        tags.append([*(f"price:{band}" for band in bands), OTHER_CURRENCY])
    tags = [group for group in tags if group]
    return Question(
        words=[readings(word) for word in said],
        phrase=said,
        tags=tags if said or tags else [["all:products"]],
    )


def _tests(filters: Filters, rate: Decimal) -> dict[str, Test]:
    tests: dict[str, Test] = {}
    if wanted := set(filters.category):
        tests["category"] = lambda facts, wanted=wanted: facts.category in wanted  # type: ignore[misc]
    if wanted := set(filters.province):
        tests["province"] = lambda facts, wanted=wanted: facts.province in wanted  # type: ignore[misc]
    if wanted := set(filters.island):
        tests["island"] = lambda facts, wanted=wanted: facts.island in wanted  # type: ignore[misc]
    if wanted := set(filters.certificate):
        tests["certificate"] = lambda facts, wanted=wanted: (
            not wanted.isdisjoint(  # type: ignore[misc]
                facts.certificates
            )
        )
    if filters.is_available:
        tests["available"] = lambda facts: facts.is_available
    if filters.price_from is not None or filters.price_to is not None:
        tests["price"] = _price_test(filters, rate)
    return tests


def _price_test(filters: Filters, rate: Decimal) -> Test:
    limits = {
        "IDR": rupiah_limits(filters.price_from, filters.price_to, rate),
        "KRW": (filters.price_from or 0, LARGEST if filters.price_to is None else filters.price_to),
    }

    def test(facts: Facts) -> bool:
        least, most = limits[facts.currency]
        return least <= facts.price_minor <= most

    return test


def _sorted(hits: Sequence[Hit], sort: str) -> list[Hit]:
    if sort == "cheap":
        return sorted(hits, key=lambda hit: (hit.facts.price_minor, -hit.product_id))
    if sort == "dear":
        return sorted(hits, key=lambda hit: (-hit.facts.price_minor, -hit.product_id))
    if sort == "new":
        return sorted(hits, key=lambda hit: (-hit.facts.published_at, -hit.product_id))
    newest = max((hit.facts.published_at for hit in hits), default=0)
    return sorted(hits, key=lambda hit: (-_score(hit, newest), -hit.product_id))


def _score(hit: Hit, newest: int) -> float:
    """Relevance first; goods that cannot be ordered sink; newer goods rise by up to 5 %."""
    age_days = (newest - hit.facts.published_at) / DAY
    fresh = 0.05 / (1 + age_days / 30)
    return hit.relevance * ((1 if hit.facts.is_available else 0.6) + fresh)


def _sift(
    hits: Sequence[Hit], tests: Mapping[str, Test]
) -> tuple[list[Hit], dict[str, Counter[str]]]:
    """The hits that pass every test; and counts, for which a group's own test is set aside."""
    kept: list[Hit] = []
    facets: dict[str, Counter[str]] = {group: Counter() for group in GROUPS}
    for hit in hits:
        failed = [name for name, test in tests.items() if not test(hit.facts)]
        if not failed:
            kept.append(hit)
        elif len(failed) == 1 and failed[0] in facets:
            _count(facets, hit.facts, failed[0])
    for place, group in enumerate(GROUPS[:-1]):
        facets[group].update(str(hit.facts[place]) for hit in kept)
    facets["certificate"].update(kind for hit in kept for kind in hit.facts.certificates)
    return kept, facets


def _count(facets: Mapping[str, Counter[str]], facts: Facts, group: str) -> None:
    values = facts.certificates if group == "certificate" else (getattr(facts, group),)
    facets[group].update(values)


_answers: WeakKeyDictionary[Any, OrderedDict[object, list[Hit]]] = WeakKeyDictionary()


def _recall(key: object, ask: Callable[[], list[Hit]]) -> list[Hit]:
    """The same words are asked for each page and filter: keep the last few answers."""
    kept = _answers.setdefault(db.engine, OrderedDict())
    answer = kept.get(key)
    if answer is None:
        answer = kept[key] = ask()
        while len(kept) > KEPT_ANSWERS:
            kept.popitem(last=False)
    return answer
