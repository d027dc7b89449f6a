"""Reading monitor and metric files; whatever is wrong becomes one line with file, key, value and remedy."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from configs.monitor import MonitorConfig
from configs.quality import Canaries, MetricDefinition
from configs.values import WRITTEN, Section
from tasks.core.errors import ConfigError

REMEDIES = {
    "missing": "this key is missing; add it",
    "extra_forbidden": "no such key; remove it or correct its name",
    "less_than_equal": "it can be at most {le:g}; correct it (shares lie in [0, 1])",
    "greater_than_equal": "it must be at least {ge:g}; correct it (shares lie in [0, 1])",
    "greater_than": "it must be more than {gt:g}; correct it",
    "literal_error": "use {expected}",
}
SECRETS = {"api_key", "slack", "webhook", "token", "headers", "tracking_uri"}
SHOWN = 60


def load_monitor(path: Path) -> MonitorConfig:
    """The monitor of one file, with the definitions of its metrics.

    Raises ConfigError, in one line, where the file cannot be read or holds what a monitor cannot be.
    """
    document = read_document(path)
    if isinstance(quality := document.get("quality"), dict):
        if "definitions" in quality:
            message = f"{path}: quality.definitions: metrics come from files; name them in quality.metric_files"
            raise ConfigError(message)
        document["quality"] = quality | {"definitions": _definitions(path, quality)} | _canaries(path, quality)
    if isinstance(evaluator := document.get("evaluator"), dict):
        document["evaluator"] = _priced(evaluator)
    if isinstance(operations := document.get("operations"), dict):
        document["operations"] = _service_priced(operations)
    return _validated(MonitorConfig, document, path)


@cache
def built_in_metrics() -> Mapping[str, MetricDefinition]:
    """The metrics that come with genwatch, by name."""
    folder = resources.files("configs") / "metrics"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda file: file.name)
    with resources.as_file(folder) as root:
        found = [load_metric(root / file.name) for file in files]
    return {definition.name: definition for definition in found}


def load_metric(path: Path) -> MetricDefinition:
    """The metric of one file; raises ConfigError as `load_monitor` does."""
    return _validated(MetricDefinition, read_document(path), path)


def config_hash(config: MonitorConfig) -> str:
    """The hash of everything that the monitor file says, defaults included."""
    text = json.dumps(config.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def evidence_hash(config: MonitorConfig) -> str:
    """The hash of what decides which interactions are judged and which of them pass: windows with the same add up."""
    parts = config.model_dump(mode="json", include={"window", "source", "sample", "contract", "redact", "quality"})
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _definitions(path: Path, quality: Mapping[str, Any]) -> dict[str, Any]:
    """The definitions of the metrics that the monitor names; a file of its own wins over a built-in one."""
    known = dict(built_in_metrics())
    for name in quality.get("metric_files") or ():
        definition = load_metric(path.parent / str(name))
        known[definition.name] = definition
    wanted = quality.get("metrics")
    if not isinstance(wanted, dict):
        return {}
    for name in wanted:
        if name not in known:
            message = (
                f"{path}: quality.metrics.{name}: no such metric; there are {', '.join(known)}, "
                "and those of quality.metric_files"
            )
            raise ConfigError(message)
    return {name: known[name].model_dump(mode="json") for name in wanted}


def _canaries(path: Path, quality: Mapping[str, Any]) -> dict[str, Any]:
    """The canaries with their interactions, as many as are asked about."""
    asked = quality.get("canaries")
    if not isinstance(asked, dict) or not isinstance(asked.get("file"), str):
        return {}
    file = path.parent / asked["file"]
    rows = _yaml(file)
    if not isinstance(rows, list) or not rows:
        message = f"{file}: a list of interactions with their scores was expected, this is {_what(rows)}"
        raise ConfigError(message)
    count = asked.get("count", Canaries.model_fields["count"].default)
    return {"canaries": asked | {"rows": rows[:count] if isinstance(count, int) else rows}}


def _service_priced(operations: Mapping[str, Any]) -> dict[str, Any]:
    """The section of operations with the list prices of models, under those of the monitor."""
    own = operations.get("prices", {})
    return dict(operations) | ({"prices": _list_prices() | own} if isinstance(own, dict) else {})


def _list_prices() -> dict[str, Any]:
    return read_document(Path(str(resources.files("configs") / "prices.yaml")))


def _priced(evaluator: Mapping[str, Any]) -> dict[str, Any]:
    """The evaluator and its jurors with the list prices of their models, where they give none of their own."""
    prices = _list_prices()
    jury = evaluator.get("jury")
    judges = [dict(one) if isinstance(one, dict) else one for one in (jury if isinstance(jury, list) else ())]
    priced = dict(evaluator) | ({"jury": judges} if judges else {})
    for judge in (priced, *judges):
        if isinstance(judge, dict) and judge.get("provider") == "openai" and judge.get("base_url") is None:
            judge.setdefault("price", prices.get(str(judge.get("model"))))
    return priced


def read_document(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file; raises ConfigError as `load_monitor` does."""
    document = _yaml(path)
    if not isinstance(document, dict):
        message = f"{path}: a file of keys and values was expected, this is {_what(document)}"
        raise ConfigError(message)
    return document


