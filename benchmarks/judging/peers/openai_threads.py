"""The plain client in a pool of threads, as many as calls in flight; its own two retries."""

from concurrent.futures import ThreadPoolExecutor

import openai
from openai_plain import Messages, asked, by_metric, parameters, score
from trial import Trial, Verdicts, run


def evaluate(trial: Trial) -> Verdicts:
    """All five criteria, a call each; one reply that cannot be read ends it all."""
    with openai.OpenAI(base_url=trial.url, api_key="none") as client, ThreadPoolExecutor(trial.in_flight) as pool:

        def ask(messages: Messages) -> object:
            reply = client.chat.completions.create(**parameters(messages))
            return score(reply.choices[0].message.content)

        return by_metric(trial, list(pool.map(ask, asked(trial.rows))))


if __name__ == "__main__":
    run("openai", evaluate)
