"""The page on the monitor file, made of the models that read it: key, type, default, meaning."""

import inspect
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from configs import values
from configs.monitor import MonitorConfig
from configs.quality import Canary, MetricDefinition
from configs.report import WebAddress
from configs.values import Section
from tasks.core.safety.recognisers import RECOGNISERS

APART: Final[Mapping[type[Section], str]] = {MetricDefinition: "a-metric-file", Canary: "a-canary"}
READ_IN: Final = ("quality.definitions", "quality.canaries.rows")  # what reading the file puts in
NAMED: Final[Mapping[str, Any]] = {
    "secret by reference": values.SecretReference,
    "location": values.Location,
    "location with dates": values.DatedLocation,
    "kind of value": values.Kind,
    "web address": WebAddress,
}
PLAIN: Final = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Path": "folder",
    "datetime": "time",
}
DOCS: Final = Path(__file__).parents[1]
BOUNDS: Final = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
LONG: Final = 60
PAGES: Final = {
    "source": "storage.md",
    "window": "collecting-engine.md",
    "sample": "sampling.md",
    "contract": "contract.md",
    "evaluator": "judging.md",
    "quality": "metrics.md",
    "drift": "drift.md",
    "operations": "operations.md",
    "usage": "usage.md",
    "safety": "safety.md",
    "compare": "comparison.md",
    "custom": "metrics.md",
    "thresholds": "deciding.md",
    "decide": "deciding.md",
    "alerts": "alerts.md",
    "report": "report.md",
    "export": "exports.md",
    "engine": "scale.md",
    "redact": "redaction.md",
    "segments": "segments.md",
}
HEAD: Final = """# Reference: the monitor file

One YAML file a monitor. Unknown keys are errors, and an error names file, key, value and remedy.
`genwatch check CONFIG` reads a file and tries what it names.

| what is written | how |
|---|---|
| duration | a whole number and a unit: `90s`, `15m`, `1h`, `7d` |
| share | a number from 0 to 1: 0.7 is 70 % |
| secret by reference | `env:NAME`, or a Prefect block: `block:secret/NAME`; never the secret itself |
| location | `s3://bucket/folder`, `az://container/folder`, `gs://bucket/folder`, `file:///folder` |
| NAME | a name that you choose, or that the meaning says |
| kind of value | one of {kinds} |

This page is written by `python -m docs.reference.write` from `configs/`.
"""
TABLE: Final = "| key | type | default | meaning |\n|---|---|---|---|\n"


def monitor_file_page() -> str:
    """The whole page; raises ValueError for a key without a meaning."""
    parts = [HEAD.format(kinds=", ".join(f"`{kind}`" for kind in RECOGNISERS))]
    alone = [name for name, hint in _hints(MonitorConfig).items() if not _sections(hint)]
    parts.append("## The monitor\n\n" + TABLE + "".join(_row(MonitorConfig, name, name) for name in alone))
    for name, hint in _hints(MonitorConfig).items():
        if sections := _sections(hint):
            page = PAGES.get(name)
            see = f" See [{page}](../{page})." if page is not None and (DOCS / page).is_file() else ""
            parts.append(f"## {name}\n\n{_introduction(MonitorConfig, name, sections[0])}{see}\n\n{TABLE}")
            parts[-1] += "".join(_rows(MonitorConfig, name, name))
    for section, anchor in APART.items():
        title = anchor.replace("-", " ").capitalize()
        parts.append(f"## {title}\n\n{inspect.getdoc(section)}\n\n{TABLE}" + "".join(_keys(section, "")))
    return "\n".join(parts)


def models(start: type[Section] = MonitorConfig) -> Iterator[type[Section]]:
    """Every model that a monitor file is read by."""
    yield start
    for hint in _hints(start).values():
        for section in _sections(hint):
            yield from models(section)


def _introduction(owner: type[Section], name: str, section: type[Section]) -> str:
    """What a section is, and what its absence means where it may be absent."""
    field = owner.model_fields[name]
    is_optional = not field.is_required() and field.default is None
    return "\n\n".join(filter(None, (inspect.getdoc(section), field.description if is_optional else None)))


