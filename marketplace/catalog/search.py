"""Finding products: words and filters in, one page of ids with counts out.

Candidates are capped: at most CAP, the newest ones. The index itself, and so the database in
use, is hidden here; a dedicated engine can take its place.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from heapq import nlargest
from typing import Any
from weakref import WeakKeyDictionary

from marketplace.catalog import index
from marketplace.catalog.analysis import corrections, readings, words
from marketplace.catalog.index import OTHER_CURRENCY, Hits, Question, Traits, price_band
from marketplace.catalog.policies import rupiah_limits
from marketplace.kernel.db import db
from marketplace.kernel.money import LARGEST

CAP = 1000
MOST_WORDS = 8
MOST_DROPS = 4
FEW_HITS = 3
KEPT_ANSWERS = 32
MONTH = 30 * 86_400
# In the order of the first traits, certificates last.
GROUPS = ("category", "province", "island", "certificate")
SORTS = ("relevance", "new", "cheap", "dear")

Test = Callable[[Traits], bool]


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

    base = _recall(
        (version, tuple(said), filters.cooperative),
        lambda: index.gather(_question(said, scope, rate), CAP + 1),
    )
    kept, facets = _sift(base, filters, rate)
    missing = CAP + 1 - len(kept)
    if len(base) > CAP and missing:
        oldest = base.ids[-1]
        reach = (base.ids[0] - oldest) * missing // len(kept) if len(kept) else oldest
        older = index.gather(_question(said, filters, rate), missing, before=oldest, reach=reach)
        kept, counts = _sift(kept + older, filters, rate)
        facets = {group: facets[group] | count for group, count in counts.items()}
    is_capped = len(kept) > CAP
    kept = kept.first(CAP)
    found = Found(
        ids=_page(kept, _keys(kept, sort or ("relevance" if said else "new"), said), page, size),
        count=len(kept),
        is_capped=is_capped,
        facets=facets,
    )
    if said and len(base) < FEW_HITS:
        shorter = {} if base else _shorter(said, scope, rate)
        return replace(found, suggestions=suggest_spelling(said), shorter=shorter)
    return found


def _shorter(said: Sequence[str], scope: Filters, rate: Decimal) -> dict[str, str]:
    """Words to drop, each with the rest, which finds something."""
    rests = {
        said[place]: [*said[:place], *said[place + 1 :]] for place in range(len(said[:MOST_DROPS]))
    }
    return {
        word: " ".join(rest)
        for word, rest in rests.items()
        if rest and index.gather(_question(rest, scope, rate), 1)
    }


def suggest_spelling(said: Sequence[str]) -> list[str]:
    """What a search that finds little may have meant, likeliest first."""
    known = index.known_words(said)
    choices = [
        [] if word in known else corrections(word, index.find_spellings(word)) for word in said
    ]
    if not any(choices):
        return []
    meant = [found[0] if found else word for word, found in zip(said, choices, strict=True)]
    suggestions = [" ".join(meant)]
    for place, found in enumerate(choices):
        suggestions += [
            " ".join([*meant[:place], other, *meant[place + 1 :]]) for other in found[1:]
        ]
    return suggestions[:3]


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
        tags=tags,
    )


def _tests(filters: Filters) -> dict[str, Test]:
    tests: dict[str, Test] = {}
    if categories := set(filters.category):
        tests["category"] = lambda traits: traits.category in categories
    if provinces := set(filters.province):
        tests["province"] = lambda traits: traits.province in provinces
    if islands := set(filters.island):
        tests["island"] = lambda traits: traits.island in islands
    if certificates := set(filters.certificate):
        tests["certificate"] = lambda traits: not certificates.isdisjoint(traits.certificates)
    if filters.is_available:
        tests["available"] = lambda traits: traits.is_available
    return tests


def _sift(hits: Hits, filters: Filters, rate: Decimal) -> tuple[Hits, dict[str, Counter[str]]]:
    """The hits that pass every filter; and counts, for which a group's own is set aside."""
    if filters.price_from is not None or filters.price_to is not None:
        hits = hits.only(_in_price(hits, filters, rate))
    tests = _tests(filters)
    facets: dict[str, Counter[str]] = {group: Counter() for group in GROUPS}
    passed = set()
    for packed, count in Counter(hits.traits).items():
        traits = Traits.unpack(packed)
        failed = [name for name, test in tests.items() if not test(traits)]
        if not failed:
            passed.add(packed)
        for group, counter in facets.items():
            if not failed or failed == [group]:
                for value in _values(traits, group):
                    counter[value] += count
    kept = hits.only([packed in passed for packed in hits.traits]) if tests else hits
    return kept, facets


def _in_price(hits: Hits, filters: Filters, rate: Decimal) -> list[bool]:
    limits = {
        "IDR": rupiah_limits(filters.price_from, filters.price_to, rate),
        "KRW": (filters.price_from or 0, LARGEST if filters.price_to is None else filters.price_to),
    }
    spans = {packed: limits[Traits.unpack(packed).currency] for packed in set(hits.traits)}
    return [
        spans[packed][0] <= price <= spans[packed][1]
        for packed, price in zip(hits.traits, hits.prices, strict=True)
    ]


def _page(hits: Hits, keys: Sequence[float], page: int, size: int) -> list[int]:
    """The ids of one page; of equals the newer product, which stands first, stays first."""
    order = nlargest(page * size, range(len(hits)), key=keys.__getitem__)
    return [hits.ids[place] for place in order[(page - 1) * size :]]


def _keys(hits: Hits, sort: str, said: Sequence[str]) -> Sequence[float]:
    if sort == "cheap":
        return [-price for price in hits.prices]
    if sort == "dear":
        return hits.prices
    if sort == "new":
        return hits.dates
    return _scores(hits, said)


def _scores(hits: Hits, said: Sequence[str]) -> list[float]:
    """Relevance first; goods that cannot be ordered sink; newer goods rise by up to 5 %."""
    newest = max(hits.dates, default=0)
    standing = {
        packed: 1 if Traits.unpack(packed).is_available else 0.6 for packed in set(hits.traits)
    }
    found = [1.0] * len(hits)
    if said:
        found = index.relevance([readings(word) for word in said], said, hits.titles)
    return [
        relevance * (standing[packed] + 0.05 / (1 + (newest - date) / MONTH))
        for relevance, packed, date in zip(found, hits.traits, hits.dates, strict=True)
    ]


def _values(traits: Traits, group: str) -> Sequence[str]:
    return traits.certificates if group == "certificate" else (getattr(traits, group),)


_answers: WeakKeyDictionary[Any, OrderedDict[object, Hits]] = WeakKeyDictionary()


def _recall(key: object, ask: Callable[[], Hits]) -> Hits:
    """The same words are asked for each page and filter: keep the last few answers."""
    kept = _answers.setdefault(db.engine, OrderedDict())
    answer = kept.get(key)
    if answer is None:
        answer = kept[key] = ask()
        while len(kept) > KEPT_ANSWERS:
            kept.popitem(last=False)
    return answer
