"""What judging will take and buy, said before it begins."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.price import Price
from tasks.core.quality.plan import Missing
from tasks.core.stats.intervals import wilson

CHARACTERS_A_TOKEN: Final = 4  # of English, as a rule
VERDICT_TOKENS: Final = 45  # a reason of a sentence and a score


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An estimate of the judging of one window.

    `rows` are the sampled interactions, `calls` those that are still to be made. `cost_usd` is None where a price is
    unknown. `affordable_rows` are those that the budget pays for. `half_width` is that of the pass rate's interval (0
    to 1) over so many rows, for a rate as it is asked for; None without a row.
    """

    rows: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    affordable_rows: int
    half_width: float | None

    @property
    def sentence(self) -> str:
        """The estimate in one line."""
        tokens = f"about {self.prompt_tokens:,} tokens sent, {self.completion_tokens:,} received"
        cost = "at an unknown price" if self.cost_usd is None else f"about {self.cost_usd:.4f} USD"
        less = f", of which the budget pays {self.affordable_rows}" if self.affordable_rows < self.rows else ""
        width = "" if self.half_width is None else f" → ± {100 * self.half_width:.1f} points"
        return f"{self.calls} calls, {tokens}, {cost} → {self.rows} rows{less}{width}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an estimate depends on besides the calls.

    `prices` are those of the judges, each of whom is asked `repeats` times; `batch_share` is the part of the price that
    is paid. `rate` is the pass rate that the interval is computed for.
    """

    prices: Sequence[Price | None]
    repeats: int
    batch_share: float
    budget_usd: float | None
    rate: float
    confidence: float


def estimate(rows: int, wanted: Collection[Missing], terms: Terms) -> Estimate:
    """The estimate for the calls that are wanted, of a sample of so many rows."""
    votes = len(terms.prices) * terms.repeats
    prompt = sum(one.characters for one in wanted) // CHARACTERS_A_TOKEN
    completion = sum(len(one.names) for one in wanted) * VERDICT_TOKENS
    known = [price for price in terms.prices if price is not None]
    cost = None
    if len(known) == len(terms.prices):
        each = sum(price.cost_usd(prompt, 0, completion) for price in known)
        cost = each * terms.repeats * terms.batch_share
    affordable = rows
    if terms.budget_usd is not None and cost is not None and cost > terms.budget_usd:
        left = len({one.interaction_id for one in wanted})
        affordable = rows - left + int(left * terms.budget_usd / cost)
    return Estimate(
        rows=rows,
        calls=len(wanted) * votes,
        prompt_tokens=prompt * votes,
        completion_tokens=completion * votes,
        cost_usd=cost,
        affordable_rows=affordable,
        half_width=_half_width(affordable, terms.rate, terms.confidence),
    )


def _half_width(rows: int, rate: float, confidence: float) -> float | None:
    interval = wilson(round(rate * rows), rows, confidence)
    return None if interval is None else (interval[1] - interval[0]) / 2
