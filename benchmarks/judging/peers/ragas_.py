"""ragas: five simple criteria over a data set, evaluated in one go."""

import os

os.environ["RAGAS_DO_NOT_TRACK"] = "true"

import openai
from ragas import EvaluationDataset, RunConfig, SingleTurnSample
from ragas import evaluate as evaluate_dataset
from ragas.llms import llm_factory
from ragas.metrics import SimpleCriteriaScore
from trial import CRITERIA, SCALE, Row, Trial, Verdicts, run, verdict

BEST = 5


def evaluate(trial: Trial) -> Verdicts:
    """All five criteria as simple criteria, one call each; it ships no coherence or fluency."""
    llm = llm_factory("benchmark", client=openai.AsyncOpenAI(base_url=trial.url, api_key="none"))
    judged = evaluate_dataset(
        EvaluationDataset([sample(row) for row in trial.rows]),
        [SimpleCriteriaScore(name, f"{question} Score {SCALE}.", llm) for name, (question, _) in CRITERIA.items()],
        run_config=RunConfig(max_workers=trial.in_flight),
        show_progress=False,
    ).to_pandas()
    return {name: [verdict(value, BEST) for value in judged[name]] for name in CRITERIA}


def sample(row: Row) -> SingleTurnSample:
    """One row in the package's names."""
    return SingleTurnSample(
        user_input=row["prompt"],
        response=row["completion"],
        retrieved_contexts=[row["context"]],
        reference=row["ground_truth"],
    )


if __name__ == "__main__":
    run("ragas", evaluate)
