from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from configs.monitor import MonitorConfig
from tasks.core.verdict import Severity, State, Verdict
from tasks.core.window import Window
from tasks.foreseeing import detectable
from tests.builders import HOUR, SIX, answered, asked, judged_by, write_logs, write_pairs
from tests.servers.evaluator import user_text, verdict
from tests.servers.http import HttpServer, Received, Reply, serve
from tests.tasks.test_judging import Run

RATE = "quality.fluency.pass_rate"
COLUMNS = {"prompt": "question", "completion": "answer", "context": "documents", "model_version": "model"}


class Judge:
    """An evaluator that fails the share of interactions that is set for the hour their question names."""

    def __init__(self) -> None:
        self.passing: dict[str, float] = {}

    def __call__(self, received: Received) -> Reply:
        name, number = user_text(received).split("Question ")[1].split("?")[0].rsplit("-", 1)
        return verdict(5 if int(number) % 100 < 100 * self.passing.get(name, 1.0) else 1)


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def server(judge: Judge) -> Iterator[HttpServer]:
    with serve(judge) as running:
        yield running


def limited(server: HttpServer, folder: Path, **changes: Any) -> MonitorConfig:
    own = {"decide": {"min_scored": 10}, "quality": {"metrics": {"fluency": {}}}} | changes
    return judged_by(server.url, folder, **own)


def hours(config: MonitorConfig, folder: Path, judge: Judge, passing: Sequence[float]) -> list[Run]:
    """One run an hour, in which so many of a hundred answers pass."""
    runs = []
    for number, share in enumerate(passing):
        start = SIX + number * HOUR
        judge.passing[f"{start:%d%H}"] = share
        write_pairs(folder, 100, start)
        runs.append(Run(config, window=Window(start=start, end=start + HOUR)))
    return runs


def on(run: Run, address: str = RATE) -> list[Verdict]:
    return [one for one in run.assessed.verdicts if one.address.startswith(address)]


def test_a_fall_against_the_windows_before_is_a_breach_where_no_limit_is_broken(
    tmp_path: Path, judge: Judge, server: HttpServer
) -> None:
    drop = {RATE: {"min": 0.5, "max_drop": 0.1, "against": 3, "severity": "warning"}}
    config = limited(server, tmp_path, thresholds=drop)
    runs = hours(config, tmp_path, judge, [0.95, 0.94, 0.96, 0.70, 0.70])
    states = [[one.state for one in on(run)] for run in runs]
    assert states[0] == [State.OK, State.NO_DATA], "a first window has nothing before it"
    assert states[2][1] is State.OK
    assert states[3] == [State.OK, State.BREACH]
    told = on(runs[3])[1]
    assert told.severity is Severity.WARNING
    assert "0.1 less than the 0.950 of 3 windows before: breach" in told.explanation


def test_a_fixed_span_stays_what_is_compared_with(tmp_path: Path, judge: Judge, server: HttpServer) -> None:
    span = {"start": SIX.isoformat(), "end": (SIX + HOUR).isoformat()}
    config = limited(server, tmp_path, thresholds={RATE: {"max_drop": 0.1, "baseline": span}})
    runs = hours(config, tmp_path, judge, [0.95, 0.70, 0.70, 0.70])
    assert [on(run)[0].state for run in runs[1:]] == [State.BREACH] * 3
    assert "the 0.950 of the window before" in on(runs[3])[0].explanation


def test_another_judge_has_nothing_before_it(tmp_path: Path, judge: Judge, server: HttpServer) -> None:
    config = limited(server, tmp_path, thresholds={RATE: {"max_drop": 0.1}})
    hours(config, tmp_path, judge, [0.95])
    other = config.model_copy(update={"evaluator": config.evaluator.model_copy(update={"model": "judge-2"})})
    write_pairs(tmp_path, 100, SIX + HOUR)
    run = Run(other, window=Window(start=SIX + HOUR, end=SIX + 2 * HOUR))
    assert on(run)[0].state is State.NO_DATA


def test_a_limit_is_decided_in_the_segments_that_are_asked_for(
    tmp_path: Path, judge: Judge, server: HttpServer
) -> None:
    judge.passing = {"old": 1.0, "new": 0.4}
    rows = [(f"{name}-{number}", name) for number in range(100) for name in ("old", "new")]
    write_logs(tmp_path, "inputs", SIX, [asked(one, SIX, f"Question {one}?", model=name) for one, name in rows])
    write_logs(tmp_path, "outputs", SIX, [answered(one, SIX, f"The answer to {one}.") for one, _ in rows])
    config = limited(
        server,
        tmp_path,
        source={"columns": COLUMNS},
        segments=["model_version"],
        quality={"metrics": {"fluency": {"min_pass_rate": 0.6}}},
        decide={"min_scored": 10, "segments": ["model_version"]},
    )
    found = {one.address: one for one in on(Run(config))}
    assert found[RATE].state is State.OK
    assert found[f"{RATE}[model_version=new]"].state is State.BREACH
    assert found[f"{RATE}[model_version=old]"].state is State.OK
    assert "pass rate of model_version new 0.400" in found[f"{RATE}[model_version=new]"].explanation
    (alert,) = [one for one in Run(config, revision=1).assessed.alerts if one.is_open]
    assert "new" in alert.explanation


def test_another_monitor_file_begins_anew(tmp_path: Path, judge: Judge, server: HttpServer) -> None:
    quality = {"metrics": {"fluency": {"min_pass_rate": 0.75}}}
    config = limited(server, tmp_path, quality=quality)
    hours(config, tmp_path, judge, [0.70, 0.70])
    changed = config.model_copy(update={"description": "another"})
    write_pairs(tmp_path, 100, SIX + 2 * HOUR)
    judge.passing[f"{SIX + 2 * HOUR:%d%H}"] = 0.70
    window = Window(start=SIX + 2 * HOUR, end=SIX + 3 * HOUR)
    assert "windows before" not in on(Run(changed, window=window))[0].explanation
    again = Run(config, window=window, revision=1)
    assert on(again)[0].state is State.UNDECIDED


def test_a_segmentation_that_there_is_not_is_an_error(tmp_path: Path, server: HttpServer) -> None:
    with pytest.raises(ValueError, match="add it to segments, or remove it"):
        limited(server, tmp_path, decide={"segments": ["model_version"]})


def test_check_says_what_would_be_found_and_what_would_not(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 100)
    config = limited(server, tmp_path, quality={"metrics": {"fluency": {"min_pass_rate": 0.8}}})
    run = Run(config)
    (line,) = detectable(config, run.interactions)
    assert line.startswith("fluency, limit 0.8, about 2,400 judged rows a day: 0.70 is found within")
    rare = config.model_copy(update={"decide": config.decide.model_copy(update={"across": 1})})
    (line,) = detectable(rare, run.interactions)
    assert "0.75 takes" in line
    assert "more than one window has" in line
    assert not list(detectable(config, run.interactions.slice(0, 0)))


def test_a_monitor_that_only_watches_has_nothing_to_find(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 20)
    config = limited(server, tmp_path, quality={"metrics": {"fluency": {}}, "min_coverage": None})
    assert not list(detectable(config, Run(config).interactions))


@pytest.mark.parametrize("wrong", [{"min": -0.1}, {"min": 70}, {"max": 1.5}, {"max_drop": 5}])
def test_a_limit_on_a_share_lies_between_none_and_all(
    tmp_path: Path, server: HttpServer, wrong: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match=r"shares lie in \[0, 1\]; write 0.70 for 70 %"):
        limited(server, tmp_path, thresholds={RATE: wrong})
