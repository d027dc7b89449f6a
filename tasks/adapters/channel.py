"""A channel: whatever can tell people of alerts."""

from typing import Protocol

from tasks.core.news import Delivered, Digest, News


class Channel(Protocol):
    """One place in which people are told; it raises nothing for what it cannot deliver, and shows no secret."""

    def tell(self, news: News) -> Delivered:
        """Tell the news of one window, one or more notices."""

    def summarise(self, digest: Digest) -> str | None:
        """Tell the digest of a period; returns why that could not be delivered, None when it was."""
