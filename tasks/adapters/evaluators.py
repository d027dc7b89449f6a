"""The evaluator that a monitor asks for."""

from collections.abc import Awaitable, Callable

from configs.monitor import MonitorConfig
from tasks.adapters.evaluator import Evaluator
from tasks.adapters.secret import resolve
from tasks.core.errors import ConfigError

ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"


def open_evaluator(config: MonitorConfig) -> Evaluator:
    """The evaluator of a monitor; raises ConfigError where its secret or its package is missing."""
    asked = config.evaluator
    if asked.provider == "local":
        from tasks.adapters.evaluator_local import LocalEvaluator, check_supported  # noqa: PLC0415  scikit-learn is slow

        check_supported(config.quality.metrics)
        return LocalEvaluator()
    from tasks.adapters.evaluator_openai import Settings, open_openai  # noqa: PLC0415  openai is slow to import

    settings = Settings(
        provider=asked.provider,
        model=asked.model or "",
        concurrency=asked.concurrency,
        timeout=asked.timeout,
        max_attempts=asked.max_attempts,
        temperature=asked.temperature,
        max_tokens=asked.max_tokens,
    )
    return open_openai(settings, asked.base_url, _credential(config), asked.api_version)


def _credential(config: MonitorConfig) -> str | Callable[[], Awaitable[str]]:
    """The key, or the function that fetches an Entra token; servers without keys get a word that is none."""
    asked = config.evaluator
    if asked.api_key is not None:
        return resolve(asked.api_key, "evaluator.api_key")
    if asked.provider == "openai":
        return "none"
    try:
        from azure.identity.aio import (  # noqa: PLC0415  an extra
            DefaultAzureCredential,
            get_bearer_token_provider,
        )
    except ImportError as error:
        message = "evaluator: signing in through Entra needs an extra; pip install 'genwatch[azure]', or give api_key"
        raise ConfigError(message) from error
    provider: Callable[[], Awaitable[str]] = get_bearer_token_provider(DefaultAzureCredential(), ENTRA_SCOPE)
    return provider
