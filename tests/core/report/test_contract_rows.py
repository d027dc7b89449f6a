import json

import pyarrow as pa

from tasks.core.decide import Rule
from tasks.core.measure import Measure
from tasks.core.report.contract import contract_rows
from tasks.core.verdict import Direction, Threshold
from tests.builders import judged

RULE = Rule()


def measure(subject: str, name: str, value: float | None, n: int = 1000, unit: str = "share") -> Measure:
    return Measure(signal="contract", subject=subject, measure=name, value=value, n=n, unit=unit)


def interactions(**broken: str | None) -> pa.Table:
    return pa.table(
        {"interaction_id": list(broken), "contract_broken": pa.array(list(broken.values()), pa.string())},
    )


def test_breaches_stand_first_and_what_is_only_watched_last() -> None:
    measures = [
        measure("prompt", "completeness", 1.0),
        measure("prompt", "length_share", 0.9),
        measure("records", "join_rate", 0.99),
        measure("context", "type_share", None, n=0),
    ]
    limits = {
        "contract.prompt.length_share": 0.95,
        "contract.records.join_rate": 0.9,
        "contract.context.type_share": 1.0,
    }
    verdicts = [
        judged(Threshold(address=address, limit=limit, direction=Direction.MIN), measures, RULE)
        for address, limit in limits.items()
    ]
    rows = contract_rows(measures, verdicts, interactions(a="prompt.length", b=None))
    assert [(row["subject"], row["verdict"]) for row in rows] == [
        ("prompt", "breach"),
        ("context", "no_data"),
        ("records", "ok"),
        ("prompt", "watched"),
    ]
    assert rows[0] == {
        "subject": "prompt",
        "measure": "length_share",
        "value": "90 %",
        "limit": "≥ 95 %",
        "verdict": "breach",
        "rows": "1000",
        "failing": "100",
        "examples": "a",
    }
    assert (rows[1]["value"], rows[1]["failing"], rows[2]["failing"], rows[3]["value"]) == ("–", "", "", "100 %")


def test_one_failing_row_in_a_million_shows() -> None:
    (row,) = contract_rows([measure("prompt", "completeness", 1 - 1e-6, n=1_000_000)], [], interactions())
    assert (row["value"], row["failing"]) == ("99.9999 %", "1")


def test_seconds_and_ratios_are_no_percentages() -> None:
    measures = [
        measure("records", "freshness_s", 300.0, 1, "seconds"),
        measure("records", "volume_ratio", 0.51234, 9, "ratio"),
    ]
    threshold = Threshold(address=measures[0].address, limit=7200, direction=Direction.MAX)
    verdict = judged(threshold, measures[:1], RULE)
    rows = contract_rows(measures, [verdict], interactions())
    assert [(row["value"], row["limit"]) for row in rows] == [("300 s", "≤ 7200 s"), ("0.51", "")]


def test_hostile_ids_are_cut_put_on_one_line_without_marks_and_few_are_shown() -> None:
    hostile = "<script>\n\tx</script>&" + "a" * 500
    ids = {hostile: "prompt.length", **{f"id-{number}": "prompt.length" for number in range(9)}}
    (row,) = contract_rows([measure("prompt", "length_share", 0.5)], [], interactions(**ids))
    first, *others = row["examples"].split(", ")
    assert first.startswith(r"\<script\> x\</script\>&a")
    assert len(first) < 100
    assert others == ["id-0", "id-1"]


def test_the_table_fits_into_an_artifact() -> None:
    measures = [measure(f"c{number}", "completeness", 0.5) for number in range(500)]
    rows = contract_rows(measures, [], interactions())
    assert len(rows) == 200
    assert len(json.dumps(rows, allow_nan=False)) < 100_000


def test_other_signals_and_a_window_without_the_column_are_no_matter() -> None:
    other = Measure(signal="quality", subject="fluency", measure="pass_rate", value=0.5, n=9, unit="share")
    assert contract_rows([other], [], pa.table({"interaction_id": ["a"]})) == []
