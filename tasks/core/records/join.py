"""SQL that joins inputs to outputs and accounts for every half of a window.

The statements expect `inputs` and `outputs`, of the columns of `decode.halves` without faults, and the parameters
`$start` and `$end`. Of halves that share an ID and index the earliest stands and the others are its copies. A half
belongs to the window of its input's event time; an output without an input to the window of its own.
"""

from typing import Final

_KEEP: Final = """
    CREATE TABLE kept_{side} AS
    SELECT id, index, count(*) AS copies,
           unnest(min(struct_pack(time := time, object := object, line_hash := line_hash, row_count := row_count)))
    FROM {side} GROUP BY id, index
"""
KEEP_INPUTS: Final = _KEEP.format(side="inputs")
KEEP_OUTPUTS: Final = _KEEP.format(side="outputs")

JOIN: Final = """
    CREATE TABLE joined AS
    SELECT coalesce(i.time, o.time) >= $start AND coalesce(i.time, o.time) < $end AS in_window,
           coalesce(i.copies, 0) AS input_copies, coalesce(o.copies, 0) AS output_copies,
           CASE WHEN i.row_count > 1 THEN i.id || '_' || i.index ELSE i.id END AS interaction_id,
           i.id AS correlation_id, i.index AS index, i.time AS event_time, o.time AS output_time,
           i.object AS input_object, i.line_hash AS input_hash,
           o.object AS output_object, o.line_hash AS output_hash
    FROM kept_inputs i FULL JOIN kept_outputs o USING (id, index)
"""
PAIRS: Final = """
    CREATE VIEW pairs AS
    SELECT * EXCLUDE (in_window, input_copies, output_copies) FROM joined
    WHERE in_window AND input_copies > 0 AND output_copies > 0
"""
COUNTS: Final = """
    WITH counted AS (
        SELECT in_window, input_copies, output_copies, input_copies > 0 AS has_input, output_copies > 0 AS has_output
        FROM joined
    )
    SELECT coalesce(sum(input_copies) FILTER (in_window), 0)::BIGINT AS inputs,
           coalesce(sum(output_copies) FILTER (in_window), 0)::BIGINT AS outputs,
           count(*) FILTER (in_window AND has_input AND has_output) AS joined,
           count(*) FILTER (in_window AND NOT has_output) AS orphan_inputs,
           coalesce(sum(input_copies - 1) FILTER (in_window AND has_input), 0)::BIGINT AS duplicate_inputs,
           count(*) FILTER (in_window AND NOT has_input) AS orphan_outputs,
           coalesce(sum(output_copies - 1) FILTER (in_window AND has_output), 0)::BIGINT AS duplicate_outputs,
           coalesce(sum(input_copies + output_copies) FILTER (NOT in_window), 0)::BIGINT AS elsewhere,
           (SELECT count(*) FROM inputs) + (SELECT count(*) FROM outputs) AS usable
    FROM counted
"""
