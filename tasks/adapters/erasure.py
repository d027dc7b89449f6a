"""Erasure: what a monitor's store holds of one user or one interaction is taken out, and looked for once more."""

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.adapters.results import read_table, write_table
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.drift.words import words
from tasks.core.errors import ErasureError
from tasks.core.records.facts import hashed
from tasks.core.records.sample import key_of
from tasks.core.report.places import ASSETS
from tasks.core.report.script import text_forms

DISTINCTIVE_CHARACTERS: Final = 6
WORDS: Final = "words/"
OF_A_CALL: Final = ("interaction_id", "correlation_id", "user")
BY_INTERACTION: Final = (
    "interactions/",
    "candidates/",
    "baseline/interactions",
    "scores/",
    "replies/",
    "replays/",
    "labels/",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom or what to forget: interactions and calls by their IDs, the user and its hash, None for nobody."""

    interactions: frozenset[str]
    correlations: frozenset[str]
    user: str | None
    hashed: int | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every text that tells of the subject."""
        return self.interactions | self.correlations | ({self.user} if self.user is not None else set())


def find(store: Storage, *, user: str | None, interaction: str | None, salt: str | None = None) -> Subject:
    """The interactions of a user, or one interaction; `interaction` is its ID or the ID of its call.

    With a `salt`, the hash that stands for the user is known as well.
    """
    interactions: set[str] = {interaction} if interaction is not None else set()
    correlations = set(interactions)
    for stored in [*store.list("interactions/"), *store.list("baseline/interactions")]:
        table = read_table(store, stored.key).select(["interaction_id", "correlation_id", "user"])
        for row in table.to_pylist():
            named = interaction in {row["interaction_id"], row["correlation_id"]} if interaction is not None else False
            if named or (user is not None and row["user"] == user):
                interactions.add(row["interaction_id"])
                correlations.add(row["correlation_id"])
    return Subject(
        interactions=frozenset(interactions),
        correlations=frozenset(correlations),
        user=user,
        hashed=None if salt is None or user is None else hashed(salt, user),
    )


def erase(store: Storage, subject: Subject) -> Mapping[str, int]:
    """Take the subject out of every object; returns the rows, or whole pages, erased by kind.

    Raises ErasureError where something of it is still there afterwards.
    """
    erased: Counter[str] = Counter()
    marks = _Marks.of(subject)
    windows: set[str] = set()
    pages = []
    for stored in store.list(""):
        if stored.key.endswith(".html"):
            pages.append(stored.key)
        elif goes := _rule(stored.key, marks):
            rows = _keep(store, stored.key, goes)
            erased[_kind(stored.key)] += rows
            windows |= {_window(stored.key)} if rows else set()
    for page in pages:  # those of a window show its lines, in which a name may be any word
        erased[_kind(page)] += _drop(store, page, marks.named, of_a_window=_window(page) in windows)
    left = sorted(remains(store, subject))
    if left:
        message = (
            f"{len(left)} objects still tell of the subject, such as {store.root}/{left[0]}; run genwatch forget again "
            "once no run of the monitor is going on, and delete by hand what it then names"
        )
        raise ErasureError(message)
    return dict(erased)


def remains(store: Storage, subject: Subject) -> Iterator[str]:
    """The keys of the objects that still tell of the subject, by every text in them."""
    marks = _Marks.of(subject)
    for stored in store.list(""):
        if stored.key.startswith(f"{ASSETS}/"):  # scripts, in which many a name is a word
            continue
        content = read_bytes(store, stored.key)
        if not stored.key.endswith(".parquet"):
            if marks.named.search(content.decode(errors="replace")):
                yield stored.key
            continue
        table = pq.read_table(BytesIO(content))
        if "key" in table.column_names and pc.any(pc.is_in(_binary(table["key"]), marks.keys)).as_py():
            yield stored.key
        if pc.any(_of_user(table, marks)).as_py():
            yield stored.key
        if stored.key.startswith("users/") and pc.any(pc.is_in(table["user"], marks.hashed)).as_py():
            yield stored.key
        told = marks.told if _is_unusable(stored.key) else marks.token if stored.key.startswith(WORDS) else marks.named
        texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
        if any(_mentions(table[name], told).true_count for name in texts):
            yield stored.key
        if any(name in OF_A_CALL and pc.any(pc.is_in(table[name], marks.names)).as_py() for name in texts):
            yield stored.key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marks:
    """By what rows of a subject are known: interaction IDs, keys of halves, and mentions.

    `told` is any word of unusable lines that is a name of the subject. `named` is what tells of it for sure: a name
    like 42 stands for many things, and is one of the subject only as a whole text. `token` is that of words that
    changed, which are kept in small letters.
    """

    ids: pa.Array
    hashed: pa.Array
    names: pa.Array
    keys: pa.Array
    told: re.Pattern[str]
    named: re.Pattern[str]
    token: re.Pattern[str]

    @classmethod
    def of(cls, subject: Subject) -> "_Marks":
        keys = [key_of(one).bytes for one in subject.correlations]
        names = subject.names.union(*(found for one in subject.names if len(found := words(one)) == 1))
        named = f"{_word(filter(_is_distinctive, names))}|{_whole(names)}"
        return cls(
            ids=pa.array(sorted(subject.interactions), pa.string()),
            hashed=pa.array([] if subject.hashed is None else [subject.hashed], pa.uint64()),
            names=pa.array(sorted(subject.names), pa.string()),
            keys=pa.array(keys, pa.binary(16)),
            told=re.compile(_word(subject.names)),
            named=re.compile(named),
            token=re.compile(rf"{named}|\A(?:{_forms(names)})\Z"),
        )


def _rule(place: str, marks: _Marks) -> Callable[[pa.Table], pa.Array] | None:
    """Which rows of a table go, by its place; None where it holds nothing of anybody."""
    if place.startswith(BY_INTERACTION):
        return lambda table: pc.is_in(table["interaction_id"], marks.ids)
    if place.startswith("users/"):
        return lambda table: pc.is_in(table["user"], marks.hashed)
    if place.endswith("halves.parquet"):
        return lambda table: pc.or_(
            pc.is_in(_binary(table["key"]), marks.keys), pc.fill_null(_of_user(table, marks), fill_value=False)
        )
    if place.startswith(WORDS):
        return lambda table: _mentions(table["token"], marks.token)
    if _is_unusable(place):
        return lambda table: _mentions(table["content"], marks.told)
    return None


def _keep(store: Storage, place: str, goes: Callable[[pa.Table], pa.Array]) -> int:
    """Write the table again without the rows that go; returns how many went."""
    table = read_table(store, place)
    left = table.filter(pc.invert(pc.fill_null(goes(table), fill_value=False)))
    if left.num_rows < table.num_rows:
        write_table(store, place, left)
    return int(table.num_rows - left.num_rows)


def _drop(store: Storage, place: str, told: re.Pattern[str], *, of_a_window: bool) -> int:
    """Delete a page that tells of the subject, or is of a window that did; `genwatch report` writes it anew."""
    if not of_a_window and not told.search(read_bytes(store, place).decode(errors="replace")):
        return 0
    store.delete(place)
    return 1


def _kind(place: str) -> str:
    return place.split("/", maxsplit=1)[0]


def _window(place: str) -> str:
    """The folder of the window that an object is of; for others a name that no page of a window has."""
    return next((part for part in place.split("/") if part.startswith("window=")), place)


def _is_unusable(place: str) -> bool:
    """Whether a table holds lines that could not be used, as they were logged."""
    return place.startswith("quarantine/") or place.endswith("faults.parquet")


def _is_distinctive(name: str) -> bool:
    return len(name) >= DISTINCTIVE_CHARACTERS and not name.isdigit()


def _word(names: Iterable[str]) -> str:
    """A pattern of the names as whole words."""
    return rf"(?<![\w-])(?:{_forms(names)})(?![\w-])"


def _as_jinja_has_it(name: str) -> str:
    return html.escape(name).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")


def _whole(names: Iterable[str]) -> str:
    """A pattern of the names as whole texts of JSON, or of HTML."""
    return rf"(?<=[\"'>])(?:{_forms(names)})(?=[\"'<])"


def _forms(named: Iterable[str]) -> str:
    """The names as they stand in texts, JSON, HTML and links, the longest first; a pattern of nothing without any."""
    names = list(named)
    escapes = (str, lambda name: json.dumps(name)[1:-1], html.escape, _as_jinja_has_it, lambda name: quote(name, ""))
    forms = {escape(name) for name in names for escape in escapes}.union(*map(text_forms, names))
    return "|".join(map(re.escape, sorted(forms, key=lambda form: (-len(form), form)))) or "(?!)"


def _mentions(texts: pa.ChunkedArray, told: re.Pattern[str]) -> pa.BooleanArray:
    return pa.array([text is not None and told.search(text) is not None for text in texts.to_pylist()], pa.bool_())


def _of_user(table: pa.Table, marks: _Marks) -> pa.ChunkedArray:
    """Whether halves are of the user, by the hash among their facts; of halves without facts none is."""
    if "facts" not in table.column_names or not pa.types.is_struct(table.schema.field("facts").type):
        return pa.chunked_array([pa.repeat(pa.scalar(False), table.num_rows)])  # noqa: FBT003  pyarrow's
    return pc.is_in(pc.struct_field(table["facts"], "user"), marks.hashed)


def _binary(keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """Keys as 16 bytes, whether Arrow knows them as UUIDs or not."""
    chunks = [chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk for chunk in keys.chunks]
    return pa.chunked_array(chunks, pa.binary(16)) if chunks else pa.chunked_array([], pa.binary(16))
