"""What people read off a page: texts in their language, amounts, a form and its answer."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from babel.support import NullTranslations, Translations
from playwright.sync_api import Locator, Page

CATALOGS = Path(__file__).resolve().parent.parent.parent / "marketplace" / "translations"


@cache
def _catalog(lang: str) -> NullTranslations:
    return Translations.load(CATALOGS, [lang])


def text(lang: str, words: str, **facts: object) -> str:
    """`words` of the pages as a reader of `lang` sees them."""
    translated = _catalog(lang).gettext(words)
    return translated % facts if facts else translated


def amount(shown: str) -> int:
    """The one number in `shown`, without grouping: 12345 for `12,345원` and `Rp12.345`."""
    return int(re.sub(r"\D", "", shown))


def total(place: Page | Locator, lang: str, label: str) -> int:
    """The amount beside `label` in a list of names and values."""
    name = text(lang, label)
    term = place.locator("dt").filter(has_text=re.compile(rf"^\s*{re.escape(name)}"))
    return amount(term.first.locator("xpath=following-sibling::dd[1]").inner_text())


def send(page: Page, button: Locator) -> int:
    """Press `button` and wait for the page it leads to; returns its status."""
    with page.expect_navigation() as answer:
        button.click()
    return answer.value.status


def values(form: Locator) -> dict[str, str]:
    """What stands in the visible fields of `form`, by name."""
    return form.evaluate(
        """form => Object.fromEntries([...form.elements]
            .filter((field) => field.name && !["hidden", "file", "submit"].includes(field.type))
            .filter((field) => field.type !== "radio" || field.checked)
            .map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value])
        )"""
    )
