"""The monitor file that an imported Azure ML schedule becomes: its keys, and the comments above them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from configs.azure_ml.part import Part, one_line
from configs.azure_ml.schedule import CORRELATION, PASS_RATE, ROLES, Production, Threshold
from configs.azure_ml.trigger import Timetable
from configs.load import built_in_metrics

PLACE: Final = "file:///REPLACE"
AT_MOST: Final = 2000
API_VERSION: Final = "2024-10-21"
DEPLOYMENT_KEYS: Final = ("aoai_deployment_name", "azure_openai_deployment_name", "model_deployment_name")
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The parts of the schedule that a monitor is made from; `times` is None where it has no trigger."""

    top: Part
    monitor: Part
    signal: Part
    signal_name: str
    times: Timetable | None
    data: tuple[Production, ...]
    asked: Mapping[str, Threshold]


def written(found: Found, left_out: tuple[str, ...]) -> str:
    """The monitor file; whatever the schedule does not say is a placeholder or an explicit default."""
    document = CommentedMap()
    document["name"] = name_of(found.top)
    if described := found.top.text("description", "display_name"):
        document["description"] = described
    if found.times:
        document["schedule"] = _flow({key: DoubleQuotedScalarString(text) for key, text in found.times.keys.items()})
    document["window"] = _flow({"every": duration(window_of(found)), "grace": "15m"})
    document["source"] = _source(found)
    document["sample"] = _flow({"rate": _rate(found.signal), "at_most": AT_MOST, "seed": 7})
    document["evaluator"] = _evaluator(found.signal)
    document["quality"] = _quality(found.asked)
    document["decide"] = _flow({"by": "estimate", "min_scored": 1})
    slack = {"slack": "env:SLACK_WEBHOOK_URL"} if _alerts(found.signal) else {}
    document["alerts"] = _flow(slack | {"renotify": "24h"})
    document["store"] = f"{PLACE}/genwatch"
    for key, lines in _remarks(found).items():
        document.yaml_set_comment_before_after_key(key, before=lines)
    return _header(found, left_out) + _text(document)


def _header(found: Found, left_out: tuple[str, ...]) -> str:
    origin = f"{found.top.text('name')}, signal {found.signal_name}"
    lines = [
        f"Imported by genwatch import-azure from the Azure ML schedule {origin}.",
        "Replace what says REPLACE, then: genwatch check FILE",
        "Not carried over:" if left_out else "Everything in it was carried over.",
        *(f"- {line}" for line in left_out),
    ]
    return "".join(f"# {one_line(line)}\n" for line in lines)


def _remarks(found: Found) -> dict[str, str]:
    """The comment above each key."""
    every = duration(window_of(found))
    named = any(data.window for data in found.data)
    rate = "" if found.signal.key("sampling_rate") else "Azure's file names no rate: all. "
    return {
        "window": f"{'' if named else 'The default of Azure for this trigger. '}Azure looks back {every} at every run; "
        "here windows follow one another, and begin at multiples in UTC",
        "sample": f"{rate}Azure has no at_most: raise it where more than {AT_MOST} should be judged in a window",
        "decide": "As Azure decides: the plain comparison. By genwatch's own default, {by: interval, min_scored: 30}, "
        "chance alone opens no alert",
        "alerts": "The environment variable with the address of a Slack webhook"
        if _alerts(found.signal)
        else "alert_enabled is not true in Azure's file: nobody is told",
        "store": "Where results go; Azure kept them in the workspace",
    }


def name_of(top: Part) -> str:
    """The schedule's name as a monitor may be called; raises ConfigError where nothing of it can stay."""
    name = re.sub(r"[^a-z0-9]+", "-", (top.text("name") or "").lower()).strip("-")[:63]
    if not name:
        raise top.error(key="name", what="a name is missing; add one of lower-case letters, digits and dashes")
    return name


def window_of(found: Found) -> timedelta:
    """The length of a window: the first data window of the file, else Azure's default."""
    stated = next((data.window for data in found.data if data.window), None)
    return stated or (found.times.default_window if found.times else _WEEK)


def duration(length: timedelta) -> str:
    """A duration of whole minutes, in the largest unit that it is a multiple of."""
    minutes = length // timedelta(minutes=1)
    unit, size = next((unit, size) for unit, size in (("d", 1440), ("h", 60), ("m", 1)) if minutes % size == 0)
    return f"{minutes // size}{unit}"


