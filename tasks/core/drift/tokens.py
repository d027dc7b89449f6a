"""Which words changed: how much each has to do with the drift of a window's texts, and which side has it more often.

Source: R. J. Gallagher et al., Generalized word shift graphs, EPJ Data Science 10 (2021), for a word's part of the
Jensen-Shannon divergence (J. Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on
Information Theory 37 (1991)); here of whether a text has the word, so that one long text does not count for many.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import entr

from tasks.core.drift.words import is_content, words

LEAST_TEXTS: Final = 20
LEAST_HAVING: Final = 3

SCHEMA: Final = pa.schema(
    [
        pa.field("role", pa.string(), nullable=False),
        pa.field("token", pa.string(), nullable=False),
        *(
            pa.field(name, pa.float64(), nullable=False)
            for name in ("share_before", "share_now", "contribution", "part")
        ),
    ]
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDrift:
    """One word's part in the drift.

    `share_before` and `share_now` are the shares of the baseline's and of the window's texts that have it, 0 to 1.
    `contribution`, in bits from 0 to 1, is the Jensen-Shannon divergence of having it; the divergence of the texts is
    the sum over all their words, and `part` is the word's share of that sum, 0 to 1.
    """

    token: str
    share_before: float
    share_now: float
    contribution: float
    part: float


def token_drift(before: Sequence[str], now: Sequence[str], *, most: int = 60) -> tuple[TokenDrift, ...] | None:
    """The `most` words that contribute most to the drift, first the greatest; none where nothing differs.

    The commonest words of a language, and those of fewer than `LEAST_HAVING` texts of both sides, do not count.
    None where either side has fewer than `LEAST_TEXTS` texts. The order of the texts makes no difference.
    """
    if min(len(before), len(now)) < LEAST_TEXTS:
        return None
    having = [Counter(chain.from_iterable(set(words(text)) for text in texts)) for texts in (before, now)]
    tokens = sorted(
        token
        for token in having[0].keys() | having[1].keys()
        if sum(one[token] for one in having) >= LEAST_HAVING and is_content(token)
    )
    shares = [
        np.array([one[token] for token in tokens], dtype=np.float64) / len(texts)
        for one, texts in zip(having, (before, now), strict=True)
    ]
    parts = _divergences(*shares)
    total = parts.sum()
    return tuple(
        TokenDrift(
            token=tokens[place],
            share_before=float(shares[0][place]),
            share_now=float(shares[1][place]),
            contribution=float(parts[place]),
            part=float(parts[place] / total),
        )
        for place in np.argsort(-parts, kind="stable")[:most]
        if parts[place] > 0
    )


def to_table(words: Mapping[str, Sequence[TokenDrift]]) -> pa.Table:
    """The words of each role, in their order, as a table of `SCHEMA`."""
    rows = [{"role": role, **asdict(one)} for role, found in words.items() for one in found]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def from_table(table: pa.Table) -> dict[str, list[TokenDrift]]:
    """The words of each role in a table of `SCHEMA`."""
    words: dict[str, list[TokenDrift]] = {}
    for row in table.to_pylist():
        words.setdefault(row.pop("role"), []).append(TokenDrift(**row))
    return words


def _divergences(before: Floats, now: Floats) -> Floats:
    """The Jensen-Shannon divergences, in bits, of yes and no with these shares of yes."""
    middle = _entropies((before + now) / 2)
    return np.where(before == now, 0.0, np.clip(middle - (_entropies(before) + _entropies(now)) / 2, 0.0, 1.0))


def _entropies(shares: Floats) -> Floats:
    return np.asarray((entr(shares) + entr(1 - shares)) / np.log(2), dtype=np.float64)
