"""Great Expectations: the rules about columns, checked on the sampled interactions.

It is imported where it is used: it takes seconds and a quarter of a gigabyte. It is shown numbers and no texts (how
many characters, whether a pattern matched), so that it copies none: each of its checks copies the whole frame.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.core.records.expectation import Check, Expectation, Kind, Type

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation as GxExpectation

LARGEST: Final = 1.7976931348623157e308
COUNTS_ONLY: Final = {"result_format": "BASIC", "partial_unexpected_count": 0}
WITH_ROWS: Final = {
    "result_format": "COMPLETE",
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
}


def check_rows(numbers: pa.Table, expectations: Sequence[Expectation]) -> tuple[Check, ...]:
    """What the rows say of each expectation, in the order of the expectations; `numbers` is their `frame`.

    A column that is not there is an error of its check, not a breach. Nothing is imported for a table without rows, or
    without expectations. The failing rows are listed for the expectations that fail rows.
    """
    if not numbers.num_rows or not expectations:
        return tuple(_unchecked(one, numbers) for one in expectations)
    batch = _batch(numbers)
    watched = [one for one in expectations if not one.fails_rows]
    asked = [one for one in expectations if one.fails_rows]
    found = _run(batch, watched, COUNTS_ONLY) | _run(batch, asked, WITH_ROWS)
    return tuple(_check(one, found[one.name], numbers) for one in expectations)


def frame(interactions: pa.Table, expectations: Iterable[Expectation]) -> pa.Table:
    """A column of numbers for each expectation, by its name; null where the rule has nothing to look at.

    Completeness: 1 where there is a value that is not blank. Range: the value. Length: the characters. Type and
    language: 1 where the text is as it should be, else 0.
    """
    columns = {
        one.name: pa.chunked_array([_numbers(one, chunk) for chunk in interactions[one.column].chunks], pa.float64())
        for one in expectations
        if one.column in interactions.column_names
    }
    return pa.table(columns)


def _numbers(expectation: Expectation, values: pa.Array) -> pa.Array:
    is_text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
    match expectation.kind:
        case Kind.COMPLETENESS:
            is_there = _is_there(values, is_text=is_text)
            return pc.if_else(is_there, 1.0, pa.scalar(None, pa.float64()))
        case Kind.LENGTH:
            return pc.utf8_length(values).cast(pa.float64())
        case Kind.RANGE:
            return _as_numbers(values) if is_text else values.cast(pa.float64())
        case Kind.TYPE | Kind.LANGUAGE:
            matches = _matches(values, expectation.pattern)
            return pc.invert(matches).cast(pa.float64()) if expectation.refuses_matches else matches.cast(pa.float64())


def _is_there(values: pa.Array, *, is_text: bool) -> pa.Array:
    """Whether there is a value: no null, no NaN, no blank text."""
    if not is_text:
        return pc.fill_null(pc.invert(pc.is_nan(values.cast(pa.float64()))), fill_value=False)
    blank = pc.or_(pc.equal(pc.binary_length(values), 0), pc.utf8_is_space(values))
    return pc.fill_null(pc.invert(blank), fill_value=False)


def _as_numbers(values: pa.Array) -> pa.Array:
    """Texts as numbers; null where a text is none, which its type says."""
    is_number = _matches(values, Expectation(column="", kind=Kind.TYPE, type=Type.NUMBER).pattern)
    numbers = pc.if_else(is_number, pc.utf8_trim_whitespace(values), pa.scalar(None, values.type))
    return numbers.cast(pa.float64())


def _matches(values: pa.Array, pattern: str) -> pa.Array:
    """Whether a whole text matches; Arrow's expressions take time linear in the text, whatever it is."""
    return pc.match_substring_regex(values, f"^(?:{pattern})$")


def _batch(numbers: pa.Table) -> "Batch":
    """The frame in a context of its own, which lives in memory and tells nobody."""
    import great_expectations as gx  # noqa: PLC0415  see above
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("genwatch").add_dataframe_asset("interactions")
    return asset.add_batch_definition_whole_dataframe("window").get_batch({"dataframe": numbers.to_pandas()})


def _run(
    batch: "Batch", expectations: Sequence[Expectation], result_format: Mapping[str, Any]
) -> dict[str, Mapping[str, Any]]:
    """What Great Expectations says of each expectation, by name; `error` where it could not say."""
    import great_expectations as gx  # noqa: PLC0415  see above

    if not expectations:
        return {}
    suite = gx.ExpectationSuite(name="contract", expectations=[_as_gx(one) for one in expectations])
    validated = batch.validate(suite, result_format=dict(result_format))
    return {
        result.expectation_config.meta["name"]: {**result.result, "error": _error(result.exception_info)}
        for result in validated.results
        if result.expectation_config is not None
    }


def _as_gx(expectation: Expectation) -> "GxExpectation":
    from great_expectations.expectations.core.expect_column_values_to_be_between import (  # noqa: PLC0415  see above
        ExpectColumnValuesToBeBetween,
    )
    from great_expectations.expectations.core.expect_column_values_to_not_be_null import (  # noqa: PLC0415  see above
        ExpectColumnValuesToNotBeNull,
    )

    name, meta = expectation.name, {"name": expectation.name}
    if expectation.kind is Kind.COMPLETENESS:
        return ExpectColumnValuesToNotBeNull(column=name, meta=meta)
    least, most = expectation.least, expectation.most
    if expectation.kind in {Kind.TYPE, Kind.LANGUAGE}:
        least, most = 1, 1
    if expectation.kind is Kind.RANGE:  # an infinite value is in no range
        least, most = -LARGEST if least is None else least, LARGEST if most is None else most
    return ExpectColumnValuesToBeBetween(column=name, min_value=least, max_value=most, meta=meta)


def _error(info: Mapping[str, Any] | None) -> str | None:
    """Why an expectation was not evaluated; a failure in one of its parts stands under the name of the part."""
    info = info or {}
    parts = [info] if "raised_exception" in info else [part for part in info.values() if isinstance(part, Mapping)]
    messages = [str(part["exception_message"]) for part in parts if part.get("raised_exception")]
    return messages[0] if messages else None


def _check(expectation: Expectation, found: Mapping[str, Any], numbers: pa.Table) -> Check:
    if found["error"] is not None:
        return _unchecked(expectation, numbers, found["error"])
    return Check(
        expectation=expectation,
        evaluated=found["element_count"] - found.get("missing_count", 0),
        unexpected=found["unexpected_count"],
        failing=tuple(found.get("unexpected_index_list") or ()),
    )


def _unchecked(expectation: Expectation, numbers: pa.Table, error: str | None = None) -> Check:
    if expectation.name not in numbers.column_names:
        error = f"there is no column {expectation.column}"
    return Check(expectation=expectation, evaluated=0, unexpected=0, error=error)
