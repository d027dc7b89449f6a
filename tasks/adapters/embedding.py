"""Embeddings of texts by an OpenAI-compatible server, as cosines of pairs of texts."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from configs.custom import Embeddings
from tasks.adapters.secret import resolve
from tasks.core.errors import EmbeddingError

BATCH_TEXTS: Final = 128
LONGEST_CHARACTERS: Final = 8_000

Vector = npt.NDArray[np.float64]


def cosines(settings: Embeddings, first: Sequence[str | None], second: Sequence[str | None]) -> list[float | None]:
    """The cosine of the embeddings of two texts, place by place, -1 to 1; None where either is missing or blank.

    Of a text, its first `LONGEST_CHARACTERS` characters count; equal texts are asked for once. Raises EmbeddingError,
    in one line without any text, where the server gives none, and ConfigError where its key is not set.
    """
    pairs = [(_shown(a), _shown(b)) for a, b in zip(first, second, strict=True)]
    texts = sorted({text for pair in pairs if None not in pair for text in pair if text is not None})
    vectors = dict(zip(texts, _asked(settings, texts), strict=True))
    return [None if a is None or b is None else _cosine(vectors[a], vectors[b]) for a, b in pairs]


def _shown(text: str | None) -> str | None:
    return text[:LONGEST_CHARACTERS] if text and text.strip() else None


def _cosine(a: Vector, b: Vector) -> float | None:
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / lengths if lengths else None


def _asked(settings: Embeddings, texts: Sequence[str]) -> Iterator[Vector]:
    import openai  # noqa: PLC0415  slow to import

    key = resolve(settings.api_key, "custom.embeddings.api_key") if settings.api_key else "none"
    with openai.OpenAI(api_key=key, base_url=settings.base_url, timeout=settings.timeout.total_seconds()) as client:
        for start in range(0, len(texts), BATCH_TEXTS):
            batch = list(texts[start : start + BATCH_TEXTS])
            try:
                reply = client.embeddings.create(model=settings.model, input=batch, encoding_format="float")
                vectors = [np.array(one.embedding) for one in sorted(reply.data, key=lambda one: one.index)]
            except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
                raise EmbeddingError(_sentence(settings, _why(error))) from error
            if len(vectors) != len(batch) or len({vector.shape for vector in vectors}) > 1:
                raise EmbeddingError(_sentence(settings, f"{len(vectors)} of {len(batch)}, or of several lengths"))
            yield from vectors


def _sentence(settings: Embeddings, why: str) -> str:
    return f"{settings.model} gave no embeddings ({why}); look at custom.embeddings and its server"


def _why(error: Exception) -> str:
    """The status, else the kind of an error; never its text, which may repeat what was sent."""
    status = getattr(error, "status_code", None)
    return type(error).__name__ if status is None else f"status {status}"
