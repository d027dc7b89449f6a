import hashlib
import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from configs.custom import Custom
from configs.load import built_in_metrics, load_metric, load_monitor
from configs.quality import MetricDefinition
from tasks.core.errors import ConfigError
from tasks.core.quality.fingerprint import fingerprints
from tasks.core.quality.metric import Metric
from tasks.core.quality.prompt import TITLES, instruct

FOLDER = Path(__file__).parents[2] / "configs/metrics"
FILES = sorted(FOLDER.glob("*.yaml"))
SHIPPED = {name: definition.metric(None) for name, definition in built_in_metrics().items()}
FIRST = ("coherence", "fluency", "groundedness", "relevance", "similarity")
WHERE_LOW_IS_BAD_THOUGH_THE_NAME_SAYS_OTHERWISE = ("toxicity", "bias", "self_harm", "off_topic")
MONITOR = """\
name: bot
schedule: {{cron: "5 * * * *"}}
window: {{every: 1h}}
source:
  format: azure_mdc
  inputs: s3://logs/bot/model_inputs
  outputs: s3://logs/bot/model_outputs
  columns: {{prompt: question, completion: answer, context: documents, ground_truth: expected}}
evaluator: {{provider: openai, model: m, api_key: env:KEY}}
quality: {{metric_files: {files}, metrics: {metrics}}}
store: s3://results/genwatch
"""


def monitor(folder: Path, metrics: str, *, files: str = "[]", canary: str | None = None) -> Path:
    text = MONITOR.format(files=files, metrics=metrics)
    if canary is not None:
        (folder / "canaries.yaml").write_text(canary)
        text = text.replace("quality: {", "quality: {canaries: {file: canaries.yaml}, ")
    path = folder / "bot.yaml"
    path.write_text(text)
    return path


