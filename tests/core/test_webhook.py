import json
from pathlib import Path

import jsonschema

from tasks.core.webhook import json_schema

SCHEMA = Path(__file__).parents[2] / "docs/webhook.schema.json"
WRITE = (
    'python -c "import json; from tasks.core.webhook import json_schema; '
    'print(json.dumps(json_schema(), indent=2))" > docs/webhook.schema.json'
)


def test_the_schema_in_the_docs_is_that_of_the_model() -> None:
    assert json.loads(SCHEMA.read_text()) == json_schema(), f"write it anew: {WRITE}"


def test_the_schema_is_one_and_says_what_each_part_means() -> None:
    found = json_schema()
    jsonschema.Draft202012Validator.check_schema(found)
    assert "additionalProperties" not in str(found), (
        "a receiver that checks strictly would refuse a field that is added"
    )
    assert "hold logged or typed text" in found["description"]
    assert found["properties"]["schema_version"]["const"] == 1
