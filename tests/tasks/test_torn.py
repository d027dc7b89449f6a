"""Torn logs: what every kind of damage costs, to the row, and what stands beside it untouched."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.core.records.formats import FORMATS
from tasks.core.window import Window
from tests.builders import HOUR, SIX, answered, asked, event, monitor
from tests.tasks.collecting import look, put, put_in, see, source_of
from tests.tasks.test_formats import RECORDS

MINUTE = timedelta(minutes=1)
MEGABYTE = 1_000_000
STAMP = "2026-11-20T06:00:00Z"
DEEP = 100_000
Texts = dict[str, tuple[str | None, str | None]]
A: Texts = {"a": ("Why?", "So.")}
C: Texts = {"c": ("Who?", "You.")}
X: Texts = {"x": ("Lost?", "Found.")}
ASKED = {one: asked(one, SIX, pair[0] or "") for one, pair in (A | C | X).items()}
ANSWERED = {one: answered(one, SIX, pair[1] or "") for one, pair in (A | C | X).items()}
TWO_PAIRS = {"inputs": 2, "outputs": 2, "joined": 2}
THREE_PAIRS = {"inputs": 3, "outputs": 3, "joined": 3}


def lines(*given: str) -> bytes:
    return "".join(f"{line}\n" for line in given).encode()


def record(rest: str, identity: str = '"x"', time: str = f'"{STAMP}"') -> str:
    """A line whose ID, time and further members are given as they stand in the JSON."""
    return f'{{"correlationid":{identity},"time":{time},{rest}}}'


def between(line: bytes) -> bytes:
    """A line between those of a and c."""
    return lines(ASKED["a"]) + line + b"\n" + lines(ASKED["c"])


THREE_INPUTS = between(ASKED["x"].encode())
THREE_OUTPUTS = lines(*(ANSWERED[one] for one in "axc"))
TWO_OUTPUTS = lines(ANSWERED["a"], ANSWERED["c"])

EMPTY = {
    "empty": b"",
    "one newline": b"\n",
    "only newlines": b"\n" * 1000,
    "only blanks": b"\r\n \t\n\r\n   ",
    "only a byte order mark": b"\xef\xbb\xbf",
    "an empty gzip": gzip.compress(b""),
}


@pytest.mark.parametrize("content", EMPTY.values(), ids=EMPTY.keys())
def test_an_object_without_a_line_counts_nothing(tmp_path: Path, content: bytes) -> None:
    seen = look(tmp_path, content, lines(ANSWERED["a"]))
    assert (seen.counts, seen.quarantine, seen.texts) == ({"outputs": 1, "orphan_outputs": 1}, [], {})


def test_objects_without_a_line_cost_the_others_nothing(tmp_path: Path) -> None:
    put(tmp_path, "inputs", {f"{number}.jsonl": content for number, content in enumerate(EMPTY.values())})
    seen = look(tmp_path, lines(ASKED["a"]), lines(ANSWERED["a"]))
    assert (seen.counts, seen.quarantine, seen.texts) == ({"inputs": 1, "outputs": 1, "joined": 1}, [], A)


WRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda content: content,
    "a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "CR": lambda content: content.replace(b"\n", b"\r"),
    "byte order mark and CRLF": lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"),
    "no end of the last line": lambda content: content.rstrip(b"\n"),
    "empty lines between": lambda content: b"\n\n" + content.replace(b"\n", b"\n\n \r\n\n"),
    "blanks around": lambda content: content.replace(b"\n", b" \t\n  "),
    "gzip": gzip.compress,
    "gzip of several members": lambda content: b"".join(gzip.compress(content[n : n + 50]) for n in range(0, 999, 50)),
    "gzip with an empty member": lambda content: gzip.compress(b"") + gzip.compress(content) + gzip.compress(b""),
    "gzip padded with zeros": lambda content: gzip.compress(content) + bytes(512),
}


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN.keys())
def test_whole_lines_are_read_however_they_are_written(tmp_path: Path, write: Callable[[bytes], bytes]) -> None:
    seen = look(tmp_path, write(THREE_INPUTS), write(THREE_OUTPUTS))
    assert (seen.counts, seen.quarantine, seen.texts) == (THREE_PAIRS, [], A | X | C)


@pytest.mark.parametrize("kind", ["as it is", "gzip"])
def test_the_bytes_and_not_the_name_tell_what_is_packed(tmp_path: Path, kind: str) -> None:
    write = WRITTEN[kind]
    seen = look(tmp_path, write(THREE_INPUTS), write(THREE_OUTPUTS), name="i.jsonl.gz")
    assert (seen.counts, seen.quarantine, seen.texts) == (THREE_PAIRS, [], A | X | C)


def with_data(value: str) -> bytes:
    return record(f'"data":{value}').encode()


X_TEXT = b"Lost?"
LINE: dict[str, tuple[bytes, str]] = {
    "cut": (ASKED["x"][:-5].encode(), "malformed_json"),
    "cut at its beginning": (ASKED["x"][5:].encode(), "malformed_json"),
    "one brace": (b"{", "malformed_json"),
    "one quote": (b'"', "malformed_json"),
    "words": (b"Traceback (most recent call last):", "malformed_json"),
    "only NUL bytes": (bytes(1000), "malformed_json"),
    "NUL after the object": (ASKED["x"].encode() + bytes(8), "malformed_json"),
    "NUL in a text": (ASKED["x"].encode().replace(X_TEXT, b"Lo\0st?"), "malformed_json"),
    "a control character in a text": (ASKED["x"].encode().replace(X_TEXT, b"Lo\tst?"), "malformed_json"),
    "a byte that is no UTF-8": (ASKED["x"].encode().replace(X_TEXT, b"Lo\xffst?"), "invalid_utf8"),
    "half a character": (ASKED["x"].encode().replace(X_TEXT, b"Lo\xe2\x82st?"), "invalid_utf8"),
    "a surrogate in UTF-8": (ASKED["x"].encode().replace(X_TEXT, b"\xed\xa0\x80"), "invalid_utf8"),
    "Latin-1": (ASKED["x"].replace("Lost?", "Größe?").encode("latin-1"), "invalid_utf8"),
    "UTF-16": (ASKED["x"].encode("utf-16"), "invalid_utf8"),
    "half an escaped character": (ASKED["x"].replace("Lost?", r"\ud800").encode(), "malformed_json"),
    "an unknown escape": (ASKED["x"].replace("Lost?", r"\x").encode(), "malformed_json"),
    "a byte order mark within": (b"\xef\xbb\xbf" + ASKED["x"].encode(), "malformed_json"),
    "trailing garbage": (ASKED["x"].encode() + b" trailing", "malformed_json"),
    "trailing comma": (ASKED["x"].encode() + b",", "malformed_json"),
    "a comment": (ASKED["x"].encode() + b" // seen", "malformed_json"),
    "two objects": (ASKED["x"].encode() + ASKED["x"].encode(), "malformed_json"),
    "two objects and a blank": (f"{ASKED['x']} {ASKED['x']}".encode(), "malformed_json"),
    "two objects and a comma": (f"{ASKED['x']},{ASKED['x']}".encode(), "malformed_json"),
    "single quotes": (ASKED["x"].replace('"', "'").encode(), "malformed_json"),
    "an array": (f"[{ASKED['x']}, {ASKED['x']}]".encode(), "not_an_object"),
    "a text": (json.dumps(ASKED["x"]).encode(), "not_an_object"),
    "a number": (b"17", "not_an_object"),
    "null": (b"null", "not_an_object"),
    "an empty object": (b"{}", "no_correlation_id"),
    "open brackets": (b"[" * DEEP, "malformed_json"),
    "deep brackets": (b"[" * DEEP + b"]" * DEEP, "not_an_object"),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "no_correlation_id"),
    "deep open rows": (with_data("[" * DEEP)[:-1], "malformed_json"),
    "deep rows": (with_data("[" * DEEP + "]" * DEEP), "row_not_an_object"),
    "deep rows in a text": (with_data(json.dumps("[" * DEEP + "]" * DEEP)), "row_not_an_object"),
    "data null": (with_data("null"), "no_rows"),
    "data null in a text": (with_data('"null"'), "row_not_an_object"),
    "data []": (with_data("[]"), "no_rows"),
    "data [] in a text": (with_data('"[]"'), "no_rows"),
    "data missing": (record('"more":1').encode(), "no_rows"),
    "data string": (with_data('"Lost?"'), "row_not_an_object"),
    "data empty string": (with_data('""'), "row_not_an_object"),
    "data number": (with_data("17"), "row_not_an_object"),
    "data true": (with_data("true"), "row_not_an_object"),
    "data [null]": (with_data("[null]"), "row_not_an_object"),
    "data [[]]": (with_data("[[]]"), "row_not_an_object"),
    "ID null": (record('"data":[{"question":"Lost?"}]', "null").encode(), "no_correlation_id"),
    "ID empty": (record('"data":[{"question":"Lost?"}]', '""').encode(), "no_correlation_id"),
    "ID blank": (record('"data":[{"question":"Lost?"}]', '"  "').encode(), "no_correlation_id"),
    "ID missing": (event(None, SIX, [{"question": "Lost?"}]).encode(), "no_correlation_id"),
    "time missing": (b'{"correlationid":"x","data":[{"question":"Lost?"}]}', "invalid_time"),
    "time that is none": (record('"data":[{"question":"Lost?"}]', time='"yesterday"').encode(), "invalid_time"),
}
NO_TIMES = (
    *("null", '""', '"06:00"', "[1]", "{}", "true", '"NaN"', '"infinity"', "1e400"),
    *('"2026-13-45T06:00:00Z"', '"2026-11-20T06:00:61Z"', '"0000-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"'),
)


ALONE = (
    *("cut", "only NUL bytes", "NUL in a text", "a byte that is no UTF-8", "UTF-16", "trailing garbage"),
    *("trailing comma", "two objects", "an array", "open brackets", "deep brackets", "deep rows", "data null"),
    *("data []", "data string", "data number", "ID null", "ID missing", "time missing"),
)


@pytest.mark.parametrize("kind", ALONE)
def test_a_line_that_cannot_be_used_costs_itself_and_is_named(tmp_path: Path, kind: str) -> None:
    line, reason = LINE[kind]
    seen = look(tmp_path, between(line), THREE_OUTPUTS)
    assert seen.counts == TWO_PAIRS | {"outputs": 3, "orphan_outputs": 1, "quarantined": 1}
    assert (seen.quarantine, seen.texts) == ([("inputs/i.jsonl", 2, reason)], A | C)


@pytest.mark.parametrize("kind", ["cut", "a byte that is no UTF-8", "trailing comma", "data null", "ID null"])
def test_a_line_of_the_outputs_that_cannot_be_used_costs_itself_and_is_named(tmp_path: Path, kind: str) -> None:
    line, reason = LINE[kind]
    outputs = lines(ANSWERED["a"]) + line.replace(b"question", b"answer") + b"\n" + lines(ANSWERED["c"])
    seen = look(tmp_path, THREE_INPUTS, outputs)
    assert seen.counts == TWO_PAIRS | {"inputs": 3, "orphan_inputs": 1, "quarantined": 1}
    assert (seen.quarantine, seen.texts) == ([("outputs/i.jsonl", 2, reason)], A | C)


@pytest.mark.parametrize("left_out", ["UTF-16", "no UTF-8"])
def test_every_kind_of_unusable_line_at_once_is_named_by_its_own_number(tmp_path: Path, left_out: str) -> None:
    """Once with lines that are no UTF-8; the newline of UTF-16 would end a line before the newline does."""
    torn = [one for name, one in LINE.items() if name != "UTF-16"]
    if left_out == "no UTF-8":
        torn = [(line, reason) for line, reason in torn if reason != "invalid_utf8"]
    inputs = b"".join(line + b"\n" + lines(ASKED["x"]) for line, _ in torn)
    seen = look(tmp_path, inputs, lines(ANSWERED["x"]))
    number = len(torn)
    copies = {"duplicate_inputs": number - 1, "quarantined": number}
    assert seen.counts == {"inputs": number, "outputs": 1, "joined": 1} | copies
    assert seen.quarantine == [("inputs/i.jsonl", 2 * place + 1, reason) for place, (_, reason) in enumerate(torn)]
    assert seen.texts == X


def test_every_time_that_is_none_costs_its_line(tmp_path: Path) -> None:
    inputs = lines(*(record('"data":[{"question":"Lost?"}]', time=time) for time in NO_TIMES), ASKED["a"])
    seen = look(tmp_path, inputs, lines(ANSWERED["a"], ANSWERED["x"]))
    assert seen.counts == {"inputs": 1, "outputs": 2, "joined": 1, "orphan_outputs": 1, "quarantined": len(NO_TIMES)}
    assert seen.quarantine == [("inputs/i.jsonl", number + 1, "invalid_time") for number in range(len(NO_TIMES))]
    assert seen.texts == A


def test_each_row_that_is_no_object_is_one_in_quarantine(tmp_path: Path) -> None:
    seen = look(tmp_path, between(with_data('[1,{"question":"Lost?"},null]')), THREE_OUTPUTS)
    assert seen.counts == THREE_PAIRS | {
        "joined": 2,
        "orphan_inputs": 1,
        "orphan_outputs": 1,
        "quarantined": 2,
    }
    assert seen.quarantine == [("inputs/i.jsonl", 2, "row_not_an_object")] * 2
    assert seen.texts == A | C


DEEP_TEXT = '{"a":' * DEEP + "1" + "}" * DEEP
USED: dict[str, tuple[str, str | None]] = {
    "data object": (record('"data":{"question":"Lost?"}'), "Lost?"),
    "data object in a text": (record(r'"data":"{\"question\":\"Lost?\"}"'), "Lost?"),
    "data list": (record('"data":[{"question":"Lost?"}]'), "Lost?"),
    "data {}": (record('"data":{}'), None),
    "data [{}]": (record('"data":[{}]'), None),
    "a question that is null": (record('"data":[{"question":null}]'), None),
    "a question that is empty": (record('"data":[{"question":""}]'), ""),
    "a question that is a number": (record('"data":[{"question":1.50}]'), "1.5"),
    "a question that is no number": (record('"data":[{"question":NaN}]'), "NaN"),
    "a question that is an object": (record('"data":[{"question":{"a": [1, null]}}]'), '{"a":[1,null]}'),
    "a question that is deep": (record(f'"data":[{{"question":{DEEP_TEXT}}}]'), DEEP_TEXT),
    "something deep beside": (record(f'"more":{"[" * DEEP + "]" * DEEP},"data":[{{"question":"Lost?"}}]'), "Lost?"),
    "an escaped NUL": (record(r'"data":[{"question":"Lo\u0000st?"}]'), "Lo\0st?"),
    "a character of two halves": (record(r'"data":[{"question":"\ud83d\ude00"}]'), "\U0001f600"),
    "separators that end no line": (record('"data":[{"question":"a\u2028b\u2029c\u0085d"}]'), "a\u2028b\u2029c\u0085d"),
    "line ends in a text": (record(r'"data":[{"question":"a\r\nb\n"}]'), "a\r\nb\n"),
    "data twice": (record('"data":[{"question":"Lost?"}],"data":[{"question":"Other?"}]'), "Lost?"),
    "question twice": (record('"data":[{"question":"Lost?","question":"Other?"}]'), "Lost?"),
    "a comma before the last brace": (f"{ASKED['x'][:-1]},}}", "Lost?"),
    "ID twice": (record('"correlationid":"a","data":[{"question":"Lost?"}]'), "Lost?"),
    "time twice": (record('"time":"yesterday","data":[{"question":"Lost?"}]'), "Lost?"),
}


def test_odd_lines_are_used_and_of_doubled_keys_the_first_counts(tmp_path: Path) -> None:
    inputs = lines(*(line.replace('"x"', json.dumps(name), 1) for name, (line, _) in USED.items()))
    seen = look(tmp_path, inputs, lines(*(answered(name, SIX, "Found.") for name in USED)))
    assert (seen.counts, seen.quarantine) == (dict.fromkeys(("inputs", "outputs", "joined"), len(USED)), [])
    assert seen.texts == {name: (prompt, "Found.") for name, (_, prompt) in USED.items()}


IDS = {
    "number": ("7", "7"),
    "negative": ("-7", "-7"),
    "longer than 64 bits": ("12345678901234567890123", "12345678901234567890123"),
    "fraction": ("7.5", "7.5"),
    "true": ("true", "true"),
    "list": ("[1, 2]", "[1,2]"),
    "10 kB": (f'"{"k" * 10_240}"', "k" * 10_240),
    "blanks around": ('"  padded "', "padded"),
    "blanks within": ('"two words"', "two words"),
    "quotes": (r'"it\u0027s \"so\""', 'it\'s "so"'),
    "NUL": (r'"a\u0000b"', "a\0b"),
    "snowman": ('"\u2603"', "\u2603"),
}


def test_odd_ids_join_their_halves_and_are_kept_as_text(tmp_path: Path) -> None:
    inputs = lines(*(record('"data":[{"question":"Lost?"}]', written) for written, _ in IDS.values()))
    outputs = lines(*(record('"data":[{"answer":"Found."}]', written) for written, _ in IDS.values()))
    seen = look(tmp_path, inputs, outputs)
    assert (seen.counts, seen.quarantine) == (dict.fromkeys(("inputs", "outputs", "joined"), len(IDS)), [])
    assert seen.texts == {name: X["x"] for _, name in IDS.values()}


def test_an_id_is_the_same_as_a_number_and_as_a_text(tmp_path: Path) -> None:
    seen = look(tmp_path, lines(record('"data":[{"question":"Lost?"}]', "7")), lines(answered("7", SIX, "Found.")))
    assert (seen.counts, seen.texts) == ({"inputs": 1, "outputs": 1, "joined": 1}, {"7": X["x"]})


def test_ids_that_differ_in_one_of_many_characters_are_different(tmp_path: Path) -> None:
    inputs = lines(*(asked("k" * 10_240 + end, SIX, end) for end in "12"))
    seen = look(tmp_path, inputs, lines(answered("k" * 10_240 + "2", SIX, "So.")))
    assert seen.counts == {"inputs": 2, "outputs": 1, "joined": 1, "orphan_inputs": 1}
    assert seen.texts == {"k" * 10_240 + "2": ("2", "So.")}


TIMES = {
    "offset": '"2026-11-20T08:05:00+02:00"',
    "western offset": '"2026-11-20T01:05:00-05:00"',
    "offset over midnight": '"2026-11-21T05:35:00+23:30"',
    "no offset is UTC": '"2026-11-20T06:05:00"',
    "a blank for the T": '"2026-11-20 06:05:00Z"',
    "nanoseconds in text": '"2026-11-20T06:05:00.000000000Z"',
    "seconds": "1795154700",
    "seconds with a fraction": "1795154700.0",
    "milliseconds": "1795154700000",
    "milliseconds as text": '"1795154700000"',
    "microseconds": "1795154700000000",
    "nanoseconds": "1795154700000000000",
}


def test_a_time_is_read_in_every_unit_and_offset(tmp_path: Path) -> None:
    inputs = lines(*(record('"data":[{"question":"Lost?"}]', f'"{name}"', time) for name, time in TIMES.items()))
    seen = look(tmp_path, inputs, lines(*(answered(name, SIX, "Found.") for name in TIMES)))
    assert (seen.counts, seen.quarantine) == (dict.fromkeys(("inputs", "outputs", "joined"), len(TIMES)), [])
    assert {row["interaction_id"]: row["event_time"] for row in seen.rows} == dict.fromkeys(TIMES, SIX + 5 * MINUTE)


FAR = {
    "1970": ("0", datetime(1970, 1, 1, tzinfo=UTC)),
    "before 1970": ("-1", datetime(1969, 12, 31, 23, tzinfo=UTC)),
    "in the future": ('"2036-11-20T06:30:00Z"', datetime(2036, 11, 20, 6, tzinfo=UTC)),
    "milliseconds of 1973": ("100000000000", datetime(1973, 3, 3, 9, tzinfo=UTC)),
}


def test_far_times_are_believed_and_count_in_their_own_windows_alone(tmp_path: Path) -> None:
    far = [record('"data":[{"question":"Lost?"}]', f'"{name}"', time) for name, (time, _) in FAR.items()]
    seen = look(tmp_path, lines(*far, ASKED["a"]), lines(ANSWERED["a"], *(answered(name, SIX) for name in FAR)))
    assert seen.counts == {"inputs": 1, "outputs": 1 + len(FAR), "joined": 1, "orphan_outputs": len(FAR)}
    assert (seen.quarantine, seen.texts) == ([], A)
    for _, start in FAR.values():
        then = see(monitor(tmp_path), Window(start=start, end=start + HOUR))
        assert (then.counts, then.quarantine) == ({"inputs": 1, "orphan_inputs": 1}, [])


PLACES = ("first", "last", "last without an end", "alone")
LONG = [
    *((20 * MEGABYTE, place) for place in PLACES),
    *((size, "last") for size in (2**22 + 1, 8_254_889, 2**24)),  # DuckDB's buffers end among them
]


@pytest.mark.parametrize(("size", "place"), LONG)
def test_a_long_line_is_read_wherever_it_stands(tmp_path: Path, size: int, place: str) -> None:
    line = lines(asked("x", SIX, "Lost?", unmapped="y" * size))
    before = b"" if place in {"first", "alone"} else lines(ASKED["a"], ASKED["c"])
    after = lines(ASKED["a"], ASKED["c"]) if place == "first" else b""
    inputs = before + line + after
    seen = look(tmp_path, inputs.rstrip(b"\n") if "without" in place else inputs, THREE_OUTPUTS)
    alone = {"inputs": 1, "outputs": 3, "joined": 1, "orphan_outputs": 2}
    assert (seen.counts, seen.quarantine) == (alone if place == "alone" else THREE_PAIRS, [])
    assert seen.texts == (X if place == "alone" else A | C | X)


def test_a_long_line_on_one_side_stands_beside_bytes_that_are_no_text_on_the_other(tmp_path: Path) -> None:
    inputs = lines(asked("a", SIX, "Why?", unmapped="y" * 30 * MEGABYTE))
    seen = look(tmp_path, inputs, lines(ANSWERED["a"]) + b"\xff\n")
    assert seen.counts == {"inputs": 1, "outputs": 1, "joined": 1, "quarantined": 1}
    assert (seen.quarantine, seen.texts) == ([("outputs/i.jsonl", 2, "invalid_utf8")], A)


def test_of_a_line_of_four_megabytes_not_a_character_is_lost(tmp_path: Path) -> None:
    text = "Größe, " * (4 * MEGABYTE // 8)
    seen = look(tmp_path, between(asked("x", SIX, text).encode()), THREE_OUTPUTS)
    assert (seen.counts, seen.quarantine) == (THREE_PAIRS, [])
    assert seen.texts == A | C | {"x": (text, "Found.")}


LONG_TORN = {
    "20 MB that are torn": (ASKED["x"].encode()[:-1] + b" " * 20 * MEGABYTE, "malformed_json"),
    "20 MB of NUL bytes": (bytes(20 * MEGABYTE), "malformed_json"),
    "20 MB that are no UTF-8": (ASKED["x"].encode() + b"\xff" * 20 * MEGABYTE, "invalid_utf8"),
    "70 MB": (ASKED["x"].encode()[:-1] + b" " * 70 * MEGABYTE + b"}", "line_too_long"),
}


@pytest.mark.parametrize(("line", "reason"), LONG_TORN.values(), ids=LONG_TORN.keys())
def test_a_long_line_that_cannot_be_used_costs_itself_and_is_named(tmp_path: Path, line: bytes, reason: str) -> None:
    seen = look(tmp_path, between(line), THREE_OUTPUTS)
    assert seen.counts == TWO_PAIRS | {"outputs": 3, "orphan_outputs": 1, "quarantined": 1}
    assert (seen.quarantine, seen.texts) == ([("inputs/i.jsonl", 2, reason)], A | C)


def test_an_array_over_many_lines_is_named_line_by_line_and_gives_the_line_that_is_whole(tmp_path: Path) -> None:
    inputs = f"[\n{ASKED['a']},\n{ASKED['c']}\n]\n".encode()
    seen = look(tmp_path, inputs, TWO_OUTPUTS)
    assert seen.counts == {"inputs": 1, "outputs": 2, "joined": 1, "orphan_outputs": 1, "quarantined": 3}
    assert seen.quarantine == [("inputs/i.jsonl", number, "malformed_json") for number in (1, 2, 4)]
    assert seen.texts == C


def test_an_indented_record_is_named_line_by_line(tmp_path: Path) -> None:
    inputs = json.dumps(json.loads(ASKED["a"]), indent=1).encode()
    seen = look(tmp_path, inputs, lines(ANSWERED["a"]))
    number = inputs.count(b"\n") + 1
    assert seen.counts == {"outputs": 1, "orphan_outputs": 1, "quarantined": number}
    assert [line for _, line, _ in seen.quarantine] == list(range(1, number + 1))
    assert seen.texts == {}


STORED = gzip.compress(THREE_INPUTS, compresslevel=0)  # its bytes are those of the lines, after a head of 15
HEAD = 15
THIRD = HEAD + THREE_INPUTS.index(ASKED["c"].encode())
ORPHANS_OF_ALL = {"outputs": 3, "orphan_outputs": 3, "quarantined_objects": 1}
TORN_GZIP = ("inputs/i.jsonl", None, "truncated_gzip")
GZIP = {
    "in the third line": (
        STORED[: THIRD + 20],
        TWO_PAIRS | {"outputs": 3, "orphan_outputs": 1, "quarantined": 1, "quarantined_objects": 1},
        [("inputs/i.jsonl", 3, "malformed_json"), TORN_GZIP],
        A | X,
    ),
    "between two lines": (
        STORED[:THIRD],
        TWO_PAIRS | {"outputs": 3, "orphan_outputs": 1, "quarantined_objects": 1},
        [TORN_GZIP],
        A | X,
    ),
    "before its checksum": (STORED[:-8], THREE_PAIRS | {"quarantined_objects": 1}, [TORN_GZIP], A | X | C),
    "in its checksum": (STORED[:-3], THREE_PAIRS | {"quarantined_objects": 1}, [TORN_GZIP], A | X | C),
    "in its head": (STORED[:7], ORPHANS_OF_ALL, [TORN_GZIP], {}),
    "after two bytes": (STORED[:2], ORPHANS_OF_ALL, [TORN_GZIP], {}),
    "in its second member": (
        gzip.compress(lines(ASKED["a"])) + gzip.compress(lines(ASKED["c"]))[:9],
        {"inputs": 1, "outputs": 3, "joined": 1, "orphan_outputs": 2, "quarantined_objects": 1},
        [TORN_GZIP],
        A,
    ),
}


@pytest.mark.parametrize(("content", "counts", "quarantine", "texts"), GZIP.values(), ids=GZIP.keys())
def test_of_a_gzip_that_was_cut_whole_lines_are_used_and_the_object_is_named(
    tmp_path: Path,
    content: bytes,
    counts: dict[str, int],
    quarantine: list[tuple[str, int | None, str]],
    texts: Texts,
) -> None:
    seen = look(tmp_path, content, THREE_OUTPUTS)
    assert (seen.counts, seen.texts) == (counts, texts)
    assert sorted(seen.quarantine, key=str) == sorted(quarantine, key=str)


DAMAGED = {
    "a wrong checksum": STORED[:-6] + b"\1\2" + STORED[-4:],
    "a wrong length": STORED[:-2] + b"\1\2",
    "wrong bytes": STORED[:HEAD] + bytes(byte ^ 1 for byte in STORED[HEAD:-8]) + STORED[-8:],
    "a member that is none": STORED + b"and words",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_gzip_with_wrong_bytes_is_not_trusted_at_all(tmp_path: Path, content: bytes) -> None:
    seen = look(tmp_path, content, THREE_OUTPUTS)
    assert (seen.counts, seen.texts) == (ORPHANS_OF_ALL, {})
    assert seen.quarantine == [("inputs/i.jsonl", None, "damaged_gzip")]


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\n", b"\r\r\n", b"\n\r"])
def test_a_byte_that_is_no_text_costs_one_line_however_lines_end(tmp_path: Path, end: bytes) -> None:
    inputs = between(LINE["a byte that is no UTF-8"][0]).replace(b"\n", end)
    seen = look(tmp_path, inputs, THREE_OUTPUTS)
    assert seen.counts == TWO_PAIRS | {"outputs": 3, "orphan_outputs": 1, "quarantined": 1}
    number = 2 if end in {b"\r", b"\r\n", b"\n"} else 3
    assert (seen.quarantine, seen.texts) == ([("inputs/i.jsonl", number, "invalid_utf8")], A | C)


def test_a_gzip_in_a_gzip_is_unpacked_once(tmp_path: Path) -> None:
    put(tmp_path, "inputs", {"j.jsonl": gzip.compress(gzip.compress(lines(ASKED["x"]), mtime=0, compresslevel=0))})
    seen = look(tmp_path, lines(ASKED["a"]), lines(ANSWERED["a"]))
    assert seen.counts["joined"] == 1
    assert {(name, reason) for name, _, reason in seen.quarantine} == {("inputs/j.jsonl", "invalid_utf8")}
    assert seen.texts == A


def test_an_object_with_the_name_of_no_log_is_passed_over(tmp_path: Path) -> None:
    names = ("i.json", "i.txt", "i.jsonl.bak", "i.jsonl.tmp", "i")
    put(tmp_path, "inputs", {name: lines(ASKED["x"], "{torn") for name in names})
    seen = look(tmp_path, lines(ASKED["a"]), lines(ANSWERED["a"]))
    assert (seen.counts, seen.quarantine, seen.texts) == ({"inputs": 1, "outputs": 1, "joined": 1}, [], A)


def test_the_same_record_in_two_objects_is_one_and_a_copy(tmp_path: Path) -> None:
    put(tmp_path, "inputs", {"j.jsonl": lines(ASKED["a"])})
    put(tmp_path, "outputs", {"j.jsonl.gz": gzip.compress(lines(ANSWERED["a"]))})
    seen = look(tmp_path, lines(ASKED["a"]), lines(ANSWERED["a"]))
    copies = {"duplicate_inputs": 1, "duplicate_outputs": 1}
    assert seen.counts == {"inputs": 2, "outputs": 2, "joined": 1} | copies
    assert (seen.quarantine, seen.texts) == ([], A)


def test_of_records_with_one_id_the_earliest_counts(tmp_path: Path) -> None:
    inputs = [asked("a", SIX + n * MINUTE, f"Question {n}") for n in (3, 1, 2)]
    outputs = [answered("a", SIX + n * MINUTE, f"Answer {n}") for n in (6, 4, 5)]
    seen = look(tmp_path, lines(*inputs), lines(*outputs))
    copies = {"duplicate_inputs": 2, "duplicate_outputs": 2}
    assert seen.counts == {"inputs": 3, "outputs": 3, "joined": 1} | copies
    assert (seen.quarantine, seen.texts) == ([], {"a": ("Question 1", "Answer 4")})


def test_of_records_with_one_id_and_time_the_same_counts_in_whatever_order_they_stand(tmp_path: Path) -> None:
    inputs = [asked("a", SIX, f"Question {n}") for n in range(5)]
    outputs = [answered("a", SIX, f"Answer {n}") for n in range(5)]
    forth = look(tmp_path / "forth", lines(*inputs), lines(*outputs))
    back = look(tmp_path / "back", lines(*reversed(inputs)), lines(*reversed(outputs)))
    copies = {"duplicate_inputs": 4, "duplicate_outputs": 4}
    assert forth.counts == back.counts == {"inputs": 5, "outputs": 5, "joined": 1} | copies
    assert forth.texts == back.texts


def test_of_two_outputs_of_an_input_the_first_is_its_answer(tmp_path: Path) -> None:
    outputs = lines(answered("a", SIX + 2 * MINUTE, "Late."), answered("a", SIX + MINUTE, "Early."))
    seen = look(tmp_path, lines(ASKED["a"]), outputs)
    assert seen.counts == {"inputs": 1, "outputs": 2, "joined": 1, "duplicate_outputs": 1}
    assert (seen.quarantine, seen.texts) == ([], {"a": ("Why?", "Early.")})


@pytest.mark.parametrize(("ahead", "joined"), [(0, 1), (MINUTE / 60, 1), (15 * MINUTE, 1), (15.1 * MINUTE, 0)])
def test_an_output_may_come_before_its_input_by_the_grace(tmp_path: Path, ahead: timedelta, joined: int) -> None:
    moment = SIX + 30 * MINUTE
    outputs = lines(answered("a", moment - (ahead or timedelta(0)), "So."))
    seen = look(tmp_path, lines(asked("a", moment, "Why?")), outputs, window={"every": "1h", "grace": "15m"})
    both = {"inputs": 1, "outputs": 1}
    assert seen.counts == both | ({"joined": 1} if joined else {"orphan_inputs": 1, "orphan_outputs": 1})
    assert (seen.quarantine, seen.texts) == ([], A if joined else {})


def test_ground_truth_that_is_written_twice_counts_twice_and_stands_once(tmp_path: Path) -> None:
    truth = json.dumps({"id": "a", "time": STAMP, "expected": "Because."})
    (tmp_path / "truth.jsonl").write_text(f"{truth}\n{truth}\n")
    later = {"location": (tmp_path / "truth.jsonl").as_uri(), "columns": {"ground_truth": "expected"}}
    seen = look(tmp_path, lines(ASKED["a"]), lines(ANSWERED["a"]), source={"ground_truth": later})
    assert seen.counts == {"inputs": 1, "outputs": 1, "joined": 1, "later": 2}
    assert [row["ground_truth"] for row in seen.rows] == ["Because."]


STRANGE = {
    "a comma before the last brace": ",",
    "a value of 300 levels": f',"strange":{"[" * 300}{"]" * 300}',
    "an integer of 5,000 digits": f',"strange":{"7" * 5000}',
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE.keys())
@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_what_python_cannot_read_costs_no_format_its_texts(tmp_path: Path, kind: str, strange: str) -> None:
    name = "i.json" if ".json" in FORMATS[kind].suffixes else "i.jsonl"
    put_in(tmp_path / kind, {name: lines(*(f"{json.dumps(one)[:-1]}{strange}}}" for one in RECORDS[kind]))})
    seen = see(monitor(tmp_path, source=source_of(kind, tmp_path)))
    assert (seen.counts["joined"], seen.quarantine) == (1, [])
    assert [*seen.texts.values()] == [("Where is it?", "On the table.")]


def test_half_a_million_orphans_are_counted_and_the_pair_among_them_is_joined(tmp_path: Path) -> None:
    count = 500_000
    orphan = asked("ORPHAN", SIX + MINUTE)
    crowd = "\n".join([orphan.replace("ORPHAN", f"o{number}") for number in range(count)])
    seen = look(tmp_path, lines(crowd, ASKED["a"]), lines(ANSWERED["a"]))
    assert seen.counts == {"inputs": count + 1, "outputs": 1, "joined": 1, "orphan_inputs": count}
    assert (seen.quarantine, seen.texts) == ([], A)