def test_the_shipped_metrics_are_these() -> None:
    assert set(SHIPPED) == {
        *FIRST,
        "bias",
        "completeness",
        "conciseness",
        "correctness",
        "hallucination",
        "harmlessness",
        "helpfulness",
        "instruction_following",
        "off_topic",
        "self_harm",
        "session_success",
        "task_completion",
        "tone",
        "toxicity",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_metric_has_the_name_of_its_file_and_needs_known_roles(path: Path) -> None:
    found = load_metric(path)
    assert found.name == path.stem
    assert "completion" in found.needs
    assert set(found.needs) <= set(TITLES)
    assert found.question.endswith((".", "?"))


@pytest.mark.parametrize("metric", SHIPPED.values(), ids=lambda one: one.name)
def test_a_shipped_rubric_is_short_and_anchors_every_score(metric: Metric) -> None:
    assert len(metric.rubric) <= 300
    assert metric.rubric.isascii()
    assert all(level and level in metric.rubric for level in metric.levels.values())
    assert metric.rubric in instruct([metric])


def test_all_shipped_metrics_fit_one_prompt() -> None:
    asked = instruct(list(SHIPPED.values()))
    assert all(metric.rubric in asked for metric in SHIPPED.values())
    assert len(asked) < 6_500


@pytest.mark.parametrize("name", WHERE_LOW_IS_BAD_THOUGH_THE_NAME_SAYS_OTHERWISE)
def test_a_metric_named_by_what_is_bad_says_that_5_is_good(name: str) -> None:
    assert "5 is " in SHIPPED[name].question


@pytest.mark.parametrize("name", ["bias", "harmlessness", "self_harm", "toxicity"])
def test_an_answer_with_clear_harm_in_it_does_not_pass(name: str) -> None:
    assert SHIPPED[name].pass_at == 4


def test_a_hallucination_fails_and_the_claims_are_asked_for() -> None:
    metric = SHIPPED["hallucination"]
    assert metric.scale.labels == {0: "yes", 1: "no"}
    assert metric.pass_at == 1
    assert "List such claims in the reason" in metric.question


def test_correctness_is_judged_by_the_ground_truth() -> None:
    assert SHIPPED["correctness"].needs == ("prompt", "completion", "ground_truth")


def test_scores_of_the_first_five_metrics_that_were_paid_for_are_found_again() -> None:
    judge = {"provider": "openai", "model": "m", "temperature": 0.0}
    metrics = [SHIPPED[name] for name in FIRST]
    found = fingerprints(metrics, judge) | {"fused": fingerprints(metrics, judge | {"judging": "fused"})["fluency"]}
    assert found == {
        "coherence": "88df1fbfd38ea9021d9f3cd7e31e30bd",
        "fluency": "6138715eef4bffbab711c19162f035b4",
        "groundedness": "36c42e617aed1fac600b4422435c719d",
        "relevance": "14c70b93e4bb32b53be479e599d0209c",
        "similarity": "6faf419b67dbf1fcca84f4b95d2c9217",
        "fused": "581dba0d6e66d0ec3f8a903c3a6af6db",
    }
    asked = "\n".join([*(instruct([metric]) for metric in metrics), instruct(metrics)])
    assert (
        hashlib.sha256(asked.encode()).hexdigest() == "72cb39f80fb797af191e384e0017b9a97fdd0ec0f706198cfa2fe766e33eb3af"
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_a_monitor_may_ask_for_any_shipped_metric(tmp_path: Path, name: str) -> None:
    found = load_monitor(monitor(tmp_path, f"{{{name}: {{min_pass_rate: 0.9}}}}"))
    assert found.metrics == {name: SHIPPED[name]}


@pytest.mark.parametrize("definition", built_in_metrics().values(), ids=lambda one: one.name)
def test_a_metric_survives_being_a_deployment_parameter(definition: MetricDefinition) -> None:
    assert MetricDefinition.model_validate_json(definition.model_dump_json()) == definition


MOOD = """\
name: mood
needs: [prompt, completion]
scale: {type: categories, fails: [rude, cold], passes: [neutral, warm]}
question: How does it speak to the customer?
levels: {warm: With care., neutral: To the point., cold: Curt., rude: With contempt.}
"""


def mood(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in MOOD
    path = folder / "mood.yaml"
    path.write_text(MOOD.replace(old, new) if old else MOOD)
    return path


def test_categories_are_numbered_from_the_worst_and_those_that_pass_come_last(tmp_path: Path) -> None:
    mood(tmp_path)
    found = load_monitor(monitor(tmp_path, "{mood: {}}", files="[mood.yaml]")).metrics["mood"]
    assert found.scale.labels == {1: "rude", 2: "cold", 3: "neutral", 4: "warm"}
    assert found.pass_at == 3
    assert found.rubric == (
        'How does it speak to the customer? "rude": With contempt; "cold": Curt; "neutral": To the point; '
        '"warm": With care.'
    )


def test_every_category_may_pass_where_only_the_shares_are_watched(tmp_path: Path) -> None:
    found = load_metric(mood(tmp_path, "fails: [rude, cold], passes: [", "passes: [rude, cold, "))
    assert found.metric(None).pass_at == 1


@pytest.mark.parametrize("passes", ["yes", "no"])
def test_yes_and_no_need_no_quotes_and_either_may_pass(tmp_path: Path, passes: str) -> None:
    path = tmp_path / "polite.yaml"
    path.write_text(
        f"name: polite\nneeds: [completion]\nscale: {{type: yes_no, passes: {passes}}}\n"
        "question: Is it polite?\nlevels: {yes: it is, no: it is not}\n"
    )
    found = load_metric(path).metric(None)
    assert (found.scale.labels[1], found.pass_at) == (passes, 1)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (", rude: With contempt.", "", "levels must anchor each of rude, cold, neutral, warm"),
        ("rude: With", "vile: With", "levels must anchor each of rude, cold, neutral, warm"),
        ("levels: {", "levels: {1: One., ", "levels must anchor each of rude, cold, neutral, warm"),
        ("[neutral, warm]", "[neutral, warm, rude]", "at least two categories, each once"),
        ("fails: [rude, cold], passes: [neutral, warm]", "passes: [warm]", "at least two categories, each once"),
        ("[neutral, warm]", "[]", "scale.categories.passes"),
        ("[neutral, warm]", "[neutral, Very Warm]", "scale.categories.passes.1"),
        ("type: categories", "type: stars", "stars"),
        ("question:", "pass_at: 3\nquestion:", "scale.passes says which answers pass; remove pass_at"),
        (
            "type: categories, fails: [rude, cold], passes: [neutral, warm]",
            "type: yes_no, passes: maybe",
            "use 'yes' or 'no'",
        ),
    ],
)
def test_a_scale_that_cannot_be_is_one_line(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_metric(mood(tmp_path, old, new))
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_monitor_sets_no_score_to_pass_at_where_answers_have_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"metrics\.hallucination\.pass_at is of scores from 1 to 5"):
        load_monitor(monitor(tmp_path, "{hallucination: {pass_at: 3}}"))


CANARY = "[{{prompt: p, completion: c, context: d, scores: {{hallucination: {score}}}}}]"


@pytest.mark.parametrize("score", [0, 1])
def test_a_canary_may_have_any_score_of_its_scale(tmp_path: Path, score: int) -> None:
    found = load_monitor(monitor(tmp_path, "{hallucination: {}}", canary=CANARY.format(score=score)))
    assert found.quality.canaries is not None
    assert json.loads(found.quality.canaries.model_dump_json())["rows"][0]["scores"] == {"hallucination": score}


@pytest.mark.parametrize(("name", "score"), [("hallucination", 5), ("fluency", 0), ("fluency", 6), ("fluency", ".nan")])
def test_a_canary_has_no_score_beside_its_scale(tmp_path: Path, name: str, score: object) -> None:
    canary = CANARY.format(score=score).replace("hallucination", name)
    with pytest.raises(ConfigError, match=r"canaries"):
        load_monitor(monitor(tmp_path, f"{{{name}: {{}}}}", canary=canary))


PAGE = (FOLDER.parents[1] / "docs/metrics.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "example", [one for one in EXAMPLES if one.startswith("name: ")], ids=lambda one: one.split()[1]
)
def test_the_metrics_of_the_page_are_good(tmp_path: Path, example: str) -> None:
    path = tmp_path / "metric.yaml"
    path.write_text(example)
    assert load_metric(path).metric(None).rubric


def test_the_sections_of_the_page_are_good() -> None:
    sections = [YAML(typ="safe", pure=True).load(one)["custom"] for one in EXAMPLES if one.startswith("custom:")]
    addresses = [limit.address for section in sections for limit in Custom.model_validate(section).thresholds()]
    assert addresses == ["reference.token_f1.mean", "custom.has_order_number.mean"]


@pytest.mark.parametrize("metric", SHIPPED.values(), ids=lambda one: one.name)
def test_the_page_says_what_a_metric_needs_and_where_it_passes(metric: Metric) -> None:
    (row,) = re.findall(rf"^\| `{metric.name}` \|[^|]*\|([^|]*)\|([^|]*)\|$", PAGE, re.MULTILINE)
    assert {"completion", *re.findall(r"`(\w+)`", row[0])} == set(metric.needs)
    assert row[1].strip(" `") == (metric.scale.labels[metric.pass_at] if metric.scale.names else str(metric.pass_at))
