"""How much a single column has to do with failing: drift of a column that has nothing to do with it matters less.

Each column alone predicts the failures of rows that it was not fitted on, by the failure rate of the row's value (of
its bin, where it is a number); the area under the curve (AUC) says how well.
Sources: D. Micci-Barreca, A preprocessing scheme for high-cardinality categorical attributes, SIGKDD Explorations 3
(2001), for the rates; R. H. Somers, A new asymmetric measure of association for ordinal variables, American
Sociological Review 27 (1962), whose D of a yes and no is 2 AUC - 1.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold

LEAST_OF_EACH: Final = 20
BINS: Final = 10
FOLDS: Final = 5
REPEATS: Final = 5
PRIOR_ROWS: Final = 5  # so many rows of the overall failure rate are added to each value's

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Column: TypeAlias = pa.Array | pa.ChunkedArray | Sequence[float | str | bool | None]


def importance(columns: Mapping[str, Column], failed: Sequence[bool], *, seed: int) -> dict[str, float] | None:
    """By column, how well it alone tells which rows failed: 0 not at all, 1 always. Rows in the order of `failed`.

    The figure is 2 AUC - 1 of rows unseen, and 0 where that is negative, which is chance. Nulls, and numbers that are
    not finite, are a category of their own. A column without any value is left out. None where fewer than
    `LEAST_OF_EACH` rows failed, or passed. The order of the rows makes no difference.
    """
    labels = np.asarray(failed, dtype=np.int64)
    if min(labels.sum(), len(labels) - labels.sum()) < LEAST_OF_EACH:
        return None
    coded = {name: _codes(pa.array(one) if isinstance(one, list | tuple) else one) for name, one in columns.items()}
    return {name: _skill(codes, labels, seed) for name, codes in coded.items() if codes is not None}


def _codes(column: pa.Array | pa.ChunkedArray) -> Integers | None:
    """Equal values, or values of one bin, by one number from 0, which does not depend on the rows' order.

    None where there is no value.
    """
    is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if is_number:
        numbers = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return _bins(np.asarray(numbers, dtype=np.float64))
    if column.null_count == len(column):
        return None
    names = pc.cast(column, pa.string())
    known = np.array(sorted(pc.unique(names.drop_null()).to_pylist()), dtype=object)
    places = pc.index_in(names, value_set=pa.array(known.tolist(), pa.string()))
    return np.asarray(pc.fill_null(places, len(known)).to_numpy(zero_copy_only=False), dtype=np.int64)


def _bins(numbers: Floats) -> Integers | None:
    """Bins of equal shares of the finite numbers; what is not finite is in the last."""
    is_finite = np.isfinite(numbers)
    if not is_finite.any():
        return None
    edges = np.unique(np.quantile(numbers[is_finite], np.arange(1, BINS) / BINS, method="inverted_cdf"))
    return np.where(is_finite, np.searchsorted(edges, numbers), len(edges) + 1)


def _skill(codes: Integers, labels: Integers, seed: int) -> float:
    order = np.lexsort((labels, codes))
    codes, labels = codes[order], labels[order]
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    aucs = [
        roc_auc_score(labels[unseen], _rates(codes, labels, seen)[codes[unseen]])
        for seen, unseen in folds.split(labels, labels)
    ]
    return max(0.0, 2 * float(np.mean(aucs)) - 1)


def _rates(codes: Integers, labels: Integers, seen: Integers) -> Floats:
    """The failure rate of each code among the rows seen, drawn towards that of them all."""
    size = int(codes.max()) + 1
    rows = np.bincount(codes[seen], minlength=size)
    failures = np.bincount(codes[seen], weights=labels[seen], minlength=size)
    return np.asarray((failures + PRIOR_ROWS * labels[seen].mean()) / (rows + PRIOR_ROWS), dtype=np.float64)
