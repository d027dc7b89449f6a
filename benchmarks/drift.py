"""Text drift against its goals: changes of topic, false alarms on sessions of near-duplicates, time and memory.

`python benchmarks/drift.py DATA` reads `chat_logs` and `llmdrift` below DATA (real prompts and completions).
"""

import argparse
import gzip
import json
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from tasks.core.drift.text import TextDrift, text_drift  # noqa: E402
from tests.core.test_text_drift import BOTH, FOOD, LAW, SHOP, SKY, WORDS, texts  # noqa: E402

TURNS: Final = ("please", "now", "again", "ok", "thanks")
SESSIONS: Final = 10
LENGTHS: Final = range(41, 400)
MODELS: Final = ("gpt-4-0314", "gpt-4-0613")
TASKS: Final = ("prime", "composite", "counthappynumber", "opinionqa", "sensitiveq", "leetcode_easy")
CHARACTERS: Final = 500
GOAL_AUC, GOAL_ALARMS, GOAL_S, GOAL_GB = 0.95, 0.06, 60.0, 2.0


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    """The items of a data set."""
    with gzip.open(data / name / "items.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def told(before: Sequence[str], after: Sequence[str], sessions: tuple[list[str], list[str]] | None = None) -> TextDrift:
    """The drift of texts that are enough."""
    found = text_drift(before, after, sessions, confidence=0.95, seed=1)
    if found is None:
        message = "too few texts"
        raise SystemExit(message)
    return found


def topics() -> Iterator[str]:
    """Two hundred texts of one topic, then of another."""
    for name, one, other, common, between in (("English", SHOP, SKY, BOTH, " "), ("Chinese", FOOD, LAW, WORDS, "")):
        found = told(texts(one, common, 200, 1, between), texts(other, common, 200, 2, between))
        yield f"| change of topic, {name}, n = 200 | AUC ≥ {GOAL_AUC} | {found.auc:.3f}, p = {found.p_value:.3f} |"


def models(data: Path) -> Iterator[str]:
    """What two versions of a model said to the same prompts, and those prompts."""
    items = rows(data, "llmdrift")
    for task in TASKS:
        mine = [
            [row for row in items if row["item_id"].startswith(f"{task}:") and row["model"] == one] for one in MODELS
        ]
        said, asked = (
            told(*([row[field] or "" for row in one][:300] for one in mine)) for field in ("completion", "prompt")
        )
        figures = (
            f"completions {said.auc:.3f}, p = {said.p_value:.3f}; prompts {asked.auc:.3f}, p = {asked.p_value:.2f}"
        )
        yield f"| {task}, {MODELS[0]} and {MODELS[1]}, n = {len(mine[0][:300])} | – | {figures} |"


def false_alarms(data: Path, windows: int) -> Iterator[str]:
    """Windows of ten sessions, each of one real prompt with a word changed here and there; nothing drifts."""
    prompts = [row["prompt"] for row in rows(data, "chat_logs") if row["prompt"] and len(row["prompt"]) in LENGTHS]
    alarms = {"by session": 0, "by text": 0}
    for seed in range(windows):
        rng = random.Random(seed)
        (before, first), (after, second) = (near_duplicates(prompts, tag, rng) for tag in "bw")
        alarms["by session"] += told(before, after, (first, second)).p_value <= 0.05  # noqa: PLR2004
        alarms["by text"] += told(before, after).p_value <= 0.05  # noqa: PLR2004
    for name, count in alarms.items():
        goal = f"≤ {GOAL_ALARMS:.0%}" if name == "by session" else "–"
        what = f"false alarms at the 5 % level in {windows} windows, labels exchanged {name}"
        yield f"| {what} | {goal} | {count / windows:.1%} |"


def near_duplicates(prompts: Sequence[str], tag: str, rng: random.Random) -> tuple[list[str], list[str]]:
    """The texts and the sessions of a window."""
    said, sessions = [], []
    for number in range(SESSIONS):
        base = rng.choice(prompts).split()
        for _ in range(rng.randint(5, 30)):
            words = list(base)
            words[rng.randrange(len(words))] = rng.choice(TURNS)
            said.append(" ".join(words))
            sessions.append(f"{tag}{number}")
    return said, sessions


def speed(count: int) -> Iterator[str]:
    """So many texts on either side, with the permutation null."""
    vocabulary = ["".join(random.Random(seed).choices("abcdefghijklmnopqrstuvwxyz", k=6)) for seed in range(3000)]
    rng = random.Random(0)
    before, after = (
        [" ".join(rng.choices(vocabulary, k=CHARACTERS // 7 + 1))[:CHARACTERS] for _ in range(count)] for _ in range(2)
    )
    start = time.perf_counter()
    told(before, after)
    taken, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    goal = f"< {GOAL_S:g} s, < {GOAL_GB:g} GB"
    yield f"| {count:,} and {count:,} texts of {CHARACTERS} characters | {goal} | {taken:.0f} s, {peak:.1f} GB |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--windows", type=int, default=200)
    parser.add_argument("--texts", type=int, default=20_000)
    given = parser.parse_args()
    print("| | goal | measured |\n| --- | --- | --- |")
    for line in (*speed(given.texts), *topics(), *models(given.data), *false_alarms(given.data, given.windows)):
        print(line, flush=True)
