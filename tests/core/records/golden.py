"""Golden records of the formats, mutations of them, and what the SQL of a layout says of a line."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import strategies as st

GOLDEN = Path(__file__).parents[2] / "golden/formats"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def names(kind: str) -> list[str]:
    return sorted(path.name.removesuffix(".rows.json") for path in (GOLDEN / kind).glob("*.rows.json"))


def records(kind: str, name: str) -> list[Any]:
    return list(_read(kind, f"{name}.json"))


def bodies(kind: str, name: str) -> dict[str, Any]:
    return dict(_read(kind, f"{name}.bodies.json")) if (GOLDEN / kind / f"{name}.bodies.json").exists() else {}


def rows(kind: str, name: str) -> dict[str, Any]:
    return dict(_read(kind, f"{name}.rows.json"))


def _read(kind: str, file: str) -> Any:
    return json.loads((GOLDEN / kind / file).read_text())


@st.composite
def mutations(draw: st.DrawFn, kind: str) -> list[Any]:
    """Golden records in which one value, at any depth, is another."""
    found = copy.deepcopy(records(kind, draw(st.sampled_from(names(kind)))))
    place: Any = found
    key = draw(st.integers(0, len(found) - 1))
    while isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 5)):
        place = place[key]
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
    place[key] = draw(JSON)
    return found


def sql(expression: str | None, record: Any) -> Any:
    """What an expression over `record` and `line` gives for a record."""
    line = record if isinstance(record, str) else json.dumps(record)
    query = f"SELECT {expression or 'NULL'} FROM (SELECT line, line::JSON AS record FROM (SELECT ?::VARCHAR AS line))"
    with duckdb.connect() as connection:
        found = connection.execute(query, [line]).fetchone()
    return None if found is None else found[0]


def first(paths: Sequence[str], record: Any) -> Any:
    """The text at the first of the paths that holds something."""
    return sql(f"coalesce({', '.join(f'record->>{path!r}' for path in paths)})", record)
