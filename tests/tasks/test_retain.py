import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.erasure import find, remains
from tasks.adapters.halves import Halves
from tasks.adapters.intake import reader_of
from tasks.adapters.locations import local_path
from tasks.adapters.results import key, read_table, write_table
from tasks.adapters.storage import read_bytes
from tasks.adapters.storage_file import FileStorage
from tasks.collect import collect_window
from tasks.core.drift.tokens import TokenDrift, from_table, to_table
from tasks.core.errors import ErasureError
from tasks.core.report.places import DRIFT_PAGE, interactions_page
from tasks.report import rewrite_report
from tasks.retain import forget, retain_store
from tests.builders import (
    COLUMNS,
    HOUR,
    SIX,
    WINDOW,
    answered,
    asked,
    event,
    job,
    manifest_of,
    monitor,
    store_of,
    write_logs,
    write_pairs,
)
from tests.schedule import scheduled

DAYS = timedelta(days=1)


def read_at(config: MonitorConfig, moment: datetime) -> None:
    """Date what was read, as if it had been read at a moment."""
    root = local_path(store_of(config).root)
    assert root is not None
    for path in root.rglob("halves/*/*/*"):
        os.utime(path, (moment.timestamp(), moment.timestamp()))


def test_what_is_older_than_the_monitor_keeps_is_deleted_and_the_rest_stays(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path, retention={"interactions": "30d", "raw": "10d"})
    store = store_of(config)
    collect_window(config, job(), store)
    store.put(key("measures", WINDOW.key, 0), b"kept")
    read_at(config, SIX + HOUR)

    def kinds() -> set[str]:
        return {stored.key.split("/")[0] for stored in store.list("")}

    assert kinds() == {"interactions", "quarantine", "halves", "measures"}
    assert retain_store(config, store, SIX + HOUR) == 0
    retain_store(config, store, SIX + 11 * DAYS)
    assert kinds() == {"interactions", "measures"}
    retain_store(config, store, SIX + 31 * DAYS)
    assert kinds() == {"measures"}


def test_what_was_considered_for_revisions_is_remembered(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path)
    halves = Halves(store_of(config), reader_of(config))
    collect_window(config, job(), store_of(config))
    halves.consider(["a slice"])
    read_at(config, SIX + HOUR)
    retain_store(config, store_of(config), SIX + 11 * DAYS)
    assert halves.known() == []
    assert halves.considered() == {"a slice"}


def test_nothing_is_deleted_that_a_revision_can_need(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path, window={"every": "1h", "revise": "48h"})
    collect_window(config, job(), store_of(config))
    before = len(store_of(config).list("halves/"))
    retain_store(config, store_of(config), WINDOW.end + timedelta(hours=48))
    assert len(store_of(config).list("halves/")) == before


def test_what_a_backfill_has_just_read_of_long_ago_is_kept_for_a_day(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path)
    collect_window(config, job(), store_of(config))
    read_at(config, SIX + 30 * DAYS)
    assert retain_store(config, store_of(config), SIX + 30.9 * DAYS) == 0
    assert retain_store(config, store_of(config), SIX + 31.1 * DAYS) > 0


def test_retention_that_was_cut_short_breaks_no_run(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path)
    store = CutShort(store_of(config).root, local_path(store_of(config).root) or tmp_path)
    collect_window(config, job(), store)
    read_at(config, SIX + HOUR)
    with pytest.raises(TimeoutError):
        retain_store(config, store, SIX + 11 * DAYS)
    assert len(store.list("halves/")) > 1
    assert collect_window(config, job(revision=1), store_of(config)).counts.joined == 3


class CutShort(FileStorage):
    """A storage that deletes one object and no more."""

    def __init__(self, root: str, folder: Path) -> None:
        super().__init__(root, folder)
        self._may_delete = True

    def delete(self, key: str) -> None:
        if not self._may_delete:
            raise TimeoutError(key)
        self._may_delete = False
        super().delete(key)


def with_users(folder: Path) -> MonitorConfig:
    """Traffic of two users, one of whom also stands in a torn line."""
    inputs = [asked(f"call-{n}", SIX, f"Question {n}", who="alice" if n < 4 else "bob") for n in range(10)]
    write_logs(folder, "inputs", SIX, [*inputs, event(None, SIX, [{"who": "alice"}])])
    write_logs(folder, "outputs", SIX, [answered(f"call-{n}", SIX, "the the of of") for n in range(10)])
    return monitor(folder, source={"columns": COLUMNS | {"user": "who"}})


