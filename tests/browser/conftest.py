"""The browser of these tests, a page that lets no fault pass, and a search for barriers."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.servers.browser import CHROMIUM, Guard, axe_source, barriers, chromium

WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file: Playwright lets no other event loop run in its thread while it is open."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; run `make test`, or set CHROMIUM")
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page; its test fails on any error of the console or a script, any dialog, and any request to elsewhere."""
    with browser.new_context(viewport=WIDE) as context:
        guard = Guard(context.new_page())
        guard.listen()
        yield guard.page
        guard.page.wait_for_timeout(0)  # what has happened is heard before it is counted
    assert guard.faults == []


@pytest.fixture
def find_barriers() -> Callable[[Page], list[str]]:
    """What axe-core finds serious or critical on a page, a line each."""
    axe = axe_source()
    if axe is None:
        pytest.skip("axe-core is not installed; install node and npm, then run `make test`")
    return lambda page: barriers(page, axe)
