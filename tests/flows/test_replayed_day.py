"""A day of real arrival times, replayed hour by hour with all that goes wrong, against one run over the whole day."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.judgements import read_judgements
from tasks.adapters.results import key, read_table, revisions
from tasks.adapters.storage import read_bytes
from tasks.core.manifest import Manifest, RecordCounts
from tasks.core.quality.judgement import Judgement, tallies
from tasks.core.quality.pass_rate import Drawn, quality_measures
from tasks.core.run import Scored
from tasks.core.stats.rows import Rows
from tasks.core.window import Window, key_of
from tests.builders import HOUR, answered, asked, manifest_of, monitor, store_of
from tests.schedule import scheduled

pytestmark = [pytest.mark.shared_data, pytest.mark.usefixtures("prefect_server")]
DAY = datetime(2026, 11, 20, tzinfo=UTC)
WHOLE = Window(start=DAY, end=DAY + 24 * HOUR)
QUARTER = timedelta(minutes=15)
OUTAGE = range(11, 16)
LAST = 24 + 4
REQUESTS = 1_500
PER_WINDOW = {"quarantined_by_reason"}


@dataclass(frozen=True, slots=True)
class Logged:
    """A line with the time at which it arrives in the file of a folder."""

    arrives: datetime
    side: str
    folder: datetime
    line: str


def traffic(shared_data: Path) -> list[Logged]:
    """Requests at the times of a production service, stretched over a day: late, lost, doubled and torn."""
    with gzip.open(shared_data / "azure_llm_trace/items.jsonl.gz", "rt") as rows:
        times = sorted(datetime.fromisoformat(json.loads(row)["timestamp"]) for row in rows)
    draw = random.Random(7)
    chosen = sorted(draw.sample(times, REQUESTS))
    scale = timedelta(hours=23, minutes=58) / (chosen[-1] - chosen[0])
    logged: list[Logged] = []
    for number, time in enumerate(chosen):
        moment = DAY + timedelta(seconds=1) + (time - chosen[0]) * scale
        logged += lines_of(f"call-{number}", moment, draw)
    for number in range(100):
        moment = DAY + timedelta(seconds=1) + draw.random() * timedelta(hours=23, minutes=58)
        logged.append(Logged(moment, draw.choice(["inputs", "outputs"]), moment, f'{{"torn": {number}'))
    return sorted(logged, key=lambda one: one.arrives)


def lines_of(name: str, moment: datetime, draw: random.Random) -> Iterator[Logged]:
    """A call's lines: 5 % of the outputs are lost, 3 % of the lines doubled, some outputs up to two hours late."""
    late = draw.random() * timedelta(hours=2) if draw.random() < 0.1 else timedelta(seconds=2)
    answer = moment + late
    arrives = answer + (draw.random() * timedelta(hours=2) if draw.random() < 0.1 else timedelta(0))
    halves = [Logged(moment, "inputs", moment, asked(name, moment, f"Where is {name}?"))]
    if draw.random() >= 0.05:
        text = "the the of of is is" if draw.random() < 0.2 else f"The parcel of {name} is here, on the table."
        halves.append(Logged(arrives, "outputs", answer, answered(name, answer, text)))
    for half in halves:
        yield half
        if draw.random() < 0.03:
            yield half


def write(folder: Path, logged: list[Logged]) -> None:
    for one in logged:
        path = folder / f"logs/model_{one.side}" / f"{one.folder:%Y/%m/%d/%H}" / "i.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{one.line}\n")


def published(config: MonitorConfig) -> tuple[Counter[str], list[Judgement], int]:
    """The counts summed over the newest revisions of all windows, every judgement, and the windows revised."""
    store = store_of(config)
    counts: Counter[str] = Counter()
    judged: list[Judgement] = []
    newest = revisions(store)
    for start, revision in newest.items():
        manifest = Manifest.model_validate_json(read_bytes(store, key("runs", key_of(start), revision, "json")))
        counts.update(manifest.counts.model_dump(include=set(RecordCounts.model_fields) - PER_WINDOW))
        interactions = read_table(store, key("interactions", key_of(start), revision))
        scored = Scored(use=manifest.evaluator, fingerprints=manifest.fingerprints, root=manifest.scores)
        window = Window(start=manifest.window_start, end=manifest.window_end)
        judged += read_judgements(config, window, interactions, scored, store)
    return counts, judged, sum(revision > 0 for revision in newest.values())


def test_a_replayed_day_ends_with_exactly_the_measures_of_one_run_over_it(shared_data: Path, tmp_path: Path) -> None:
    logged = traffic(shared_data)
    hourly = monitor(tmp_path, name="hourly", window={"every": "1h"})
    for hour in range(1, LAST):
        moment = DAY + hour * HOUR + QUARTER
        since = moment - HOUR if hour > 1 else DAY
        write(tmp_path, [one for one in logged if since < one.arrives <= moment])
        if hour not in OUTAGE:
            scheduled(hourly, moment)
    daily = monitor(tmp_path, name="daily", window={"every": "1d"})
    scheduled(daily, DAY + LAST * HOUR)

    counts, judged, revised = published(hourly)
    expected = manifest_of(daily, WHOLE)
    assert counts == Counter(expected.counts.model_dump(include=set(RecordCounts.model_fields) - PER_WINDOW))
    assert expected.counts.quarantined_by_reason == {"malformed_json": 100}
    assert counts["orphan_inputs"] > 50
    assert counts["duplicate_inputs"] > 30
    assert revised > 10, "late data reopened windows"
    assert len({one.interaction_id for one in judged}) == len(judged) == counts["joined"]

    metric = daily.metrics["fluency"]
    tally = tallies(judged, ["fluency"])["fluency"]
    measures = {
        (row["subject"], row["measure"]): (row["value"], row["low"], row["high"], row["n"])
        for row in read_table(store_of(daily), key("measures", WHOLE.key, 0)).to_pylist()
        if row["signal"] == "quality" and row["segment_by"] is None
    }
    assert measures == {
        (one.subject, one.measure): (one.value, one.low, one.high, one.n)
        for one in quality_measures(metric, tally, Drawn(rows=Rows(confidence=daily.decide.confidence)))
    }
    assert 0.7 < measures["fluency", "pass_rate"][0] < 0.95
