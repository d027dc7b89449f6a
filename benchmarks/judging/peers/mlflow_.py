"""mlflow: five judges made from instructions, by `mlflow.genai.evaluate` into a local SQLite store."""

import os
import tempfile

os.environ |= {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false",
    "OPENAI_API_KEY": "none",
}

import mlflow
from mlflow.genai.judges import make_judge
from trial import CRITERIA, SCALE, Row, Trial, Verdicts, run, verdict

BEST = 5


def evaluate(trial: Trial) -> Verdicts:
    """All five criteria as judges of its own making: it ships none for coherence or similarity."""
    os.environ["MLFLOW_GENAI_EVAL_MAX_WORKERS"] = str(round(trial.in_flight / len(CRITERIA)))  # rows, not calls
    os.environ["MLFLOW_GENAI_EVAL_MAX_SCORER_WORKERS"] = str(len(CRITERIA))
    judges = [
        make_judge(
            name=name,
            instructions=instructions(question, needs),
            model="openai:/benchmark",
            base_url=f"{trial.url}/chat/completions",  # it adds no path of its own
            feedback_value_type=int,
        )
        for name, (question, needs) in CRITERIA.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        judged = mlflow.genai.evaluate(data=[example(row) for row in trial.rows], scorers=judges).result_df
    return {name: [verdict(value, BEST) for value in judged[f"{name}/value"]] for name in CRITERIA}


def instructions(question: str, needs: tuple[str, ...]) -> str:
    """The criterion, and the variables that its texts stand in."""
    parts = "question and context: {{ inputs }}\nanswer: {{ outputs }}"
    reference = "\nreference: {{ expectations }}" if "ground_truth" in needs else ""
    return f"{question} Score {SCALE}.\n{parts}{reference}"


def example(row: Row) -> dict[str, object]:
    """One row in the package's names."""
    return {
        "inputs": {"question": row["prompt"], "context": row["context"]},
        "outputs": row["completion"],
        "expectations": {"expected_response": row["ground_truth"]},
    }


if __name__ == "__main__":
    run("mlflow", evaluate)
