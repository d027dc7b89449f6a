"""Secrets behind references to the environment; those of Prefect blocks are tried with its server."""

import pytest

from tasks.adapters.secret import resolve
from tasks.core.errors import ConfigError


@pytest.mark.parametrize("held", ["sk-1", "sk-1\n", "sk-1\r\n", " sk-1 "])
def test_white_space_around_a_secret_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch, held: str) -> None:
    monkeypatch.setenv("TEST_KEY", held)
    assert resolve("env:TEST_KEY", "evaluator.api_key") == "sk-1"


@pytest.mark.parametrize("held", ["", "\n"])
def test_a_secret_of_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch, held: str) -> None:
    monkeypatch.setenv("TEST_KEY", held)
    with pytest.raises(ConfigError, match=r"^evaluator\.api_key: the environment variable TEST_KEY is not set"):
        resolve("env:TEST_KEY", "evaluator.api_key")
