import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.plain import plain


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
