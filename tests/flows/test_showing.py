import pytest

from flows.showing import show
from tasks.core.run import Published
from tasks.core.verdict import Direction, State, Verdict
from tests.builders import WINDOW

RATE = "quality.fluency.pass_rate"


def verdict(state: State, value: float, segment: str | None = None, *, is_relative: bool = False) -> Verdict:
    by = None if segment is None else "model_version"
    return Verdict(
        address=RATE if segment is None else f"{RATE}[{by}={segment}]",
        value=value,
        low=value,
        high=value,
        n=100,
        limit=0.7,
        direction=Direction.MIN,
        state=state,
        explanation=f"fluency {value} of {segment}",
        segment_by=by,
        segment=segment,
        is_relative=is_relative,
    )


def test_the_table_is_of_whole_windows_and_what_is_wrong_with_their_parts_stands_below(
    capsys: pytest.CaptureFixture[str],
) -> None:
    verdicts = (
        verdict(State.OK, 0.9),
        verdict(State.BREACH, 0.8, is_relative=True),
        verdict(State.BREACH, 0.4, "v1.2 [beta]"),
    )
    show(
        [
            Published(
                window=WINDOW,
                revision=0,
                status="breach",
                verdicts=verdicts,
                report="report",
                manifest="manifest",
                results="results",
                findings=(),
                warnings=(),
            )
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines if "90.0%" in line] == [["2026-11-20", "06:00", "90.0%", "✓"]]
    assert [line for line in lines if line.startswith("✕")] == ["✕ fluency 0.8 of None", "✕ fluency 0.4 of v1.2 [beta]"]
