"""The values of a monitor file: durations, shares, secrets by reference, locations."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from tasks.core.records.folders import unknown_placeholders
from tasks.core.safety.recognisers import RECOGNISERS

WRITTEN = "written_secret"  # the kind of the error, whose value nobody repeats
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LOCATIONS = "a location is s3://bucket/folder or file:///folder, az://container/folder or gs://bucket/folder"
AZURE = "write az://container/folder, and set AZURE_STORAGE_ACCOUNT_NAME to the account"
INSTEAD = {
    "s3a": "write s3:// instead of s3a://",
    "s3n": "write s3:// instead of s3n://",
    "gcs": "write gs:// instead of gcs://",
    "https": f"{LOCATIONS}; for an Azure container {AZURE}",
    "wasbs": AZURE,
    "azure": AZURE,
    "adl": AZURE,
    "azureml": f"name the datastore's container: {AZURE}",
}


def _duration(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+)([smhd])", value)):
        return timedelta(**{UNITS[found[2]]: int(found[1])})
    if isinstance(value, timedelta):
        return value
    message = "a duration is a whole number and a unit, such as 15m, 1h or 1d"
    raise ValueError(message)


def duration_text(value: timedelta) -> str:
    """A duration as it is written in a monitor file, in the largest unit that it is a whole number of."""
    seconds = int(value.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _reference(value: str) -> str:
    if re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|block:[a-z0-9-]+/[a-z0-9-]+", value):
        return value
    message = "a secret is named, never written: env:NAME or block:TYPE/NAME, such as block:secret/openai"
    raise PydanticCustomError(WRITTEN, message)


def _location(value: str) -> str:
    scheme, _, rest = value.partition("://")
    place, _, folder = rest.partition("/")
    if fault := _location_fault(scheme, place, folder):
        raise ValueError(fault)
    return value.rstrip("/")


def _location_fault(scheme: str, place: str, folder: str) -> str | None:
    if "sig=" in folder:
        return "a location holds no signature; set AZURE_STORAGE_SAS_KEY to the part that follows the question mark"
    if scheme == "file":
        if {"#", "?"}.intersection(folder):
            return "in a file:/// location, write %23 for # and %3F for ?"
        return None if folder and not place else LOCATIONS
    if scheme in {"abfs", "abfss"}:
        return None if re.fullmatch(r"[^@:]+(@[^@:]+)?", place) else LOCATIONS
    if scheme in {"s3", "az", "gs"}:
        return None if re.fullmatch(r"[^@:]+", place) else f"{LOCATIONS}, without user, password or port"
    return INSTEAD.get(scheme, LOCATIONS)


def _dated_location(value: str) -> str:
    if unknown := unknown_placeholders(value):
        message = f"{unknown[0]} is unknown, doubled or missing; use {{yyyy}} {{MM}} {{dd}} {{HH}} {{mm}}, coarse first"
        raise ValueError(message)
    return _location(value)


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(duration_text, return_type=str),
    Field(json_schema_extra={"type": "string", "examples": ["15m", "1h", "1d"]}),
]


def _kind(value: str) -> str:
    if value in RECOGNISERS:
        return value
    message = f"no such kind; there are {', '.join(RECOGNISERS)}"
    raise ValueError(message)


Kind = Annotated[str, AfterValidator(_kind)]
Share = Annotated[float, Field(ge=0, le=1)]
SecretReference = Annotated[str, AfterValidator(_reference)]
Location = Annotated[str, AfterValidator(_location)]
DatedLocation = Annotated[str, AfterValidator(_dated_location)]


class Section(BaseModel):
    """A part of the monitor file: frozen, and without unknown keys; what a key means stands below it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)
