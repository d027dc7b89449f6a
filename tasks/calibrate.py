"""Calibrate: rows to be labelled by people, and what their labels say of the judge."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import JUDGED_ROLES, MonitorConfig
from tasks.adapters.evaluator import Evaluator
from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.label_files import Filled, Given, ToLabel, read_file, write_file
from tasks.adapters.labelling import Seen, between, calls_of, frame, newest_fingerprints, seen_windows
from tasks.adapters.labels import all_labels, known_labels, write_labels
from tasks.adapters.locations import open_storage
from tasks.adapters.pool import judge_all
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.errors import ConfigError
from tasks.core.labels.calibration import Beside, Calibration, calibrate_metric, page
from tasks.core.labels.choosing import choose, telling
from tasks.core.labels.label import Label
from tasks.core.plain import plain
from tasks.core.quality.exchange import Judged
from tasks.core.quality.fingerprint import fingerprints
from tasks.core.quality.plan import Call
from tasks.core.window import asked_windows, key_of

ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
EVER: Final = datetime.max.replace(tzinfo=UTC)
SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """How many rows were written to be labelled, chosen among how many of how many windows."""

    rows: int
    judged: int
    windows: int


@task(cache_policy=NO_CACHE, task_run_name="calibrate {config.name}")
def calibrate(config: MonitorConfig, labels: str | None, within: float, *, bridge: bool) -> Calibration:
    """Keep the labels of a file, and publish what all labels say of the judge."""
    log = get_run_logger()
    found = calibrate_judge(config, labels, within, bridge=bridge)
    create_markdown_artifact(page(found), key=f"{config.name}-labels", description=f"Labels of {config.name}")
    log.info("read %d labels, judged %d again", found.read, found.bridged)
    for fault in [*found.notes, *found.faults]:
        log.warning("%s", fault)
    return found


def export_for_labels(
    config: MonitorConfig, count: int, out: Path, start: datetime | None = None, end: datetime | None = None
) -> Exported:
    """Write `count` rows of the newest windows, or of those from `start` to `end`, as CSV or JSON lines to be labelled.

    Half are chosen at random, half where a label tells most. Raises ConfigError for another kind of file, and where
    nothing was judged yet.
    """
    if out.suffix not in {".csv", ".jsonl"}:
        message = f"--out is {out}: the name ends in .csv or .jsonl; correct it"
        raise ConfigError(message)
    if out.exists():
        message = f"--out is {out}, which exists: its labels would be lost; give another name"
        raise ConfigError(message)
    windows = seen_windows(config, _store(config), between(*_span(config, start, end)))
    rows = list(_candidates(config, windows))
    if not rows:
        message = f"{config.store}/{config.name} has no judged interactions to label; run the monitor first"
        raise ConfigError(message)
    chosen = choose(
        [f"{key_of(one.window_start)}/{one.interaction_id}" for one, _ in rows],
        [size for _, size in rows],
        count,
        config.sample.seed,
    )
    told = [replace(rows[one.place][0], probability=one.probability) for one in chosen]
    out.write_bytes(write_file(told, list(config.metrics), is_csv=out.suffix == ".csv"))
    return Exported(rows=len(told), judged=len(rows), windows=len(windows))


def calibrate_judge(config: MonitorConfig, labels: str | None, within: float, *, bridge: bool) -> Calibration:
    """As `calibrate`, without Prefect; without `labels` no file is read. Raises ConfigError where there is no label."""
    store = _store(config)
    filled = Filled(given=(), faults=()) if labels is None else read_file(_content(labels), labels, config.metrics)
    before = all_labels(store)
    starts = {one.window_start for one in filled.given} | {one.window_start for one in before}
    spans = [one.drawn_from for one in filled.given if one.drawn_from is not None]
    windows = seen_windows(config, store, lambda at: at in starts or any(low <= at <= high for low, high in set(spans)))
    faults = list(filled.faults)
    new = list(_labels(windows, filled.given, faults))
    if new:
        write_labels(store, new)
    marks = newest_fingerprints(store)
    bridged: list[Label] = []
    if bridge:
        marks, bridged = _bridged(config, store, windows)
    limits = {name: metric.pass_at for name, metric in config.metrics.items()}
    known = known_labels(all_labels(store), marks, limits)
    if not known:
        reasons = f": {faults[0]}" if faults else ""
        message = f"{config.name} has no labels{reasons}; fill in a file of genwatch export --for-labels 100"
        raise ConfigError(message)
    return Calibration(
        monitor=config.name,
        metrics=[
            calibrate_metric(
                config.metrics[name],
                one.rows,
                one.others,
                _beside(windows, name),
                confidence=config.decide.confidence,
                within=within,
            )
            for name, one in known.items()
        ],
        read=len(new),
        faults=tuple(faults),
        bridged=len(bridged),
    )


def _candidates(config: MonitorConfig, windows: Sequence[Seen]) -> Iterator[tuple[ToLabel, float]]:
    """Every interaction with a score, and by how much its labels would tell."""
    mapped = [role for role in JUDGED_ROLES if role in config.source.all_columns]
    for window in windows:
        chances = window.inclusions()
        for row in window.interactions.select(["interaction_id", *mapped]).to_pylist():
            name = row["interaction_id"]
            said = {metric: found for metric in config.metrics if (found := window.said.get((name, metric)))}
            if said:
                size = sum(
                    telling(one.score, metric.pass_at, metric.scale.highest - metric.scale.lowest, one.spread)
                    for metric, one in ((config.metrics[at], one) for at, one in said.items())
                )
                yield (
                    ToLabel(
                        interaction_id=name,
                        window_start=window.start,
                        drawn_from=(windows[0].start, windows[-1].start),
                        probability=1.0,
                        texts={role: row[role] for role in mapped},
                    ),
                    size / chances[name],
                )


def _labels(windows: Sequence[Seen], given: Sequence[Given], faults: list[str]) -> Iterator[Label]:
    """The labels whose interaction has a score; a sentence among the `faults` for each that has none."""
    by_start = {one.start: one for one in windows}
    rows = {one.start: _rows(one) for one in windows}
    frames: dict[tuple[str, object], Mapping[float, float]] = {}
    moment = datetime.now(UTC)
    first_of: dict[str, str] = {}  # a session goes by the first of its labelled interactions, not by its own name
    for one in given:
        window = by_start.get(one.window_start)
        known = rows[one.window_start].get(one.interaction_id) if window is not None else None
        if window is None or known is None:
            faults.append(
                f"row {one.row}: the store has no interaction {plain(one.interaction_id, SHOWN)} in that window"
            )
            continue
        for name, label in one.labels.items():
            said = window.said.get((one.interaction_id, name))
            if said is None:
                faults.append(
                    f"row {one.row}: {plain(one.interaction_id, SHOWN)} has no score of {name} to compare with"
                )
                continue
            place = name, one.drawn_from
            if place not in frames:
                frames[place] = frame(windows, name, one.drawn_from)
            session, inclusion = known
            named = None if session is None else first_of.setdefault(session, one.interaction_id)
            yield Label(
                interaction_id=one.interaction_id,
                window_start=one.window_start,
                metric=name,
                label=label,
                labeller=one.labeller,
                labelled_at=moment,
                probability=one.probability * inclusion,
                score=said.score,
                fingerprint=window.fingerprints[name],
                session=named,
                frame=frames[place],
            )


def _rows(window: Seen) -> Mapping[str, tuple[str | None, float]]:
    """By interaction its session and the probability with which it was sampled."""
    chances = window.inclusions()
    table = window.interactions.select(["interaction_id", "session"]).to_pylist()
    return {row["interaction_id"]: (row["session"], chances[row["interaction_id"]]) for row in table}


def _beside(windows: Sequence[Seen], metric: str) -> Mapping[str, Beside]:
    found: dict[str, Beside] = {}
    for window in windows:
        order = [("session", "ascending"), ("event_time", "ascending"), ("interaction_id", "ascending")]
        table = window.interactions.select(["interaction_id", "session", "event_time", "completion"]).sort_by(order)
        sessions: dict[str, list[str]] = {}
        for row in table.to_pylist():
            name, session, said = (
                row["interaction_id"],
                row["session"],
                window.said.get((row["interaction_id"], metric)),
            )
            if session is not None:
                sessions.setdefault(session, []).append(name)
            length = None if row["completion"] is None else float(len(row["completion"]))
            found[name] = Beside(length=length, turn=None, spread=None if said is None else said.spread)
        for names in sessions.values():
            for turn, name in enumerate(names if len(names) > 1 else (), start=1):
                found[name] = replace(found[name], turn=float(turn))
    return found


def _bridged(config: MonitorConfig, store: Storage, windows: Sequence[Seen]) -> tuple[Mapping[str, str], list[Label]]:
    """Have the present judge judge what was labelled under another; its fingerprints, and the labels as it met them."""
    evaluator = open_evaluator(config)
    marks = fingerprints(list(config.metrics.values()), evaluator.identity)
    labels = [one for one in all_labels(store) if one.metric in marks]
    met = {_place(one) for one in labels if one.fingerprint == marks[one.metric]}
    old = {_place(one): one for one in sorted(labels, key=lambda one: one.labelled_at) if _place(one) not in met}
    wanted = {(one.window_start, one.interaction_id, one.metric) for one in old.values()}
    calls = {
        (window.start, call.interaction_id, call.names): call
        for window in windows
        for call in calls_of(config, window.interactions)
        if any((window.start, call.interaction_id, name) in wanted for name in call.names)
    }
    scores = asyncio.run(_judged(config, list(calls.values()), evaluator))
    new = [
        replace(one, score=score, fingerprint=marks[one.metric], frame={})
        for one in old.values()
        if (score := scores.get((one.interaction_id, one.metric))) is not None
    ]
    if new:
        write_labels(store, new)
    return marks, new


async def _judged(
    config: MonitorConfig, calls: Sequence[Call], evaluator: Evaluator
) -> Mapping[tuple[str, str], float | None]:
    """By interaction and metric the scores of now; raises EvaluatorError where the evaluator cannot be asked."""
    found: dict[tuple[str, str], float | None] = {}

    async def deliver(call: Call, judged: Judged) -> None:
        for name, score in zip(call.names, judged.scores, strict=True):
            found[call.interaction_id, name] = score.score

    workers = 1 if config.evaluator.provider == "local" else config.evaluator.concurrency
    try:
        stopped = await judge_all(iter(calls), evaluator, workers, None, deliver)
    finally:
        await evaluator.close()
    if stopped is not None and not found:
        raise stopped
    return found


def _place(one: Label) -> tuple[str, str, str]:
    return one.interaction_id, one.metric, one.labeller


def _span(config: MonitorConfig, start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    if start is None:
        if end is not None:
            message = "--window-end was given without --window-start; give both, or neither"
            raise ConfigError(message)
        return ALWAYS, EVER
    asked = asked_windows(start, end, config.window.every, datetime.now(UTC))
    return asked[0].start, asked[-1].start


def _store(config: MonitorConfig) -> Storage:
    return open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)


def _content(labels: str) -> bytes:
    """The label file at a path, or at a location such as s3://bucket/folder/labels.csv."""
    try:
        if "://" not in labels:
            return Path(labels).read_bytes()
        folder, _, name = labels.rpartition("/")
        return read_bytes(open_storage(folder), name)
    except OSError as error:
        message = f"{labels}: the file cannot be read: {error.strerror or 'there is none'}; correct its place"
        raise ConfigError(message) from error
