"""Who judges, as the monitor file says it: the model, the way of asking, the bounds of time and money."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.values import Duration, SecretReference, Section
from tasks.core.price import Price as TokenPrice

LIVE_ONLY: tuple[str, ...] = ("model", "base_url", "api_key", "api_version", "price", "budget_usd", "jury")
Dollars = Annotated[float, Field(ge=0)]


class Price(Section):
    """US dollars a million tokens."""

    prompt: Dollars
    """Of prompt tokens."""
    cached_prompt: Dollars | None = None
    """Of prompt tokens in the provider's cache; null = as the others."""
    completion: Dollars
    """Of the tokens of replies."""

    @property
    def resolved(self) -> TokenPrice:
        """The price of every kind of token; without a price for cached ones they cost as the others do."""
        cached = self.prompt if self.cached_prompt is None else self.cached_prompt
        return TokenPrice(prompt=self.prompt, cached_prompt=cached, completion=self.completion)


class Batch(Section):
    """The provider's batch API."""

    poll: Duration = timedelta(minutes=1)
    """How often it is asked for the result."""
    deadline: Duration = timedelta(hours=24)
    """When what is missing is asked live."""


class Juror(Section):
    """One judge; `local` needs nothing, the others speak to an OpenAI-compatible server."""

    provider: Literal["openai", "azure_openai", "local"] = "local"
    """`openai` is any OpenAI-compatible server; `local` scores by text statistics, without a model."""
    model: str | None = None
    """The model; for `azure_openai` the deployment."""
    base_url: str | None = None
    """The server: vLLM, Ollama, LiteLLM, …; null = OpenAI's."""
    api_key: SecretReference | None = None
    """The secret with its key; null = none is sent, and `azure_openai` signs in through Entra (extra `azure`)."""
    api_version: str | None = None
    """Azure's."""
    concurrency: int = Field(default=32, ge=1, le=1024)
    """Most calls in flight."""
    timeout: Duration = timedelta(seconds=60)
    """Of one call."""
    max_attempts: int = Field(default=6, ge=1, le=20)
    """Calls for one answer when they fail in ways that may heal: 429, 5xx, time-outs, connections."""
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    """As the model takes it; null = not sent."""
    max_tokens: int = Field(default=400, ge=50)
    """Of one reply."""
    logprobs: bool = False
    """The score is the mean under the probabilities of 1 to 5, where the server tells them."""
    price: Price | None = None
    """What tokens cost; null = as `configs/prices.yaml` has it."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.provider == "local":
            if extra := [key for key in LIVE_ONLY if getattr(self, key, None)]:
                message = f"{extra[0]} has no meaning for the local evaluator; remove it or choose another provider"
                raise ValueError(message)
        elif self.model is None:
            message = f"provider {self.provider} needs a model"
            raise ValueError(message)
        if self.provider == "azure_openai" and (self.base_url is None or self.api_version is None):
            message = "azure_openai needs base_url (https://NAME.openai.azure.com) and api_version"
            raise ValueError(message)
        if self.provider == "openai" and self.base_url is None and self.api_key is None:
            message = "openai needs an api_key (env:OPENAI_API_KEY), or the base_url of a server without keys"
            raise ValueError(message)
        return self


class Evaluator(Juror):
    """The first judge, and how the judging is done."""

    judging: Literal["separate", "fused"] = "separate"
    """`separate`: each metric in a call of its own; `fused`: all metrics of an interaction in one."""
    mode: Literal["live", "batch"] = "live"
    """`batch`: through the provider's half-price batch API."""
    batch: Batch = Batch()
    """How the batch API is used."""
    repeats: int = Field(default=1, ge=1, le=20)
    """Each judgement so many times; the score is the mean."""
    jury: tuple[Juror, ...] = ()
    """Further judges of every call, each with the keys from `provider` to `price`."""
    jury_rule: Literal["mean", "majority"] = "mean"
    """How one score is made of the jury's."""
    deadline: Duration | None = timedelta(hours=1)
    """Of the judging of one window; null = none."""
    budget_usd: Annotated[float, Field(gt=0)] | None = None
    """The most that the judging of one window may cost; null = no bound."""
    reuse: Duration = timedelta(days=7)
    """Scores of equal content are taken from windows that began on the same day, or so many whole days before."""
    keep_replies: Duration | None = timedelta(days=30)
    """How long the raw replies are kept for `genwatch run --replay`; null = not at all."""

    @property
    def judges(self) -> tuple[Juror, ...]:
        """All who judge, this one first."""
        return (self, *self.jury)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.provider == "local" and self.mode == "batch":
            message = "mode batch has no meaning for the local evaluator; remove it or choose another provider"
            raise ValueError(message)
        if self.jury and self.mode == "batch":
            message = "mode batch asks one evaluator; remove jury, or use mode live"
            raise ValueError(message)
        if self.budget_usd is not None and (unpriced := [one.model for one in self.judges if not one.price]):
            message = f"budget_usd needs the price of {unpriced[0]}; add price: {{prompt: …, completion: …}}"
            raise ValueError(message)
        return self
