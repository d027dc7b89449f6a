"""The guard of the browser tests hears what it is there for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.servers.browser import Guard, serve_folder

POLICY = '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'


@pytest.fixture
def guard(browser: Browser) -> Iterator[Guard]:
    with browser.new_context() as context:
        guard = Guard(context.new_page())
        guard.listen()
        yield guard


def open_html(guard: Guard, folder: Path, html: str) -> None:
    path = folder / "page.html"
    path.write_text(f"<!doctype html><html lang=en><title>A page</title>{html}", encoding="utf-8")
    guard.page.goto(path.as_uri())


@pytest.mark.parametrize(
    ("html", "heard"),
    [
        ("<script>console.error('broken')</script>", "console error: broken"),
        ("<script>nothing.there()</script>", "error: nothing is not defined"),
        ("<script>alert('hello')</script>", "dialog: hello"),
        ("<img src=//example.com/x.png alt=x>", "request: file://example.com/x.png"),
        ("<img src=https://example.com/x.png alt=x>", "request: https://example.com/x.png"),
        ("<script>fetch('http://127.0.0.1:9/x').catch(() => 0)</script>", "request: http://127.0.0.1:9/x"),
        (f"{POLICY}<script>1</script>", "console error: Executing inline script violates"),
        ("<script src=missing.js></script>", "failed: file://"),
    ],
)
def test_a_fault_of_a_page_is_heard(guard: Guard, tmp_path: Path, html: str, heard: str) -> None:
    open_html(guard, tmp_path, html)
    for _ in range(200):
        if any(one.startswith(heard) for one in guard.faults):
            break
        guard.page.wait_for_timeout(20)  # in which Playwright hears

    assert [one for one in guard.faults if one.startswith(heard)], guard.faults


def test_a_quiet_page_is_heard_to_be_quiet_from_disk_and_from_a_server(guard: Guard, tmp_path: Path) -> None:
    (tmp_path / "own.js").write_text("document.title = 'Scripted'")
    image = "<img alt=x src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"
    open_html(guard, tmp_path, f"<link rel=icon href=data:,>{image}<script src=own.js></script>")
    with serve_folder(tmp_path) as url:
        guard.page.goto(f"{url}/page.html")

    assert guard.page.title() == "Scripted"
    assert guard.faults == []


def test_a_barrier_is_found(page: Page, find_barriers: Callable[[Page], list[str]]) -> None:
    page.set_content("<!doctype html><html lang=en><title>x</title><main><h1>x</h1><img src='data:,'></main>")

    assert [line.split(":")[0] for line in find_barriers(page)] == ["image-alt"]
