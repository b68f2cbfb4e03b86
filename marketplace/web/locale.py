"""The reader's language lives in the path: `/ko/…`, `/id/…`, `/en/…`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations
from flask import Blueprint, Flask, g, request, url_for
from flask_babel import Babel
from markupsafe import Markup

from marketplace.web.addresses import page_above

LANGUAGES = ("ko", "id", "en")
NAMES = {"ko": "한국어", "id": "Bahasa Indonesia", "en": "English"}
PREFIX = f"/<any({','.join(LANGUAGES)}):lang>"

TEXTS = Path(__file__).resolve().parent.parent / "translations"

babel = Babel()


def preferred_language() -> str:
    """The cookie, then Accept-Language, then Korean."""
    cookie = request.cookies.get("lang")
    if cookie in LANGUAGES:
        return cookie
    return request.accept_languages.best_match(LANGUAGES) or "ko"


def current_language() -> str:
    """The language of this page; pages outside `/<lang>/` follow the reader's preference."""
    if "lang" in g:
        return str(g.lang)
    start = request.path.split("/", 2)[1]
    return start if start in LANGUAGES else preferred_language()


def same_page_in(lang: str) -> str:
    """The address of this page in another language, query kept."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        # An error of an address that only takes posts: the page its form stands on.
        start, _, rest = request.path.lstrip("/").partition("/")
        page = page_above(request.path) if start in LANGUAGES and request.method != "GET" else None
        return f"/{lang}{page.removeprefix(f'/{start}')}" if page and rest else f"/{lang}/"
    if "lang" not in (request.view_args or {"lang": g.get("lang")}):
        return f"/{lang}/"
    arguments = {**(request.view_args or {}), **request.args.to_dict(flat=False), "lang": lang}
    return url_for(rule.endpoint, **arguments)


@cache
def _catalog(language: str) -> NullTranslations:
    return Translations.load(str(TEXTS), [language])


@lru_cache(maxsize=4096)
def _said(language: str, text: str) -> Markup:
    return Markup(_catalog(language).gettext(text))  # noqa: S704 – ours, from the catalogs


def say(text: str, /, **values: object) -> Markup:
    """`_()` of the templates: the text in the reader's language, values escaped into it."""
    said = _said(current_language(), text)
    return said % values if "%" in said else said


def say_counted(singular: str, plural: str, number: int, /, **values: object) -> Markup:
    """`ngettext()` of the templates; `%(num)s` is the number."""
    said = _catalog(current_language()).ngettext(singular, plural, number)
    return Markup(said) % {"num": number, **values}  # noqa: S704 – ours, from the catalogs


def set_up_locale(app: Flask) -> None:
    """Take the language out of every address, and put it back into every link.

    Templates ask the catalogs directly: a page has a hundred texts, and Flask-Babel and Jinja's
    extension find out the reader's language and the context anew for each of them.
    """
    babel.init_app(app, locale_selector=current_language)
    app.jinja_env.globals |= {"_": say, "gettext": say, "ngettext": say_counted}

    @app.url_value_preprocessor
    def pull_language(_: str | None, values: dict[str, Any] | None) -> None:
        if values and "lang" in values:
            g.lang = values.pop("lang")

    @app.url_defaults
    def push_language(endpoint: str, values: dict[str, Any]) -> None:
        if "lang" not in values and app.url_map.is_endpoint_expecting(endpoint, "lang"):
            values["lang"] = current_language()


def mount(app: Flask, blueprints: Iterable[Blueprint]) -> None:
    """Register pages under `/<lang>`; a blueprint whose address starts with `/!` stands outside."""
    for blueprint in blueprints:
        prefix = blueprint.url_prefix or ""
        outside = prefix.startswith("/!")
        app.register_blueprint(
            blueprint, url_prefix=f"/{prefix.removeprefix('/!')}" if outside else PREFIX + prefix
        )
