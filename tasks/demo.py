"""Demo: the traffic of a made-up support bot written as collected logs."""

from itertools import groupby
from pathlib import Path

from tasks.adapters.locations import open_storage
from tasks.core.demo.traffic import traffic


def write_traffic(folder: Path) -> int:
    """Write the logs below `folder`; returns the number of lines."""
    storage = open_storage(folder.as_uri(), create=True)
    lines = sorted(traffic(), key=lambda logged: logged.key)
    for key, group in groupby(lines, key=lambda logged: logged.key):
        storage.put(key, "".join(f"{logged.line}\n" for logged in group).encode())
    return len(lines)
