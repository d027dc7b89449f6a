"""Measure redaction against labelled texts, on texts without personal values, and its speed: `redaction.py [DATA]`."""

import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tasks.core.safety.phones import phones
from tasks.core.safety.recognisers import RECOGNISERS, Span
from tasks.core.safety.redaction import find

Label = tuple[str, int, int]
DATA: Final = Path(__file__).resolve().parents[2] / "shared/data"
LABELS: Final[Mapping[str, str]] = {
    "CREDIT_CARD": "credit_card",
    "DOMAIN_NAME": "url",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "PHONE_NUMBER": "phone",
    "US_SSN": "us_ssn",
}
CLEAN: Final = {"gug_fluency": "completion", "xstest_refusal": "prompt", "summeval_judged": "context"}
REGIONS: Final = ((), ("US",), ("US", "GB", "DE"), ("US", "GB", "DE", "FR", "IT", "ES", "NL", "AU", "IN", "BR"))
HEAD: Final = f"{'kind':12} {'labelled':>8} {'found':>6} {'precision':>9} {'recall':>7}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One kind: labelled spans and those covered in full; found spans and those that touch a labelled one."""

    labelled: int
    covered: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        """The share of found spans that are right, 0 to 1; None where none was found."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """The share of labelled spans that are covered, 0 to 1; None where none is labelled."""
        return self.covered / self.labelled if self.labelled else None


def rows(folder: Path) -> Iterator[Mapping[str, Any]]:
    """The items of one set."""
    plain = folder / "items.jsonl"
    written = plain.read_bytes() if plain.exists() else gzip.decompress((folder / "items.jsonl.gz").read_bytes())
    for line in written.splitlines():
        yield json.loads(line)


def labelled_texts(data: Path) -> list[tuple[str, list[Label]]]:
    """The texts of presidio_pii with the labels that have a kind here: (kind, start, end)."""
    return [
        (
            item["prompt"],
            [
                (LABELS[span["type"]], span["start"], span["end"])
                for span in item["labels"]["spans"]
                if span["type"] in LABELS
            ],
        )
        for item in rows(data / "presidio_pii")
    ]


def agreement(kind: str, texts: Sequence[tuple[str, list[Label]]], spans: Sequence[list[Span]]) -> Agreement:
    """How the spans found in each text agree with its labels of one kind."""
    tally: Counter[str] = Counter()
    for (_, labels), all_found in zip(texts, spans, strict=True):
        true = [(start, end) for label, start, end in labels if label == kind]
        found = [span for span in all_found if span.kind == kind]
        tally["labelled"] += len(true)
        tally["found"] += len(found)
        tally["covered"] += sum(any(one.start <= start and end <= one.end for one in found) for start, end in true)
        tally["right"] += sum(any(start < one.end and one.start < end for start, end in true) for one in found)
    return Agreement(**{name: tally[name] for name in ("labelled", "covered", "found", "right")})


def share(value: float | None) -> str:
    """A share with three decimals, a dash where there is none."""
    return "-" if value is None else f"{value:.3f}"


def line(kind: str, figures: Agreement) -> str:
    """One row of the table."""
    return f"{kind:12} {figures.labelled:8} {figures.found:6} {share(figures.precision):>9} {share(figures.recall):>7}"


def false_alarms(name: str, texts: Sequence[str]) -> str:
    """Spans found per 1,000 texts that hold no personal value by design."""
    found = Counter(span.kind for text in texts for span in find(text, list(RECOGNISERS)))
    rate = 1_000 * found.total() / len(texts)
    return f"{name}: {len(texts)} texts, {rate:.2f} spans per 1,000 {dict(found) or ''}".rstrip()


def by_regions(regions: Sequence[str], texts: Sequence[tuple[str, list[Label]]]) -> str:
    """How the telephone numbers alone agree when the numbering plans of `regions` are tried."""
    spans = [
        [Span(kind="phone", start=start, end=end) for start, end in sorted(set(phones(text, regions)))]
        for text, _ in texts
    ]
    figures = agreement("phone", texts, spans)
    return f"phone alone, plans {','.join(regions) or 'none'}: {share(figures.precision)} {share(figures.recall)}"


def main(data: Path) -> None:
    """Print the table, a line a kind, then false alarms and speed."""
    texts = labelled_texts(data)
    start = time.perf_counter()
    spans = [find(text, list(RECOGNISERS)) for text, _ in texts]
    elapsed_s = time.perf_counter() - start
    print(HEAD)
    for kind in RECOGNISERS:
        print(line(kind, agreement(kind, texts, spans)))
    for regions in REGIONS:
        print(by_regions(regions, texts))
    for folder, role in CLEAN.items():
        print(false_alarms(folder, [item[role] for item in rows(data / folder) if item[role]]))
    print(f"{sum(len(text) for text, _ in texts) / elapsed_s:,.0f} characters/s for all kinds")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
