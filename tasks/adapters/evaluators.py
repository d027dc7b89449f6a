"""The evaluator that a monitor asks for."""

from collections.abc import Awaitable, Callable, Mapping

from configs.evaluator import Juror
from configs.monitor import MonitorConfig
from tasks.adapters.evaluator import Evaluator
from tasks.adapters.line import Line
from tasks.adapters.secret import resolve
from tasks.core.errors import ConfigError
from tasks.core.price import Price, Purse

ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"
OPENAI_URL = "https://api.openai.com/v1"

Through = Callable[[Juror, int, Purse], Line]


def open_evaluator(config: MonitorConfig, through: Through | None = None) -> Evaluator:
    """The evaluator of a monitor; raises ConfigError where its secret or its package is missing.

    `through` makes the line of a juror, given its number from 0; live HTTP unless it is given.
    """
    asked = config.evaluator
    purse = Purse(asked.budget_usd)
    jurors = [_juror(config, one, number, purse, through or live_line) for number, one in enumerate(asked.judges)]
    if len(jurors) == 1:
        return jurors[0]
    from tasks.adapters.jury import Jury  # noqa: PLC0415  only where there is one

    return Jury(jurors, asked.jury_rule)


def identity_of(config: MonitorConfig, juror: Juror) -> Mapping[str, object]:
    """What makes the scores of a judge different from another's."""
    return {
        "provider": juror.provider,
        "model": juror.model,
        "temperature": juror.temperature,
        "max_tokens": juror.max_tokens,
        "logprobs": juror.logprobs,
        "judging": config.evaluator.judging,
        "repeats": config.evaluator.repeats,
    }


def _juror(config: MonitorConfig, juror: Juror, number: int, purse: Purse, through: Through) -> Evaluator:
    if juror.provider == "local":
        from tasks.adapters.evaluator_local import LocalEvaluator, check_supported  # noqa: PLC0415  text statistics

        check_supported(config.quality.metrics)
        return LocalEvaluator()
    from tasks.adapters.judge import Judge, Settings  # noqa: PLC0415  aiohttp is slow to import

    settings = Settings(
        identity=identity_of(config, juror),
        number=number,
        repeats=config.evaluator.repeats,
        logprobs=juror.logprobs,
        max_tokens=juror.max_tokens,
        price=price_of(juror),
    )
    return Judge(through(juror, number, purse), settings, purse)


def price_of(juror: Juror) -> Price | None:
    """The price of a judge's tokens; None without one."""
    return None if juror.price is None else juror.price.resolved


def live_line(juror: Juror, number: int, purse: Purse, share: float = 1.0) -> Line:
    """The line that asks a judge's server call by call; `share` (0 to 1) is its part of the server's limits."""
    from tasks.adapters.line_http import HttpLine, settings_of  # noqa: PLC0415  aiohttp is slow to import
    from tasks.adapters.wire import Wire  # noqa: PLC0415

    wire = Wire(_url(juror), _headers(juror, number), juror.concurrency, juror.timeout.total_seconds())
    return HttpLine(wire, settings_of(juror, share), purse)


def _url(juror: Juror) -> str:
    base = (juror.base_url or OPENAI_URL).rstrip("/")
    if juror.provider == "azure_openai":
        return f"{base}/openai/deployments/{juror.model}/chat/completions?api-version={juror.api_version}"
    return f"{base}/chat/completions"


def _headers(juror: Juror, number: int) -> Callable[[], Awaitable[Mapping[str, str]]]:
    """The headers of a call: the key, or a fresh Entra token; servers without keys get a word that is none."""
    shared = {"content-type": "application/json", "user-agent": "genwatch"}
    is_azure = juror.provider == "azure_openai"
    if juror.api_key is None and is_azure:
        token = _entra_token()

        async def signed_in() -> Mapping[str, str]:
            return shared | {"authorization": f"Bearer {await token()}"}

        return signed_in
    place = f"evaluator.jury.{number - 1}.api_key" if number else "evaluator.api_key"
    key = resolve(juror.api_key, place) if juror.api_key is not None else "none"
    fixed = shared | ({"api-key": key} if is_azure else {"authorization": f"Bearer {key}"})

    async def same() -> Mapping[str, str]:
        return fixed

    return same


def _entra_token() -> Callable[[], Awaitable[str]]:
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
