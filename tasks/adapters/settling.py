"""Settling in DuckDB: from the halves of many slices to counts of windows and the sample of one."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from configs.sample import Sample
from tasks.adapters.slicing import HALVES
from tasks.adapters.tabular import quoted
from tasks.core.records import sample, settle
from tasks.core.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

MICROSECOND: Final = timedelta(microseconds=1)
PART_ROWS: Final = 1_500_000
COUNTED: Final = (
    "inputs",
    "outputs",
    "not_calls",
    "later",
    "joined",
    "orphan_inputs",
    "duplicate_inputs",
    "orphan_outputs",
    "duplicate_outputs",
)
NOTHING: Final[Mapping[str, Any]] = dict.fromkeys(COUNTED, 0) | {"digest": 0, "newest": None}
NO_KEYS: Final = "SELECT NULL::UUID AS key WHERE false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What settling depends on: the length of windows, the grace, and how late an output may come after its input."""

    every: timedelta
    grace: timedelta
    late: timedelta

    @property
    def horizon(self) -> timedelta:
        """How far from a window lie halves that matter to it."""
        return 2 * (self.late + self.grace)

    @property
    def parameters(self) -> dict[str, int]:
        """The parameters of the statements in `tasks.core.records.settle`, in microseconds."""
        lengths = {"every": self.every, "grace": self.grace, "late": self.late}
        return {name: length // MICROSECOND for name, length in lengths.items()}


def load(engine: "Engine", files: Sequence[tuple[Path, Collection[int]]]) -> None:
    """Make the view `all_halves` of the given object versions of each file; a version counts in one file alone."""
    engine.execute("CREATE OR REPLACE TABLE current (path VARCHAR, object UBIGINT)")
    for path, objects in files:
        engine.execute("INSERT INTO current SELECT $1, unnest($2::UBIGINT[])", [str(path), sorted(objects)])
    if not files:
        engine.execute(f"CREATE OR REPLACE VIEW all_halves AS {settle.NO_HALVES}")
        return
    paths = ", ".join(quoted(path) for path, _ in files)
    engine.execute(
        f"CREATE OR REPLACE VIEW all_halves AS SELECT {HALVES} FROM read_parquet([{paths}], filename = true) h "
        "SEMI JOIN current c ON h.object = c.object AND h.filename = c.path"
    )


def counts_of(engine: "Engine", span: Window | None, keys: str, rules: Rules) -> dict[datetime, dict[str, Any]]:
    """The counts by window of the halves whose key is among `keys`, a query; only windows in `span` are whole.

    Without a span, halves of any time are settled.
    """
    found: dict[datetime, dict[str, Any]] = {}
    for _ in _parts(engine, span, keys, rules):
        _add(found, _counted(engine, rules))
    return found


def sample_of(
    engine: "Engine", window: Window, rules: Rules, asked: Sample, each_part: Callable[[], None]
) -> dict[str, Any]:
    """Make the table `sampled` of one window; return the window's counts. `each_part` is called as a part is settled.

    `usable` is what was read less what counts in other windows, not a sum of the rest. `to_judge` is the size of the
    sample; where candidates are asked for, the table holds these, of which so many are to be chosen.
    """
    found: dict[datetime, dict[str, Any]] = {}
    total = 0
    engine.execute(f"CREATE OR REPLACE TABLE sampled AS {sample.EMPTY}")
    at_most, below = asked.at_most, sample.hash_below(asked.rate)
    if asked.looked_at is not None:
        at_most, below = asked.looked_at, sample.hash_below(1)
    bounds = {"below": below, "at_most": at_most, "seed": str(asked.seed)}
    for rows in _parts(engine, window, keys_in(window), rules):
        total += rows
        _add(found, _counted(engine, rules))
        engine.execute(f"INSERT INTO sampled {sample.SAMPLE}", bounds | {"start": window.start})
        each_part()
    engine.execute(f"CREATE OR REPLACE TABLE sampled AS {sample.FIRST}", {"at_most": at_most})
    elsewhere = sum(_rows(row) for start, row in found.items() if start != window.start)
    (within,) = engine.execute(sample.WITHIN, {"below": sample.hash_below(asked.rate)}).fetchone() or (0,)
    to_judge = min(int(within), asked.at_most)
    return {**NOTHING, **found.get(window.start, {}), "usable": total - elsewhere, "to_judge": to_judge}


def astray(engine: "Engine", homes: Mapping[int, Window], rules: Rules) -> tuple[int, datetime | None]:
    """How many halves of some objects no run will find, and the earliest time of them.

    `homes` are the times that the objects' folders are for: the folder of such a half is not among those in which the
    window of its own time is looked for.
    """
    engine.execute("CREATE OR REPLACE TABLE homes (object UBIGINT, earliest TIMESTAMPTZ, latest TIMESTAMPTZ)")
    earliest = [home.start - rules.late - rules.every for home in homes.values()]
    latest = [home.end + rules.grace + rules.every for home in homes.values()]
    engine.execute(
        "INSERT INTO homes SELECT unnest($1::UBIGINT[]), unnest($2::TIMESTAMPTZ[]), unnest($3::TIMESTAMPTZ[])",
        [list(homes), earliest, latest],
    )
    found = engine.execute(
        "SELECT count(*), min(time) FROM all_halves JOIN homes USING (object) WHERE time < earliest OR time > latest"
    ).fetchone()
    return found or (0, None)


def fates_of(engine: "Engine", key: UUID, rules: Rules) -> list[dict[str, Any]]:
    """What became of each half with a key, in the order of their times: the columns of `settle.FATES`."""
    engine.execute("CREATE OR REPLACE TABLE halves AS SELECT * FROM all_halves WHERE key = $1::UUID", [str(key)])
    _settle(engine, rules)
    found = engine.execute(settle.FATES, {"every": rules.parameters["every"]})
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def keys_in(window: Window) -> str:
    """A query of the keys of the halves whose own time lies in a window."""
    return f"SELECT key FROM all_halves WHERE {_within(window.start, window.end)}"


def _parts(engine: "Engine", span: Window | None, keys: str, rules: Rules) -> Iterator[int]:
    """Settle the halves around a span part by part, by the hash of the key; yields the rows of each.

    Only those whose key is among `keys` are settled, which are all where none lies outside the span. The tables hold
    one part at each step.
    """
    near, inside = "true", "false"
    if span is not None:
        near = _within(span.start - rules.horizon, span.end + rules.horizon)
        inside = _within(span.start, span.end)
    (outside,) = engine.execute(f"SELECT count(*) FROM all_halves WHERE {near} AND NOT ({inside})").fetchone() or (0,)
    engine.execute(f"CREATE OR REPLACE TABLE wanted AS SELECT DISTINCT key FROM ({keys if outside else NO_KEYS})")
    among = "SEMI JOIN wanted w ON h.key IS NOT DISTINCT FROM w.key" if outside else ""
    (rows,) = engine.execute(f"SELECT count(*) FROM all_halves h {among} WHERE {near}").fetchone() or (0,)
    parts = -(-int(rows) // PART_ROWS)
    for part in _divided(engine, f"SELECT h.* FROM all_halves h {among} WHERE {near}", parts):
        engine.execute(f"CREATE OR REPLACE TABLE halves AS {part}")
        _settle(engine, rules)
        (settled,) = engine.execute("SELECT count(*) FROM halves").fetchone() or (0,)
        yield int(settled)
    engine.execute("DROP VIEW IF EXISTS pairs")
    for name in ("halves", "settled_inputs", "settled_outputs", "settled_later", "wanted"):
        engine.execute(f"DROP TABLE IF EXISTS {name}")


def _settle(engine: "Engine", rules: Rules) -> None:
    """Settle the table `halves`."""
    late = {name: rules.parameters[name] for name in ("every", "late")}
    engine.execute(f"CREATE OR REPLACE TABLE settled_inputs AS {settle.INPUTS}", rules.parameters)
    engine.execute(f"CREATE OR REPLACE TABLE settled_outputs AS {settle.OUTPUTS}", rules.parameters)
    engine.execute(f"CREATE OR REPLACE TABLE settled_later AS {settle.LATER}", late)
    engine.execute(f"CREATE OR REPLACE VIEW pairs AS {settle.PAIRS}")


def _divided(engine: "Engine", halves: str, parts: int) -> Iterator[str]:
    """Queries of so many parts of some halves, by the hash of the key; one pass over the halves writes them aside."""
    if parts <= 1:
        yield halves
        return
    (spill,) = engine.execute("SELECT current_setting('temp_directory')").fetchone() or ("",)
    with TemporaryDirectory(dir=Path(spill).parent) as folder:
        divided = f"SELECT *, hash(key) % {parts} AS part FROM ({halves})"
        engine.execute(f"COPY ({divided}) TO '{folder}' (FORMAT parquet, PARTITION_BY (part))")
        for part in sorted(Path(folder).iterdir()):
            yield f"SELECT {HALVES} FROM read_parquet('{part}/*.parquet')"


def _counted(engine: "Engine", rules: Rules) -> list[dict[str, Any]]:
    counted = engine.execute(settle.COUNTS, {"every": rules.parameters["every"]})
    names = [column[0] for column in counted.description or ()]
    return [dict(zip(names, row, strict=True)) for row in counted.fetchall()]


def _add(found: dict[datetime, dict[str, Any]], counted: Sequence[Mapping[str, Any]]) -> None:
    for row in counted:
        before = found.setdefault(row["window_start"], {})
        for name, value in row.items():
            if name == "digest":
                before[name] = (before.get(name, 0) + int(value)) % 2**64
            elif name == "newest":
                before[name] = max(filter(None, (before.get(name), value)), default=None)
            elif name != "window_start":
                before[name] = before.get(name, 0) + value


def _rows(counts: Mapping[str, Any]) -> int:
    return int(counts["inputs"] + counts["outputs"] + counts["not_calls"] + counts["later"])


def _within(start: datetime, end: datetime) -> str:
    return f"time >= TIMESTAMPTZ '{start.isoformat()}' AND time < TIMESTAMPTZ '{end.isoformat()}'"
