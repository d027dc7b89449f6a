"""SQL that counts the interactions of a window part by part, from the facts of their halves; the tallies add up.

`STATEMENTS` add the calls of one part to the tables of `TABLES`. The parts are those in which settling goes through the
halves: all of a call lies in one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tasks.core.records.facts import ENDINGS, NUMBERS, OUTCOMES, UNKNOWN
from tasks.core.records.layout import sql_text
from tasks.core.stats.sketch import bucket_sql

SKETCHED: Final = (*NUMBERS, "prompt_chars", "completion_chars")
PEOPLE: Final = ("user", "session")
COUNTED: Final[Mapping[str, str]] = {
    "calls": "count(*)",
    "slow": "count(*) FILTER (latency_ms > $slow)",
    **{f"outcome_{name}": f"count(*) FILTER (outcome = '{name}')" for name in (*OUTCOMES, UNKNOWN)},
    **{f"ending_{name}": f"count(*) FILTER (ending = '{name}')" for name in ENDINGS},
    "cached": "count(*) FILTER (cached)",
    "not_cached": "count(*) FILTER (NOT cached)",
    "empty": "count(*) FILTER (completion_chars = 0)",
    **{f"has_{name}": f"count({name})" for name in SKETCHED},
    "has_tokens": "count(*) FILTER (input_tokens IS NOT NULL AND output_tokens IS NOT NULL)",
    **{f"sum_{name}": f"coalesce(sum({name})::HUGEINT, 0)" for name in ("input_tokens", "output_tokens")},
}
TABLES: Final = (
    f"totals (segment_by VARCHAR, segment VARCHAR, {', '.join(f'{name} HUGEINT' for name in COUNTED)})",
    "sketches (subject VARCHAR, segment_by VARCHAR, segment VARCHAR, bucket INTEGER, n BIGINT)",
    'users ("user" UBIGINT, calls BIGINT)',
    "sessions (session UBIGINT, calls BIGINT)",
    "minutes (minute TIMESTAMPTZ, calls BIGINT)",
)
_TOTALS: Final = f"""
    INSERT INTO totals
    SELECT segment_by, segment, {", ".join(f"{sql} AS {name}" for name, sql in COUNTED.items())} FROM calls GROUP BY ALL
"""
_SKETCHES: Final = """
    INSERT INTO sketches
    SELECT subject, segment_by, segment, bucket, count(*)
    FROM (SELECT '{name}' AS subject, segment_by, segment, {bucket} AS bucket FROM calls WHERE {name} IS NOT NULL)
    GROUP BY ALL
"""
_PEOPLE: Final = """
    INSERT INTO {name}s
    SELECT "{name}", count(*) FROM calls WHERE segment_by IS NULL AND "{name}" IS NOT NULL GROUP BY ALL
"""
_MINUTES: Final = """
    INSERT INTO minutes
    SELECT date_trunc('minute', time), count(*) FROM settled_inputs WHERE NOT is_copy AND window_start = $start
    GROUP BY ALL
"""


def statements(segments: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The statements that add one part, with the names of their parameters.

    `start` is the start of the window, `slow` the latency in milliseconds above which a call is slow. Expects the
    relations of `settle`; `segments` are those of the facts, in their order.
    """
    yield f"CREATE OR REPLACE TEMP TABLE calls AS {_calls(segments)}", ("start",)
    yield _TOTALS, ("slow",)
    for name in SKETCHED:
        yield _SKETCHES.format(name=name, bucket=bucket_sql(name)), ()
    for name in PEOPLE:
        yield _PEOPLE.format(name=name), ()
    yield _MINUTES, ("start",)


def _calls(segments: Sequence[str]) -> str:
    """A query of the calls of the window: each once for the whole of it, and once for every segment that it is in."""
    both = (*NUMBERS, "outcome", "ending", "cached", *PEOPLE)
    columns = [f'coalesce(answered."{name}", asked."{name}") AS "{name}"' for name in both]
    columns += ["asked.prompt_chars AS prompt_chars", "answered.completion_chars AS completion_chars"]
    parts = ["{'segment_by': NULL::VARCHAR, 'segment': NULL::VARCHAR}"] + [
        f"{{'segment_by': {sql_text(name)}, 'segment': coalesce(answered.segments[{place}], asked.segments[{place}])}}"
        for place, name in enumerate(segments, start=1)
    ]
    return f"""
        SELECT * EXCLUDE (part), part.segment_by AS segment_by, part.segment AS segment
        FROM (SELECT {", ".join(columns)}, unnest([{", ".join(parts)}]) AS part FROM pairs WHERE window_start = $start)
        WHERE part.segment_by IS NULL OR part.segment IS NOT NULL
    """
