"""The reference says what the code says: `python -m docs.reference.write` writes it anew."""

import pytest

from docs.reference import monitor_file, write

PAGES = {path.name: text for path, text in write.pages().items()}


@pytest.mark.parametrize("name", PAGES)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    assert (write.FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "run: python -m docs.reference.write"


def test_every_key_of_the_monitor_file_has_a_meaning() -> None:
    without = [
        f"{model.__module__}.{model.__name__}.{name}"
        for model in monitor_file.models()
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert without == []
