"""The pages of single windows in a monitor's store: made from what is there, and made again when a neighbour comes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from configs.load import evidence_hash
from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import read_book
from tasks.adapters.judgements import read_judgements
from tasks.adapters.pages import all_revisions, write_assets, write_pages
from tasks.adapters.results import key, read_manifest, read_table
from tasks.adapters.screening import QUARANTINE_SCHEMA
from tasks.adapters.storage import Storage
from tasks.core import verdict
from tasks.core.manifest import Manifest
from tasks.core.quality.judgement import Judgement
from tasks.core.report.interactions_view import InteractionsView, interactions_view
from tasks.core.report.places import ASSETS, ROOT, interactions_page, run_page
from tasks.core.report.run_view import (
    GONE,
    MOST_LINES,
    Decided,
    Neighbour,
    Neighbours,
    Quarantine,
    RunView,
    quarantine_of,
    run_view,
)
from tasks.core.report.window_pages import render_interactions, render_run
from tasks.core.run import Scored
from tasks.core.window import Window, key_of

CHANGED: Final = (
    "The monitor file has changed since in what is judged or in what passes; passed and failed go by the present file."
)
UNREASONED: Final = (
    "Reasons are in the store's scores only: this page is kept for longer than retention.scores keeps them."
)
Revisions = Mapping[datetime, tuple[int, ...]]


def write_window_pages(config: MonitorConfig, window: Window, revision: int, store: Storage) -> None:
    """Write the page of a run and that of its interactions, and the pages of the runs beside it, which link to it.

    Without interactions, which are not kept for ever, there is no page of them.
    """
    published = all_revisions(store)
    manifest = read_manifest(store, window.key, revision)
    moment = datetime.now(UTC)
    pages = _pages(config, manifest, published, moment, store)
    for place in _beside(window, revision, published, store):
        beside = _run(config, read_manifest(store, *place), published, store)
        pages |= [render_run(beside, moment)]
    write_assets(store, ASSETS)
    write_pages(store, pages)


def write_missing_pages(config: MonitorConfig, moment: datetime, store: Storage) -> int:
    """Write the pages that published windows should have and do not, as after erasure; returns for how many runs.

    Those that `retention.interactions` has deleted, or would, stay away.
    """
    published = all_revisions(store)
    written = {stored.key for stored in store.list(f"{ROOT}/")}
    kept = {stored.key for stored in store.list("interactions/")}
    limit = config.retention.interactions
    count = 0
    for start, numbers in published.items():
        if limit is not None and start.date() < (moment - limit).date():
            continue
        for number in numbers:
            place = key_of(start), number
            shown = {interactions_page(*place)} if key("interactions", *place) in kept else set()
            if not written.issuperset({run_page(*place), *shown}):
                write_pages(store, _pages(config, read_manifest(store, *place), published, moment, store))
                count += 1
    return count


def _pages(
    config: MonitorConfig, manifest: Manifest, published: Revisions, moment: datetime, store: Storage
) -> dict[str, str]:
    """The page of a run, and that of its interactions where they are kept."""
    pages = [render_run(_run(config, manifest, published, store), moment)]
    shown = _interactions(config, manifest, published, store)
    return dict(pages if shown is None else [*pages, render_interactions(shown, moment)])


def _beside(window: Window, revision: int, published: Revisions, store: Storage) -> Iterator[tuple[str, int]]:
    """The keys and revisions of the runs next to one that have a page."""
    starts = list(published)
    at = starts.index(window.start)
    for start in starts[max(at - 1, 0) : at + 2]:
        key_ = key_of(start)
        pages = {stored.key for stored in store.list(f"{ROOT}/window={key_}/")}
        for number in published[start]:
            if (start, number) != (window.start, revision) and run_page(key_, number) in pages:
                yield key_, number


def _run(config: MonitorConfig, manifest: Manifest, published: Revisions, store: Storage) -> RunView:
    place = key_of(manifest.window_start), manifest.revision
    decided = Decided(
        verdicts=verdict.from_table(read_table(store, key("verdicts", *place))), alerts=read_book(store, *place).alerts
    )
    starts = list(published)
    at = starts.index(manifest.window_start)
    every = manifest.window_end - manifest.window_start
    neighbours = Neighbours(
        before=_neighbour(starts[at - 1], every, published) if at else None,
        after=_neighbour(starts[at + 1], every, published) if at + 1 < len(starts) else None,
        revisions=published[manifest.window_start],
    )
    kept = bool(store.list(key("interactions", *place)))
    return run_view(manifest, decided, _quarantine(config, place, store), neighbours, has_interactions=kept)


def _neighbour(start: datetime, every: timedelta, published: Revisions) -> Neighbour:
    return Neighbour(window=Window(start=start, end=start + every), revision=published[start][-1])


def _quarantine(config: MonitorConfig, place: tuple[str, int], store: Storage) -> Quarantine:
    """The first lines; pages that outlive the quarantine show no contents."""
    try:
        table = read_table(store, key("quarantine", *place)).select(QUARANTINE_SCHEMA.names)
    except FileNotFoundError:
        return GONE
    first = table.slice(0, MOST_LINES).to_pylist()
    return quarantine_of(first, table.num_rows, with_contents=not _outlive(config, config.retention.raw))


def _interactions(
    config: MonitorConfig, manifest: Manifest, published: Revisions, store: Storage
) -> InteractionsView | None:
    """What is kept of the sample with its scores as the run had them; None where it is gone."""
    window = Window(start=manifest.window_start, end=manifest.window_end)
    try:
        table = read_table(store, key("interactions", window.key, manifest.revision))
    except FileNotFoundError:
        return None
    judged: Iterable[Judgement] = read_judgements(config, window, table, _scored(manifest, published, store), store)
    remarks = []
    if manifest.evidence_hash not in {"", evidence_hash(config)}:
        remarks.append(CHANGED)
    if _outlive(config, config.retention.scores):
        judged = (replace(one, reason=None) for one in judged)
        remarks.append(UNREASONED)
    return interactions_view(manifest, list(config.metrics.values()), table, judged, remarks)


def _scored(manifest: Manifest, published: Revisions, store: Storage) -> Scored:
    """What the judging of a published window took, as far as its manifest tells."""
    later = [number for number in published[manifest.window_start] if number > manifest.revision]
    next_ = read_manifest(store, key_of(manifest.window_start), later[0]) if later else None
    return Scored(
        use=manifest.evaluator,
        fingerprints=manifest.fingerprints,
        root=manifest.scores,
        taken=manifest.taken,
        decided=frozenset(manifest.decided),
        until=next_.started_at if next_ else None,
    )


def _outlive(config: MonitorConfig, kept: timedelta | None) -> bool:
    """Whether pages, which go with the interactions, are kept for longer than what they would show."""
    pages = config.retention.interactions
    return kept is not None and (pages is None or pages > kept)
