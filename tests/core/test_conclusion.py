import pytest

from tasks.core.conclusion import conclusion
from tasks.core.run import Published
from tasks.core.verdict import Direction, State, Verdict
from tasks.core.window import Window
from tests.builders import HOUR, SIX


def verdict(address: str, state: State, segment: str | None = None) -> Verdict:
    return Verdict(
        address=address,
        value=None,
        low=None,
        high=None,
        n=0,
        limit=0.7,
        direction=Direction.MIN,
        state=state,
        explanation="",
        segment_by=None if segment is None else "model_version",
        segment=segment,
    )


def published(*verdicts: Verdict, hour: int = 0) -> Published:
    start = SIX + hour * HOUR
    return Published(
        window=Window(start=start, end=start + HOUR),
        revision=0,
        status="ok",
        verdicts=verdicts,
        report="",
        manifest="",
        results="",
        findings=(),
        warnings=(),
    )


BREACH, OK, UNDECIDED, NO_DATA = State.BREACH, State.OK, State.UNDECIDED, State.NO_DATA
FLUENCY, RELEVANCE = "quality.fluency.pass_rate", "quality.relevance.pass_rate"


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        ([], "ok in 2026-11-20 06:00–07:00"),
        ([verdict(FLUENCY, OK)], "ok in 2026-11-20 06:00–07:00"),
        ([verdict(FLUENCY, BREACH)], "1 breach in 2026-11-20 06:00–07:00: fluency"),
        (
            [verdict(FLUENCY, BREACH), verdict("operations.latency_ms.p95", BREACH), verdict(RELEVANCE, UNDECIDED)],
            "2 breaches in 2026-11-20 06:00–07:00: fluency, latency_ms p95; undecided: relevance",
        ),
        (
            [verdict(FLUENCY, OK), verdict(RELEVANCE, NO_DATA)],
            "1 of 2 limits ok in 2026-11-20 06:00–07:00; no data: relevance",
        ),
        ([verdict(FLUENCY, NO_DATA)], "no data in 2026-11-20 06:00–07:00"),
        ([verdict(FLUENCY, UNDECIDED), verdict(RELEVANCE, NO_DATA)], "undecided and no data in 2026-11-20 06:00–07:00"),
    ],
)
def test_a_run_says_what_it_found(verdicts: list[Verdict], sentence: str) -> None:
    assert conclusion([published(*verdicts)]) == sentence


def test_many_windows_say_their_span_and_their_number() -> None:
    windows = [published(verdict(FLUENCY, BREACH), hour=hour) for hour in range(6)]
    assert conclusion(windows) == "6 breaches in 2026-11-20 06:00–12:00 (6 windows): fluency"


def test_a_run_without_a_window_says_so() -> None:
    assert conclusion([]) == "no window is due"


def test_segments_count_and_what_was_logged_is_not_named() -> None:
    parts = [verdict(f"{FLUENCY}[model_version=<b>{name}</b>]", BREACH, f"<b>{name}</b>") for name in "ab"]
    assert conclusion([published(*parts)]) == "2 breaches in 2026-11-20 06:00–07:00: fluency"


def test_of_many_names_the_first_are_told() -> None:
    many = [verdict(f"safety.pii.kind_{number}", BREACH) for number in range(8)]
    assert conclusion([published(*many)]).endswith("pii kind 3, pii kind 4 and 3 more")
