"""The page on the measures, made of the catalogue that limits are checked against: address, and what it needs."""

from itertools import groupby
from typing import Final

from configs.catalogue import catalogue
from configs.load import built_in_metrics
from configs.monitor import MonitorConfig
from tasks.core.custom.reference import REFERENCE

METRIC: Final = "groundedness"
COLUMN: Final = "temperature"  # a number that nothing else is measured of
ROLES: Final = ("prompt", "completion", "context", "ground_truth", COLUMN)
BARE: Final = {
    "name": "reference",
    "source": {"format": "table", "inputs": "file:///logs", "columns": {role: role for role in ROLES}},
    "quality": {"metrics": {METRIC: {}}, "definitions": built_in_metrics()},
    "drift": {},
    "operations": {},
    "usage": {},
    "safety": {},
    "custom": {
        "functions": {"name": {"call": "package.module:function", "needs": ["completion"]}},
        "reference": {name: {} for name in REFERENCE},
    },
    "store": "file:///store",
}
HEAD: Final = """# Reference: the measures

Every measure has an address, and `thresholds` may set a limit on any of them; a limit on one that the monitor does not
take is an error that says why. METRIC is the name of a judged metric, COLUMN that of a mapped column of numbers or
categories (`wasserstein` is of numbers alone), NAME that of a function of yours. What stands in the last column must be
in the monitor file beside the section itself: `genwatch check CONFIG` lists what is off.

Every measure is also taken for each value of the columns and conditions under `segments`.

This page is written by `python -m docs.reference.write` from `configs/catalogue.py`.
"""


def measures_page() -> str:
    """The whole page."""
    known = catalogue(MonitorConfig.model_validate(BARE))
    parts = [HEAD]
    for signal, rows in groupby(sorted(known.items(), key=lambda row: row[0].split(".")[0]), _signal):
        lines = [f"| `{_named(address)}` | {_needs(why)} |\n" for address, why in rows]
        parts.append(f"## {signal}\n\n| address | needs |\n|---|---|\n" + "".join(dict.fromkeys(lines)))
    return "\n".join(parts)


def _signal(row: tuple[str, str | None]) -> str:
    return row[0].split(".")[0]


def _named(address: str) -> str:
    return address.replace(METRIC, "METRIC").replace(COLUMN, "COLUMN").replace("custom.name.", "custom.NAME.")


def _needs(why: str | None) -> str:
    return "" if why is None else why.removeprefix("needs ").removesuffix(", which source.columns does not map")
