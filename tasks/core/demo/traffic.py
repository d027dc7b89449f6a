"""Two days of the made-up bot's logs as Azure ML collects them; on the second day the bot degrades."""

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tasks.core.demo.texts import BROKEN, OFF_TOPIC, TOPICS, Topic

START: Final = datetime(2026, 11, 19, tzinfo=UTC)
END: Final = START + timedelta(days=2)
BREAKS_AT: Final = START + timedelta(days=1)
CALLS_AN_HOUR: Final = 45
SEED: Final = 20261119
SHARE_BAD: Final = (0.04, 0.55)  # before and after the bot breaks
DOUBLED_EVERY: Final = 150
TORN_EVERY: Final = 400
SHARE_LOST: Final = 0.01  # outputs that were never written


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
        topic = draw.choice(TOPICS)
        question = draw.choice(topic.questions)
        completion = _completion(topic, moment, draw)
        correlation_id = f"{draw.getrandbits(64):016x}"
        asked = {"question": question, "documents": [topic.context], "expected": topic.answers[0]}
        yield _record("model_inputs", moment, correlation_id, asked)
        answered_at = moment + timedelta(seconds=draw.uniform(0.4, 2.5))
        if draw.random() >= SHARE_LOST:
            answer = _record("model_outputs", answered_at, correlation_id, {"answer": completion})
            yield answer
            if number % DOUBLED_EVERY == 0:
                yield answer
        if number % TORN_EVERY == 1:
            yield LoggedLine(key=_key("model_inputs", moment), line='{"specversion": "1.0", "id": "torn')
        number += 1
        moment += timedelta(seconds=draw.expovariate(CALLS_AN_HOUR / 3600))


def _completion(topic: Topic, moment: datetime, draw: random.Random) -> str:
    if draw.random() >= SHARE_BAD[moment >= BREAKS_AT]:
        return draw.choice(topic.answers)
    return draw.choice((topic.invented, draw.choice(OFF_TOPIC), draw.choice(BROKEN)))


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
