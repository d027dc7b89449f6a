"""azure-ai-evaluation: its five evaluators of the same names, in one batch run over a file."""

import logging
import os
from collections.abc import Sequence

from azure.ai.evaluation import (
    CoherenceEvaluator,
    FluencyEvaluator,
    GroundednessEvaluator,
    OpenAIModelConfiguration,
    RelevanceEvaluator,
    SimilarityEvaluator,
)
from azure.ai.evaluation import evaluate as evaluate_file
from trial import Row, Trial, Verdicts, run, verdict

COLUMNS = {role: f"${{data.{column}}}" for role, column in {"query": "prompt", "response": "completion"}.items()}
NEEDS = {
    "coherence": ("query", "response"),
    "fluency": ("response",),
    "groundedness": ("query", "response", "context"),
    "relevance": ("query", "response"),
    "similarity": ("query", "response", "ground_truth"),
}
EVALUATORS = {
    "coherence": CoherenceEvaluator,
    "fluency": FluencyEvaluator,
    "groundedness": GroundednessEvaluator,
    "relevance": RelevanceEvaluator,
    "similarity": SimilarityEvaluator,
}
BEST = 5


def evaluate(trial: Trial) -> Verdicts:
    """All five; where a row has no score, its pass rate (`binary_aggregate`) counts the row as a fail."""
    os.environ["PF_WORKER_COUNT"] = str(round(trial.in_flight / len(EVALUATORS)))  # for each evaluator; all run at once
    configuration = OpenAIModelConfiguration(type="openai", model="benchmark", base_url=trial.url, api_key="none")
    judged = evaluate_file(
        data=trial.file,
        evaluators={name: evaluator(configuration) for name, evaluator in EVALUATORS.items()},
        evaluator_config={name: {"column_mapping": mapping(needs)} for name, needs in NEEDS.items()},
    )
    metrics, rows = judged["metrics"], judged["rows"]
    return {name: counted(name, rows, metrics.get(f"{name}.binary_aggregate")) for name in EVALUATORS}


def mapping(needs: tuple[str, ...]) -> dict[str, str]:
    """Where an evaluator finds its inputs in the file."""
    return {role: COLUMNS.get(role, f"${{data.{role}}}") for role in needs}


def counted(name: str, rows: Sequence[Row], pass_rate: float | None) -> list[bool | None]:
    """The verdicts on all rows: all that were given pass, so a pass rate below 1 counts what is missing as fails."""
    missing = None if pass_rate in (None, 1.0) else False
    given = [verdict(row.get(f"outputs.{name}.{name}"), BEST) for row in rows]
    return [missing if one is None else one for one in given]


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    run("azure-ai-evaluation", evaluate)
