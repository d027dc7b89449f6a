"""SQL that settles what every half is: joined, orphan or a copy, and in which window it counts.

The statements expect `halves` (the columns of `decode.thorough`, usable rows of the latest objects) and the parameters
`every`, `grace` and `late`, which are microseconds: DuckDB's intervals go through the calendar, and take three times
as long as all the rest. The rules look at one ID at a time and no further than `late` plus
`grace` from a half, so that every window settles a half alike, and each counts in exactly one:

- An input counts in the window of its own time. It is a copy where another with its ID and index came before it, within
  `late` plus `grace` or in its window; else it is the head.
- An output belongs to the head that came at most `late` before it, or at most `grace` after it, and counts in the
  window of that input. The first one is joined, the others are copies.
- An output without an input counts in the window of its own time: an orphan, or a copy where another came before it as
  above.
- Ground truth and feedback count in the window of the input that lies within `late` of them, else in that of their own
  time; the last of each stands.
"""

from typing import Final

from tasks.core.records.facts import NONE
from tasks.core.window import ANCHOR

ANCHOR_US: Final = int(ANCHOR.timestamp()) * 1_000_000
NO_HALVES: Final = f"""
    SELECT NULL::UBIGINT AS object, NULL::UBIGINT AS line_hash, NULL::UINTEGER AS position, NULL::UTINYINT AS side,
           NULL::UUID AS key, NULL::UINTEGER AS index, NULL::UINTEGER AS row_count, NULL::TIMESTAMPTZ AS time,
           {NONE} AS facts
    WHERE false
"""
ORDER: Final = "time, object, line_hash, position"


def window_of(time: str) -> str:
    """SQL for the start of the window that holds a time."""
    return f"make_timestamptz(epoch_us({time}) - ((epoch_us({time}) - {ANCHOR_US}) % $every + $every) % $every)"


def _is_copy(previous: str) -> str:
    near = f"least(epoch_us(time) - $late - $grace, epoch_us({window_of('time')}))"
    return f"coalesce(epoch_us({previous}) >= {near}, false)"


def _within(time: str, before: str, after: str, of: str) -> str:
    """SQL for: a time lies less than `before` before another one, or not so far as `after` past it."""
    return f"epoch_us({time}) - epoch_us({of}) BETWEEN 1 - {before} AND {after}"


