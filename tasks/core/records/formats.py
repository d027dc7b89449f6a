"""The log formats: a table of readers, and the defaults that each brings."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tasks.core.records import (
    azure_mdc,
    azure_traces,
    bedrock,
    litellm,
    openai_requests,
    otel_genai,
    sagemaker,
    table,
)
from tasks.core.records.json_value import Json, Row
from tasks.core.records.layout import Layout, SourceColumns

Bodies = Mapping[str, Json]
Decode = Callable[[Sequence[Json], Bodies], tuple[Row, Row]]
Unpack = Callable[[str, datetime, bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A log format: how a record is read, what its fields are called, in which folders it lies.

    `read` says where the join finds its keys. `decode` turns the records of one sampled interaction (its own first)
    and the bodies that they name, by reference, into an input row and an output row; None: the rows stand in the
    records as they are. `columns` are the fields of these rows by role, where the user maps none. `bodies` are JSON
    paths to the references of such bodies. `recognises` tells a record of this format from others. `unpack` turns a
    whole object (its key, its time, its content) into JSON lines, where its key is `packed`; others are lines already.

    `folders` is appended to a location that names no date itself; "" reads everything below the location. Objects
    whose names end otherwise than `suffixes`, or have a part `passed_over`, are no logs. `tabular` formats may come as
    Parquet and CSV. `sides` is how many locations hold the halves: 1, 2, or either (None).
    """

    read: Callable[[SourceColumns], Layout]
    recognises: Callable[[Json], bool]
    decode: Decode | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    bodies: tuple[str, ...] = ()
    unpack: Unpack | None = None
    packed: re.Pattern[str] | None = None
    folders: str = ""
    suffixes: tuple[str, ...] = ("",)
    passed_over: str | None = None
    tabular: bool = False
    sides: int | None = 1


FORMATS: Final[Mapping[str, Format]] = {
    "azure_mdc": Format(
        read=azure_mdc.read,
        recognises=azure_mdc.recognises,
        folders=azure_mdc.FOLDERS,
        suffixes=azure_mdc.SUFFIXES,
        sides=2,
    ),
    "azure_traces": Format(
        read=azure_traces.read,
        recognises=azure_traces.recognises,
        decode=azure_traces.decode,
        columns=azure_traces.COLUMNS,
        folders=azure_traces.FOLDERS,
        suffixes=azure_traces.SUFFIXES,
    ),
    "bedrock": Format(
        read=bedrock.read,
        recognises=bedrock.recognises,
        decode=bedrock.decode,
        columns=bedrock.COLUMNS,
        bodies=bedrock.BODIES,
        folders=bedrock.FOLDERS,
        suffixes=bedrock.SUFFIXES,
        passed_over=bedrock.BODY_FOLDER,
    ),
    "litellm": Format(
        read=litellm.read,
        recognises=litellm.recognises,
        decode=litellm.decode,
        columns=litellm.COLUMNS,
        folders=litellm.FOLDERS,
        suffixes=litellm.SUFFIXES,
        passed_over=litellm.BATCHES,
    ),
    "openai_requests": Format(
        read=openai_requests.read,
        recognises=openai_requests.recognises,
        decode=openai_requests.decode,
        columns=openai_requests.COLUMNS,
        sides=None,
    ),
    "otel_genai": Format(
        read=otel_genai.read,
        recognises=otel_genai.recognises,
        decode=otel_genai.decode,
        columns=otel_genai.COLUMNS,
        bodies=otel_genai.BODIES,
        unpack=otel_genai.unpack,
        packed=otel_genai.PACKED,
    ),
    "sagemaker": Format(
        read=sagemaker.read,
        recognises=sagemaker.recognises,
        decode=sagemaker.decode,
        columns=sagemaker.COLUMNS,
        folders=sagemaker.FOLDERS,
        suffixes=sagemaker.SUFFIXES,
    ),
    "table": Format(read=table.read, recognises=table.recognises, tabular=True, sides=None),
}

LATER: Final[Mapping[str, Format]] = {
    "sagemaker": Format(
        read=sagemaker.read_ground_truth,
        recognises=sagemaker.recognises,
        decode=sagemaker.decode_ground_truth,
        columns={"ground_truth": "ground_truth"},
        folders=sagemaker.FOLDERS,
        suffixes=sagemaker.SUFFIXES,
    ),
    "table": FORMATS["table"],
}
