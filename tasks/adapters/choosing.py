"""Which of a window's candidates are judged: their strata, the signs that prefer some of them, their local scores."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from configs.monitor import JUDGED_ROLES, MonitorConfig
from configs.sample import Sign
from tasks.adapters.baseline import PLACE, read_baseline
from tasks.adapters.storage import Storage
from tasks.adapters.wanted import HELD_BACK
from tasks.core.drift.topics import FAR, assign, fit_topics
from tasks.core.feedback.agreement import liking
from tasks.core.feedback.rates import numbers_of, read_column
from tasks.core.quality.local.text_statistics import METRICS, Estimate
from tasks.core.quality.metric import FIVE_POINTS, Metric
from tasks.core.quality.plan import MAY_BE_EMPTY
from tasks.core.records.facts import OUTCOMES, UNKNOWN
from tasks.core.records.strata import Choice, choose
from tasks.core.safety.injection import suspected_injection
from tasks.core.safety.refusal import is_empty, is_refusal
from tasks.core.stats.assisted import LOCAL, candidates_schema
from tasks.core.usage.languages import language_of

BATCH_ROWS: Final = 500
SHOWN_ROLES: Final = (*JUDGED_ROLES, "history")
READ: Final = ("interaction_id", "session", "status", "feedback", *SHOWN_ROLES)

Scores = Mapping[str, list[Estimate | None]]  # by metric, the local score of each row; None where it does not apply
Told = Callable[[pa.Table, Scores], list[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """A window's candidates in a Parquet file, as they were logged, in the order of their hashes.

    `broken` names the rules of the contract that each breaks, null where it keeps it.
    """

    config: MonitorConfig
    path: Path
    broken: pa.Array
    store: Storage

    @property
    def metrics(self) -> dict[str, Metric]:
        """The metrics that have a local score of single interactions."""
        return {
            name: metric
            for name, metric in self.config.metrics.items()
            if name in METRICS and metric.scale == FIVE_POINTS and not metric.of_sessions
        }

    @property
    def mapped_strata(self) -> list[str]:
        """The columns of strata that are logged; another is the language, which the prompts tell."""
        return [name for name in self.config.sample.stratify if name in self.config.source.all_columns]

    def batches(self, *columns: str) -> Iterator[pa.Table]:
        """Some of their columns, batch by batch."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=list(dict.fromkeys(columns))):
                yield pa.Table.from_batches([batch])


def choose_among(candidates: Candidates, rows: int) -> tuple[Choice, pa.Table]:
    """Choose so many `rows`; with what is kept of all candidates, a table of `candidates_schema`.

    Where nothing is stratified or preferred, these are the first, and every inclusion is 1. The local scores of what
    the contract holds back are null: the judge is not asked about it either.
    """
    signs = [SIGNS[sign](candidates) for sign in candidates.config.sample.prefer]
    batches = candidates.batches(*READ, *candidates.mapped_strata)
    seen = pa.concat_tables([_seen(candidates).empty_table(), *(_look(candidates, signs, batch) for batch in batches)])
    choice = choose(seen["stratum"].to_pylist(), seen["is_preferred"].to_pylist(), rows)
    if not candidates.config.sample.is_uneven:
        choice = replace(choice, inclusion=np.ones(seen.num_rows))
    return choice, _kept(candidates, seen, choice)


def _seen(candidates: Candidates) -> pa.Schema:
    """What is seen of each candidate."""
    fields = [("interaction_id", pa.string()), ("session", pa.string()), ("stratum", pa.string())]
    scores = [(f"{LOCAL}{name}", pa.float64()) for name in candidates.metrics]
    return pa.schema([*fields, ("is_preferred", pa.bool_()), *scores])


def _look(candidates: Candidates, signs: Sequence[Told], batch: pa.Table) -> pa.Table:
    scores = _local_scores(candidates.metrics, batch)
    strata = [_values(candidates, batch, name) for name in candidates.config.sample.stratify]
    rows = range(batch.num_rows)
    told = [sign(batch, scores) for sign in signs]
    return pa.table(
        {
            "interaction_id": batch["interaction_id"],
            "session": batch["session"],
            "stratum": [json.dumps([values[row] for values in strata]) for row in rows],
            "is_preferred": [any(sign[row] for sign in told) for row in rows],
            **{f"{LOCAL}{name}": [one and one.value for one in column] for name, column in scores.items()},
        },
        schema=_seen(candidates),
    )


