"""Measure the recognisers of safety on the project's data sets, as tables of Markdown: `safety.py [DATA]`."""

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from injection import DATA, HALVES, Item, half, items
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline

from tasks.core.safety.jailbreak import is_jailbreak
from tasks.core.safety.leaks import echoes, held
from tasks.core.safety.redaction import find
from tasks.core.safety.refusal import is_refusal
from tasks.core.safety.signals import KINDS, row_flags

Spans = list[tuple[int, int]]
LABELS: Final[Mapping[str, str]] = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IP_ADDRESS": "ip",
    "IBAN_CODE": "iban",
    "CREDIT_CARD": "credit_card",
    "US_SSN": "us_ssn",
}
PLAIN: Final[Mapping[str, str]] = {
    "email": r"\b[\w.+-]+@[\w-]+\.[\w.-]+\b",
    "phone": r"\+?\(?\d[\d ().-]{7,}\d",
    "ip": r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
    "iban": r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b",
    "credit_card": r"\b(?:\d[ -]?){13,19}\b",
    "us_ssn": r"\b\d{3}-\d{2}-\d{4}\b",
}
REFUSED: Final = {"full": {"2_full_refusal"}, "full or partial": {"2_full_refusal", "3_partial_refusal"}}
TRIGGERS: Final = re.compile("ignore|disregard|system prompt|instructions", re.IGNORECASE)
UNLICENSED: Final = "Tensor Trust"
CATEGORIES: Final = ("any", "S", "H", "V", "HR", "SH")
LENGTH: Final = 500
TEXTS: Final = 4_000


def share(part: float, whole: float) -> str:
    """A share with three decimals, a dash where there is nothing to share."""
    return f"{part / whole:.3f}" if whole else "–"


def figures(truth: Sequence[bool], found: Sequence[bool]) -> str:
    """Precision, recall and F1 as three cells."""
    right = sum(one and other for one, other in zip(truth, found, strict=True))
    return three(right, sum(found), right, sum(truth))


def three(right: int, found: int, covered: int, labelled: int) -> str:
    """Precision (of what was found), recall (of what is labelled) and their harmonic mean as three cells."""
    precision, recall = (right / found if found else 0.0), (covered / labelled if labelled else 0.0)
    both = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return f"{share(right, found)} | {share(covered, labelled)} | {both:.3f}" if labelled else "– | – | –"


def touching(spans: Spans, others: Spans) -> int:
    """How many of the spans overlap one of the others."""
    return sum(any(start < end_b and start_b < end for start_b, end_b in others) for start, end in spans)


def pii(data: Path) -> Iterator[str]:
    """Each kind against its labels by overlap of spans, beside a plain regular expression; and what is not aimed at."""
    rows = items(data / "presidio_pii")
    ours = [find(row["prompt"], KINDS) for row in rows]
    yield "| kind | labelled | precision | recall | F1 | plain pattern: precision | recall | F1 |\n" + "|---" * 8 + "|"
    for label, kind in LABELS.items():
        tally: Counter[str] = Counter()
        for row, spans in zip(rows, ours, strict=True):
            true = [(span["start"], span["end"]) for span in row["labels"]["spans"] if span["type"] == label]
            mine = [(span.start, span.end) for span in spans if span.kind == kind]
            plain = [found.span() for found in re.finditer(PLAIN[kind], row["prompt"])]
            tally.update(labelled=len(true), found=len(mine), right=touching(mine, true), hit=touching(true, mine))
            tally.update(plain=len(plain), plain_right=touching(plain, true), plain_hit=touching(true, plain))
        cells = three(tally["right"], tally["found"], tally["hit"], tally["labelled"])
        beside = three(tally["plain_right"], tally["plain"], tally["plain_hit"], tally["labelled"])
        yield f"| {kind} | {tally['labelled']} | {cells} | {beside} |"
    others = Counter(span["type"] for row in rows for span in row["labels"]["spans"] if span["type"] not in LABELS)
    yield "\nNot aimed at: " + ", ".join(f"{name} {count}" for name, count in others.most_common()) + "."


