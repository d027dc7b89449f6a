"""What models cost: prices a token, and a purse that is never overdrawn."""

from dataclasses import dataclass
from typing import Final

MILLION: Final = 1_000_000
FRAME_TOKENS: Final = 64  # what a chat format adds to the texts of a call, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars a million tokens; `cached_prompt` is for prompt tokens in the provider's cache."""

    prompt: float
    cached_prompt: float
    completion: float

    def cost_usd(self, prompt_tokens: int, cached_tokens: int, completion_tokens: int) -> float:
        """The price of one answered call."""
        fresh = prompt_tokens - cached_tokens
        paid = fresh * self.prompt + cached_tokens * self.cached_prompt + completion_tokens * self.completion
        return paid / MILLION

    def bound_usd(self, text_bytes: int, max_tokens: int) -> float:
        """The most that a call can cost: no tokenizer makes more tokens than there are bytes of UTF-8."""
        return self.cost_usd(text_bytes + FRAME_TOKENS, 0, max_tokens)


class Purse:
    """A budget in US dollars, None for none: what a call may cost is laid aside before it and settled after it."""

    def __init__(self, budget_usd: float | None) -> None:
        self._left = float("inf") if budget_usd is None else budget_usd
        self._reservations = 0

    @property
    def is_in_use(self) -> bool:
        """Whether something is laid aside that is not settled yet."""
        return self._reservations > 0

    def reserve(self, amount_usd: float) -> bool:
        """Lay aside; False, and nothing laid aside, where the rest does not suffice."""
        if amount_usd > self._left:
            return False
        self._left -= amount_usd
        self._reservations += 1
        return True

    def settle(self, reserved_usd: float, cost_usd: float) -> None:
        """Give back what was laid aside and was not spent."""
        self._reservations -= 1
        self._left += reserved_usd - cost_usd
