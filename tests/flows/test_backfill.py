from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.task_runners import ThreadPoolTaskRunner

from configs.monitor import MonitorConfig
from flows.backfill import backfill
from flows.monitor import monitor as monitor_flow
from flows.monitor import published_of
from tasks.adapters.results import revisions
from tasks.core.window import Window
from tasks.publish import newest_revisions
from tests.builders import HOUR, SIX, answered, asked, manifest_of, monitor, store_of, write_logs, write_pairs

pytestmark = pytest.mark.usefixtures("prefect_server")


def run(config: MonitorConfig, hours: int, parallel: int = 3) -> Any:
    runner: Any = ThreadPoolTaskRunner(max_workers=parallel)
    before = newest_revisions(config)
    state: Any = backfill.with_options(task_runner=runner)(config, SIX, SIX + hours * HOUR, parallel, return_state=True)
    assert state.is_completed(), state.message
    return published_of(config, state, before)


def test_a_backfill_runs_the_windows_that_were_never_run_each_once(tmp_path: Path) -> None:
    for hour in range(5):
        write_pairs(tmp_path, 5, SIX + hour * HOUR)
    config = monitor(tmp_path)
    monitor_flow(config, SIX + HOUR, SIX + 2 * HOUR)
    published = run(config, 5)
    assert [one.window.start for one in published] == [SIX + hour * HOUR for hour in (0, 2, 3, 4)]
    assert revisions(store_of(config)) == {SIX + hour * HOUR: 0 for hour in range(5)}
    assert run(config, 5) == []


def test_windows_that_run_side_by_side_count_as_one_after_the_other(tmp_path: Path) -> None:
    late = timedelta(hours=2)
    for hour in range(4):
        start = SIX + hour * HOUR
        write_pairs(tmp_path, 5, start)
        write_logs(tmp_path, "inputs", start, [asked(f"late-{hour}", start)] * 2, name="late.jsonl")
        write_logs(tmp_path, "outputs", start + late, [answered(f"late-{hour}", start + late)], name="late.jsonl")
    config = monitor(tmp_path)
    run(config, 6, parallel=4)
    windows = [Window(start=SIX + hour * HOUR, end=SIX + (hour + 1) * HOUR) for hour in range(6)]
    counts = [manifest_of(config, window).counts for window in windows]
    assert [one.joined for one in counts] == [6, 6, 6, 6, 0, 0]
    assert [one.duplicate_inputs for one in counts] == [1, 1, 1, 1, 0, 0]
    assert [one.orphan_outputs for one in counts] == [0] * 6
