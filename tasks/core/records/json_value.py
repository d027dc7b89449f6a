"""Values of JSON whose shape nobody vouches for, and how to look into them without a fault."""

import json
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Row: TypeAlias = "dict[str, Json]"
LONGEST_INTEGER: Final = 4_000  # digits; Python refuses some more
DEEPEST: Final = 200  # recursive readers and writers stop at about 1,000


def at(value: Json, *steps: str | int) -> Json:
    """What lies behind the steps, names of fields or places in a list; None where there is no such thing."""
    for step in steps:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def items(value: Json) -> list[Json]:
    """The elements of a list; none where it is no list."""
    return value if isinstance(value, list) else []


def text_at(value: Json, *steps: str | int) -> str | None:
    """The text behind the steps; None where there is none or something else."""
    found = at(value, *steps)
    return found if isinstance(found, str) else None


def parsed(text: str) -> Json:
    """The value that a text is JSON of; the text itself where it is none, or nests deeper than `DEEPEST`."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if text.count("{") + text.count("[") > DEEPEST and _is_deep(value) else value


def parsed_record(text: str) -> Json:
    """As `parsed`, for a whole record: what nests too deep in it becomes None, as do integers of thousands of digits.

    Nobody can keep a call from being judged by such a value in its request.
    """
    try:
        value: Json = json.loads(text, parse_int=_number)
    except (ValueError, RecursionError):
        return text
    return _pruned(value, DEEPEST) if text.count("{") + text.count("[") > DEEPEST else value


def _number(digits: str) -> int | None:
    return int(digits) if len(digits) <= LONGEST_INTEGER else None


def _pruned(value: Json, levels: int) -> Json:
    if not isinstance(value, list | dict):
        return value
    if levels == 0:
        return None
    if isinstance(value, list):
        return [_pruned(inner, levels - 1) for inner in value]
    return {name: _pruned(inner, levels - 1) for name, inner in value.items()}


def _is_deep(value: Json) -> bool:
    """Whether a value nests deeper than `DEEPEST`."""
    layer = [value]
    for _ in range(DEEPEST):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not layer:
            return False
    return True


def unwrapped(value: Json) -> Json:
    """A list or an object that was logged as a JSON string becomes what it is; anything else stays."""
    inner = parsed(value) if isinstance(value, str) else value
    return inner if isinstance(inner, list | dict) else value


def shown(value: Json) -> str | None:
    """A value as text: a text as it is, None as None, anything else as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
