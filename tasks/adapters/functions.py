"""A user's own Python function over the interactions, in a process of its own that is ended when its time is up."""

import inspect
import json
import math
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from configs.custom import Function
from tasks.core.errors import ConfigError

START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from tasks.adapters.functions import answer; answer(*sys.argv[2:])"
)
GRACE_S: Final = 2  # after its time, a process whose parent is gone ends by itself
PROTOCOLS: Final = ("__arrow_c_stream__", "__arrow_c_array__", "__arrow_array__", "__array__")


class Cause(StrEnum):
    """Why a function has no values."""

    UNUSABLE = "unusable"
    RAISED = "raised"
    TIMEOUT = "timeout"
    ENDED = "ended"
    WRONG_TYPE = "wrong_type"
    WRONG_LENGTH = "wrong_length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """A number of each row, in its order, as float64; null where the function gave none.

    `not_finite` of the nulls were infinite or NaN.
    """

    column: pa.DoubleArray
    not_finite: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A function that gave no values; `sentence` is one line without any text of the logs."""

    cause: Cause
    sentence: str


def load_function(call: str) -> Callable[[Any], object]:
    """The function `package.module:function`, imported here.

    Raises ConfigError where there is no such module or attribute, or where it cannot be called with one table.
    """
    name, _, path = call.partition(":")
    found: Any = _module(call, name)
    for part in path.split("."):
        if not hasattr(found, part):
            message = f"{call}: there is no {path} in {name}; correct the name"
            raise ConfigError(message)
        found = getattr(found, part)
    if fault := _fault(found):
        message = f"{call}: {fault}; give a function of one table that returns a column of numbers"
        raise ConfigError(message)
    function: Callable[[Any], object] = found
    return function


def run_function(function: Function, interactions: pa.Table) -> Values | Failed:
    """Call a function on the columns that it needs, in a process of its own.

    Whatever it does, it costs its own values only. What it prints is dropped. Not called for a table without rows.
    """
    if not interactions.num_rows:
        return Values(column=pa.array([], pa.float64()))
    if lacking := [name for name in function.needs if name not in interactions.column_names]:
        return Failed(cause=Cause.UNUSABLE, sentence=f"{function.call} needs {lacking[0]}, which is no column here")
    seconds = function.timeout.total_seconds()
    arguments = (json.dumps(sys.path), function.call, function.frame, str(math.ceil(seconds) + GRACE_S))
    with subprocess.Popen(  # noqa: S603  this interpreter, and the function that the monitor's owner names
        [sys.executable, "-P", "-c", START, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            reply, _ = process.communicate(_written(interactions.select(list(function.needs))), timeout=seconds)
        except subprocess.TimeoutExpired:
            return Failed(cause=Cause.TIMEOUT, sentence=f"{function.call} did not end within {seconds:g} s")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return _read(function.call, reply, process.returncode)


def call_function(call: str, frame: str, table: pa.Table) -> Values | Failed:
    """Call a function on a table, as a `frame` of `arrow` or `pandas`, here and without a limit of time."""
    try:
        function = load_function(call)
    except ConfigError as error:
        return Failed(cause=Cause.UNUSABLE, sentence=str(error))
    given = table.to_pandas() if frame == "pandas" else table
    try:
        return _values(call, _in_order(function(given), given), table.num_rows)
    except Exception as error:  # noqa: BLE001  the user's code, and a column of its own kind, may raise anything
        return Failed(cause=Cause.RAISED, sentence=f"{call} raised {_place(error, call.partition(':')[0])}")


def answer(call: str, frame: str, seconds: str) -> None:
    """In the process of its own: call the function on the table in the standard input, and write what it gave."""
    signal.alarm(int(seconds))
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as reply:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        outcome = call_function(call, frame, pa.ipc.open_stream(sys.stdin.buffer).read_all())
        if isinstance(outcome, Failed):
            table = pa.table({"value": pa.array([], pa.float64())})
            said = {"cause": outcome.cause.value, "sentence": outcome.sentence}
        else:
            table, said = pa.table({"value": outcome.column}), {"not_finite": str(outcome.not_finite)}
        reply.write(_written(table.replace_schema_metadata(said)))


def _module(call: str, name: str) -> object:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        message = f"{call}: there is no module {missing}; install it, or put its folder on PYTHONPATH"
        raise ConfigError(message) from error
    except (Exception, SystemExit) as error:
        message = f"{call}: importing {name} raised {_place(error, name)}; correct it"
        raise ConfigError(message) from error


def _fault(found: object) -> str | None:
    """What keeps it from being called with one table; None where nothing does."""
    if not callable(found):
        return f"it is {type(found).__name__} and no function"
    if inspect.iscoroutinefunction(found) or inspect.isgeneratorfunction(found) or inspect.isasyncgenfunction(found):
        return "it is a coroutine or a generator"
    try:
        inspect.signature(found).bind(None)
    except TypeError:
        return "it cannot be called with one argument"
    except ValueError:  # a function in C may tell nothing of its arguments
        return None
    return None


def _in_order(result: Any, given: Any) -> Any:  # noqa: ANN401  whatever a user's function takes and gives
    """A pandas series in the order of the frame that was given, where it has the same index in another order."""
    if type(result).__name__ != "Series" or not hasattr(given, "index") or len(result) != len(given):
        return result
    is_same_index = result.index.is_unique and given.index.isin(result.index).all()
    return result.reindex(given.index) if is_same_index else result


def _values(call: str, result: object, rows: int) -> Values | Failed:
    numbers = _numbers(result)
    if numbers is None:
        kind = type(result).__name__
        return Failed(cause=Cause.WRONG_TYPE, sentence=f"{call} gave a {kind} that is no column of numbers")
    if len(numbers) != rows:
        sentence = f"{call} gave {len(numbers)} values for {rows} interactions"
        return Failed(cause=Cause.WRONG_LENGTH, sentence=sentence)
    finite = pc.if_else(pc.is_finite(numbers), numbers, pa.scalar(None, pa.float64()))
    return Values(column=finite, not_finite=finite.null_count - numbers.null_count)


def _numbers(result: object) -> pa.DoubleArray | None:
    """A column of numbers or booleans as float64; None where it is none."""
    is_column = isinstance(result, list | tuple) or any(hasattr(result, protocol) for protocol in PROTOCOLS)
    if not is_column or getattr(result, "ndim", 1) != 1:
        return None
    try:
        column = result if isinstance(result, pa.ChunkedArray) else pa.array(result, from_pandas=False)
    except Exception:  # noqa: BLE001  a column of another library turns itself into one of Arrow
        return None
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kinds = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
    return column.cast(pa.float64(), safe=False) if any(is_kind(column.type) for is_kind in kinds) else None


def _place(error: BaseException, module: str) -> str:
    """The kind of an error and the line of the user's module that it comes from; never its message."""
    frames = traceback.extract_tb(error.__traceback__)
    own = getattr(sys.modules.get(module), "__file__", None)
    frame = next((one for one in reversed(frames) if one.filename == own), frames[-1])
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def _written(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _read(call: str, reply: bytes, code: int) -> Values | Failed:
    """What a process wrote that has ended."""
    try:
        table = pa.ipc.open_stream(reply).read_all()
    except pa.ArrowException:
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return Failed(cause=Cause.ENDED, sentence=f"{call} ended its process {how} before it gave its values")
    said = {key.decode(): text.decode() for key, text in table.schema.metadata.items()}
    if "cause" in said:
        return Failed(cause=Cause(said["cause"]), sentence=said["sentence"])
    return Values(column=table["value"].combine_chunks(), not_finite=int(said["not_finite"]))