def _values(candidates: Candidates, batch: pa.Table, name: str) -> list[str | float | None]:
    """A column, or the languages of the prompts where that is not mapped."""
    if name in candidates.mapped_strata:
        values: list[str | float | None] = batch[name].to_pylist()
        return values
    return [*language_of(batch["prompt"].to_pylist())]


def _local_scores(metrics: Mapping[str, Metric], batch: pa.Table) -> Scores:
    rows = batch.select(JUDGED_ROLES).to_pylist()
    return {name: [_local_score(metric, row) for row in rows] for name, metric in metrics.items()}


def _local_score(metric: Metric, row: Mapping[str, str | None]) -> Estimate | None:
    """The score by the local evaluator; None where the metric does not apply, as in a plan of calls."""
    texts = {role: text or "" for role, text in row.items()}
    applies = all(row[role] is not None and (role == MAY_BE_EMPTY or texts[role].strip()) for role in metric.needs)
    return METRICS[metric.name](texts) if applies else None


def _kept(candidates: Candidates, seen: pa.Table, choice: Choice) -> pa.Table:
    contract = candidates.config.contract
    is_held_back = contract is not None and contract.on_failure == HELD_BACK
    is_judged = candidates.broken.is_null() if is_held_back else pa.array([True] * seen.num_rows)
    is_chosen = np.isin(np.arange(seen.num_rows), choice.chosen)
    columns = {
        "interaction_id": pc.if_else(pa.array(is_chosen), seen["interaction_id"], None),
        "chosen": pa.array(is_chosen),
        "inclusion": pa.array(choice.inclusion),
        "session": seen["session"].combine_chunks().dictionary_encode().indices,
        **{name: pc.if_else(is_judged, seen[name], None) for name in seen.column_names if name.startswith(LOCAL)},
    }
    return pa.table(columns, schema=candidates_schema(list(candidates.metrics)))


def _errors(_candidates: Candidates) -> Told:
    return lambda batch, _scores: [_is_error(text) for text in batch["status"].to_pylist()]


def _is_error(status: str | None) -> bool:
    """Whether a status is of one of the classes of errors that operations count; one of no known class is not."""
    found = (name for name, pattern in OUTCOMES.items() if re.search(pattern, status or "", re.IGNORECASE))
    return next(found, UNKNOWN) not in {"ok", UNKNOWN}


def _refusals(_candidates: Candidates) -> Told:
    def told(batch: pa.Table, _scores: Scores) -> list[bool]:
        texts = [text or "" for text in batch["completion"].to_pylist()]
        return [not is_empty(text) and is_refusal(text) for text in texts]

    return told


def _negative_feedback(candidates: Candidates) -> Told:
    """Dislikes; what bare numbers are, the feedback of all candidates tells."""
    numbers = numbers_of(text for batch in candidates.batches("feedback") for text in batch["feedback"].to_pylist())
    return lambda batch, _scores: [liking(one) is False for one in read_column(batch["feedback"].to_pylist(), numbers)]


def _suspected_injection(_candidates: Candidates) -> Told:
    return lambda batch, _scores: [
        suspected_injection(row[role] for role in SHOWN_ROLES) for row in batch.select(SHOWN_ROLES).to_pylist()
    ]


def _new_topics(candidates: Candidates) -> Told:
    """Prompts far from all topics of the fixed baseline; none where the store has no baseline yet, or no topics."""
    config, store = candidates.config, candidates.store
    known = read_baseline(store, pa.schema([("prompt", pa.string())])) if store.list(PLACE) else None
    topics = None if known is None else fit_topics(known["prompt"].drop_null().to_pylist(), seed=config.sample.seed)

    def told(batch: pa.Table, _scores: Scores) -> list[bool]:
        prompts = [prompt or "" for prompt in batch["prompt"].to_pylist()]
        return [False] * len(prompts) if topics is None else [place == FAR for place in assign(topics, prompts)]

    return told


def _low_local_score(candidates: Candidates) -> Told:
    """Those that would fail one of the metrics by their local scores."""
    limits = {name: metric.pass_at for name, metric in candidates.metrics.items()}

    def told(batch: pa.Table, scores: Scores) -> list[bool]:
        low = [[one is not None and one.score < limits[name] for one in found] for name, found in scores.items()]
        return [any(column[row] for column in low) for row in range(batch.num_rows)]

    return told


SIGNS: Final[Mapping[Sign, Callable[[Candidates], Told]]] = {
    "errors": _errors,
    "refusals": _refusals,
    "negative_feedback": _negative_feedback,
    "suspected_injection": _suspected_injection,
    "new_topics": _new_topics,
    "low_local_score": _low_local_score,
}
