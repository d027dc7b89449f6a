"""Lines of traces, brought to rows by the SQL of a layout and the `decode` of its format, as a run does."""

import json
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

import duckdb

from tasks.core.records.decode import Side, records, thorough
from tasks.core.records.facts import Facts
from tasks.core.records.layout import SourceColumns

NOTHING_SAID = SourceColumns(join_on=None, time_column=None, columns={})


def lines_of(logged: Iterable[Any]) -> list[str]:
    return [line if isinstance(line, str) else json.dumps(line) for line in logged]


def envelopes(kind: ModuleType, logged: Iterable[Any], source: SourceColumns = NOTHING_SAID) -> list[Any]:
    """The records of lines, as `decode` is given them; None for what is no JSON."""
    with _lines(logged) as database:
        found = database.execute(records(kind.read(source), "lines")).fetchall()
    return [None if row[-1] is None else json.loads(row[-1]) for row in found]


def halves(kind: ModuleType, logged: Iterable[Any], source: SourceColumns = NOTHING_SAID) -> list[tuple[Any, ...]]:
    """Side, time and fault of the halves in lines."""
    with _lines(logged) as database:
        query = thorough(kind.read(source), "lines", Side.INPUT, Facts(), needs_objects=True)
        return database.execute(f"SELECT side, time, fault FROM ({query}) ORDER BY object, position, side").fetchall()


def interactions(kind: ModuleType, logged: Iterable[Any], bodies: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every interaction in lines: its ID, the times of its halves and its rows."""
    found = [one for one in envelopes(kind, logged) if isinstance(one, dict)]
    calls = [one for one in found if one["is_call"]]
    return [_interaction(kind, name, calls, found, bodies) for name in dict.fromkeys(one["id"] for one in calls)]


def _interaction(
    kind: ModuleType, name: str, calls: list[Any], found: list[Any], bodies: Mapping[str, Any]
) -> dict[str, Any]:
    mine = [one for one in calls if one["id"] == name]
    halves = [
        next((one for one in mine if one.get("side", "both") in {"both", side}), None) for side in ("input", "output")
    ]
    rows = [
        kind.decode([half, *_kin(half, found)], bodies)[place] if half else None for place, half in enumerate(halves)
    ]
    times = [half and half["time"] for half in halves]
    return {"id": name, "times": times, "input": rows[0], "output": rows[1]}


def _kin(half: Any, found: list[Any]) -> list[Any]:
    return [one for one in found if one is not half and one["group"] is not None and one["group"] == half["group"]]


def _lines(logged: Iterable[Any]) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    database.execute("CREATE TABLE lines (object UBIGINT, line VARCHAR)")
    database.execute("CREATE TABLE referenced_files (object UBIGINT, reference VARCHAR, content JSON)")
    for number, line in enumerate(lines_of(logged)):
        database.execute("INSERT INTO lines VALUES (?, ?)", [number, line])
    return database
