"""The facts of every row of formats that Python decodes: each record once, by itself, while its slice is read."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tasks.adapters.reading import Lines
from tasks.adapters.source import Place
from tasks.core.records import wide
from tasks.core.records.decode import Side, records
from tasks.core.records.formats import Decode
from tasks.core.records.json_value import Row, parsed_record
from tasks.core.records.layout import sql_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

BATCH_ROWS: Final = 500
KEYS: Final = "object, line_hash, position"
ROWS_SCHEMA: Final = pa.schema(
    [
        ("object", pa.uint64()),
        ("line_hash", pa.uint64()),
        ("position", pa.uint32()),
        ("side", pa.uint8()),
        ("row", pa.string()),
    ]
)


def decode_facts(engine: "Engine", found: Lines, place: Place) -> None:
    """Give the table `halves` the facts that only decoding tells; bodies in other files and other records do not count.

    Nothing is decoded where the monitor asks for no facts.
    """
    decode, facts = place.kind.decode, place.facts
    if decode is None or not facts.paths:
        return
    found.read("own_records", _own_records(place))
    engine.execute(
        "CREATE TABLE decoded (object UBIGINT, line_hash UBIGINT, position UINTEGER, side UTINYINT, row JSON)"
    )
    cursor = engine.cursor()  # a connection has one open result, and rows are written while this one is read
    for batch in cursor.sql("FROM own_records").to_arrow_reader(BATCH_ROWS):
        rows = pa.Table.from_pylist(list(_rows(batch.to_pylist(), decode)), schema=ROWS_SCHEMA)
        engine.register("batch", rows)
        engine.execute("INSERT INTO decoded SELECT * FROM batch")
        engine.unregister("batch")
    paths = ", ".join(map(sql_text, facts.paths))
    engine.execute(f"""
        CREATE OR REPLACE TABLE halves AS
        SELECT h.* REPLACE ({facts.struct("d.found", 1)} AS facts)
        FROM halves h LEFT JOIN (SELECT * EXCLUDE (row), json_extract(row, [{paths}]) AS found FROM decoded) d
          ON h.object = d.object AND h.line_hash = d.line_hash AND h.position = d.position AND h.side = d.side
    """)
    engine.execute("DROP TABLE decoded; DROP TABLE own_records")


def _own_records(place: Place) -> str:
    """A query of the records of the usable halves, each once."""
    found = f"SELECT *, hash(line) AS line_hash FROM ({records(place.layout, 'lines')})"
    return f"""
        SELECT DISTINCT {KEYS}, {wide.TEXT} AS record FROM ({found})
        SEMI JOIN (SELECT {KEYS} FROM halves WHERE side < {Side.OTHER} AND fault IS NULL) USING ({KEYS})
    """


def _rows(owned: Iterable[Mapping[str, Any]], decode: Decode) -> Iterable[Row]:
    for one in owned:
        halves = decode([parsed_record(one["record"])], {})
        for side, row in zip((Side.INPUT, Side.OUTPUT), halves, strict=True):
            text = json.dumps(row, ensure_ascii=False).encode(errors="replace").decode()
            yield {"object": one["object"], "line_hash": one["line_hash"], "position": one["position"]} | {
                "side": int(side),
                "row": text,
            }
