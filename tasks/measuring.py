"""The families of signals that are measured on the sampled interactions, for the whole window and for its segments.

A family is a function from the evidence to measures; adding one is a module and a line in `FAMILIES`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa

from configs.custom import COSINE
from configs.monitor import MonitorConfig
from tasks.adapters.baseline import read_baseline
from tasks.adapters.embedding import cosines
from tasks.adapters.functions import Failed, load_function, run_function
from tasks.adapters.locations import open_storage
from tasks.adapters.segmenting import segments_of
from tasks.adapters.source import salt_of
from tasks.core.custom.measures import function_measures, reference_measures
from tasks.core.custom.reference import reference_values
from tasks.core.drift.topics import Topics
from tasks.core.errors import EmbeddingError
from tasks.core.evidence import Evidence
from tasks.core.feedback.agreement import agreement_measures
from tasks.core.feedback.rates import feedback_measures, read_column
from tasks.core.measure import Measure
from tasks.core.quality.judgement import tallies
from tasks.core.quality.pass_rate import Drawn, quality_measures
from tasks.core.records.interaction import SUSPECTED, schema
from tasks.core.safety.measures import injection_share
from tasks.core.safety.signals import flag_measures, table_flags
from tasks.core.segments.measures import slice_measures
from tasks.core.segments.weakest import sentence, weakest
from tasks.core.stats.rows import Rows
from tasks.core.usage.languages import language_of
from tasks.core.usage.spread import language_measures
from tasks.drifting import compared_schema, topic_names

Family = Callable[[MonitorConfig, Evidence], Iterable[Measure]]
Segments = Mapping[str, list[str | None]]  # by the name of a segmentation, the segment of each interaction
MOST_SEGMENTS: Final = 20  # of each segmentation, the largest


def check_signals(config: MonitorConfig) -> None:
    """Raises ConfigError for a segment's condition that cannot be read, and for what is not there.

    That is a salt, a function of one's own, or a fixed baseline.
    """
    segments(config, schema(config.source.segments).empty_table(), None)
    salt_of(config)
    if config.drift is not None and config.drift.baseline.fixed:
        store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
        read_baseline(store, compared_schema(config))
    for function in config.custom.functions.values() if config.custom else ():
        load_function(function.call)


def segments(config: MonitorConfig, interactions: pa.Table, topics: Topics | None) -> Segments:
    """The segments of the monitor; what is no column is told from the texts."""
    derived = {"language": partial(languages, config), "topic": partial(topic_names, topics)}
    return segments_of(config, interactions, derived)


def own_values(config: MonitorConfig, interactions: pa.Table) -> tuple[dict[str, pa.Array], list[str]]:
    """The values of own functions and of reference metrics, and a sentence for each function that failed."""
    if config.custom is None:
        return {}, []
    texts = {role: interactions[role].to_pylist() for role in ("completion", "ground_truth")}
    values = {
        f"reference.{name}": pa.array(reference_values(name, texts["completion"], texts["ground_truth"]), pa.float64())
        for name in config.custom.reference
        if name != COSINE
    }
    sentences = []
    if COSINE in config.custom.reference and config.custom.embeddings is not None:
        try:
            found_cosines = cosines(config.custom.embeddings, texts["completion"], texts["ground_truth"])
            values[f"reference.{COSINE}"] = pa.array(found_cosines, pa.float64())
        except EmbeddingError as error:
            sentences.append(f"custom.reference.{COSINE}: {error}")
    for name, function in config.custom.functions.items():
        found = run_function(function, interactions)
        if isinstance(found, Failed):
            sentences.append(f"custom.functions.{name}: {found.sentence}")
        else:
            values[f"custom.{name}"] = found.column
    return values, sentences


def seen(config: MonitorConfig, evidence: Evidence) -> Evidence:
    """The evidence with what is seen in each interaction once, for the whole window and for all of its segments."""
    kinds = config.safety.kinds if config.safety else None
    speaks = config.usage is not None and "prompt" in config.source.all_columns
    return replace(
        evidence,
        flags=table_flags(evidence.interactions, kinds) if kinds else (),
        languages=languages(config, evidence.interactions) if speaks else (),
    )


def sampled_measures(config: MonitorConfig, evidence: Evidence) -> Iterator[Measure]:
    """What every family measures on some interactions."""
    for family in FAMILIES.values():
        yield from family(config, evidence)


def segment_measures(config: MonitorConfig, evidence: Evidence, within: Segments) -> Iterator[Measure]:
    """The same measures on every segment with at least `decide.min_scored` interactions."""
    for name, values in within.items():
        for value in _largest(values, config.decide.min_scored):
            part = evidence.part(pa.array([one == value for one in values], pa.bool_()))
            for measure in sampled_measures(config, part):
                if measure.segment_by is None:
                    yield replace(measure, segment_by=name, segment=value)


def suspected_measures(config: MonitorConfig, evidence: Evidence) -> Iterator[Measure]:
    """The quality of the interactions that seem to address a judge, and that of the others; none where none does."""
    flags = evidence.interactions[SUSPECTED].to_pylist()
    for flag in (True, False) if any(flags) else ():
        part = evidence.part(pa.array([one is flag for one in flags], pa.bool_()))
        for measure in _quality(config, part):
            yield replace(measure, segment_by=SUSPECTED, segment=str(flag).lower())


def weak_slices(config: MonitorConfig, evidence: Evidence, within: Segments) -> tuple[list[Measure], list[str]]:
    """The slices in which a metric fails more often than elsewhere, as measures and as sentences."""
    measures, sentences = [], []
    for metric, passed in evidence.passed().items():
        found = weakest(passed, within, evidence.sessions, min_rows=config.decide.min_scored)
        measures += slice_measures(metric, found)
        sentences += [sentence(metric, one) for one in found]
    return measures, sentences


def _quality(config: MonitorConfig, evidence: Evidence) -> Iterator[Measure]:
    scores, rows = evidence.scores(), _rows(config, evidence)
    for name, tally in tallies(evidence.judged, config.metrics).items():
        judged = scores.get(name, [])
        drawn = Drawn(
            rows=rows.only([score is not None for score in judged]),
            scores=np.array([score for score in judged if score is not None], dtype=np.float64),
            population=evidence.population,
            until_decided=config.sample.until == "decided",
            largest=_largest_judged(name, evidence, rows) if config.sample.until == "decided" else 1,
        )
        yield from quality_measures(config.metrics[name], tally, drawn)


def _largest_judged(name: str, evidence: Evidence, rows: Rows) -> int:
    """The most interactions of one session that a metric is judged on; 1 where sessions are not known."""
    if rows.sessions is None:
        return 1
    ids = evidence.interactions["interaction_id"].to_pylist()
    session_of = dict(zip(ids, rows.sessions, strict=True))
    counts = Counter(
        session_of[one.interaction_id] for one in evidence.judged if one.metric.name == name and one.applies
    )
    return max(counts.values(), default=1)


def _rows(config: MonitorConfig, evidence: Evidence) -> Rows:
    return evidence.rows(config.decide.confidence, by_session="session" in config.source.all_columns)


def _safety(config: MonitorConfig, evidence: Evidence) -> Iterator[Measure]:
    suspected = evidence.interactions[SUSPECTED].to_pylist()
    rows = _rows(config, evidence)
    yield injection_share(suspected, rows)
    if config.safety is not None:
        yield from flag_measures(evidence.flags, rows, kinds=config.safety.kinds)


def _usage(config: MonitorConfig, evidence: Evidence) -> Iterable[Measure]:
    if config.usage is None or "prompt" not in config.source.all_columns:
        return ()
    return language_measures(evidence.languages, _rows(config, evidence))


def _feedback(config: MonitorConfig, evidence: Evidence) -> Iterator[Measure]:
    if "feedback" not in config.source.all_columns:
        return
    texts, confidence = evidence.interactions["feedback"].to_pylist(), config.decide.confidence
    yield from feedback_measures(texts, _rows(config, evidence), evidence.numbers)
    even = evidence.even(config.sample.seed)
    said = read_column(even.interactions["feedback"].to_pylist(), evidence.numbers)
    for name, scores in even.scores().items():
        yield from agreement_measures(name, config.metrics[name].pass_at, scores, said, confidence)


def _own(config: MonitorConfig, evidence: Evidence) -> Iterator[Measure]:
    if config.custom is None:
        return
    count, rows = evidence.interactions.num_rows, _rows(config, evidence)
    for name in config.custom.reference:
        found = evidence.values.get(f"reference.{name}")
        yield from reference_measures(name, [None] * count if found is None else found.to_pylist(), rows)
    for name, function in config.custom.functions.items():
        column = evidence.values.get(f"custom.{name}")
        values = None if column is None else column.to_pylist()
        yield from function_measures(name, values, rows, count=count, unit=function.unit)


def languages(config: MonitorConfig, interactions: pa.Table) -> list[str | None]:
    """The language of each interaction: as it was logged, else that of its prompt."""
    if "language" in config.source.all_columns:
        logged: list[str | None] = interactions["language"].to_pylist()
        return logged
    return language_of(interactions["prompt"].to_pylist())


FAMILIES: Final[Mapping[str, Family]] = {
    "quality": _quality,
    "safety": _safety,
    "usage": _usage,
    "feedback": _feedback,
    "custom": _own,
}


def _largest(values: list[str | None], least: int) -> list[str]:
    """The segments with at least so many interactions, the largest first, at most `MOST_SEGMENTS`."""
    counts = Counter(value for value in values if value is not None)
    found = sorted((-rows, value) for value, rows in counts.items() if rows >= least)
    return [value for _, value in found[:MOST_SEGMENTS]]
