"""Seeded mutations of good logs: collecting always ends, loses no line in silence, and spares what stands beside.

A failure names the object, `<round>-<number>.jsonl`; the same name always has the same bytes.
"""

import gzip
import json
import re
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks.core.records.formats import FORMATS
from tests.builders import SIX, answered, asked, monitor
from tests.tasks.collecting import HOURS, Seen, put, put_in, see, source_of
from tests.tasks.mutants import OF_BYTES, OF_TEXT, OF_VALUES, Mutation, golden, mutant, pairs, tables, written
from tests.tasks.test_formats import RECORDS

UNTOUCHED = {"untouched": ('Größe, "so"?', "Yes: it is\nuntouched.")}
BESIDE = {
    "inputs": written(*(asked(one, SIX, texts[0]) for one, texts in UNTOUCHED.items())),
    "outputs": written(*(answered(one, SIX, texts[1]) for one, texts in UNTOUCHED.items())),
}
LENIENT = re.compile(r",(?=\s*[}\]])")  # the engine reads a comma before a closing bracket
UNREADABLE = ("malformed_json", "invalid_utf8")


def unreadable(line: bytes) -> str | None:
    """Why a line is no JSON, by another reader than the engine's."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return "invalid_utf8"
    try:
        value = json.loads(LENIENT.sub("", text))
    except ValueError:
        return "malformed_json"
    except RecursionError:
        return None
    return None if _is_whole(value) else "malformed_json"


def _is_whole(value: Any) -> bool:
    """Whether no text of a value holds half a character, which the engine does not read."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def unpacked(content: bytes) -> tuple[bytes | None, str | None]:
    """The content of an object as it is read, and why it is not whole; None where its lines are not to be told."""
    if not content.startswith(b"\x1f\x8b"):
        return content.removeprefix(b"\xef\xbb\xbf"), None
    try:
        return gzip.decompress(content), None
    except EOFError:
        return None, "truncated_gzip"
    except (gzip.BadGzipFile, zlib.error):
        return None, "damaged_gzip"


def faults_due(name: str, content: bytes) -> Iterator[tuple[str, int | None, str]]:
    """What must be in quarantine of an object, as far as its bytes tell."""
    plain, fault = unpacked(content)
    if fault is not None:
        yield name, None, fault
    for number, line in enumerate((plain or b"").splitlines(), start=1):
        reason = unreadable(line) if line.strip() else None
        if reason is not None:
            yield name, number, reason


def check_named(seen: Seen, objects: Mapping[str, bytes]) -> None:
    """Every unreadable line and object is in quarantine under its name and number, and no line that is readable."""
    due = Counter(fault for name, content in objects.items() for fault in faults_due(name, content))
    vague = {name for name, content in objects.items() if unpacked(content)[0] is None}
    found = Counter(
        (name, line, reason)
        for name, line, reason in seen.quarantine
        if (line is None or reason in UNREADABLE) and not (name in vague and line is not None)
    )
    assert dict(due - found) == {}, "lost in silence"
    assert dict(found - due) == {}, "refused without need"


LEVELS: Mapping[str, Sequence[Mutation]] = {"bytes": OF_BYTES, "text": OF_TEXT, "values": OF_VALUES}
SIDES = ("inputs", "outputs")
OWN_ID = re.compile(rb"n\d+n\d")


def mutated_pairs(level: str, numbers: Sequence[int], together: int) -> dict[str, dict[str, bytes]]:
    """The files of pairs, of even numbers the inputs mutated and of odd ones the outputs, so many in one object.

    Their other halves, untouched, are one object on either side.
    """
    objects: dict[str, dict[str, bytes]] = {"inputs": {}, "outputs": {}}
    whole: dict[str, list[bytes]] = {"inputs": [BESIDE["inputs"]], "outputs": [BESIDE["outputs"]]}
    for number in numbers:
        own, other = pairs(number), pairs(number + 1)
        side = number % 2
        changed = mutant(own[side], [own[side], other[side]], f"{level}-{number}", LEVELS[level])
        name, held = f"{level}-{number - number % together}.jsonl", objects[SIDES[side]]
        held[name] = held[name].rstrip(b"\r\n") + b"\n" + changed if name in held else changed
        whole[SIDES[1 - side]].append(own[1 - side])
    return {side: objects[side] | {"beside.jsonl": b"".join(whole[side])} for side in SIDES}


def surviving(objects: Mapping[str, Mapping[str, bytes]], numbers: Sequence[int]) -> dict[str, tuple[str, str]]:
    """The calls whose lines stand whole in a mutated file, and whose ID is in no line that was changed."""
    good = {line for number in numbers for file in pairs(number) for line in file.splitlines()}
    standing, tainted = set(), set()
    for content in (content for side in objects.values() for content in side.values()):
        for line in (unpacked(content)[0] or b"").splitlines():
            standing.add(line)
            tainted |= set() if line in good else set(OWN_ID.findall(line))
    found = {}
    for number in numbers:
        for asking, answering in zip(*(file.splitlines() for file in pairs(number)), strict=True):
            record, answer = json.loads(asking), json.loads(answering)
            name = record["correlationid"]
            if {asking, answering} <= standing and name.encode() not in tainted:
                found[name] = (record["data"][0]["question"], answer["data"][0]["answer"])
    return found


