import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tasks.core.plain import plain, plain_lines, unmarked


@pytest.mark.parametrize(
    ("text", "shown"),
    [("two\nlines", "two lines"), ("\x1b[2Jgone", "[2Jgone"), (" a \t b ", "a b"), ("", ""), ("x" * 9, "xxxx…")],
)
def test_logged_text_is_shown_on_one_line_without_control_characters(text: str, shown: str) -> None:
    limit = 5 if set(text) == {"x"} else 40
    assert plain(text, limit) == shown


@given(st.text(), st.integers(1, 30))
def test_what_is_shown_is_printable_and_never_longer_than_asked(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()


@given(st.text())
def test_the_lines_of_a_text_are_printable_each(text: str) -> None:
    assert all(line.isprintable() for line in plain_lines(text))


def test_lines_end_where_a_terminal_would_end_them_and_keep_their_spaces() -> None:
    assert plain_lines("a  b\r\nc\rd\ne\u2028f\x1b[2J\u202e") == ["a  b", "c", "d", "e f [2J "]


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://evil.example/x.png)",
        "[click](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "see http://evil.example or www.evil.example or a@evil.example",
        "| a | b |",
        "`code` and ~~struck~~ and **bold**",
        "# heading",
        "_slanted_ and __bold__ and latency_ms and _ and a__b_",
        "<!channel>",
    ],
)
def test_no_text_is_a_mark_in_markdown_nor_an_address(text: str) -> None:
    written = unmarked(text)
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(written)
    assert not re.search(r"<(?!/?p>)", page)
    assert html.unescape(re.sub(r"</?p>", "", page)).strip() == text
    assert not re.search(r"://|www\.[^\\]|[^\\]@", written.replace("www\\.", ""))
