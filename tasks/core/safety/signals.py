"""The flags of single interactions about personal values, refusals, attacks and leaks, and their measures."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from tasks.core.measure import Measure
from tasks.core.safety.jailbreak import is_jailbreak
from tasks.core.safety.leaks import echoes, held, leaked
from tasks.core.safety.refusal import is_empty, is_refusal
from tasks.core.stats.rows import Rows, share_among

KINDS: Final = (
    "email",
    "phone",
    "ip",
    "iban",
    "credit_card",
    "us_ssn",
    "secret",
)  # addresses of pages are not personal
INSTRUCTIONS: Final = "system"
READ: Final = ("prompt", "history", "context", "completion", INSTRUCTIONS)
BATCH_ROWS: Final = 500
# What is measured, and the columns that it needs.
MEASURES: Final[Mapping[str, tuple[str, ...]]] = {
    "safety.pii.prompt_share": ("prompt",),
    "safety.pii.completion_share": ("completion",),
    "safety.pii.leaked_share": ("completion",),
    **{f"safety.pii.leaked_{kind}": ("completion",) for kind in (*KINDS, "url")},
    "safety.refusal.share": ("completion",),
    "safety.jailbreak.share": ("prompt",),
    "safety.system_prompt.leaked_share": ("completion",),
}
_TOLD = re.compile(r"^(?:system|developer): ", re.IGNORECASE)
_SPEAKER = re.compile(r"^(system|developer|user|human|assistant|tool|function): ", re.IGNORECASE | re.MULTILINE)

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What is seen in one interaction; None where there is no text to see it in.

    `in_prompt` and `in_completion` are the kinds of values that stand there, `leaked` those of the values that stand in
    the completion and in nothing that the model was given. `refused` is None for an empty completion too; `told` says
    whether the completion repeats the instructions, None where none are known.
    """

    in_prompt: frozenset[str] | None
    in_completion: frozenset[str] | None
    leaked: frozenset[str] | None
    refused: bool | None
    jailbreak: bool | None
    told: bool | None


def row_flags(row: Row, kinds: Sequence[str] = KINDS) -> Flags:
    """The flags of one interaction by role, best of the texts as they were logged: before any redaction.

    `kinds` are keys of `RECOGNISERS`. Roles that are missing count as null.
    """
    prompt, completion = row.get("prompt"), row.get("completion")
    history, context = row.get("history"), row.get("context")
    instructions = instructions_of(row)
    has_both = completion is not None and instructions is not None
    in_completion = held(completion or "", kinds)
    leaks = leaked(prompt, history, context, completion, kinds) if in_completion else ()
    return Flags(
        in_prompt=None if prompt is None else frozenset(held(prompt, kinds)),
        in_completion=None if completion is None else frozenset(in_completion),
        leaked=None if completion is None else frozenset(leaks),
        refused=None if completion is None or is_empty(completion) else is_refusal(completion),
        jailbreak=None if prompt is None else is_jailbreak(prompt),
        told=echoes(instructions or "", completion or "", _given(prompt, context)) if has_both else None,
    )


def instructions_of(row: Row) -> str | None:
    """What the system was told: the column `INSTRUCTIONS`, else the turns of the history that begin with "system:".

    None where there are none, or where they are blank. A logged conversation that this project takes apart keeps no
    instructions in its history.
    """
    written = row.get(INSTRUCTIONS)
    if written is None:
        written = _told(row.get("history") or "")
    return written if written and not written.isspace() else None


def safety_measures(interactions: pa.Table, rows: Rows, *, kinds: Sequence[str] = KINDS) -> list[Measure]:
    """The measures of the sampled interactions of a window, which have the roles as columns.

    Of redacted interactions the markers count as values: those of the kinds that were redacted are still told apart.
    """
    return flag_measures(table_flags(interactions, kinds), rows, kinds=kinds)


def table_flags(interactions: pa.Table, kinds: Sequence[str] = KINDS) -> list[Flags]:
    """The flags of each interaction, in their order."""
    columns = [role for role in READ if role in interactions.schema.names]
    batches = interactions.select(columns).to_batches(max_chunksize=BATCH_ROWS)
    return [row_flags(row, kinds) for batch in batches for row in batch.to_pylist()]


def flag_measures(flags: Sequence[Flags], rows: Rows, *, kinds: Sequence[str] = KINDS) -> list[Measure]:
    """Shares of the interactions that have the text, None where none has; and leaks of each kind in interactions."""
    leaks = [flag.leaked for flag in flags if flag.leaked is not None]
    by_kind = Counter(kind for found in leaks for kind in found)
    shares = {
        "pii.prompt_share": [_any(flag.in_prompt) for flag in flags],
        "pii.completion_share": [_any(flag.in_completion) for flag in flags],
        "pii.leaked_share": [_any(flag.leaked) for flag in flags],
        "refusal.share": [flag.refused for flag in flags],
        "jailbreak.share": [flag.jailbreak for flag in flags],
        "system_prompt.leaked_share": [flag.told for flag in flags],
    }
    return [
        *(share_among(f"safety.{name}", flagged, rows) for name, flagged in shares.items()),
        *(_count(kind, by_kind[kind], len(leaks)) for kind in kinds),
    ]


def _any(found: Collection[str] | None) -> bool | None:
    return None if found is None else bool(found)


def _count(kind: str, leaks: int, n: int) -> Measure:
    value = float(leaks) if n else None
    return Measure(signal="safety", subject="pii", measure=f"leaked_{kind}", value=value, n=n, unit="rows")


def _given(*texts: str | None) -> list[str]:
    return [text for text in texts if text]


def _told(history: str) -> str:
    """The system's turns of a history as text, which goes on over lines until the next speaker."""
    marks = list(_SPEAKER.finditer(history))
    ends = [*(mark.start() for mark in marks[1:]), len(history)]
    turns = zip(marks, ends, strict=True) if marks else ()
    return "\n".join(history[mark.end() : end] for mark, end in turns if _TOLD.match(mark[0]))
