"""Good logs, and seeded mutations of them: of bytes, of text, of lines, of JSON values."""

import gzip
import io
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.builders import SIX, answered, asked

GOLDEN = Path(__file__).parents[1] / "golden/formats"
PAIRS = 3
SECOND = timedelta(seconds=1)
Mutation = Callable[[bytes, Random, Sequence[bytes]], bytes]


def mutant(content: bytes, goods: Sequence[bytes], seed: str, mutations: Sequence[Mutation]) -> bytes:
    """A file after one to three mutations, some with slices of `goods`; the same for the same seed."""
    dice = Random(seed)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        content = dice.choice(mutations)(content, dice, goods)
    return content


@cache
def golden(kind: str) -> tuple[bytes, ...]:
    """The golden inputs of a format as files of lines."""
    paths = sorted((GOLDEN / kind).glob("*.rows.json"))
    found = [json.loads(path.with_name(path.name.replace(".rows", "")).read_bytes()) for path in paths]
    return tuple(written(*map(json.dumps, records)) for records in found)


def written(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def pairs(number: int) -> tuple[bytes, bytes]:
    """A file of inputs and the file of their outputs, with IDs and texts of their own."""
    ids = [f"n{number}n{one}" for one in range(PAIRS)]
    inputs = [asked(one, SIX + place * SECOND, f"Größe of {one}?") for place, one in enumerate(ids)]
    return written(*inputs), written(*(answered(one, SIX + SECOND, f"It is {one}, or so.") for one in ids))


@cache
def tables(kind: str) -> tuple[bytes, ...]:
    """Good files of whole calls, as JSON lines, CSV or Parquet."""
    rows = [
        {"id": f"t{n}", "time": f"2026-11-20T06:{n:02}:00Z", "question": f'Is "{n}",\nso?', "answer": "Größe." * n}
        for n in range(40)
    ]
    if kind == "jsonl":
        return tuple(written(*map(json.dumps, rows[start : start + 4])) for start in range(0, 40, 4))
    if kind == "csv":
        head = ",".join(rows[0])
        cells = [",".join('"{}"'.format(value.replace('"', '""')) for value in row.values()) for row in rows]
        return tuple(written(head, *cells[start : start + 4]) for start in range(0, 40, 4))
    return tuple(_parquet(rows[start : start + 20]) for start in range(0, 40, 20))


def _parquet(rows: list[dict[str, str]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def _slice(content: bytes, dice: Random, longest: int = 200) -> tuple[int, int]:
    start = dice.randrange(len(content) + 1)
    return start, min(len(content), start + dice.randrange(longest))


def flip(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    if not content:
        return content
    changed = bytearray(content)
    changed[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def delete(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    start, end = _slice(content, dice)
    return content[:start] + content[end:]


def insert(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    start, _end = _slice(content, dice)
    return content[:start] + dice.randbytes(dice.randrange(1, 20)) + content[start:]


def insert_marks(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    start, _end = _slice(content, dice)
    marks = dice.choice(["{", "}", "[", "]", '"', ",", ":", "\\", "\n", "\r", "\t", "null", "0", "\0", "\ufeff", "ß"])
    return content[:start] + (marks * dice.choice((1, 1, 2, 500))).encode() + content[start:]


def duplicate(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    start, end = _slice(content, dice)
    return content[:end] + content[start:]


def swap(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    first, second, third = sorted(dice.randrange(len(content) + 1) for _ in range(3))
    return content[:first] + content[second:third] + content[first:second] + content[third:]


def truncate(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def splice(content: bytes, dice: Random, goods: Sequence[bytes]) -> bytes:
    start, end = _slice(content, dice)
    other = dice.choice(goods)
    first, last = _slice(other, dice, 1000)
    return content[:start] + other[first:last] + content[end:]


def pack(content: bytes, dice: Random, goods: Sequence[bytes]) -> bytes:
    packed = gzip.compress(content, mtime=0)
    return dice.choice((lambda *_: packed, flip, truncate, delete, splice))(packed, dice, goods)


def reorder(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    lines = content.splitlines(keepends=True)
    dice.shuffle(lines)
    return b"".join(lines)


def repeat(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    lines = content.splitlines(keepends=True) or [b""]
    place = dice.randrange(len(lines))
    return b"".join([*lines, *lines[place:] * dice.randrange(1, 4)])


VALUES: Sequence[Any] = (
    *(None, True, 0, -1, 1.5, 10**18, "", " ", "null", "[]", "{}", '{"a": 1}', [], {}, [None], [[]], [{}], {"": ""}),
    *("x" * 20_000, "\0", "ß☃\U0001f600", "\\", '"', "2026-11-20T06:30:00Z", [1, "two", {"three": 3}]),
)


def replace(content: bytes, dice: Random, _: Sequence[bytes]) -> bytes:
    """One value of one record is another, or gone."""
    lines = content.splitlines()
    if not lines:
        return content
    place = dice.randrange(len(lines))
    try:
        record = json.loads(lines[place])
    except (ValueError, RecursionError):
        return content
    lines[place] = json.dumps(_replaced(record, dice), ensure_ascii=dice.random() < 0.5).encode()
    return b"\n".join([*lines, b""])


def _replaced(value: Any, dice: Random) -> Any:
    if not isinstance(value, dict | list) or not value or dice.random() < 0.1:
        return dice.choice(VALUES)
    places = list(value) if isinstance(value, dict) else list(range(len(value)))
    place = dice.choice(places)
    if dice.random() < 0.1:
        del value[place]
    else:
        value[place] = _replaced(value[place], dice)
    return value


OF_VALUES: Sequence[Mutation] = (replace, replace, replace, reorder, repeat)
OF_TEXT: Sequence[Mutation] = (insert_marks, duplicate, truncate, delete, *OF_VALUES)
OF_BYTES: Sequence[Mutation] = (flip, insert, swap, splice, pack, *OF_TEXT)