def _source(found: Found) -> CommentedMap:
    """Inputs and outputs of the collector; or, where one other asset holds both halves, a table."""
    source = CommentedMap()
    places = dict(_places(found))
    source["format"] = "azure_mdc" if "outputs" in places else "table"
    remark = (
        "Inputs and outputs as the Model Data Collector writes them; for other files: table"
        if "outputs" in places
        else "One file of rows with both halves: JSON lines, Parquet or CSV"
    )
    source.yaml_set_comment_before_after_key("format", before=remark, indent=2)
    for half, (asset, place) in places.items():
        source[half] = place
        source.yaml_set_comment_before_after_key(half, before=f"Azure: {asset or 'names no data'}", indent=2)
    if "outputs" not in places and (join_on := columns_of(found).get(CORRELATION)):
        source["join_on"] = join_on
    needed = {role for metric in found.asked for role in built_in_metrics()[metric].needs}
    columns = columns_of(found)
    source["columns"] = _flow({role: columns.get(role, role) for role in ROLES if role in columns or role in needed})
    if defaults := [role for role in ROLES if role in needed and role not in columns]:
        remark = f"Azure's default names, check them: {', '.join(defaults)}"
        source.yaml_set_comment_before_after_key("columns", before=remark, indent=2)
    return source


def _places(found: Found) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each half with Azure's name of its data and the location to fill in."""
    if len(found.data) == 1 and not found.data[0].is_collected:
        yield "inputs", (found.data[0].asset, _place(found.data[0].asset, f"{folder_of(found)}data"))
        return
    outputs = next((data for data in found.data if data.is_outputs), None) or next(iter(found.data[1:2]), None)
    inputs = next((data for data in found.data if data is not outputs), None)
    for half, data in (("inputs", inputs), ("outputs", outputs)):
        asset = data.asset if data else ""
        yield half, (asset, _place(asset, f"{folder_of(found)}model_{half}"))


def _place(asset: str, otherwise: str) -> str:
    """A location for the user to complete: with the path inside the datastore, where the asset names one."""
    inside = re.search(r"/paths/([\w./=-]+)$", asset)
    return f"{PLACE}/{inside[1].strip('/') if inside else otherwise}"


def folder_of(found: Found) -> str:
    """The collector's folder of the deployment, with a slash at its end; "" where none is named."""
    target = found.monitor.part("monitoring_target")
    named = (target.text("endpoint_deployment_id") if target else None) or ""
    parts = re.search(r"^azureml:([\w-]+):([\w-]+)$|/onlineEndpoints/([\w-]+)/deployments/([\w-]+)$", named)
    names = [name for name in parts.groups() if name] if parts else []
    return f"modelDataCollector/{'/'.join(names)}/" if names else ""


def columns_of(found: Found) -> dict[str, str]:
    """The fields of the logs by Azure's role; where the entries differ, the first one's."""
    return {role: field for data in reversed(found.data) for role, field in data.columns.items()}


def _rate(signal: Part) -> float:
    rate = signal.number("sampling_rate")
    if rate is not None and not 0 < rate <= 1:
        raise signal.error(key="sampling_rate", what="a rate is more than 0 and at most 1; write 0.1 for 10 %")
    return 1.0 if rate is None else rate


def _evaluator(signal: Part) -> CommentedMap:
    properties = signal.part("properties")
    deployment = properties.text(*DEPLOYMENT_KEYS) if properties else None
    connection = signal.text("connection_id", "workspace_connection_id")
    evaluator = CommentedMap()
    evaluator["provider"] = "azure_openai"
    evaluator["model"] = deployment or "REPLACE-DEPLOYMENT"
    evaluator["base_url"] = "https://REPLACE.openai.azure.com"
    evaluator["api_version"] = API_VERSION
    evaluator["api_key"] = "env:AZURE_OPENAI_API_KEY"
    remark = f"The endpoint of Azure's connection {connection.rsplit('/', 1)[-1]}" if connection else "The endpoint"
    evaluator.yaml_set_comment_before_after_key("base_url", before=remark, indent=2)
    evaluator.yaml_set_comment_before_after_key("api_key", before="Leave it out to sign in through Entra", indent=2)
    return evaluator


def _quality(asked: Mapping[str, Threshold]) -> CommentedMap:
    metrics = CommentedMap()
    for name, threshold in asked.items():
        rate = PASS_RATE if threshold.pass_rate is None else threshold.pass_rate
        metrics[name] = _flow({"min_pass_rate": rate, "pass_at": threshold.pass_at})
        if remark := "; ".join(threshold.remarks):
            metrics.yaml_set_comment_before_after_key(name, before=remark, indent=4)
    quality = CommentedMap({"metrics": metrics, "min_coverage": 0.9})
    remark = "Azure leaves failed judgements out and says nothing; null = the same here"
    quality.yaml_set_comment_before_after_key("min_coverage", before=remark, indent=2)
    return quality


def _alerts(signal: Part) -> bool:
    return signal.text("alert_enabled", "alert_notification") == "true"


def _flow(content: Mapping[str, object]) -> CommentedMap:
    """A mapping that is written on one line."""
    one = CommentedMap(content)
    one.fa.set_flow_style()
    return one


def _text(document: CommentedMap) -> str:
    yaml = YAML()
    yaml.width = 4096
    yaml.allow_unicode = True
    sink = StringIO()
    yaml.dump(document, sink)
    return sink.getvalue()
