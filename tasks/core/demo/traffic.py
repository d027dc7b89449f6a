"""Two days of the made-up bot's logs as Azure ML collects them; on the second day a new version degrades.

From then on most calls go to the new version, which invents, breaks, leaks an address, fails and takes its time, and a
part of the customers asks about a recall that nobody asked about before.
"""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tasks.core.demo.texts import BROKEN, LEAKS, OFF_TOPIC, RECALL, TOPICS, Topic

START: Final = datetime(2026, 11, 19, tzinfo=UTC)
END: Final = START + timedelta(days=2)
BREAKS_AT: Final = START + timedelta(days=1)
CALLS_AN_HOUR: Final = 45
SEED: Final = 20261119
SHARE_NEW: Final = 0.7  # of the calls that go to the new version, once it is out
SHARE_RECALL: Final = 0.6  # of the questions, on the second day
DOUBLED_EVERY: Final = 150
TORN_EVERY: Final = 400
SHARE_LOST: Final = 0.01  # outputs that were never written
SHARE_RATED: Final = 0.25
CUSTOMERS: Final = 150
CHARACTERS_A_TOKEN: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of the bot: the shares of bad answers, of leaks and of failures, its median latency in milliseconds."""

    name: str
    bad: float
    leaking: float
    failing: float
    latency_ms: float


OLD: Final = Version(name="shop-bot-1", bad=0.04, leaking=0.0, failing=0.005, latency_ms=900)
NEW: Final = Version(name="shop-bot-2", bad=0.75, leaking=0.03, failing=0.04, latency_ms=2600)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedLine:
    """One line and the object that it is appended to, relative to the folder of the logs."""

    key: str
    line: str


def traffic() -> Iterator[LoggedLine]:
    """The lines in the order of their objects; a few are lost, doubled or torn, as in real logs."""
    draw = random.Random(SEED)  # noqa: S311  no secret, and the same traffic every time
    moment, number = START, 0
    while moment < END:
        yield from _call(draw, moment, number)
        number += 1
        moment += timedelta(seconds=draw.expovariate(CALLS_AN_HOUR / 3600))


def _call(draw: random.Random, moment: datetime, number: int) -> Iterator[LoggedLine]:
    topic = RECALL if moment >= BREAKS_AT and draw.random() < SHARE_RECALL else draw.choice(TOPICS)
    version = NEW if moment >= BREAKS_AT and draw.random() < SHARE_NEW else OLD
    question = draw.choice(topic.questions)
    is_good, completion = _completion(topic, version, draw)
    correlation_id = f"{draw.getrandbits(64):016x}"
    customer = min(draw.randrange(CUSTOMERS), draw.randrange(CUSTOMERS))  # some ask more often than others
    asked = {"question": question, "documents": [topic.context], "expected": topic.answers[0]}
    talk = f"{customer}-{moment:%m%d%H}"
    yield _record("model_inputs", moment, correlation_id, asked | {"customer": f"c{customer:03}", "talk": talk})
    latency_ms = version.latency_ms * draw.lognormvariate(0, 0.4)
    if draw.random() >= SHARE_LOST:
        answered = {
            "answer": completion,
            "model": version.name,
            "took_ms": round(latency_ms),
            "status": 500 if draw.random() < version.failing else 200,
            "tokens_in": (len(question) + len(topic.context)) // CHARACTERS_A_TOKEN,
            "tokens_out": len(completion) // CHARACTERS_A_TOKEN,
        }
        answer = _record("model_outputs", moment + timedelta(milliseconds=latency_ms), correlation_id, answered)
        yield answer
        if number % DOUBLED_EVERY == 0:
            yield answer
    if number % TORN_EVERY == 1:
        yield LoggedLine(key=_key("model_inputs", moment), line='{"specversion": "1.0", "id": "torn')
    if draw.random() < SHARE_RATED:
        yield _feedback(moment + timedelta(minutes=1), correlation_id, liked=draw.random() < (0.9 if is_good else 0.15))


def _completion(topic: Topic, version: Version, draw: random.Random) -> tuple[bool, str]:
    """Whether the answer is a good one, and the answer."""
    answer = draw.choice(topic.answers)
    if draw.random() < version.leaking:
        return True, f"{answer} {draw.choice(LEAKS)}"
    if draw.random() >= version.bad:
        return True, answer
    return False, draw.choice((topic.invented, draw.choice(OFF_TOPIC), draw.choice(BROKEN)))


def _feedback(moment: datetime, correlation_id: str, *, liked: bool) -> LoggedLine:
    row = {"id": correlation_id, "time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "thumb": "up" if liked else "down"}
    return LoggedLine(key=f"feedback/{moment:%Y/%m/%d}/thumbs.jsonl", line=json.dumps(row))


def _record(collection: str, moment: datetime, correlation_id: str, row: Mapping[str, object]) -> LoggedLine:
    event = {
        "specversion": "1.0",
        "id": f"{correlation_id}-{collection}",
        "source": "/subscriptions/demo/onlineEndpoints/shop/deployments/blue",
        "type": f"azureml.inference.{collection}",
        "datacontenttype": "application/json",
        "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": [row],
        "correlationid": correlation_id,
        "agent": "genwatch-demo",
    }
    return LoggedLine(key=_key(collection, moment), line=json.dumps(event))


def _key(collection: str, moment: datetime) -> str:
    return f"modelDataCollector/shop/blue/{collection}/{moment:%Y/%m/%d/%H}/demo.jsonl"