@pytest.mark.usefixtures("prefect_server")
def test_a_user_is_forgotten_everywhere_in_the_store_and_the_others_are_not(tmp_path: Path) -> None:
    config = with_users(tmp_path)
    scheduled(config, WINDOW.end + HOUR / 4)
    store = store_of(config)
    subject = find(store, user="alice", interaction=None)
    assert len(subject.interactions) == 4
    before = set(remains(store, subject))
    assert {place.split("/")[0] for place in before} == {"interactions", "scores", "quarantine", "halves", "report"}
    erased = forget(config, user="alice", interaction=None)
    assert (erased["interactions"], erased["scores"], erased["quarantine"]) == (4, 4, 1)
    assert not set(remains(store, subject))
    assert len(find(store, user="bob", interaction=None).interactions) == 6
    assert manifest_of(config).counts.joined == 10, "what was counted stays counted"
    rewrite_report(config)
    shown = read_bytes(store, interactions_page(WINDOW.key, 0)).decode()
    assert [f'"id":"call-{n}"' in shown for n in range(10)] == [n >= 4 for n in range(10)]
    assert not set(remains(store, subject))


@pytest.mark.parametrize("user", ["3", "42", 'José "O\'Brien" <x>'])
@pytest.mark.usefixtures("prefect_server")
def test_a_user_with_any_name_is_forgotten_and_figures_that_look_like_it_stay(tmp_path: Path, user: str) -> None:
    inputs = [asked(f"call-{n}", SIX, f"Question {n}", who=user if n < 3 else "bob") for n in range(45)]
    write_logs(tmp_path, "inputs", SIX, [*inputs, event(None, SIX, [{"who": user}]), event(None, SIX, [{"who": "x"}])])
    write_logs(tmp_path, "outputs", SIX, [answered(f"call-{n}", SIX, "the the of of") for n in range(45)])
    config = monitor(tmp_path, source={"columns": COLUMNS | {"user": "who"}})
    scheduled(config, WINDOW.end + HOUR / 4)
    store = store_of(config)
    subject = find(store, user=user, interaction=None)
    assert any(place.startswith("quarantine/") for place in remains(store, subject))
    erased = forget(config, user=user, interaction=None)
    assert (erased["interactions"], erased["scores"], erased["quarantine"]) == (3, 3, 1)
    assert not set(remains(store, subject))
    assert len(find(store, user="bob", interaction=None).interactions) == 42
    assert manifest_of(config).counts.joined == 45


@pytest.mark.usefixtures("prefect_server")
def test_one_interaction_is_forgotten_by_the_id_of_its_call(tmp_path: Path) -> None:
    config = with_users(tmp_path)
    scheduled(config, WINDOW.end + HOUR / 4)
    assert forget(config, user=None, interaction="call-7")["interactions"] == 1
    assert forget(config, user=None, interaction="call-7").get("interactions", 0) == 0


@pytest.mark.parametrize("user", ["wonderland", "Wonderland", "Alice", "bob"])
def test_a_name_is_forgotten_among_the_words_that_changed_and_on_their_page(tmp_path: Path, user: str) -> None:
    """Words are kept in small letters."""
    store = store_of(monitor(tmp_path))
    store.put(DRIFT_PAGE, f'<script type="application/json">{{"prompt":[["{user.lower()}",0.5]]}}</script>'.encode())
    place = key("words", WINDOW.key, 0)
    said = [
        TokenDrift(token=token, share_before=0, share_now=0.5, contribution=0.5, part=0.5)
        for token in (user.lower(), "refund")
    ]
    write_table(store, place, to_table({"prompt": said}))
    assert forget(monitor(tmp_path), user=user, interaction=None) == {"words": 1, "report": 1}
    assert from_table(read_table(store, place)) == {"prompt": said[1:]}


def test_what_cannot_be_erased_is_said(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path)
    store = store_of(config)
    collected = collect_window(config, job(), store)
    store.put("notes.txt", b"20-6? no: 2006-1 it is")
    assert collected.counts.joined == 3
    with pytest.raises(ErasureError, match=r"notes\.txt"):
        forget(config, user=None, interaction="2006-1")
