"""Operations and usage of a million interactions beside a hand-written query: `operations.py [--calls N]`."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.adapters.engine import open_engine
from tasks.adapters.observing import Observing
from tasks.core.operations.service import Terms, service_measures
from tasks.core.price import Price
from tasks.core.usage.people import usage_measures
from tasks.core.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

WINDOW: Final = Window(start=datetime(2026, 11, 20, tzinfo=UTC), end=datetime(2026, 11, 21, tzinfo=UTC))
COLUMNS: Final = ("prompt", "completion", "latency_ms", "first_token_ms", "input_tokens", "output_tokens", "status")
MAPPED: Final = (*COLUMNS, "finish_reason", "cached", "user", "session", "model_version")
PRICES: Final = {f"model-{one}": Price(prompt=1, cached_prompt=1, completion=4) for one in range(3)}
DRAWN: Final = """
    CREATE TABLE flat AS SELECT
        TIMESTAMPTZ '2026-11-20 00:00:00+00' + to_microseconds((i * 86400000000 // $calls)::BIGINT) AS time,
        exp(6 + sqrt(-2 * ln(random() + 1e-12)) * cos(6.283 * random())) AS latency_ms,
        50 + random() * 400 AS first_token_ms,
        floor(random() * 4000) AS input_tokens, floor(random() * 600) AS output_tokens,
        CASE WHEN random() < 0.98 THEN 'ok' WHEN random() < 0.5 THEN 'rate_limited' ELSE 'server_error' END AS outcome,
        CASE WHEN random() < 0.97 THEN 'ended' ELSE 'truncated' END AS ending, random() < 0.2 AS cached,
        hash(floor(random() * $calls / 20)) AS "user", hash(i // 4) AS session,
        floor(random() * 2000)::BIGINT AS prompt_chars, floor(random() * 3000)::BIGINT AS completion_chars,
        'model-' || floor(random() * 3)::INTEGER AS model_version
    FROM range($calls) t(i)
"""
SETTLED: Final = """
    CREATE VIEW pairs AS SELECT TIMESTAMPTZ '2026-11-20 00:00:00+00' AS window_start,
        facts AS asked, facts AS answered
    FROM (SELECT struct_pack(latency_ms := latency_ms, first_token_ms := first_token_ms, input_tokens := input_tokens,
        output_tokens := output_tokens, outcome := outcome, ending := ending, cached := cached, "user" := "user",
        session := session, prompt_chars := prompt_chars, completion_chars := completion_chars,
        segments := [model_version]) AS facts FROM flat);
    CREATE VIEW settled_inputs AS
    SELECT time, false AS is_copy, TIMESTAMPTZ '2026-11-20 00:00:00+00' AS window_start FROM flat;
    CREATE VIEW all_halves AS SELECT 1::UBIGINT AS object, time, 0 AS side FROM flat
"""
NUMBERS: Final = ("latency_ms", "first_token_ms", "input_tokens", "output_tokens", "prompt_chars", "completion_chars")
BY_HAND: Final = f"""
    SELECT model_version, count(*), {", ".join(f"quantile_cont({name}, [0.5, 0.9, 0.95, 0.99])" for name in NUMBERS)},
        count(*) FILTER (latency_ms > 2000), count(*) FILTER (outcome <> 'ok'),
        count(*) FILTER (outcome = 'rate_limited'),
        count(*) FILTER (outcome = 'server_error'), count(*) FILTER (ending = 'truncated'), count(*) FILTER (cached),
        count(*) FILTER (completion_chars = 0), sum(input_tokens), sum(output_tokens)
    FROM flat GROUP BY GROUPING SETS ((), (model_version));
    SELECT median(n), max(n) FROM (SELECT count(*) AS n FROM flat GROUP BY date_trunc('minute', time));
    SELECT count(*), avg(n), quantile_disc(n, 0.95) FROM (SELECT count(*) AS n FROM flat GROUP BY "user");
    SELECT count(*), avg(n), quantile_disc(n, 0.95) FROM (SELECT count(*) AS n FROM flat GROUP BY session);
    SELECT count(DISTINCT date_trunc('hour', time)), max(time) FROM flat
"""


def by_genwatch(engine: "Engine") -> None:
    """Every measure of operations and usage."""
    observing = Observing(engine, WINDOW, ["model_version"], 2000)
    observing.add()
    with tempfile.TemporaryDirectory() as folder:
        users = Path(folder) / "users.parquet"
        observing.write_users(users)
        observed = observing.observed(30, {1: WINDOW.end + timedelta(minutes=5)}, [users])
    terms = Terms(slow_ms=2000, prices=PRICES)
    found = [*service_measures(observed, WINDOW, 1, MAPPED, terms), *usage_measures(observed, MAPPED, with_people=True)]
    if missing := [one.address for one in found if one.value is None]:
        sys.exit(f"without a value: {missing}")


def by_hand(engine: "Engine") -> None:
    """The same counts and exact quantiles, as one would write them."""
    for query in BY_HAND.split(";"):
        engine.execute(query).fetchall()


def seconds(work: Callable[["Engine"], None], engine: "Engine") -> float:
    """How long one turn takes."""
    began = time.perf_counter()
    work(engine)
    return time.perf_counter() - began


def main() -> None:
    """Print the median seconds of both, in turns, and their ratio."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--calls", type=int, default=1_000_000)
    asked.add_argument("--runs", type=int, default=5)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder, open_engine(Path(folder), 1.0) as engine:
        engine.execute(DRAWN, {"calls": given.calls})
        engine.execute(SETTLED)
        turns = [(seconds(by_genwatch, engine), seconds(by_hand, engine)) for _ in range(given.runs)]
    mine, hand = (sorted(times)[given.runs // 2] for times in zip(*turns, strict=True))
    print(f"{given.calls:,} interactions: genwatch {mine:.2f} s, by hand {hand:.2f} s, {mine / hand:.1f} times")


if __name__ == "__main__":
    main()