def _what(document: object) -> str:
    return "empty" if document in (None, []) else f"a {type(document).__name__}"


def _yaml(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = f"{path}: there is no such file; give the path of a monitor file"
        raise ConfigError(message) from error
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read as text ({type(error).__name__}); give the path of a YAML file"
        raise ConfigError(message) from error
    try:
        document: object = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        message = f"{path}: {where}{_one_line(error.problem or 'this is no YAML')}; correct the YAML"
        raise ConfigError(message) from error
    except YAMLError as error:
        message = f"{path}: this is no YAML ({_one_line(str(error))}); correct it"
        raise ConfigError(message) from error
    return document


M = TypeVar("M", bound=Section)


def _validated(model: type[M], document: Mapping[str, Any], path: Path) -> M:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        message = f"{path}: {_explain(error, document)}"
        raise ConfigError(message) from error


def _explain(error: ValidationError, document: Mapping[str, Any]) -> str:
    """The first problem with its key, value and remedy, and how many more there are."""
    problems = error.errors(include_url=False)
    first = problems[0]
    key = ".".join(str(part) for part in first["loc"])
    kind, context = first["type"], first.get("ctx", {})
    what = REMEDIES.get(kind, "{msg}").format(msg=_one_line(first["msg"].removeprefix("Value error, ")), **context)
    value = None if kind == WRITTEN else _value_at(document, first["loc"])
    shown = f" is {value}" if kind not in {"missing", "extra_forbidden"} and value is not None else ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{key}{shown}: {what}{more}" if key else f"{what}{more}"


def _value_at(document: object, loc: tuple[int | str, ...]) -> str | None:
    """The value as it stands in the file, shortened; None where it is a section, or may be a secret."""
    if loc and loc[-1] in SECRETS:
        return None
    for part in loc:
        items = dict(enumerate(document)) if isinstance(document, list) else document
        if not isinstance(items, Mapping) or part not in items:
            return None
        document = items[part]
    if isinstance(document, Mapping | list):
        return None
    text = json.dumps(document, default=str, ensure_ascii=False)
    if re.search(r"sig=|://[^/]*@", text):
        return None
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def with_format(config: MonitorConfig, name: str) -> MonitorConfig:
    """The monitor with a format in place of `auto`; raises ConfigError where the rest of it does not suit that one."""
    document = config.model_dump(mode="json")
    document["source"]["format"] = name
    try:
        return MonitorConfig.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = first["msg"].removeprefix("Value error, ")
        message = f"source.format is auto, which is {name} here: {'.'.join(map(str, first['loc']))}: {what}"
        raise ConfigError(message) from error