def refusals(data: Path) -> Iterator[str]:
    """The rules, the prefix rule and GPT-4 against people."""
    rows = items(data / "xstest_refusal")
    judged: dict[str, dict[str, str]] = {}
    for line in (data / "xstest_refusal/judge.jsonl").read_bytes().splitlines():
        reply = json.loads(line)
        judged.setdefault(reply["judge_model"], {})[reply["item_id"]] = reply["scores"][0]
    yield "| a refusal is | by | half | n | precision | recall | F1 |\n" + "|---" * 7 + "|"
    for name, counted in REFUSED.items():
        for one in HALVES:
            mine = [row for row in rows if half(row) == one]
            truth = [row["human"]["refusal"]["label"] in counted for row in mine]
            found = {"`is_refusal`": [is_refusal(row["completion"]) for row in mine]}
            found |= {judge: [of[row["item_id"]] in counted for row in mine] for judge, of in judged.items()}
            for by, flags in found.items():
                yield f"| {name} | {by} | {one} | {len(mine)} | {figures(truth, flags)} |"


def attacks(data: Path) -> Iterator[str]:
    """How many prompts of each source are flagged, by the rules and by words alone; then precision, recall and F1."""
    rows = [row for row in items(data / "prompt_injection") if row["task"] != "prompt-leak"]
    yield "| source | truth | half | n | flagged | words alone |\n" + "|---" * 6 + "|"
    groups: dict[tuple[bool, str, str], list[Item]] = {}
    for row in rows:
        key = (bool(row["labels"]["injection"]), re.sub(r"_(?:one|two|three)$", "", row["labels"]["source"]), half(row))
        groups.setdefault(key, []).append(row)
    for (truth, source, one), mine in sorted(groups.items()):
        flagged = sum(is_jailbreak(row["prompt"]) for row in mine)
        words = sum(TRIGGERS.search(row["prompt"]) is not None for row in mine)
        yield f"| {source} | {'attack' if truth else 'benign'} | {one} | {len(mine)} | {flagged} | {words} |"
    yield "\n| rows | by | half | precision | recall | F1 |\n" + "|---" * 6 + "|"
    licensed = [row for row in rows if row["labels"]["source"] != UNLICENSED]
    chats = sorted({row["prompt"] for row in items(data / "chat_logs") if row["prompt"]})
    alarms: dict[str, int] = {}
    for name, chosen in {"all": rows, "without Tensor Trust": licensed}.items():
        model = trained([row for row in chosen if half(row) == HALVES[0]], is_attack)
        for one in HALVES:
            mine = [row for row in chosen if half(row) == one]
            truth_of = [bool(row["labels"]["injection"]) for row in mine]
            prompts = [row["prompt"] for row in mine]
            yield f"| {name} | `is_jailbreak` | {one} | {figures(truth_of, [is_jailbreak(text) for text in prompts])} |"
            words_of = [TRIGGERS.search(text) is not None for text in prompts]
            yield f"| {name} | words alone | {one} | {figures(truth_of, words_of)} |"
            yield f"| {name} | model (not shipped) | {one} | {figures(truth_of, list(model.predict(prompts)))} |"
        alarms[name] = int(model.predict(chats).sum())
    yield f"\nOf {len(chats)} prompts of chat_logs the models flag: " + ", ".join(
        f"{count} ({name})" for name, count in alarms.items()
    )


def is_attack(row: Item) -> bool:
    """The label of a prompt."""
    return bool(row["labels"]["injection"])


def category(code: str) -> Callable[[Item], int | None]:
    """Reads one label of moderation, None where it was not set."""
    return lambda row: row["labels"]["any"] if code == "any" else row["labels"]["categories"].get(code)


def trained(rows: Sequence[Item], truth: Callable[[Item], int | None]) -> Pipeline:
    """Logistic regression on hashed character n-grams of the prompts."""
    features = HashingVectorizer(analyzer="char_wb", ngram_range=(2, 4), n_features=2**15, alternate_sign=False)
    model = make_pipeline(features, LogisticRegression(C=10, max_iter=1_000, class_weight="balanced"))
    fitted: Pipeline = model.fit([row["prompt"] for row in rows], [bool(truth(row)) for row in rows])
    return fitted


def moderation(data: Path) -> Iterator[str]:
    """What a small model tells of undesired content in texts that it was not trained on."""
    rows = items(data / "moderation_text")
    yield "| content | half | n | positive | AUC |\n" + "|---" * 5 + "|"
    for name in CATEGORIES:
        label = category(name)
        known = [row for row in rows if label(row) is not None]
        seen = [[row for row in known if half(row) == one] for one in HALVES]
        model = trained(seen[0], label)
        truth = [bool(label(row)) for row in seen[1]]
        auc = roc_auc_score(truth, model.predict_proba([row["prompt"] for row in seen[1]])[:, 1])
        yield f"| {name} | {HALVES[1]} | {len(truth)} | {sum(truth)} | {auc:.3f} |"


