"""arize-phoenix-evals: five classifiers over a data frame, evaluated asynchronously."""

import asyncio

import pandas as pd
from phoenix.evals import LLM, async_evaluate_dataframe, create_classifier
from trial import CRITERIA, SCALE, Trial, Verdicts, run, verdict

# The limiter starts at 5 calls a second unless told otherwise; this is more than the server can be asked for.
CALLS_A_SECOND = 2000
CHOICES = {"5": 5, "4": 4, "3": 3, "2": 2, "1": 1}
BEST = 5


def evaluate(trial: Trial) -> Verdicts:
    """All five criteria as classifiers into 1 to 5: the package ships no coherence, fluency or similarity."""
    llm = LLM(
        provider="openai",
        model="benchmark",
        base_url=trial.url,
        api_key="none",
        initial_per_second_request_rate=CALLS_A_SECOND,
    )
    evaluators = [
        create_classifier(name=name, prompt_template=template(question, needs), llm=llm, choices=CHOICES)
        for name, (question, needs) in CRITERIA.items()
    ]
    judged = asyncio.run(
        async_evaluate_dataframe(
            dataframe=pd.DataFrame(trial.rows),
            evaluators=evaluators,
            concurrency=trial.in_flight,
            exit_on_error=False,
            hide_tqdm_bar=True,
        )
    )
    return {name: [verdict(score and score["score"], BEST) for score in judged[f"{name}_score"]] for name in CRITERIA}


def template(question: str, needs: tuple[str, ...]) -> str:
    """The criterion and the texts that it needs."""
    return "\n\n".join([f"{question} Classify the answer {SCALE}.", *(f"{role}: {{{role}}}" for role in needs)])


if __name__ == "__main__":
    run("arize-phoenix-evals", evaluate)
