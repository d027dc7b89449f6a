"""deepeval: five GEval metrics over test cases, by a model of its OpenAI-compatible kind."""

import os

os.environ |= {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_NO_INSPECT_PROMPT": "1",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "DEEPEVAL_FILE_SYSTEM": "READ_ONLY",
}

import deepeval
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig, ErrorConfig
from deepeval.metrics import GEval
from deepeval.models import LocalModel
from deepeval.test_case import LLMTestCase, SingleTurnParams
from deepeval.tracing.api import MetricData
from trial import CRITERIA, Row, Trial, Verdicts, run, verdict

PARTS = {
    "prompt": SingleTurnParams.INPUT,
    "completion": SingleTurnParams.ACTUAL_OUTPUT,
    "context": SingleTurnParams.CONTEXT,
    "ground_truth": SingleTurnParams.EXPECTED_OUTPUT,
}
BEST = 1.0


def evaluate(trial: Trial) -> Verdicts:
    """All five criteria as GEval, its general metric; the steps are given, so that none are asked of the model."""
    model = LocalModel(model="benchmark", base_url=trial.url, api_key="none", temperature=0)
    metrics = [
        GEval(name=name, evaluation_steps=[question], evaluation_params=[PARTS[role] for role in needs], model=model)
        for name, (question, needs) in CRITERIA.items()
    ]
    results = deepeval.evaluate(
        [test_case(row) for row in trial.rows],
        metrics,
        async_config=AsyncConfig(max_concurrent=round(trial.in_flight / len(metrics))),  # test cases, not calls
        display_config=DisplayConfig(show_indicator=False, print_results=False, inspect_after_run=False),
        cache_config=CacheConfig(write_cache=False),
        error_config=ErrorConfig(ignore_errors=True),
    ).test_results
    given: dict[str, list[bool | None]] = {name: [] for name in CRITERIA}
    for result in results:
        for judged in result.metrics_data:
            given[judged.name.removesuffix(" [GEval]")].append(counted(judged))
    return given


def counted(judged: MetricData) -> bool | None:
    """The verdict; a metric that ended in an error has no score, but is a fail in the package's pass rate."""
    given = verdict(judged.score, BEST)
    return False if given is None and judged.success is False else given


def test_case(row: Row) -> LLMTestCase:
    """One row in the package's names."""
    return LLMTestCase(
        input=row["prompt"],
        actual_output=row["completion"],
        context=[row["context"]],
        expected_output=row["ground_truth"],
    )


if __name__ == "__main__":
    run("deepeval", evaluate)