def _rows(owner: type[Section], name: str, key: str) -> Iterator[str]:
    """The row of a key and those of the keys below it."""
    hint = _hints(owner)[name]
    sections = _sections(hint)
    is_whole = isinstance(owner.model_fields[name].default, Section) or owner.model_fields[name].is_required()
    if ("." in key and not is_whole) or not sections or not _is_only_section(hint):
        yield _row(owner, name, key)
    for section in sections:
        if not issubclass(owner, section):
            yield from _keys(section, f"{key}{_below(hint)}.")


def _keys(section: type[Section], prefix: str) -> Iterator[str]:
    for name in section.model_fields:
        if f"{prefix}{name}" not in READ_IN:
            yield from _rows(section, name, f"{prefix}{name}")


def _row(owner: type[Section], name: str, key: str) -> str:
    field = owner.model_fields[name]
    if not field.description:
        message = f"{owner.__name__}.{name} has no meaning: write a docstring below the field"
        raise ValueError(message)
    meaning = " ".join(field.description.split())
    hint = _hints(owner)[name]
    limits = "" if get_origin(hint) is Annotated else _limits(field)
    cells = (f"`{key}`", _words(hint, limits), _default(field), meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _hints(model: type[Section]) -> Mapping[str, Any]:
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


def _members(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401  a type may be anything
    """What a type allows, but for its absence."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(one for one in get_args(hint) if one is not type(None))
    return (hint,)


def _sections(hint: Any) -> list[type[Section]]:  # noqa: ANN401
    """The models that a type holds, at any depth."""
    if isinstance(hint, type) and issubclass(hint, Section):
        return [hint]
    inner = get_args(hint)[:1] if get_origin(hint) is Annotated else get_args(hint)
    return [section for one in inner for section in _sections(one)] if get_origin(hint) is not Literal else []


def _is_only_section(hint: Any) -> bool:  # noqa: ANN401
    """Whether a key holds nothing but the keys below it."""
    members = _members(hint)
    return len(members) == 1 and isinstance(members[0], type) and issubclass(members[0], Section)


def _below(hint: Any) -> str:  # noqa: ANN401
    """What stands between a key and those below it: nothing, a name, or a place in a list."""
    (first, *_) = _members(hint)
    return {dict: ".NAME", Mapping: ".NAME", tuple: "[]"}.get(get_origin(first), "")


def _words(hint: Any, limits: str) -> str:  # noqa: ANN401
    """A type in plain words."""
    return " or ".join(dict.fromkeys(_word(one) for one in _members(hint))) + limits


def _word(hint: Any) -> str:  # noqa: ANN401, PLR0911  one line for each kind of type
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        found = [name for name, known in NAMED.items() if all(one in hint.__metadata__ for one in known.__metadata__)]
        if found:
            return found[-1]
        if inner[0] is timedelta:
            return "duration"
        return "share" if hint == values.Share else _words(inner[0], _limits(FieldInfo.from_annotation(hint)))
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in inner)
    if origin is tuple:
        return f"list: {_words(inner[0], '')}"
    if origin in (dict, Mapping):
        return f"by name: {_words(inner[1], '')}"
    if issubclass(hint, Section):
        return "section"
    if issubclass(hint, Enum):
        return ", ".join(f"`{one.value}`" for one in hint)
    return PLAIN[hint.__name__]


def _limits(field: FieldInfo) -> str:
    """The bounds of a number, where it has any but those of a share."""
    found = {name: getattr(one, name) for one in field.metadata for name in BOUNDS if hasattr(one, name)}
    if found == {"ge": 0, "le": 1} or any(hasattr(one, "total_seconds") for one in found.values()):
        return ""
    return "".join(f", {BOUNDS[name]} {found[name]:,}" for name in BOUNDS if name in found)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Section):
        return ""
    if value is None:
        return "none"
    if isinstance(value, timedelta):
        return f"`{values.duration_text(value)}`"
    text = f"{value:g}" if isinstance(value, float) else json.dumps(to_jsonable_python(value))
    plain = text.strip('"') or text
    return f"`{plain}`" if len(plain) <= LONG else "see meaning"