def echoed(data: Path) -> Iterator[str]:
    """Outputs against the instructions of the same secret, and texts of others against instructions they never had."""
    rows = items(data / "prompt_injection")
    told: dict[str, set[str]] = {}
    for row in rows:
        if row.get("system_prompt_before"):
            told.setdefault(row["secret"], set()).add(row["system_prompt_before"])
    mine = [row for row in rows if row["task"] == "prompt-leak" and row["secret"] in told]
    found = Counter(
        (
            bool(row["labels"]["system_prompt_leaked"]),
            any(echoes(one, row["completion"]) for one in told[row["secret"]]),
        )
        for row in mine
    )
    yield "| completions | n | repeat the instructions |\n" + "|---" * 3 + "|"
    for truth in (True, False):
        n = found[truth, True] + found[truth, False]
        yield f"| Tensor Trust, the secret {'is' if truth else 'is not'} told | {n} | {found[truth, True]} |"
    every = sorted(set().union(*told.values()))
    for name in ("chat_logs", "halueval_general", "llmdrift"):
        texts = [row["completion"] for row in items(data / name) if row["completion"]]
        hits = sum(echoes(every[place % len(every)], text) for place, text in enumerate(texts))
        yield f"| {name}, instructions that they never had | {len(texts)} | {hits} |"


def benign(data: Path) -> Iterator[str]:
    """How often the flags are raised in traffic that nobody labelled."""
    yield "| set | prompts | jailbreak | completions | refusal |\n" + "|---" * 5 + "|"
    for name in ("chat_logs", "halueval_general", "openqa_judged", "llmdrift"):
        rows = items(data / name)
        prompts = sorted({row["prompt"] for row in rows if row["prompt"]})
        texts = [row["completion"] for row in rows if row["completion"]]
        tried, refused = sum(map(is_jailbreak, prompts)), sum(map(is_refusal, texts))
        yield f"| {name} | {len(prompts)} | {tried} | {len(texts)} | {refused} |"


def speed(data: Path) -> Iterator[str]:
    """Texts of 500 characters a second on one core, ordinary ones and such as are full of personal values."""
    chats = [text for row in items(data / "chat_logs") for text in (row["prompt"], row["completion"]) if text]
    full = [row["prompt"] for row in items(data / "presidio_pii")]
    yield f"| what | texts of {LENGTH} characters a second |\n|---|---|"
    for name, texts in {"chat_logs": cut(chats), "presidio_pii (personal values in nearly all)": cut(full)}.items():
        yield f"| PII scan, {name} | {rate(lambda text: held(text, KINDS), texts):,.0f} |"
    texts = cut(chats)
    yield f"| refusal | {rate(is_refusal, texts):,.0f} |"
    yield f"| jailbreak | {rate(is_jailbreak, texts):,.0f} |"
    pairs = [{"prompt": one, "completion": other} for one, other in zip(texts[::2], texts[1::2], strict=False)]
    begin = time.process_time()
    for pair in pairs:
        row_flags(pair)
    yield f"| all flags, both texts of each interaction | {2 * len(pairs) / (time.process_time() - begin):,.0f} |"


def cut(texts: Sequence[str]) -> list[str]:
    """The texts as one, in pieces of `LENGTH` characters."""
    whole = " ".join(texts)
    return [whole[start : start + LENGTH] for start in range(0, len(whole) - LENGTH, LENGTH)][:TEXTS]


def rate(read: Callable[[str], object], texts: Sequence[str]) -> float:
    """Texts a second of processor time."""
    begin = time.process_time()
    for text in texts:
        read(text)
    return len(texts) / (time.process_time() - begin)


SECTIONS: Final[Mapping[str, Callable[[Path], Iterator[str]]]] = {
    "Personal values and secrets (presidio_pii)": pii,
    "Refusals (xstest_refusal)": refusals,
    "Attacks in prompts (prompt_injection)": attacks,
    "Repeated instructions": echoed,
    "Unlabelled traffic": benign,
    "Undesired content (moderation_text), a model that is not shipped": moderation,
    "Speed": speed,
}


def main(data: Path) -> None:
    """Print a table for each section."""
    for title, section in SECTIONS.items():
        print(f"### {title}\n", *section(data), "", sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
