"""Who judges, as the monitor file says it: the model, the way of asking, the bounds of time and money."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.values import Duration, SecretReference, Section
from tasks.core.price import Price as TokenPrice

LIVE_ONLY: tuple[str, ...] = ("model", "base_url", "api_key", "api_version", "price", "budget_usd", "jury")
Dollars = Annotated[float, Field(ge=0)]


class Price(Section):
    """US dollars a million tokens; `cached_prompt` is for prompt tokens in the provider's cache."""

    prompt: Dollars
    cached_prompt: Dollars | None = None
    completion: Dollars

    @property
    def resolved(self) -> TokenPrice:
        """The price of every kind of token; without a price for cached ones they cost as the others do."""
        cached = self.prompt if self.cached_prompt is None else self.cached_prompt
        return TokenPrice(prompt=self.prompt, cached_prompt=cached, completion=self.completion)


class Batch(Section):
    """The provider's batch API: how often it is asked for the result, and when what is missing is asked live."""

    poll: Duration = timedelta(minutes=1)
    deadline: Duration = timedelta(hours=24)


class Juror(Section):
    """One judge. `local` needs nothing; the others speak to an OpenAI-compatible server.

    `model` is the model, or for azure_openai the deployment. Without `api_key`, azure_openai signs in through Entra
    (extra `azure`) and openai sends no key, as local servers want it. `price` is that of `configs/prices.yaml` unless
    it is given. With `logprobs`, the score is the mean under the probabilities of 1 to 5 where the server tells them.
    """

    provider: Literal["openai", "azure_openai", "local"] = "local"
    model: str | None = None
    base_url: str | None = None
    api_key: SecretReference | None = None
    api_version: str | None = None
    concurrency: int = Field(default=32, ge=1, le=1024)
    timeout: Duration = timedelta(seconds=60)
    max_attempts: int = Field(default=6, ge=1, le=20)
    temperature: float | None = Field(default=0.0, ge=0, le=2)
    max_tokens: int = Field(default=400, ge=50)
    logprobs: bool = False
    price: Price | None = None

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
    """The first judge, and how the judging is done.

    `judging`: each metric in a call of its own, or all metrics of an interaction in one. `repeats`: so many times each,
    the score is their mean. `jury`: further judges of every call; `jury_rule` makes one score of theirs. `mode: batch`
    asks through the provider's batch API. `deadline` bounds the judging of one window, `budget_usd` its cost; null =
    none. `reuse`: a score of equal content is taken from windows that began at most so long before. `keep_replies`: how
    long the raw replies are kept for `genwatch run --replay`; null = not at all.
    """

    judging: Literal["separate", "fused"] = "separate"
    mode: Literal["live", "batch"] = "live"
    batch: Batch = Batch()
    repeats: int = Field(default=1, ge=1, le=20)
    jury: tuple[Juror, ...] = ()
    jury_rule: Literal["mean", "majority"] = "mean"
    deadline: Duration | None = timedelta(hours=1)
    budget_usd: Annotated[float, Field(gt=0)] | None = None
    reuse: Duration = timedelta(days=7)
    keep_replies: Duration | None = timedelta(days=30)

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
