from datetime import UTC, datetime, timedelta

import pytest

from tasks.core.records.folders import Folders, holds, split_location, unknown_placeholders
from tasks.core.window import Window

SIX = datetime(2026, 11, 20, 6, tzinfo=UTC)
GRACE = timedelta(minutes=15)
REACH = Window(start=SIX - GRACE, end=SIX + timedelta(hours=1) + GRACE)


@pytest.mark.parametrize(
    ("template", "folders"),
    [
        ("{yyyy}/{MM}/{dd}/{HH}", ["2026/11/20/05/", "2026/11/20/06/", "2026/11/20/07/"]),
        ("{yyyy}/{MM}/{dd}", ["2026/11/20/"]),
        ("x/{yyyy}-{MM}", ["x/2026-11/"]),
        ("{yyyy}", ["2026/"]),
        ("calls.parquet", ["calls.parquet"]),
    ],
)
def test_a_window_reaches_the_folders_of_its_grace(template: str, folders: list[str]) -> None:
    assert list(Folders(template=template).covering(REACH)) == folders


def test_a_window_at_new_year_reaches_into_the_old_one() -> None:
    year = datetime(2026, 1, 1, tzinfo=UTC)
    window = Window(start=year - GRACE, end=year + timedelta(hours=1) + GRACE)
    found = list(Folders(template="{yyyy}/{MM}/{dd}/{HH}").covering(window))
    assert found == ["2025/12/31/23/", "2026/01/01/00/", "2026/01/01/01/"]


def test_a_folder_tells_its_time() -> None:
    assert Folders(template="a.b/{yyyy}/{MM}/{dd}/{HH}").time_of("a.b/2026/11/20/06/x.jsonl") == SIX
    assert Folders(template="{yyyy}/{MM}").time_of("2026/11/x.jsonl") == SIX.replace(day=1, hour=0)
    assert Folders(template="{yyyy}/{MM}").time_of("elsewhere/x.jsonl") is None
    assert Folders(template="calls").time_of("calls/x.jsonl") is None


@pytest.mark.parametrize(
    ("url", "default", "root", "template"),
    [
        ("s3://b/logs/in", "{yyyy}/{MM}", "s3://b/logs/in", "{yyyy}/{MM}"),
        ("s3://b/logs/{yyyy}/in", "{HH}", "s3://b/logs", "{yyyy}/in"),
        ("s3://b/logs/calls.csv", "", "s3://b/logs", "calls.csv"),
        ("s3://b", "", "s3://b", ""),
        ("file:///data/calls", "", "file:///data", "calls"),
    ],
)
def test_a_location_is_a_root_and_the_folders_below_it(url: str, default: str, root: str, template: str) -> None:
    assert split_location(url, default) == (root, Folders(template=template))


def test_a_folder_does_not_hold_its_neighbours_of_a_longer_name() -> None:
    assert holds("calls", "calls/x")
    assert holds("calls", "calls")
    assert holds("", "anything")
    assert not holds("calls", "calls-old/x")


def test_unknown_and_repeated_dates_are_named() -> None:
    assert unknown_placeholders("{yyyy}/{DD}") == ["{DD}"]
    assert unknown_placeholders("{yyyy}/{yyyy}") == ["{yyyy}", "{yyyy}"]
    assert unknown_placeholders("{MM}/{dd}") == ["{yyyy}"]
