from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.pages import find_numbers
from tests.browser.signing import sign_in
from tests.browser.site import CTRL_C, Site

HERE = Path(__file__).parent
ORDERS = 60
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def demo(tmp_path_factory, testrun_uid) -> Path:
    """A folder that a first start filled and Ctrl-C left; all processes share it, to be copied."""
    folder = tmp_path_factory.getbasetemp().parent / f"demo-{testrun_uid}"
    with folder.with_suffix(".lock").open("w") as first_come:
        fcntl.flock(first_come, fcntl.LOCK_EX)
        if not folder.exists():
            first = Site(folder.with_suffix(".new"), orders=ORDERS)
            first.start()
            assert first.stop() == CTRL_C
            first.folder.rename(folder)
    return folder


@pytest.fixture(scope="session")
def site(demo, tmp_path_factory) -> Iterator[Site]:
    """One running demo for all flows of this process."""
    site = Site(shutil.copytree(demo, tmp_path_factory.mktemp("site") / "instance"), orders=ORDERS)
    site.start()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def base_url(request) -> str:
    """The address of the demo; `--base-url` names one that runs already."""
    return request.config.getoption("base_url") or request.getfixturevalue("site").address


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    quiet = ["no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync"]
    quiet += ["disable-background-networking", "disable-component-update"]
    return {
        **browser_type_launch_args,
        "executable_path": "/usr/bin/chromium",
        "args": [f"--{name}" for name in quiet],
    }


@pytest.fixture
def visit(browser: Browser, base_url: str):
    """Open a browser of somebody: `visit("buyer", at=PHONE)`; closed after the test."""
    contexts = []

    def open_page(who: str | None = None, *, at=DESKTOP, lang="ko", **options) -> Page:
        context = browser.new_context(base_url=base_url, viewport=at, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on(
            "console",
            lambda message: (
                page.problems.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        if who:
            sign_in(page, who, lang)
        return page

    yield open_page
    problems = [p for context in contexts for page in context.pages for p in page.problems]
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="session")
def numbers(browser: Browser, base_url: str) -> dict[str, str]:
    """Numbers of things in the demo that pages are about."""
    context = browser.new_context(base_url=base_url)
    found = find_numbers(context.new_page())
    context.close()
    return found
