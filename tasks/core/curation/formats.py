"""The formats of curated sets: what an example is in each, or why it cannot be one.

OpenAI: `messages` of supervised fine-tuning; `input`, `preferred_output` and `non_preferred_output` of direct
preference optimization. ragas: the fields of `SingleTurnSample`. DeepEval: those of `Golden`.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tasks.core.curation.example import IN_FORMATS, Example
from tasks.core.spreadsheet import guarded
from tasks.core.window import key_of

Row = Mapping[str, object]
Message = Mapping[str, object]
TURN: Final = re.compile(r"^(user|assistant): ", re.MULTILINE)
OTHER_TURN: Final = re.compile(r"^(tool|system): ", re.MULTILINE)
CONTEXT: Final = "Context:"
BEFORE: Final = "Conversation before:"
QUESTION: Final = "Question:"
NO_PROMPT: Final = "without a prompt"
NO_TRUTH: Final = "without a ground truth"
NO_COMPLETION: Final = "with an empty completion"
SAME: Final = "whose completion is the ground truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format: how a file holds its rows, and what makes one.

    `write` gives the row, or why an example has none. `of` says which examples it can hold, `truth` whether these need
    a ground truth. With `aside`, provenance has no place in the rows and goes into a file beside them.
    """

    kind: str
    write: Callable[[Example], Row | str]
    of: frozenset[bool] = frozenset({False, True})
    truth: bool = False
    aside: bool = False


def provenance(example: Example) -> Row:
    """Where an example comes from, as JSON has it: everything of it but its texts."""
    return {name: value for name, value in _whole(example).items() if name not in IN_FORMATS}


def _whole(example: Example) -> Row:
    """Every column as JSON has it."""
    row = {name: _plain(value) for name, value in example.row.items()}
    return row | {"window": key_of(example.window_start), "scores": json.loads(example.scores)}


def _cells(example: Example) -> Row:
    """Every column as a cell of CSV: lists as JSON, and no formula."""
    row = {name: _plain(value) for name, value in example.row.items()}
    cells = {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value for name, value in row.items()
    }
    return {name: guarded(value) for name, value in cells.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return list(value) if isinstance(value, tuple) else value


def _columns(example: Example) -> Row:
    """Every column as Parquet has it."""
    return example.row


def _fine_tuning(example: Example) -> Row | str:
    """A conversation that ends with the answer to be taught: what passed as it was logged, else the ground truth."""
    answer = example.completion if example.passed else example.ground_truth
    if not (answer or "").strip():
        return NO_COMPLETION if example.passed else NO_TRUTH
    asked = _asked(example, {"weight": 0})  # answers before this one were not judged: they are not to be taught
    return asked if isinstance(asked, str) else {"messages": [*asked, {"role": "assistant", "content": answer}]}


def _preference(example: Example) -> Row | str:
    """The ground truth preferred to what was answered."""
    better, worse = example.ground_truth or "", example.completion or ""
    if not better.strip():
        return NO_TRUTH
    if not worse.strip():
        return NO_COMPLETION
    if better.strip() == worse.strip():
        return SAME
    asked = _asked(example, {})
    if isinstance(asked, str):
        return asked
    return {
        "input": {"messages": asked},
        "preferred_output": [{"role": "assistant", "content": better}],
        "non_preferred_output": [{"role": "assistant", "content": worse}],
    }


def _asked(example: Example, of_answers: Row) -> Sequence[Message] | str:
    """The messages before the answer: instructions, history, and the question after its context."""
    if not (example.prompt or "").strip():
        return NO_PROMPT
    turns = _turns(example.history or "")
    before = example.history if turns is None else None
    blocks = {CONTEXT: "\n\n".join(example.context), BEFORE: before, QUESTION: example.prompt}
    known = {title: text for title, text in blocks.items() if text and text.strip()}
    question = "\n\n".join(f"{title}\n{text}" for title, text in known.items())
    instructions = [{"role": "system", "content": example.system}] if (example.system or "").strip() else []
    return [
        *instructions,
        *({"role": role, "content": text, **(of_answers if role == "assistant" else {})} for role, text in turns or ()),
        {"role": "user", "content": question if len(known) > 1 else example.prompt},
    ]


def _turns(history: str) -> list[tuple[str, str]] | None:
    """The turns of a history, `role: text` each; None where somebody else than user and assistant speaks in it."""
    if not history.strip():
        return []
    if not TURN.match(history) or OTHER_TURN.search(history):
        return None
    return list(_cut(history))


def _cut(history: str) -> Iterator[tuple[str, str]]:
    starts = list(TURN.finditer(history))
    ends = [*(one.start() for one in starts[1:]), len(history)]
    for start, end in zip(starts, ends, strict=True):
        yield start[1], history[start.end() : end].rstrip("\n")


def _ragas(example: Example) -> Row:
    fields = {
        "user_input": example.prompt,
        "retrieved_contexts": list(example.context) or None,
        "response": example.completion,
        "reference": example.ground_truth,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _deepeval(example: Example) -> Row | str:
    if example.prompt is None:
        return NO_PROMPT  # a golden has an input
    return {
        "input": example.prompt,
        "actual_output": example.completion,
        "expected_output": example.ground_truth,
        "retrieval_context": list(example.context) or None,
        "name": example.interaction_id,
        "comments": example.reason,
        "source_file": example.output_object,
        "additional_metadata": provenance(example),
    }


FORMATS: Final[Mapping[str, Format]] = {
    "jsonl": Format(kind="jsonl", write=_whole),
    "csv": Format(kind="csv", write=_cells),
    "parquet": Format(kind="parquet", write=_columns),
    "openai-finetune": Format(kind="jsonl", write=_fine_tuning, truth=True, aside=True),
    "openai-preference": Format(kind="jsonl", write=_preference, of=frozenset({False}), truth=True, aside=True),
    "ragas": Format(kind="jsonl", write=_ragas, aside=True),
    "deepeval": Format(kind="json", write=_deepeval),
}
