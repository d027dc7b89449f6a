"""What the pages of a monitor are made from, read from its store, and the pages and their assets, written there."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from tasks.adapters.alert_books import read_book
from tasks.adapters.results import THREADS, key, read_manifest, read_table, read_tables
from tasks.adapters.storage import Storage, StoredObject, read_bytes
from tasks.core import measure, verdict
from tasks.core.alert import Alert
from tasks.core.drift.tokens import TokenDrift
from tasks.core.drift.tokens import from_table as words_of
from tasks.core.report.assets import assets
from tasks.core.report.history import QUALITY, History, WindowResults
from tasks.core.report.overview import Card, card_place
from tasks.core.window import key_of, start_of_key

SHOWN: Final = 168  # a week of hours: what a chart can show apart, and what is read and drawn in seconds
OF_SEGMENTS: Final = ("pass_rate", "weakest_pass_rate")


def all_revisions(store: Storage) -> Mapping[datetime, tuple[int, ...]]:
    """The published revisions of every window, by its start, both oldest first."""
    found: dict[datetime, list[int]] = {}
    for stored in store.list("runs/"):
        folder, name = stored.key.split("/")[-2:]
        start = start_of_key(folder.removeprefix("window="))
        found.setdefault(start, []).append(int(name.removeprefix("rev=").removesuffix(".json")))
    return {start: tuple(sorted(found[start])) for start in sorted(found)}


def read_history(store: Storage, published: Mapping[datetime, tuple[int, ...]]) -> History:
    """The newest revisions of the newest windows, at most `SHOWN`."""
    starts = list(published)[-SHOWN:]
    newest = [(key_of(start), published[start][-1]) for start in starts]
    measures = read_tables(store, [key("measures", *place) for place in newest])
    verdicts = read_tables(store, [key("verdicts", *place) for place in newest])
    with ThreadPoolExecutor(THREADS) as pool:
        manifests = pool.map(lambda place: read_manifest(store, *place), newest)
        alerts = pool.map(lambda start: _alerts(store, start, published[start]), starts)
        return History.of(
            WindowResults(
                manifest=manifest,
                revisions=published[start],
                measures=measure.from_table(_drawn(measured)),
                verdicts=verdict.from_table(decided),
                alerts=left,
            )
            for start, manifest, measured, decided, left in zip(
                starts, manifests, measures, verdicts, alerts, strict=True
            )
        )


def read_words(store: Storage, newest: WindowResults | None) -> Mapping[str, Sequence[TokenDrift]]:
    """By role the words that have most to do with the drift of a window; none where they are not kept (any more)."""
    if newest is None:
        return {}
    try:
        return words_of(read_table(store, key("words", newest.window.key, newest.manifest.revision)))
    except FileNotFoundError:
        return {}


def write_card(root_store: Storage, card: Card) -> None:
    """Leave a monitor's card for the page of all monitors."""
    root_store.put(card_place(card.monitor), card.model_dump_json(indent=2).encode())


def read_cards(root_store: Storage, found: Sequence[StoredObject]) -> list[Card]:
    """The cards of monitors, as they were listed; one that is gone, or of another version of genwatch, is left out."""
    with ThreadPoolExecutor(THREADS) as pool:
        return [card for card in pool.map(lambda one: _card(root_store, one.key), found) if card is not None]


def write_assets(store: Storage, folder: str) -> None:
    """Put the scripts and the style of the pages into a folder, where they are not there yet."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda one: store.put_if_absent(f"{folder}/{one.name}", one.content), assets()))


def write_pages(store: Storage, pages: Mapping[str, str]) -> None:
    """Write pages by their places, whole or not at all."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda place: store.put(place, pages[place].encode()), pages))


def _drawn(table: pa.Table) -> pa.Table:
    """The rows that pages show: of the quality of segments, nine in ten are not among them."""
    elsewhere = pc.or_(pc.not_equal(table["signal"], QUALITY), pc.is_null(table["segment_by"]))
    return table.filter(pc.or_(elsewhere, pc.is_in(table["measure"], pa.array(OF_SEGMENTS))))


def _card(root_store: Storage, place: str) -> Card | None:
    try:
        return Card.model_validate_json(read_bytes(root_store, place))
    except (ValidationError, FileNotFoundError):
        return None


def _alerts(store: Storage, start: datetime, revisions: tuple[int, ...]) -> tuple[Alert, ...] | None:
    """The alerts of the last revision that was the newest window when it was run; None where no one was."""
    for revision in reversed(revisions):
        book = read_book(store, key_of(start), revision)
        if not book.amends:
            return book.alerts
    return None
