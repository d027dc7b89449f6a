import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from configs.contract import Contract
from tasks.core.records.expectation import Expectation, Kind, Type
from tasks.core.verdict import Direction

MAPPED = ("prompt", "completion", "context", "language", "latency_ms", "tier")


def contract(**keys: Any) -> Contract:
    return Contract.model_validate(keys)


def expected(rules: Contract) -> dict[str, Expectation]:
    return {one.name: one for one in rules.expectations(MAPPED)}


def test_an_empty_contract_watches_every_mapped_column_and_asks_for_nothing() -> None:
    found = expected(contract())
    assert {name for name, one in found.items() if one.kind is Kind.COMPLETENESS} == {
        f"{name}.completeness" for name in MAPPED
    }
    assert set(found) - {f"{name}.completeness" for name in MAPPED} == {
        "prompt.length",
        "completion.length",
        "latency_ms.range",
    }
    assert not any(one.fails_rows for one in found.values())
    assert contract().thresholds() == []


def test_only_the_limits_that_are_set_become_thresholds() -> None:
    rules = contract(
        columns={
            "prompt": {"min_completeness": 0.99, "length": {"min": 1, "max": 8000, "min_share": 0.98}},
            "tier": {"type": "number", "min_typed": 0.97, "range": {"max": 3, "min_share": 0.96}},
            "context": {"required": True, "type": "text"},
        },
        languages={"allowed": ["en"], "min_share": 0.9},
        min_join_rate=0.95,
        max_duplicate_rate=0.01,
        max_age="2h",
        volume={"windows": 12, "min_ratio": 0.5, "max_ratio": 2},
    )
    assert {(one.address, one.limit, one.direction) for one in rules.thresholds()} == {
        ("contract.prompt.completeness", 0.99, Direction.MIN),
        ("contract.prompt.length_share", 0.98, Direction.MIN),
        ("contract.tier.type_share", 0.97, Direction.MIN),
        ("contract.tier.range_share", 0.96, Direction.MIN),
        ("contract.language.language_share", 0.9, Direction.MIN),
        ("contract.records.join_rate", 0.95, Direction.MIN),
        ("contract.records.duplicate_rate", 0.01, Direction.MAX),
        ("contract.records.freshness_s", 7200, Direction.MAX),
        ("contract.records.volume_ratio", 0.5, Direction.MIN),
        ("contract.records.volume_surge", 2, Direction.MAX),
    }


def test_no_two_limits_share_an_address_since_alerts_go_by_it() -> None:
    addresses = [one.address for one in contract(volume={"min_ratio": 0.5, "max_ratio": 2}).thresholds()]
    assert len(addresses) == len(set(addresses)) == 2


def test_a_row_breaks_the_contract_by_rules_that_are_written_and_by_no_watched_one() -> None:
    found = expected(
        contract(
            columns={
                "prompt": {"length": {"max": 10}},
                "context": {"required": True, "type": "text"},
                "completion": {"min_completeness": 1},
                "tier": {"type": "integer", "range": {"min": 1, "max": 3}},
                "latency_ms": {"range": {"max": 9}},
            },
            languages={"allowed": ["en", "pt-BR"]},
        )
    )
    assert {name for name, one in found.items() if one.fails_rows} == {
        "prompt.length",
        "context.completeness",
        "context.type",
        "tier.type",
        "tier.range",
        "latency_ms.range",
        "language.language",
    }
    assert (found["prompt.length"].least, found["prompt.length"].most) == (0, 10)
    assert (found["latency_ms.range"].least, found["latency_ms.range"].most) == (None, 9)
    assert found["tier.type"].type is Type.INTEGER
    assert found["language.language"].languages == ("en", "pt-BR")


def test_every_limit_is_about_a_measure_that_exists() -> None:
    rules = contract(
        columns={
            "tier": {
                "min_completeness": 1,
                "type": "number",
                "min_typed": 1,
                "range": {"min": 0, "min_share": 1},
                "length": {"max": 4, "min_share": 1},
            }
        },
        languages={"allowed": ["en"], "min_share": 1},
    )
    measured = {f"contract.{one.column}.{one.measure}" for one in rules.expectations(MAPPED)}
    assert {one.address for one in rules.thresholds()} <= measured


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"columns": {"latency_ms": {"type": "number"}}}, "what is no number in the logs counts as missing"),
        ({"columns": {"latency_ms": {"length": {"max": 3}}}}, "columns.latency_ms: a number has no length; use range"),
        ({"columns": {"tier": {"range": {"max": 3}}}}, "columns.tier: a range needs type: number or type: integer"),
        ({"columns": {"tier": {"min_typed": 1}}}, "min_typed needs a type"),
        ({"columns": {"tier": {"length": {"min": 3, "max": 2}}}}, "max is below min"),
        ({"columns": {"latency_ms": {"range": {"min": 3, "max": 2}}}}, "max is below min"),
        ({"columns": {"latency_ms": {"range": {}}}}, "give min, max or both"),
        ({"columns": {"latency_ms": {"range": {"min": float("nan")}}}}, "finite number"),
        ({"columns": {"tier": {"min_completeness": 90}}}, "less than or equal to 1"),
        ({"columns": {"tier": {"type": "date"}}}, "'text', 'number', 'integer' or 'boolean'"),
        ({"languages": {"allowed": []}}, "at least 1 item"),
        ({"languages": {"allowed": ["en|de"]}}, "should match pattern"),
        ({"volume": {"windows": 2}}, "greater than or equal to 3"),
        ({"on_failure": "drop"}, "'flag' or 'quarantine'"),
        ({"min_joinrate": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_contract_that_makes_no_sense_is_refused_with_the_reason(keys: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(sentence)):
        contract(**keys)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"columns": {"user": {"required": True}}}, "contract.columns.user is about the column user"),
        ({"languages": {"allowed": ["en"]}}, "contract.languages is about the column language"),
    ],
)
def test_a_rule_about_a_column_that_is_not_mapped_is_refused_with_the_remedy(
    keys: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        contract(**keys).check_mapped(["prompt", "completion"])
    assert "add source.columns." in str(refused.value)
    contract(**keys).check_mapped([*MAPPED, "user"])


def test_a_contract_survives_being_a_deployment_parameter() -> None:
    rules = contract(max_age="90m", columns={"prompt": {"length": {"max": 9}}}, languages={"allowed": ["en"]})
    assert Contract.model_validate_json(rules.model_dump_json()) == rules
    assert rules.model_dump(mode="json")["max_age"] == "90m"


def test_the_example_of_the_documentation_is_a_contract() -> None:
    page = (Path(__file__).parents[2] / "docs/contract.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    rules = contract(**YAML(typ="safe").load(example)["contract"])
    rules.check_mapped(["prompt", "context", "latency_ms", "tier", "language"])
    assert len(rules.thresholds()) == 9