INPUTS: Final = f"""
    SELECT * EXCLUDE (previous, side), {window_of("time")} AS window_start, {_is_copy("previous")} AS is_copy
    FROM (
        SELECT *, lag(time) OVER (PARTITION BY key, index ORDER BY {ORDER}) AS previous FROM halves WHERE side = 0
    )
"""
_PAIRED: Final = f"""
    SELECT o.* EXCLUDE (side), i.time AS input_time, i.window_start AS input_window
    FROM (SELECT * FROM halves WHERE side = 1) o
    LEFT JOIN (SELECT * FROM settled_inputs WHERE NOT is_copy) i
      ON o.key = i.key AND o.index = i.index AND {_within("i.time", "$late", "$grace", "o.time")}
"""
OUTPUTS: Final = f"""
    SELECT * EXCLUDE (previous, previous_input, input_window),
           coalesce(input_window, {window_of("time")}) AS window_start,
           CASE WHEN input_time IS NULL THEN {_is_copy("previous")}
                ELSE coalesce(previous_input = input_time, false) END AS is_copy
    FROM (
        SELECT *, lag(time) OVER w AS previous, lag(input_time) OVER w AS previous_input FROM ({_PAIRED})
        WINDOW w AS (PARTITION BY key, index ORDER BY {ORDER})
    )
"""
LATER: Final = f"""
    SELECT * EXCLUDE (row, nearness, previous), previous IS NOT NULL AS is_copy,
           coalesce(input_window, {window_of("time")}) AS window_start
    FROM (
        SELECT l.*, i.time AS input_time, i.window_start AS input_window,
               row_number() OVER (PARTITION BY l.row ORDER BY i.time DESC) AS nearness,
               lead(l.time) OVER (PARTITION BY l.key, l.index, l.side, i.time ORDER BY l.time, l.object, l.line_hash)
                   AS previous
        FROM (SELECT *, row_number() OVER () AS row FROM halves WHERE side > 2) l
        LEFT JOIN (SELECT * FROM settled_inputs WHERE NOT is_copy) i
          ON l.key = i.key AND l.index = i.index AND {_within("i.time", "$late", "$late - 1", "l.time")}
    )
    WHERE nearness = 1
"""
_LATEST: Final = """(
    SELECT key, index, input_time, object, line_hash, position FROM settled_later
    WHERE side = {side} AND input_time IS NOT NULL AND NOT is_copy
)"""
PAIRS: Final = f"""
    SELECT i.window_start, i.key, i.index, i.row_count, i.time AS event_time, o.time AS output_time,
           i.object AS input_object, i.line_hash AS input_hash, i.position AS input_position,
           o.object AS output_object, o.line_hash AS output_hash, o.position AS output_position,
           g.object AS truth_object, g.line_hash AS truth_hash, g.position AS truth_position,
           f.object AS feedback_object, f.line_hash AS feedback_hash, f.position AS feedback_position,
           i.facts AS asked, o.facts AS answered
    FROM settled_inputs i JOIN settled_outputs o
      ON o.key = i.key AND o.index = i.index AND o.input_time = i.time
    LEFT JOIN {_LATEST.format(side=3)} g ON g.key = i.key AND g.index = i.index AND g.input_time = i.time
    LEFT JOIN {_LATEST.format(side=4)} f ON f.key = i.key AND f.index = i.index AND f.input_time = i.time
    WHERE NOT i.is_copy AND NOT o.is_copy
"""
COUNTS: Final = f"""
    WITH counted AS (
        SELECT window_start, count(*) AS inputs, 0 AS outputs, count(*) FILTER (is_copy) AS duplicate_inputs,
               0 AS duplicate_outputs, 0 AS orphan_outputs, 0 AS joined, 0 AS not_calls, 0::HUGEINT AS digest,
               max(time) AS newest, 0 AS later
        FROM settled_inputs GROUP BY ALL
        UNION ALL
        SELECT window_start, 0, count(*), 0, count(*) FILTER (is_copy),
               count(*) FILTER (input_time IS NULL AND NOT is_copy), 0, 0, 0, NULL, 0
        FROM settled_outputs GROUP BY ALL
        UNION ALL
        SELECT window_start, 0, 0, 0, 0, 0, count(*), 0,
               sum(hash(input_hash, output_hash, truth_hash, feedback_hash, index)), NULL, 0
        FROM pairs GROUP BY ALL
        UNION ALL
        SELECT {window_of("time")} AS window_start, 0, 0, 0, 0, 0, 0, count(*), 0, NULL, 0
        FROM halves WHERE side = 2 GROUP BY ALL
        UNION ALL
        SELECT window_start, 0, 0, 0, 0, 0, 0, 0, 0, NULL, count(*) FROM settled_later GROUP BY ALL
    )
    SELECT window_start, sum(inputs)::BIGINT AS inputs, sum(outputs)::BIGINT AS outputs, sum(joined)::BIGINT AS joined,
           sum(inputs - duplicate_inputs - joined)::BIGINT AS orphan_inputs,
           sum(duplicate_inputs)::BIGINT AS duplicate_inputs, sum(orphan_outputs)::BIGINT AS orphan_outputs,
           sum(duplicate_outputs)::BIGINT AS duplicate_outputs, sum(not_calls)::BIGINT AS not_calls,
           sum(later)::BIGINT AS later,
           (sum(digest) % 18446744073709551616)::VARCHAR AS digest, max(newest) AS newest
    FROM counted GROUP BY window_start
"""
FATES: Final = f"""
    SELECT i.side, i.object, i.line_hash, i.index, i.row_count, i.time, i.window_start,
           CASE WHEN i.is_copy THEN 'duplicate' WHEN p.key IS NULL THEN 'orphan' ELSE 'joined' END AS fate
    FROM (SELECT 0 AS side, * FROM settled_inputs) i
    LEFT JOIN pairs p ON p.key = i.key AND p.index = i.index AND p.event_time = i.time
    UNION ALL
    SELECT 1, object, line_hash, index, row_count, time, window_start,
           CASE WHEN is_copy THEN 'duplicate' WHEN input_time IS NULL THEN 'orphan' ELSE 'joined' END
    FROM settled_outputs
    UNION ALL
    SELECT side, object, line_hash, index, row_count, time, window_start,
           CASE WHEN input_time IS NULL THEN 'orphan' WHEN is_copy THEN 'replaced' ELSE 'joined' END
    FROM settled_later
    UNION ALL
    SELECT side, object, line_hash, index, row_count, time, {window_of("time")}, 'not_a_call'
    FROM halves WHERE side = 2
    ORDER BY 6, 1, 2, 3, 4
"""
