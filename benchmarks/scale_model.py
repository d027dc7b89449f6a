"""What a monitor takes at a scale: the factors, and the arithmetic over them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

from tasks.adapters.settling import PART_ROWS
from tasks.adapters.source import SLICE_BYTES
from tasks.core.quality.estimate import CHARACTERS_A_TOKEN, VERDICT_TOKENS

DAY_H: Final = 24
METRICS: Final = 5
GRACE_H: Final = 0.25
MODEL: Final = "gpt-4o-mini"
SCORES_READ_DAYS: Final = 8
FACTORS_PY: Final = "`python benchmarks/scale_factors.py`"
JUDGING: Final = "[judging.md](judging.md#beside-other-packages)"
S3_PRICES: Final = "S3 Standard, us-east-1, as the authors knew it; not looked up"
LIMITS: Final = "[a list of others](https://www.ai-buzz.com/ai-openai-rate-limits); your account's page counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A number that the table is made of: what it is of, and the command or page that it is from."""

    value: float
    unit: str
    source: str


MEASURED: Final[Mapping[str, tuple[float, str]]] = {
    "log": (1_722, "bytes of JSON lines a pair"),
    "half": (26.9, "bytes a half in the index of halves"),
    "read_cpu": (5.7, "CPU s to read a million pairs once"),
    "joined_cpu": (4.3, "CPU s a window and million joined"),
    "half_cpu": (0.41, "CPU s a run and million kept halves"),
    "part_cpu": (0.29, "CPU s a million halves that are settled in several parts"),
    "run_cpu": (1.7, "CPU s a run beside"),
    "fetches": (2, "times that a run fetches the kept halves"),
    "interaction": (119, "bytes in the store a sampled interaction"),
    "score": (40, "bytes in the store a score, without an evaluator's sentences"),
    "window": (829_600, "bytes in the store a window beside, nearly all its report"),
    "tasks": (8, "Prefect task runs a run of one window"),
    "get_object": (1.7, "GETs a new object"),
    "get_slice": (6, "GETs a run and kept slice"),
    "get_window": (5, "GETs a run and window of the days before"),
    "list_hour": (2, "LISTs a run and hour in which it looks for what is late"),
    "list_run": (30, "LISTs a run beside"),
    "put_slice": (3.5, "PUTs a new slice"),
    "put_run": (9, "PUTs a run beside"),
}
OTHERS: Final[Mapping[str, Factor]] = {
    "judgement_cpu": Factor(value=0.29, unit="CPU ms a judgement, five metrics fused", source=JUDGING),
    "characters": Factor(value=2_698, unit="characters sent an interaction, five metrics fused", source=JUDGING),
    "instance": Factor(value=1e6, unit="interactions a day and instance of the application", source="assumed"),
    "object": Factor(value=48, unit="objects a day and instance", source="one an hour and side, as Azure's collector"),
    "get_usd": Factor(value=0.4, unit="USD a million GETs", source=S3_PRICES),
    "put_usd": Factor(value=5.0, unit="USD a million PUTs and LISTs", source=S3_PRICES),
    "few_tokens": Factor(value=200e3, unit=f"tokens a minute of {MODEL}, tier 1", source=LIMITS),
    "many_tokens": Factor(value=10e6, unit="the same, tier 4", source=LIMITS),
}
F: Final[Mapping[str, Factor]] = {
    name: Factor(value=value, unit=unit, source=FACTORS_PY) for name, (value, unit) in MEASURED.items()
} | dict(OTHERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Interactions a day over all monitors, and what is set for them.

    Hours of `window.every` and `window.revise`, the sample of a window, the workers of each monitor's engine.
    """

    interactions: int
    monitors: int = 1
    every_h: int
    revise_h: int = 24
    at_most: int = 2_000
    rate: float = 0.1
    workers: int = 0

    @property
    def share(self) -> float:
        """Interactions a day and monitor."""
        return self.interactions / self.monitors

    @property
    def windows(self) -> float:
        """Windows, and so runs, a day and monitor."""
        return DAY_H / self.every_h

    @property
    def runs(self) -> float:
        """Runs a day of all monitors."""
        return self.windows * self.monitors

    @property
    def objects(self) -> float:
        """Log objects a day."""
        return F["object"].value * ceil(self.interactions / F["instance"].value)

    @property
    def log_bytes(self) -> float:
        """Bytes of logs a day."""
        return self.interactions * F["log"].value

    @property
    def late_h(self) -> float:
        """Hours on either side of a window in which lie halves that matter to it, as `Rules.horizon` has them."""
        return 2 * (self.revise_h + GRACE_H)

    @property
    def kept_days(self) -> float:
        """Days of halves that are kept, as `tasks.retain` reckons them; folders are of whole days."""
        return (self.every_h + self.revise_h + GRACE_H + self.late_h) / DAY_H + 2

    @property
    def kept_halves(self) -> float:
        """Halves that a monitor keeps, and that each of its runs fetches."""
        return 2 * self.share * self.kept_days

    @property
    def kept_bytes(self) -> float:
        """Their bytes; a run needs as much scratch space, and a slice of logs more."""
        return self.kept_halves * F["half"].value

    @property
    def near_halves(self) -> float:
        """Halves that a run settles: those of the window and of what is near before it."""
        return 2 * self.share * (self.late_h + self.every_h) / DAY_H

    @property
    def parts(self) -> int:
        """Parts in which a run settles them."""
        return ceil(self.near_halves / PART_ROWS)

    @property
    def slices(self) -> float:
        """Slices a day and monitor: each run makes one a side at least."""
        return max(2 * self.windows, self.log_bytes / self.monitors / SLICE_BYTES)

    @property
    def sampled_a_window(self) -> float:
        """Interactions judged of a window."""
        return min(self.rate * self.share / self.windows, self.at_most)

    @property
    def sampled(self) -> float:
        """Interactions judged a day."""
        return self.sampled_a_window * self.runs

    @property
    def read_bytes(self) -> float:
        """Bytes fetched a day: everything once, again the objects that hold sampled rows, and the halves."""
        again = min(1.0, 2 * self.sampled / self.objects)
        return self.log_bytes * (1 + again) + F["fetches"].value * self.kept_bytes * self.runs

    @property
    def read_cpu_s(self) -> float:
        """CPU seconds a day of the first reading."""
        return self.interactions / 1e6 * F["read_cpu"].value

    @property
    def run_cpu_s(self) -> float:
        """CPU seconds a day of settling and sampling; what takes several parts is divided first."""
        divided = self.near_halves / 1e6 * F["part_cpu"].value if self.parts > 1 else 0
        a_run = self.kept_halves / 1e6 * F["half_cpu"].value + divided + F["run_cpu"].value
        return self.runs * a_run + self.interactions / 1e6 * F["joined_cpu"].value

    @property
    def tokens(self) -> tuple[float, float]:
        """Tokens sent and received a day, all metrics in one call."""
        sent = self.sampled * F["characters"].value / CHARACTERS_A_TOKEN
        return sent, self.sampled * METRICS * VERDICT_TOKENS

    @property
    def gets(self) -> float:
        """GETs a day."""
        history = min(self.windows, DAY_H) * SCORES_READ_DAYS
        a_run = self.slices * self.kept_days * F["get_slice"].value + history * F["get_window"].value
        return self.objects * F["get_object"].value + self.runs * a_run

    @property
    def puts(self) -> float:
        """PUTs a day."""
        return self.runs * F["put_run"].value + self.monitors * self.slices * F["put_slice"].value

    @property
    def lists(self) -> float:
        """LISTs a day; an answer names a thousand objects."""
        looked_at_h = self.every_h + self.revise_h
        pages = looked_at_h / DAY_H * self.objects / self.monitors / 1_000
        return self.runs * (F["list_run"].value + looked_at_h * F["list_hour"].value + pages)

    @property
    def growth_bytes(self) -> float:
        """Bytes that the stores grow by in a year, halves apart."""
        rows = self.sampled * (F["interaction"].value + METRICS * F["score"].value)
        return 365 * (rows + self.runs * F["window"].value)
