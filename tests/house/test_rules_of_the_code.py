import re
from pathlib import Path

from tests.conftest import ROOT

SOURCES = sorted((ROOT / "marketplace").rglob("*.py"))
TEMPLATES = sorted((ROOT / "marketplace" / "templates").rglob("*.html"))


def lines_with(pattern: str, files: list[Path]) -> list[str]:
    found = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if found.search(line)
    ]


def test_every_endpoint_declares_who_may_use_it(app):
    undeclared = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if endpoint != "static" and not hasattr(view, "access")
    ]

    assert undeclared == []


def test_only_the_kernel_commits():
    others = [path for path in SOURCES if path.name != "db.py" or path.parent.name != "kernel"]

    assert lines_with(r"\.commit\(", others) == []


def test_operations_read_neither_clock_nor_reader():
    # The ledger stamps `posted_at` and ids itself: nobody may tell it when it wrote.
    ledger = ROOT / "marketplace" / "ledger" / "operations"
    own_clocks = {ledger / "posting.py", ledger / "decisions.py"}
    inside = [
        path
        for path in SOURCES
        if ("operations" in path.parts or path.stem in {"operations", "models"})
        and path not in own_clocks
    ]

    assert lines_with(r"\bnow\(\)|current_user|datetime\.now", inside) == []


def test_templates_carry_no_inline_code():
    assert lines_with(r"<script>|<style|\sstyle=\"|\son[a-z]+=\"|\|\s*safe\b", TEMPLATES) == []


def test_templates_translate_only_what_is_written_there():
    # The catalogs' texts count as markup; a name or a story must never be looked up in them.
    assert lines_with(r"\b(_|n?gettext)\((?!\s*[\"'])", TEMPLATES) == []


def test_money_is_never_a_float():
    assert lines_with(r"\bfloat\(.*(minor|amount|price|rate)", SOURCES) == []


def test_every_page_is_rendered_from_a_known_frame():
    pages = [p for p in TEMPLATES if p.parent.name not in {"templates", "components", "mail"}]
    framed = re.compile(r"{%-?\s*extends \"((base|desk|paper)|\w+/_\w+)\.html\"")
    frameless = [
        str(path.relative_to(ROOT))
        for path in pages
        if not path.name.startswith("_") and not framed.search(path.read_text())
    ]

    assert frameless == []
