"""Files of labels that people fill in: CSV for spreadsheets, or JSON lines."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Final

from tasks.core.errors import ConfigError
from tasks.core.plain import plain
from tasks.core.quality.metric import Metric, Scale
from tasks.core.spreadsheet import guarded, unguarded
from tasks.core.window import key_of, start_of_key

PREFIX: Final = "label_"
REQUIRED: Final = ("interaction_id", "window")
PROBABILITY: Final = "probability"
RANGE: Final = ".."
SHOWN: Final = 40
WORDS: Final[Mapping[str, bool]] = {"pass": True, "fail": False, "true": True, "false": False}

Texts = Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToLabel:
    """A row to be labelled; `drawn_from` are the starts of the first and last window it was chosen among."""

    interaction_id: str
    window_start: datetime
    drawn_from: tuple[datetime, datetime]
    probability: float
    texts: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One row that somebody filled in: by metric a number of its scale; `row` is its number in the file, from 1."""

    row: int
    interaction_id: str
    window_start: datetime
    drawn_from: tuple[datetime, datetime] | None
    probability: float
    labeller: str
    labels: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a file holds, and a sentence for each row, or column, that could not be used."""

    given: Sequence[Given]
    faults: Sequence[str]


def write_file(rows: Sequence[ToLabel], metrics: Sequence[str], *, is_csv: bool) -> bytes:
    """The rows with an empty column for each metric, and no word of what the judge said of them.

    The CSV has a byte order mark, so that spreadsheets read it as UTF-8, and an apostrophe before what they would take
    for a formula; reading takes it away again.
    """
    documents = [_document(one, metrics) for one in rows]
    if not is_csv:
        return "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in documents).encode(errors="replace")
    sink = StringIO(newline="")
    names = list(documents[0]) if documents else [*REQUIRED, *(f"{PREFIX}{name}" for name in metrics)]
    writer = csv.DictWriter(sink, names, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in one.items()} for one in documents)
    return sink.getvalue().encode("utf-8-sig", errors="replace")


def read_file(content: bytes, place: str, metrics: Mapping[str, Metric]) -> Filled:
    """The labels of a file that was filled in; rows without any label are passed over.

    Raises ConfigError where the file is neither CSV nor JSON lines with the columns interaction_id and window.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{place}: the file is not UTF-8; save it as CSV UTF-8"
        raise ConfigError(message) from error
    faults: list[str] = []
    rows = list(_json_rows(text, faults) if text.lstrip().startswith("{") else _csv_rows(text, place))
    columns = dict.fromkeys(name for _, row in rows for name in row)
    unknown = [name for name in columns if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in metrics]
    faults += [
        f"column {plain(name, SHOWN)}: the monitor has no such metric; the column was not read" for name in unknown
    ]
    if rows and not all(row.get(PROBABILITY, "").strip() for _, row in rows):
        faults.append(f"some rows have no {PROBABILITY}: they count as if every row had been chosen")
    given = []
    for number, row in rows:
        found = _given(number, row, metrics)
        if isinstance(found, Given):
            given.append(found)
        elif found is not None:
            faults.append(f"row {number}: {found}")
    return Filled(given=given, faults=faults)


def _document(one: ToLabel, metrics: Sequence[str]) -> dict[str, object]:
    first, last = one.drawn_from
    return {
        "interaction_id": one.interaction_id,
        "window": key_of(one.window_start),
        "drawn_from": f"{key_of(first)}{RANGE}{key_of(last)}",
        PROBABILITY: one.probability,
        **one.texts,
        **{f"{PREFIX}{name}": None for name in metrics},
        "labeller": None,
    }


def _csv_rows(text: str, place: str) -> Iterator[tuple[int, dict[str, str]]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # it is the process's own, hence only raised
    separator = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=separator)
    names = reader.fieldnames or ()
    if missing := [name for name in REQUIRED if name not in names]:
        message = f"{place}: the file has no column {missing[0]}; fill in a file of genwatch export --for-labels"
        raise ConfigError(message)
    for number, row in enumerate(reader, start=1):
        yield number, {name: unguarded(value) for name, value in row.items() if name and isinstance(value, str)}


def _json_rows(text: str, faults: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            yield number, {name: _text(value) for name, value in row.items() if value is not None}
        else:
            faults.append(f"row {number}: this is no JSON object")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _given(number: int, row: Mapping[str, str], metrics: Mapping[str, Metric]) -> Given | str | None:
    """The row; why it cannot be used; None where nothing was filled in."""
    said = {name: row.get(f"{PREFIX}{name}", "").strip() for name in metrics}
    said = {name: text for name, text in said.items() if text}
    if not said:
        return None
    if missing := [name for name in REQUIRED if not row.get(name, "").strip()]:
        return f"it has no {missing[0]}"
    labels = {name: label_of(text, metrics[name].scale) for name, text in said.items()}
    for name, label in labels.items():
        if label is None:
            return f"{PREFIX}{name} is {plain(said[name], SHOWN)}; write {allowed(metrics[name].scale)}"
    probability, start, drawn = _probability(row), _start(row["window"]), _drawn_from(row.get("drawn_from", ""))
    if probability is None:
        return f"probability is {plain(row['probability'], SHOWN)}; it lies over 0 and up to 1, leave it as it was"
    if start is None:
        return f"window is {plain(row['window'], SHOWN)}; leave it as it was, such as 20261121T0600Z"
    return Given(
        row=number,
        interaction_id=row["interaction_id"],
        window_start=start,
        drawn_from=drawn,
        probability=probability,
        labeller=row.get("labeller", "").strip(),
        labels={name: label for name, label in labels.items() if label is not None},
    )


def label_of(text: str, scale: Scale) -> float | None:
    """What a person wrote as a number of the scale: a number of it, a name, or pass and fail where it has two levels.

    None where it is none of these.
    """
    word = text.strip().casefold()
    names = {label.casefold(): float(number) for number, label in scale.labels.items()}
    if word in names:
        return names[word]
    if word in WORDS and len(names) == 2:  # noqa: PLR2004  pass and fail
        return float(scale.highest if WORDS[word] else scale.lowest)
    try:
        number = float(word)
    except ValueError:
        return None
    if not scale.lowest <= number <= scale.highest or (scale.names and number != math.floor(number)):
        return None
    return number


def allowed(scale: Scale) -> str:
    """What a label may be, in words."""
    return " or ".join(scale.names) if scale.names else f"a number from {scale.lowest} to {scale.highest}"


def _probability(row: Mapping[str, str]) -> float | None:
    """1 where the file has none: then all rows count alike."""
    text = row.get("probability", "").strip()
    try:
        found = float(text.replace(",", ".")) if text else 1.0
    except ValueError:
        return None
    return found if 0 < found <= 1 else None


def _start(text: str) -> datetime | None:
    try:
        return start_of_key(text.strip())
    except ValueError:
        return None


def _drawn_from(text: str) -> tuple[datetime, datetime] | None:
    first, _, last = text.partition(RANGE)
    starts = _start(first), _start(last)
    return None if starts[0] is None or starts[1] is None else (starts[0], starts[1])
