"""Operations and usage counted in DuckDB while a window is settled, over all of its interactions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tasks.adapters.tabular import quoted
from tasks.core.records import observe
from tasks.core.records.observed import ModelTokens, Observed, Tally
from tasks.core.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

MOST_SEGMENTS: Final = 50  # of each column, the largest
KEPT: Final = f"""
    SELECT * FROM (
        SELECT segment_by, segment, {", ".join(f"sum({name})::BIGINT AS {name}" for name in observe.COUNTED)}
        FROM totals GROUP BY ALL
    )
    WHERE segment_by IS NULL OR calls >= $least
    QUALIFY row_number() OVER (PARTITION BY segment_by ORDER BY calls DESC, segment) <= {MOST_SEGMENTS}
    ORDER BY segment_by NULLS FIRST, segment
"""
SKETCHES: Final = """
    SELECT subject, segment_by, segment, bucket, sum(n)::BIGINT FROM sketches s
    SEMI JOIN kept k ON s.segment_by IS NOT DISTINCT FROM k.segment_by AND s.segment IS NOT DISTINCT FROM k.segment
    GROUP BY ALL
"""
MODELS: Final = """
    SELECT segment, sum(has_tokens)::BIGINT, sum(sum_input_tokens)::BIGINT, sum(sum_output_tokens)::BIGINT
    FROM totals WHERE segment_by = 'model_version' AND has_tokens > 0 GROUP BY ALL
"""
PEOPLE: Final = """
    SELECT calls, count(*) FROM (SELECT sum(calls)::BIGINT AS calls FROM {name}s GROUP BY "{name}") GROUP BY ALL
"""
MINUTES: Final = "SELECT minute, sum(calls)::BIGINT FROM minutes GROUP BY ALL"
NEWEST: Final = """
    SELECT object, max(time) AS newest FROM all_halves WHERE side < 2
    GROUP BY ALL HAVING newest >= $start AND newest < $end
"""
HOURS: Final = """
    SELECT DISTINCT epoch(date_trunc('hour', time))::BIGINT FROM all_halves
    WHERE side = 0 AND time >= $start AND time < $end
"""


class Observing:
    """The tallies of one window; `add` is called for every part that is settled.

    `slow_ms` is the latency above which a call is slow, `least` the fewest calls of a segment that is told of,
    `salt_mark` a number that stands for the salt of the users.
    """

    def __init__(
        self, engine: "Engine", window: Window, segments: Sequence[str], slow_ms: float | None, salt_mark: int = 0
    ) -> None:
        self._engine = engine
        self._window = window
        self._segments = segments
        self._salt_mark = salt_mark
        self._parameters: Mapping[str, Any] = {"start": window.start, "slow": slow_ms}
        for table in observe.TABLES:
            engine.execute(f"CREATE OR REPLACE TABLE {table}")

    def add(self) -> None:
        """Count the calls of the part that is settled now."""
        for statement, names in observe.statements(self._segments):
            self._engine.execute(statement, {name: self._parameters[name] for name in names})

    def write_users(self, path: Path) -> None:
        """Write the hashes of the window's users as Parquet, the salt's own hash beside them."""
        users = f'SELECT DISTINCT "user", {self._salt_mark}::UBIGINT AS salt_mark FROM users ORDER BY ALL'
        self._engine.execute(f"COPY ({users}) TO {quoted(path)} (FORMAT parquet)")

    def _known_users(self, earlier: Sequence[Path]) -> int | None:
        """How many of the users are in files of earlier windows; None where none was hashed with the same salt."""
        if not earlier:
            return None
        files = ", ".join(map(quoted, earlier))
        known = f'SELECT "user" FROM read_parquet([{files}]) WHERE salt_mark = {self._salt_mark}'
        count, others = self._engine.execute(
            f'SELECT count(DISTINCT "user"), (SELECT count(*) FROM ({known})) FROM users WHERE "user" IN ({known})'
        ).fetchone() or (0, 0)
        return int(count) if others else None

    def observed(self, least: int, written: Mapping[int, datetime], earlier: Sequence[Path]) -> Observed:
        """All that was counted; `written` says when each object was last written.

        `earlier` are files with the users of earlier windows.
        """
        self._engine.execute(f"CREATE OR REPLACE TEMP TABLE kept AS {KEPT}", {"least": least})
        sketches: dict[tuple[str | None, str | None], dict[str, dict[int, int]]] = {}
        for subject, by, segment, bucket, rows in self._engine.execute(SKETCHES).fetchall():
            sketches.setdefault((by, segment), {}).setdefault(subject, {})[bucket] = rows
        totals = self._engine.execute("FROM kept ORDER BY segment_by NULLS FIRST, segment")
        names = [column[0] for column in totals.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in totals.fetchall()]
        within = {"start": self._window.start, "end": self._window.end}
        newest = self._engine.execute(NEWEST, within).fetchall()
        return Observed(
            tallies=tuple(
                Tally(
                    segment_by=row.pop("segment_by"),
                    segment=row.pop("segment"),
                    counts=row,
                    sketches=sketches.get((by, segment), {}),
                )
                for row in rows
                for by, segment in [(row["segment_by"], row["segment"])]
            ),
            models={
                model: ModelTokens(calls=calls, sent=sent, received=received)
                for model, calls, sent, received in self._engine.execute(MODELS).fetchall()
            },
            users=dict(self._engine.execute(PEOPLE.format(name="user")).fetchall()),
            sessions=dict(self._engine.execute(PEOPLE.format(name="session")).fetchall()),
            minutes=dict(self._engine.execute(MINUTES).fetchall()),
            lags_s=tuple(sorted((written[one] - time).total_seconds() for one, time in newest if one in written)),
            known_users=self._known_users(earlier),
            hours=frozenset(hour for (hour,) in self._engine.execute(HOURS, within).fetchall()),
        )
