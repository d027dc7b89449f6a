import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.progress import Asked, Due, Ended, Fact, Judged, Read, Sampled, Standing, duration, line, size
from tasks.core.window import Window
from tests.builders import HOUR, SIX, WINDOW

NEXT = Window(start=SIX + HOUR, end=SIX + 2 * HOUR)


def judged(done: int, cost: float | None = None, window: Window = WINDOW, total: int = 100, **more: bool) -> Judged:
    return Judged(window=window, asked=Asked(done=done, total=total, cost_usd=cost), **more)


def standing(*told: tuple[float, Fact]) -> Standing:
    found = Standing()
    for at, fact in told:
        found = found.after(fact, at)
    return found


def test_a_line_says_what_is_judged_how_fast_for_how_much_and_how_long_it_takes() -> None:
    last = judged(40, 0.25)
    found = standing((0.0, judged(10, 0.1)), (10.0, last))
    assert line(found, last, 10.0) == "2026-11-20 06:00–07:00  judged 40 of 100, 3.0 a second, $0.2500, about 20 s left"


def test_what_is_not_known_is_not_said() -> None:
    first = judged(1)
    assert line(standing((0.0, first)), first, 0.5) == "2026-11-20 06:00–07:00  judged 1 of 100"


def test_a_judge_that_stands_still_has_no_time_left_and_an_old_rate_is_forgotten() -> None:
    found = standing((0.0, judged(10)), (5.0, judged(60)))
    assert found.rate(5.0) == 10.0
    assert found.seconds_left(5.0) == 4.0
    assert found.rate(100.0) is None
    assert found.seconds_left(100.0) is None


def test_judging_that_may_end_early_says_at_most() -> None:
    last = judged(60, is_bound=True)
    found = standing((0.0, judged(10, is_bound=True)), (5.0, last))
    assert line(found, last, 5.0).endswith("judged 60 of at most 100, 10 a second, at most 4 s left")


def test_what_is_remembered_of_late_does_not_grow_with_the_judgements() -> None:
    found = standing(*((second / 100, judged(second, total=2000)) for second in range(1001)))
    assert len(found.recent) < 100
    assert found.rate(10.0) == 100.0


def test_the_pause_between_two_windows_slows_nothing_down() -> None:
    first = [(0.0, judged(10)), (5.0, judged(100)), (6.0, Ended(window=WINDOW, status="ok"))]
    found = standing(*first, (15.0, judged(10, window=NEXT)), (17.0, judged(30, window=NEXT)))
    assert found.rate(17.0) == 10.0
    assert found.seconds_left(17.0) == 7.0


def test_windows_that_are_judged_at_once_are_taken_together_and_all_their_cost_is_told() -> None:
    told = [(0.0, judged(0, 1.0)), (0.0, judged(0, 0.5, NEXT)), (4.0, judged(20, 1.5)), (4.0, judged(20, 1.0, NEXT))]
    found = standing(*told)
    assert (found.rate(4.0), found.seconds_left(4.0), found.cost_usd) == (10.0, 16.0, 2.5)


def test_the_cost_of_a_window_that_has_ended_stays() -> None:
    found = standing((0.0, judged(100, 1.0)), (1.0, Ended(window=WINDOW, status="ok")), (2.0, judged(1, 0.5, NEXT)))
    assert found.cost_usd == 1.5


def test_of_a_cluster_the_shards_are_told_and_no_rate() -> None:
    last = Judged(window=WINDOW, asked=Asked(done=3, total=8, unit="shards"))
    found = standing((0.0, Judged(window=WINDOW, asked=Asked(done=1, total=8, unit="shards"))), (5.0, last))
    assert line(found, last, 5.0) == "2026-11-20 06:00–07:00  judged 3 of 8 shards"


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (Due(windows=1), "1 window is due"),
        (Due(windows=6), "6 windows are due"),
        (Read(window=None, done=12_400_000, total=30_100_000), "logs  read 12.4 MB of 30.1 MB"),
        (Sampled(window=WINDOW, joined=1573, sampled=150), f"{WINDOW.label}  1,573 interactions joined, 150 sampled"),
        (Ended(window=WINDOW, status="no_data"), f"{WINDOW.label}  no data (1 of 6 windows)"),
    ],
)
def test_every_fact_is_one_line(fact: Fact, said: str) -> None:
    assert line(standing((0.0, Due(windows=6)), (1.0, fact)), fact, 1.0) == said


@given(st.lists(st.integers(min_value=0, max_value=1000), min_size=2, max_size=20), st.floats(0.1, 30))
def test_rate_and_time_left_are_never_negative(steps: list[int], apart: float) -> None:
    done = sorted(steps)
    told = [(apart * number, judged(one, total=1000)) for number, one in enumerate(done)]
    found = standing(*told)
    at = told[-1][0]
    assert (found.rate(at) or 0) >= 0
    assert (found.seconds_left(at) or 0) >= 0


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (99, "99 s"), (125, "2 min"), (5990, "100 min"), (12_000, "3 h 20 min")]
)
def test_times_are_told_in_units_that_tell_something(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_sizes_have_a_unit() -> None:
    assert (size(400), size(54_321), size(1_234_567)) == ("0 kB", "54 kB", "1.2 MB")
