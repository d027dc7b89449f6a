"""Many pieces of work on the workers of a Dask cluster, which share nothing but object storage."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from tasks.core.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_S: Final = 10
RETRIES: Final = 3

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def open_cluster(address: str) -> "Iterator[Client]":
    """A client of the scheduler; raises ClusterError where it cannot be reached or has no worker."""
    try:
        from distributed import Client  # noqa: PLC0415  an extra
    except ImportError as error:
        message = "engine.dask needs another package: pip install 'genwatch[dask]'"
        raise ClusterError(message) from error
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError) as error:
        message = f"engine.dask: no scheduler answers at {address}; start it, or correct the address"
        raise ClusterError(message) from error
    with client:
        if not client.scheduler_info()["workers"]:
            message = f"engine.dask: the scheduler at {address} has no worker; start one with genwatch installed"
            raise ClusterError(message)
        yield client


def workers_of(client: "Client") -> int:
    """How many workers the cluster has now."""
    return len(client.scheduler_info()["workers"])


def each(
    client: "Client", work: Callable[[Item], Result], items: Sequence[Item], done: Callable[[int], None]
) -> list[Result]:
    """The result of `work` on each item, in their order; `done` is told the place of each that has ended.

    What a worker that was lost had in its hands is done again by another one.
    """
    from distributed import as_completed  # noqa: PLC0415  an extra

    futures = [client.submit(work, item, pure=False, retries=RETRIES) for item in items]
    places = {future.key: place for place, future in enumerate(futures)}
    for future in as_completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]
        done(places[future.key])
    results: list[Result] = client.gather(futures)  # type: ignore[no-untyped-call]
    return results
