"""The evidence of a window: its sampled interactions, and what was judged of each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.core.feedback.rates import Numbers, numbers_of
from tasks.core.quality.judgement import Judgement
from tasks.core.records.interaction import INCLUSION, sessions_of
from tasks.core.records.strata import thinned
from tasks.core.safety.signals import Flags
from tasks.core.stats.rows import Rows
from tasks.core.stats.sessions import Floats

MOST_ROWS: Final = 20_000  # of a baseline, or of the windows before together


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The interactions, a table of `interaction.schema`, and a judgement of each of them on every metric.

    `numbers` is what bare numbers among the feedback are, which the whole window tells. `values` are those of the
    monitor's own functions and of the reference metrics, by `signal.name` a number or null for each interaction.
    `flags` and `languages` are what is seen in each interaction; empty where it is not looked for. `population` is the
    number of interactions that these were drawn from, None where they stand for more than those; `largest_weight` that
    of the whole window, None where all count alike.
    """

    interactions: pa.Table
    judged: tuple[Judgement, ...]
    numbers: Numbers
    values: Mapping[str, pa.Array] = field(default_factory=dict)
    flags: Sequence[Flags] = ()
    languages: Sequence[str | None] = ()
    population: int | None = None
    largest_weight: float | None = None

    @staticmethod
    def of(
        interactions: pa.Table, judged: Iterable[Judgement], values: Mapping[str, pa.Array] | None = None
    ) -> "Evidence":
        """The evidence of a whole window."""
        numbers = numbers_of(interactions["feedback"].to_pylist())
        whole = Evidence(interactions=interactions, judged=tuple(judged), numbers=numbers, values=values or {})
        return whole if whole.weights is None else replace(whole, largest_weight=float(whole.weights.max()))

    def part(self, mask: pa.Array) -> "Evidence":
        """The interactions for which a mask is true, with their judgements."""
        interactions = self.interactions.filter(mask)
        mine = set(interactions["interaction_id"].to_pylist())
        judged = tuple(one for one in self.judged if one.interaction_id in mine)
        values = {name: column.filter(mask) for name, column in self.values.items()}
        kept = mask.to_pylist()
        return replace(
            self,
            interactions=interactions,
            judged=judged,
            values=values,
            flags=tuple(compress(self.flags, kept)),
            languages=tuple(compress(self.languages, kept)),
            population=None,
        )

    def where(self, column: str, value: str) -> "Evidence":
        """The interactions whose column has a value, with their judgements."""
        mask = pc.fill_null(pc.equal(self.interactions[column], value), fill_value=False)
        return self.part(mask.combine_chunks())

    @property
    def sessions(self) -> list[str]:
        """The session of each interaction, in their order."""
        return sessions_of(self.interactions)

    @property
    def weights(self) -> Floats | None:
        """1 / the probability of each interaction to be chosen, in their order; None where it was 1 for all."""
        inclusion = self.interactions[INCLUSION].fill_null(1.0).to_numpy()
        return None if (inclusion == 1.0).all() else 1 / inclusion

    def even(self, seed: int) -> "Evidence":
        """A part in which all interactions had the same chance, for what knows no weights; all where they had."""
        if self.weights is None:
            return self
        part = self.part(pa.array(thinned(self.interactions[INCLUSION].to_pylist(), seed), pa.bool_()))
        place = part.interactions.schema.get_field_index(INCLUSION)
        alike = pa.array([1.0] * part.interactions.num_rows, pa.float64())
        interactions = part.interactions.set_column(place, INCLUSION, alike)
        return replace(part, interactions=interactions, largest_weight=None)

    def rows(self, confidence: float, *, by_session: bool) -> Rows:
        """How the interactions were drawn; `by_session` where the logs tell sessions."""
        return Rows(
            confidence=confidence,
            sessions=self.sessions if by_session else None,
            weights=self.weights,
            largest_weight=self.largest_weight,
        )

    def scores(self) -> Mapping[str, list[float | None]]:
        """By metric the score of each interaction, in their order; None where it has none."""
        found: dict[str, dict[str, float | None]] = {}
        for one in self.judged:
            found.setdefault(one.metric.name, {})[one.interaction_id] = one.score
        ids = self.interactions["interaction_id"].to_pylist()
        return {name: [scores.get(one) for one in ids] for name, scores in found.items()}

    def passed(self) -> Mapping[str, list[bool | None]]:
        """By metric whether each interaction passed, in their order; None where it has no score."""
        limits = {one.metric.name: one.metric.pass_at for one in self.judged}
        return {
            name: [None if score is None else score >= limits[name] for score in scores]
            for name, scores in self.scores().items()
        }

    def failed(self) -> list[bool | None]:
        """Whether each interaction failed any metric, in their order; None where it has no score."""
        rows = zip(*self.passed().values(), strict=True) if self.judged else [()] * self.interactions.num_rows
        known = ([passed for passed in row if passed is not None] for row in rows)
        return [not all(passed) if passed else None for passed in known]
