"""Print what a monitor takes from 10,000 to 1,000,000,000 interactions a day, from factors that were measured.

`python benchmarks/scale.py` prints the factors and the table of docs/scale.md; `benchmarks/scale_factors.py` measures
again what was measured here.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from math import ceil
from pathlib import Path
from typing import Final

from scale_model import DAY_H, METRICS, MODEL, F, Scale

from configs.load import read_document
from tasks.adapters.source import SLICE_BYTES
from tasks.core.price import Price
from tasks.core.stats.intervals import wilson

PASS_RATE: Final = 0.8
CONFIDENCE: Final = 0.95
SIZES: Final = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
SCALES: Final = (
    Scale(interactions=10**4, every_h=24),
    Scale(interactions=10**5, every_h=6),
    Scale(interactions=10**6, every_h=1),
    Scale(interactions=10**7, every_h=1),
    Scale(interactions=10**8, every_h=6, revise_h=6, workers=4),
    Scale(interactions=10**9, every_h=6, revise_h=6, workers=4, monitors=16),
)


def price() -> Price:
    """The list price of the model."""
    prices = read_document(Path(str(resources.files("configs") / "prices.yaml")))
    return Price(**prices[MODEL])


def cost_usd(scale: Scale) -> float:
    """What a day's judging costs, asked live."""
    sent, received = scale.tokens
    return price().cost_usd(round(sent), 0, round(received))


def requests_usd(scale: Scale) -> float:
    """What a day's requests cost."""
    return (scale.gets * F["get_usd"].value + (scale.puts + scale.lists) * F["put_usd"].value) / 1e6


def scratch_gb(scale: Scale) -> int:
    """What is set: a fifth more than is needed, in tens, and no less than without a setting."""
    return max(20, 10 * ceil(1.2 * (scale.kept_bytes + SLICE_BYTES) / 1e10))


def half_width(scale: Scale) -> float:
    """Half the width of a window's pass rate, in points."""
    n = round(scale.sampled_a_window)
    low, high = wilson(round(PASS_RATE * n), n, CONFIDENCE) or (0.0, 1.0)
    return 100 * (high - low) / 2


def minutes(scale: Scale, limit: str) -> float:
    """Minutes in which a window's tokens pass a limit of tokens a minute."""
    return sum(scale.tokens) / scale.runs / F[limit].value


def size(number: float) -> str:
    """Bytes for a person."""
    for unit, one in SIZES:
        if number >= one:
            return f"{rounded(number / one)} {unit}"
    return f"{number:.0f} B"


def time(seconds: float) -> str:
    """Seconds for a person."""
    for unit, one in (("h", 3600), ("min", 60)):
        if seconds >= 2 * one:
            return f"{rounded(seconds / one)} {unit}"
    return f"{rounded(seconds)} s"


def rounded(number: float) -> str:
    """Two digits that count; all before the point."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"  # noqa: PLR2004


ROWS: Final[Mapping[str, Callable[[Scale], str]]] = {
    "**set** monitors": lambda one: str(one.monitors),
    "**set** `window.every`": lambda one: f"{one.every_h}h" if one.every_h < DAY_H else "1d",
    "**set** `window.revise`": lambda one: f"{one.revise_h}h",
    "**set** `sample.rate`, `.at_most`": lambda one: f"{one.rate}, {one.at_most:,}",
    "**set** `engine.memory_gb`, `.scratch_gb`": lambda one: f"1, {scratch_gb(one)}",
    "**set** Dask workers a monitor": lambda one: str(one.workers or "none"),
    "log objects": lambda one: rounded(one.objects),
    "log bytes": lambda one: size(one.log_bytes),
    "bytes fetched": lambda one: size(one.read_bytes),
    "bytes fetched a second, on average": lambda one: size(one.read_bytes / 86_400),
    "index of halves": lambda one: size(2 * one.interactions * F["half"].value),
    "scratch space of a run": lambda one: size(one.kept_halves * F["half"].value + SLICE_BYTES),
    "CPU, reading once": lambda one: time(one.read_cpu_s),
    "parts in which a run settles": lambda one: rounded(one.parts),
    "CPU, settling and sampling": lambda one: time(one.run_cpu_s),
    "CPU, judging": lambda one: time(one.sampled * METRICS * F["judgement_cpu"].value / 1e3),
    "interactions judged": lambda one: rounded(one.sampled),
    "judgements (five metrics)": lambda one: rounded(METRICS * one.sampled),
    "a window's pass rate of 0.8, ± points": lambda one: f"{half_width(one):.1f}",
    "tokens sent, received (fused)": lambda one: " and ".join(f"{rounded(n / 1e6)} M" for n in one.tokens),
    f"USD, {MODEL}, live": lambda one: f"{cost_usd(one):.2f}",
    "USD, batch": lambda one: f"{cost_usd(one) / 2:.2f}",
    "judging of a window at 200,000 tokens a minute": lambda one: time(60 * minutes(one, "few_tokens")),
    "at 10,000,000": lambda one: time(60 * minutes(one, "many_tokens")),
    "S3 GETs": lambda one: rounded(one.gets),
    "S3 PUTs and LISTs": lambda one: rounded(one.puts + one.lists),
    "USD for them": lambda one: f"{requests_usd(one):.2f}",
    "Prefect task runs": lambda one: rounded(one.runs * F["tasks"].value),
    "store, growth a year": lambda one: size(one.growth_bytes),
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; the first column to the left."""
    aligned = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, aligned, *rows])


def main() -> None:
    """Print both tables."""
    factors = [[one.unit, f"{one.value:,g}", one.source] for one in F.values()]
    print(table(["factor", "value", "from"], factors), end="\n\n")
    powers = "⁴⁵⁶⁷⁸⁹"
    head = ["a day", *(f"10{power}" for power in powers)]
    print(table(head, [[name, *(cell(one) for one in SCALES)] for name, cell in ROWS.items()]))


if __name__ == "__main__":
    main()
