"""evidently: five LLM judges as descriptors of a data set, one descriptor after the other."""

import os

os.environ["DO_NOT_TRACK"] = "1"

import pandas as pd
from evidently import DataDefinition, Dataset
from evidently.descriptors import LLMJudge
from evidently.llm.options import OpenAIOptions
from evidently.llm.templates import BinaryClassificationPromptTemplate
from evidently.llm.utils.wrapper import RateLimits
from trial import CRITERIA, Trial, Verdicts, run, verdict

BEST = "GOOD"


def evaluate(trial: Trial) -> Verdicts:
    """All five criteria as binary judges, GOOD or BAD; the calls in flight are 100, for which it has no setting."""
    descriptors = [
        LLMJudge("openai", "benchmark", template(question, needs), input_columns=columns(needs), alias=name)
        for name, (question, needs) in CRITERIA.items()
    ]
    dataset = Dataset.from_pandas(
        pd.DataFrame(trial.rows),
        data_definition=DataDefinition(text_columns=list(trial.rows[0])),
        descriptors=descriptors,
        options=[OpenAIOptions(api_key="none", api_url=trial.url, limits=RateLimits())],  # 500 a minute otherwise
    )
    judged = dataset.as_dataframe()
    return {name: [verdict(value, BEST) for value in judged[column(judged, name)]] for name in CRITERIA}


def columns(needs: tuple[str, ...]) -> dict[str, str]:
    """The texts that a judge needs, by the names of its prompt: what is classified is called `input` there."""
    return {role: "input" if role == "completion" else role for role in needs}


def template(question: str, needs: tuple[str, ...]) -> BinaryClassificationPromptTemplate:
    """The criterion as a question for two categories, with the other texts that it needs."""
    parts = [f"{role}: {{{role}}}" for role in needs if role != "completion"]
    return BinaryClassificationPromptTemplate(
        criteria="\n\n".join([question, *parts]),
        target_category="BAD",
        non_target_category=BEST,
        include_reasoning=True,
    )


def column(judged: pd.DataFrame, name: str) -> str:
    """The column of a judge's category; its name carries a suffix where there are several columns."""
    return next(one for one in judged.columns if one in (name, f"{name} category"))


if __name__ == "__main__":
    run("evidently", evaluate)
