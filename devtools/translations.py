"""`make translations`: collect the texts of code and templates into the three catalogs.

English is the language of the code; its catalog repeats the texts so that all three have the
same keys. Texts that no translation has yet are listed, and the exit code says so.
In the JSON a text with a context is called "context|text".
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "marketplace" / "translations"
LANGUAGES = ("ko", "id", "en")


def main() -> None:
    """Update the catalogs; a JSON file named as argument fills in translations."""
    template = collect()
    extra = {}
    for name in sys.argv[1:]:
        extra.update(json.loads(Path(name).read_text()))
    missing = 0
    for language in LANGUAGES:
        catalog = read(language)
        begun = catalog.creation_date
        catalog.update(template, no_fuzzy_matching=True)
        catalog.creation_date = begun
        catalog.obsolete.clear()
        catalog.fuzzy = False
        for message in catalog:
            if message.id:
                fill(message, language, extra, catalog.num_plurals)
                if not is_translated(message):
                    missing += 1
                    print(f"{language}: {message.id!r}")
        write(language, catalog)
    sys.exit(f"{missing} texts are not translated." if missing else 0)


def collect() -> Catalog:
    """The texts now in use."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "messages.pot"
        subprocess.run(
            [Path(sys.executable).parent / "pybabel", "-q", "extract", "-F", "devtools/babel.cfg"]
            + ["-k", "_l", "-k", "N_", "--no-location", "--sort-output", "--omit-header"]
            + ["-o", found, "marketplace"],
            cwd=ROOT,
            check=True,
        )
        with found.open("rb") as file:
            return read_po(file)


def read(language: str) -> Catalog:
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return Catalog(locale=language, project="Lumbung", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def write(language: str, catalog: Catalog) -> None:
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, no_location=True, omit_header=False, sort_output=True)


def fill(message: Message, language: str, extra: dict[str, dict[str, str]], plurals: int) -> None:
    """Give `message` its text: English is the key itself, others come from `extra`.

    Korean and Indonesian have one form; it stands for as many as the catalog counts.
    """
    if language == "en":
        message.string = message.id
        return
    key = message.id[0] if message.pluralizable else message.id
    if message.context:
        key = f"{message.context}|{key}"
    text = extra.get(key, {}).get(language)
    if text:
        message.string = (text,) * plurals if message.pluralizable else text


def is_translated(message: Message) -> bool:
    strings = message.string if message.pluralizable else (message.string,)
    return bool(strings) and all(strings)


if __name__ == "__main__":
    main()