@pytest.mark.parametrize(
    ("level", "start", "end", "together"),
    [
        *(("bytes", start, start + 1000, 1) for start in range(0, 3000, 1000)),
        ("text", 0, 3500, 10),
        ("values", 0, 3500, 10),
    ],
)
def test_mutated_collector_files_cost_their_own_damage_and_nothing_else(
    tmp_path: Path, level: str, start: int, end: int, together: int
) -> None:
    numbers = range(start, end)
    objects = mutated_pairs(level, numbers, together)
    for side in SIDES:
        put(tmp_path, side, objects[side])
    seen = see(monitor(tmp_path, sample={"rate": 1.0, "at_most": 100_000}))
    check_named(seen, {f"{side}/{name}": content for side in SIDES for name, content in objects[side].items()})
    due = surviving(objects, numbers) | UNTOUCHED
    texts = seen.texts
    assert {name: texts.get(name) for name in due} == due
    assert len(due) > len(numbers)


@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_mutated_files_of_any_format_cost_their_own_damage_and_nothing_else(tmp_path: Path, kind: str) -> None:
    goods = golden(kind)
    ending = "json" if ".json" in FORMATS[kind].suffixes else "jsonl"
    objects = {
        f"{kind}-{number}.{ending}": mutant(goods[number % len(goods)], goods, f"{kind}-{number}", OF_BYTES)
        for number in range(1000)
    }
    put_in(tmp_path / kind, objects | {f"beside.{ending}": written(*map(json.dumps, RECORDS[kind]))})
    config = monitor(tmp_path, source=source_of(kind, tmp_path), sample={"rate": 1.0, "at_most": 100_000})
    seen = see(config)
    check_named(seen, objects)
    (beside,) = [row for row in seen.rows if row["input_object"].endswith(f"/beside.{ending}")]
    assert (beside["prompt"], beside["completion"]) == ("Where is it?", "On the table.")


TABLE = {"format": "table", "outputs": None, "columns": {"prompt": "question", "completion": "answer"}}


@pytest.mark.parametrize(("kind", "count"), [("jsonl", 400), ("csv", 300), ("parquet", 300)])
def test_mutated_tables_cost_their_own_damage_and_nothing_else(tmp_path: Path, kind: str, count: int) -> None:
    goods = tables(kind)
    objects = {
        f"{kind}-{n}.{kind}": mutant(goods[n % len(goods)], goods, f"{kind}-{n}", OF_BYTES) for n in range(count)
    }
    (texts,) = UNTOUCHED.values()
    row = {"id": "untouched", "time": "2026-11-20T06:00:00Z", "question": texts[0], "answer": texts[1]}
    put_in(tmp_path / "calls", objects | {"beside.jsonl": written(json.dumps(row))})
    source = TABLE | {"inputs": f"{(tmp_path / 'calls').as_uri()}/{HOURS}"}
    seen = see(monitor(tmp_path, source=source, sample={"rate": 1.0, "at_most": 100_000}))
    if kind == "jsonl":
        check_named(seen, objects)
    named = {name for name, *_ in seen.quarantine}
    assert {name for name, content in objects.items() if is_torn(kind, content)} - named == set(), "lost in silence"
    assert seen.texts["untouched"] == texts


def is_torn(kind: str, content: bytes) -> bool:
    """Whether an object cannot be read as a whole: a gzip that fails, Parquet that does not end as such."""
    plain, fault = unpacked(content)
    return fault is not None or (kind == "parquet" and not (plain or b"PAR1").endswith(b"PAR1"))


def test_mutated_ground_truth_costs_its_own_damage_and_no_call(tmp_path: Path) -> None:
    goods = golden("sagemaker_ground_truth")
    objects = {f"truth-{n}.jsonl": mutant(goods[n % len(goods)], goods, f"truth-{n}", OF_BYTES) for n in range(1000)}
    truth = json.loads(goods[0].splitlines()[0]) | {"eventMetadata": {"eventId": "call-1"}}
    put_in(tmp_path / "truth", objects | {"beside.jsonl": written(json.dumps(truth))})
    put_in(tmp_path / "sagemaker", {"beside.jsonl": written(*map(json.dumps, RECORDS["sagemaker"]))})
    later = {"location": f"{(tmp_path / 'truth').as_uri()}/{HOURS}", "format": "sagemaker"}
    seen = see(monitor(tmp_path, source=source_of("sagemaker", tmp_path) | {"ground_truth": later}))
    check_named(seen, objects)
    (row,) = seen.rows
    assert (row["prompt"], row["completion"]) == ("Where is it?", "On the table.")
    assert row["ground_truth"] == "In Bonn, by the river"


MEGABYTE = 1_000_000
MOST_KIB = 2**20  # engine.memory_gb is 1 by default
# What the process itself held at most: ru_maxrss would count what pytest held when it started it.
COLLECT = """
import re, sys
from pathlib import Path
from tests.builders import monitor
from tests.tasks.collecting import see
seen = see(monitor(Path(sys.argv[1]), sample={"rate": 1.0, "at_most": 100_000}))
print(seen.counts["joined"], re.search("VmHWM:(.*) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the most that a process held is read from /proc")
def test_mutated_files_and_long_lines_are_collected_within_a_gigabyte(tmp_path: Path) -> None:
    objects = mutated_pairs("bytes", range(500), 1)
    long = asked("long", SIX, "Why?", unmapped="y" * 20 * MEGABYTE).encode()
    objects["inputs"] |= {
        "whole.jsonl": long + b"\n",
        "twice.jsonl": long + b"\n" + long,
        "torn.jsonl": long[:-9] + b"\n" + asked("after", SIX).encode(),
        "bytes.jsonl": long[:-9] + b"\xff" * 20 * MEGABYTE,
        "packed.jsonl": gzip.compress(b" " * 100 * MEGABYTE, compresslevel=1),
    }
    objects["outputs"]["long.jsonl"] = written(answered("long", SIX), answered("after", SIX))
    for side in SIDES:
        put(tmp_path, side, objects[side])
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", COLLECT, tmp_path], cwd=root, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    joined, kib = map(int, ran.stdout.split())
    assert joined > 500
    assert kib < MOST_KIB, kib
