"""The alerts of every window in the store of a monitor, and which of them the next window goes on from."""

from datetime import datetime
from typing import Final

from pydantic import ValidationError

from tasks.adapters.results import key, revisions
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.alert import AlertBook
from tasks.core.window import key_of

UNTOLD: Final = "alerts-untold"
Place = tuple[str, int]  # the key of a window's start, and the revision


def write_book(store: Storage, window_start_key: str, revision: int, book: AlertBook) -> None:
    """Write the alerts of a window, or what was told of them."""
    store.put(key("alerts", window_start_key, revision, "json"), book.model_dump_json(indent=2).encode())


def read_book(store: Storage, window_start_key: str, revision: int) -> AlertBook:
    """The alerts of one revision of a window.

    There are none before the first revision, and none in what is gone or was written by another version of genwatch:
    what is bad is told once more then.
    """
    if revision < 0:
        return AlertBook()
    try:
        return AlertBook.model_validate_json(read_bytes(store, key("alerts", window_start_key, revision, "json")))
    except (ValidationError, FileNotFoundError):
        return AlertBook()


def book_before(store: Storage, window_start: datetime | None = None) -> AlertBook:
    """The alerts that the newest window before a time, or of all, has left; those of amended windows do not count."""
    published = revisions(store)
    for start in sorted(published, reverse=True):
        if window_start is not None and start >= window_start:
            continue
        if (book := followed_book(store, start, published[start])) is not None:
            return book
    return AlertBook()


def followed_book(store: Storage, start: datetime, newest_revision: int) -> AlertBook | None:
    """The alerts of the last revision of a window that was the newest one when it was run; None where none was."""
    books = (read_book(store, key_of(start), revision) for revision in range(newest_revision, -1, -1))
    return next((book for book in books if not book.amends), None)


def mark_untold(store: Storage, window_start_key: str, revision: int) -> None:
    """Note that the amendments of an old window are still to be told: no window follows it that would."""
    store.put(key(UNTOLD, window_start_key, revision, "json"), b"{}")


def unmark_untold(store: Storage, window_start_key: str, revision: int) -> None:
    """Take the note back, where there is one."""
    store.delete(key(UNTOLD, window_start_key, revision, "json"))


def untold_books(store: Storage) -> dict[Place, AlertBook]:
    """The alerts of the old windows that have amendments to tell."""
    names = [stored.key.removeprefix(f"{UNTOLD}/window=").removesuffix(".json") for stored in store.list(f"{UNTOLD}/")]
    places = [(window, int(revision)) for window, _, revision in (name.partition("/rev=") for name in names)]
    return {place: read_book(store, *place) for place in places}
