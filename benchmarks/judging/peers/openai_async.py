"""The plain asynchronous client: a task a call behind a semaphore, gathered; its own two retries."""

import asyncio

import openai
from openai_plain import Messages, asked, by_metric, parameters, score
from trial import Trial, Verdicts, run


def evaluate(trial: Trial) -> Verdicts:
    """All five criteria, a call each; one reply that cannot be read ends it all."""
    return by_metric(trial, asyncio.run(ask_all(trial)))


async def ask_all(trial: Trial) -> list[object]:
    """The scores, in order."""
    gate = asyncio.Semaphore(trial.in_flight)
    async with openai.AsyncOpenAI(base_url=trial.url, api_key="none") as client:

        async def ask(messages: Messages) -> object:
            async with gate:
                reply = await client.chat.completions.create(**parameters(messages))
            return score(reply.choices[0].message.content)

        return await asyncio.gather(*(ask(messages) for messages in asked(trial.rows)))


if __name__ == "__main__":
    run("openai", evaluate)
