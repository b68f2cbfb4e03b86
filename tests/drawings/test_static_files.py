"""Styles and scripts stay small, and say where they belong."""

import gzip
import re

import pytest

from tests.conftest import ROOT

STATIC = ROOT / "marketplace" / "static"
TEMPLATES = ROOT / "marketplace" / "templates"
STYLES = sorted(path.stem for path in (STATIC / "css").glob("*.css"))
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))
LAYERS = "@layer tokens, base, components, utilities, print;"


def style(name):
    return (STATIC / "css" / f"{name}.css").read_text()


def linked(*templates):
    text = "".join((TEMPLATES / name).read_text() for name in templates)
    return re.findall(r"css/([\w-]+)\.css", text)


def packed(*texts):
    return sum(len(gzip.compress(text.encode(), 9)) for text in texts)


def test_the_order_of_layers_is_said_once_and_first():
    said = [name for name in STYLES if LAYERS in style(name)]

    assert said == ["tokens"]
    assert linked("_head.html")[0] == "tokens"


@pytest.mark.parametrize("name", sorted(set(STYLES) - {"tokens", "base"}))
def test_a_component_keeps_to_its_layer_and_sets_no_raw_color_of_text(name):
    text = re.sub(r"/\*.*?\*/", "", style(name), flags=re.DOTALL).strip()

    assert text.startswith("@layer components {")
    assert text.count("{") == text.count("}")
    assert not re.search(r"(?<![-\w])color: #", text)


def test_the_frame_links_few_files_that_exist():
    frame = linked("_head.html", "base.html")

    assert len(frame) == len(set(frame)) <= 10
    assert set(frame) <= set(STYLES)
    assert packed(*map(style, frame)) < 13_000


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_does_one_thing_in_under_two_kilobytes(path):
    assert path.stat().st_size <= 2048
    assert path.read_text().startswith("// ")


def test_every_behavior_named_in_a_template_exists():
    named = {
        name
        for path in TEMPLATES.rglob("*.html")
        for name in re.findall(r'data-enhance="([\w-]+)"', path.read_text())
    }

    assert named <= {path.stem for path in (STATIC / "js" / "enhance").glob("*.js")}
