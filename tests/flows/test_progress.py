"""Progress in a terminal and in a pipe, of the real command against a real server and a real evaluator."""

import io
import logging
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.settings import PREFECT_API_URL

from flows.progress import Display, Lines, shown
from tasks.core.progress import Asked, Due, Ended, Judged
from tests.builders import HOUR, SIX, WINDOW, write_logs, write_monitor_file, write_pairs
from tests.servers.evaluator import verdict
from tests.servers.http import serve

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def command(tmp_path: Path, prefect_server: None) -> Iterator[list[str]]:
    """`genwatch run` of two windows, judged by a server with a price; the first has a line in quarantine."""
    for hour in range(2):
        write_pairs(tmp_path, 10, SIX + hour * HOUR)
    write_logs(tmp_path, "inputs", SIX, ["{torn"], name="torn.jsonl")
    with serve(lambda _: verdict(4)) as server:
        asked = f"provider: openai, model: judge, base_url: '{server.url}/v1', price: {{prompt: 10, completion: 100}}"
        path = write_monitor_file(tmp_path, f"evaluator: {{{asked}}}\n")
        times = ["--window-start", "2026-11-20T06:00Z", "--window-end", "2026-11-20T08:00Z"]
        yield [sys.executable, "-m", "flows", "run", str(path), *times]


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PREFECT_LOGGING_LEVEL"}
    return kept | {"PREFECT_API_URL": str(PREFECT_API_URL.value()), "COLUMNS": "120", "TERM": "xterm-256color"}


def test_on_a_terminal_a_display_is_shown_and_warnings_stand_above_it_whole(command: list[str]) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(command, stdout=follower, stderr=follower, env=environment()) as process:
        os.close(follower)
        shown_text = "".join(_read(leader))
        assert process.wait() == 0, shown_text
    os.close(leader)
    pieces = [one.strip() for one in re.split(r"[\r\n]+", MOVES.sub("\r", COLOURS.sub("", shown_text)))]
    assert any("2 of 2 windows" in one for one in pieces)
    assert "INFO" not in shown_text
    (warning,) = [one for one in pieces if "WARNING" in one and "quarantine" in one] or [pieces]
    assert re.fullmatch(r"[\d:.]+ \| WARNING \| Task run '.*' - 1 of 21 lines are in quarantine .*", str(warning))
    *_, place, _results = filter(None, pieces)
    assert place.startswith("report")


def _read(descriptor: int) -> Iterator[str]:
    while True:
        try:
            found = os.read(descriptor, 65536)
        except OSError:  # Linux says so where the other side has closed
            return
        if not found:
            return
        yield found.decode()


def test_in_a_pipe_lines_are_shown(command: list[str]) -> None:
    found = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert found.returncode == 0, found.stderr
    lines = found.stderr.splitlines()
    assert lines[0] == "2 windows are due"
    assert "2026-11-20 06:00–07:00  undecided (1 of 2 windows)" in lines
    assert "2026-11-20 07:00–08:00  undecided (2 of 2 windows)" in lines
    assert "\x1b" not in found.stderr
    assert not [one for one in lines if "INFO" in one]
    assert [one for one in lines if "1 of 21 lines are in quarantine" in one]


def test_lines_come_at_each_windows_end_and_else_every_few_seconds() -> None:
    now = [0.0]
    out = io.StringIO()
    lines = Lines(Display(lambda: now[0]), out, lambda: now[0])
    lines.take(Due(windows=2))
    for second in range(8):
        now[0] = float(second)
        lines.take(Judged(window=WINDOW, asked=Asked(done=10 * second, total=100, cost_usd=second / 10)))
    lines.take(Ended(window=WINDOW, status="breach"))
    assert out.getvalue().splitlines() == [
        "2 windows are due",
        "2026-11-20 06:00–07:00  judged 30 of 100, 10 a second, $0.3000, about 7 s left",
        "2026-11-20 06:00–07:00  judged 60 of 100, 10 a second, $0.6000, about 4 s left",
        "2026-11-20 06:00–07:00  breach (1 of 2 windows)",
    ]


@pytest.mark.parametrize(("verbose", "levels"), [(False, ["WARNING"]), (True, ["INFO", "WARNING"])])
def test_prefects_own_lines_are_shown_where_they_are_asked_for(
    verbose: bool,  # noqa: FBT001
    levels: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PREFECT_LOGGING_LEVEL", raising=False)
    out = io.StringIO()
    handler = PrefectConsoleHandler(stream=out)
    handler.setFormatter(logging.Formatter("%(levelname)s"))
    logger = logging.getLogger("prefect.of_a_test")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    with shown(verbose=verbose):
        logger.info("known")
        logger.warning("wrong")
    assert out.getvalue().split() == levels
    logger.info("after")
    assert out.getvalue().split() == [*levels, "INFO"]
    logger.removeHandler(handler)
