"""Dated folders: which of them can hold the halves of a window, and which window a folder belongs to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tasks.core.window import Window

PLACEHOLDERS: Final = {"{yyyy}": "%Y", "{MM}": "%m", "{dd}": "%d", "{HH}": "%H", "{mm}": "%M"}
LENGTHS: Final = {"{MM}": timedelta(days=31), "{yyyy}": timedelta(days=366)}
STEPS: Final = {"{mm}": timedelta(minutes=1), "{HH}": timedelta(hours=1), "{dd}": timedelta(days=1)}
_PATTERNS: Final = {"{yyyy}": r"(?P<Y>\d{4})", "{MM}": r"(?P<m>\d\d)", "{dd}": r"(?P<d>\d\d)"} | {
    "{HH}": r"(?P<H>\d\d)",
    "{mm}": r"(?P<M>\d\d)",
}
_PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """A location with date placeholders, such as `logs/{yyyy}/{MM}/{dd}/{HH}`; without any, it is one folder."""

    template: str

    @property
    def is_dated(self) -> bool:
        """Whether the location names dates at all."""
        return _PLACEHOLDER.search(self.template) is not None

    @property
    def step(self) -> timedelta:
        """The length of time in one folder; months and years are stepped through by the day."""
        return next((step for part, step in STEPS.items() if part in self.template), timedelta(days=1))

    @property
    def length(self) -> timedelta:
        """The most time that one folder is for."""
        return next((length for part, length in (STEPS | LENGTHS).items() if part in self.template), timedelta.max)

    def covering(self, window: Window) -> Iterator[str]:
        """The prefixes that can hold halves of the window, in order, each once."""
        moment = _floor(window.start, self.step)
        seen: set[str] = set()
        while moment <= window.end:
            prefix = self.at(moment)
            if prefix not in seen:
                seen.add(prefix)
                yield prefix
            moment += self.step

    def at(self, moment: datetime) -> str:
        """The folder of one moment, with a slash at its end where it names a date."""
        filled = _PLACEHOLDER.sub(lambda part: moment.strftime(PLACEHOLDERS[part[0]]), self.template)
        return f"{filled.rstrip('/')}/" if self.is_dated else filled

    def time_of(self, key: str) -> datetime | None:
        """The time that the folder of `key` names; None where the location has no dates."""
        if not self.is_dated:
            return None
        pattern = _PLACEHOLDER.sub(lambda part: _PATTERNS[part[0]], _escaped(self.template.rstrip("/")))
        found = re.match(pattern, key)
        if found is None:
            return None
        parts = {"m": "01", "d": "01", "H": "00", "M": "00"} | found.groupdict()
        return datetime.strptime("{Y}{m}{d}{H}{M}".format(**parts), "%Y%m%d%H%M").replace(tzinfo=UTC)


def unknown_placeholders(template: str) -> list[str]:
    """The dates of a location that are unknown, stand in it twice, or are missing where finer ones stand."""
    parts = _PLACEHOLDER.findall(template)
    wrong = [part for part in parts if part not in PLACEHOLDERS or parts.count(part) > 1]
    coarser = list(PLACEHOLDERS)[: len(parts)]
    return wrong or [part for part in coarser if part not in parts]


def _escaped(template: str) -> str:
    pieces = _PLACEHOLDER.split(template)
    parts = [*_PLACEHOLDER.findall(template), ""]
    return "".join(re.escape(piece) + part for piece, part in zip(pieces, parts, strict=True))


def _floor(moment: datetime, step: timedelta) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // step * step


def split_location(url: str, default_folders: str) -> tuple[str, Folders]:
    """A location as the root of a storage and the folders below it.

    `default_folders` is appended to a location that names no date; where it is empty, the location's last part, a
    folder or one object, is what is read.
    """
    scheme, _, path = url.partition("://")
    if _PLACEHOLDER.search(path) is None and default_folders:
        return url, Folders(template=default_folders)
    parts = path.split("/")
    fixed = next((index for index, part in enumerate(parts) if _PLACEHOLDER.search(part)), len(parts) - 1)
    fixed = max(fixed, 1)
    return f"{scheme}://{'/'.join(parts[:fixed])}", Folders(template="/".join(parts[fixed:]))


def holds(prefix: str, key: str) -> bool:
    """Whether an object lies in the folder `prefix`, or is it."""
    folder = prefix.rstrip("/")
    return not folder or key == folder or key.startswith(f"{folder}/")
