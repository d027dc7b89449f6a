import pytest

from tasks.adapters.halves import KeptSlice, owners
from tasks.adapters.storage import StoredObject
from tests.builders import SIX


def kept(folder: str, *numbers: int, unread: int | None = None) -> KeptSlice:
    objects = {number: StoredObject(key=f"{number}", size=1, etag="", modified=SIX) for number in numbers}
    return KeptSlice(
        folder=folder, place=0, objects=objects, unread=frozenset() if unread is None else frozenset({unread})
    )


@pytest.mark.parametrize("healed_last", [True, False])
def test_an_object_that_was_read_at_last_counts_by_that_in_whatever_order_they_lie(*, healed_last: bool) -> None:
    failed, healed, never = kept("a", 7, 8, unread=7), kept("b", 7), kept("c", 9, unread=9)
    slices = [failed, healed, never] if healed_last else [healed, failed, never]
    counting = {number: slices[place] for number, place in owners(slices).items()}
    assert counting == {7: healed, 8: failed, 9: never}
