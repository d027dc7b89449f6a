"""What logged text may forge, verdicts and the role tokens of chat templates, and how both are made harmless."""

import re
from collections.abc import Callable, Iterator
from typing import Final

COLON: Final = "\ua789"
EQUALS: Final = "\ua78a"  # both look like what they replace, and no Unicode normal form turns them back

WORDS: Final = ("score", "rating", "grade", "verdict")
METRICS: Final = ("coherence", "fluency", "groundedness", "relevance", "similarity", "faithfulness")
LOWEST: Final = 1
HIGHEST: Final = 5
REACH: Final = 2_000  # characters before an unquoted key in which the flag looks for its brace

_SLASHES = r"(?<!\\)\\++"


def _letter(letter: str) -> str:
    """A letter in either case, full-width, or escaped as JSON and JavaScript do, however deep."""
    codes = f"{ord(letter):02x}|{ord(letter.upper()):02x}"
    return rf"(?:[{letter}{chr(ord(letter) + 0xFEE0)}]|{_SLASHES}(?:u00|x)(?:{codes}))"


def _spelt(words: tuple[str, ...]) -> str:
    return "|".join("".join(_letter(letter) for letter in word) for word in words)


_STARTS = r"(?-i:(?<![A-Za-z])|(?<=[a-z0-9])(?=[A-Z]))"  # operating, upgrade and generated are no keys of verdicts
_WORD = f"(?:{_spelt(WORDS[:1])}|{_STARTS}(?:{_spelt(WORDS[1:])}))"
_QUOTE = (
    rf"(?:[\"'`\u2018-\u201f\u00ab\u00bb\uff02\uff07]|{_SLASHES}(?:[\"'`]|(?:u00|x)(?:22|27))|&(?:quot|apos|#3[49]);)"
)
_GAP = rf"(?:\s|{_SLASHES}(?:[nrt]|u00(?:20|09|0a|0d)))*+"
_MARK = rf"(?:[:=\uff1a\uff1d\ufe55\ufe13\ufe66]|{_SLASHES}(?:u00|x)3[ad]|&colon;|&equals;|&#(?:58|61|x3[ad]);)"
_NUMBER = rf"(?={_GAP}(?:{_QUOTE}{_GAP})?[-+]?\d)"
_HINTS = (*WORDS, *METRICS, "\\u", "\\x")
_WIDE = re.compile("[\uff21-\uff5a]")
_MARKS = re.compile(_MARK, re.IGNORECASE)
_METRIC = rf"{_STARTS}(?:{_spelt(METRICS)})"
_KEYS = re.compile(
    rf"""(?P<quoted>{_WORD}[^"'`{{}}\n]{{0,40}}{_QUOTE}{{1,4}}{_GAP}{_MARK}"""
    rf"|{_METRIC}{_QUOTE}{{1,4}}{_GAP}{_MARK}{_NUMBER})"
    rf"|{_WORD}\w{{0,20}}{_GAP}(?:(?:[:\uff1a\ufe55\ufe13]|{_SLASHES}(?:u00|x)3a)|={_NUMBER})"
    rf"|{_METRIC}{_GAP}[:=\uff1a]{_NUMBER}",
    re.IGNORECASE,
)
_VALUE = re.compile(
    rf"{_GAP}{_QUOTE}{{0,4}}\s*+(?P<number>[-+]?\d{{1,4}}(?:\.\d{{1,9}})?(?:e[-+]?\d{{1,2}})?)"
    r"(?![\d.]*\w|\s*[;*+%])"
    rf"|{_GAP}{_QUOTE}{{1,4}}(?:pass(?:ed)?|correct|excellent|perfect|five)\b",
    re.IGNORECASE,
)

# Chat templates: ChatML, Llama 3 and 4, Phi, GPT-OSS (harmony), Cohere, Granite, DeepSeek, GLM: bars inside angles, in
# Gemma 4 on one side only. Gemma 1 to 3, Qwen and reasoning models: named angles. Llama 2, Mistral: square brackets.
_BARS = (
    r"<(?=[|\uff5c][\w/\u2581 .:@\"-]{1,60}[|\uff5c]>|[|\uff5c][\w/\u2581]{1,40}>|/?[\w\u2581]{1,40}[|\uff5c]>)"
    r"|<(?=</?SYS>>)"
    r"|<(?=/?(?:start_of_turn|end_of_turn)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|AVAILABLE_TOOLS)\])"
)
_ANGLES = (
    r"<(?=/?(?:s|bos|eos|BOS_TOKEN|EOS_TOKEN|sop|eop|think|tool_call|tool_response)>)|\[(?=/?(?:THINK|gMASK|sMASK)\])"
)
_ROLE_TOKENS = re.compile(f"{_BARS}|{_ANGLES}")
_SURE_TOKENS = re.compile(_BARS)
_TURNS = re.compile(r"^([ \t]*(?:Human|Assistant)[ \t]*):", re.MULTILINE)


def neutralise(text: str) -> str:
    """The text with no role token of a chat template and no object that could be read as a verdict.

    A space breaks role tokens; look-alikes take the place of the colon or equals sign behind a key such as `score`,
    quoted anywhere, unquoted where a brace stands before or behind it. All else stays as it was logged. Linear in time,
    and the same when it is done twice.
    """
    spaced = _ROLE_TOKENS.sub(lambda token: f"{token[0]} ", text)
    turned = _TURNS.sub(rf"\1{COLON}", spaced)
    return _KEYS.sub(_blunter(turned), turned) if _may_hold_key(turned) else turned


def forges_verdict(text: str) -> bool:
    """Whether the text holds what reads as a verdict: such a key in an object, with a whole number from 1 to 5."""
    return any(_is_grade(text, key.end()) and (key["quoted"] or _in_braces(text, key.start())) for key in _keys(text))


def forges_role(text: str) -> bool:
    """Whether the text holds a role token that has no other common use, as `<s>` and `<think>` have."""
    return _SURE_TOKENS.search(text) is not None


def _keys(text: str) -> Iterator[re.Match[str]]:
    return _KEYS.finditer(text) if _may_hold_key(text) else iter(())


def _may_hold_key(text: str) -> bool:
    """A quick no for most texts: none of the words, no escape and no full-width letter."""
    folded = text.casefold()
    return any(hint in folded for hint in _HINTS) or _WIDE.search(text) is not None


def _blunter(text: str) -> Callable[[re.Match[str]], str]:
    """What is put in the place of each key of `text`."""
    opened, closed = text.find("{"), text.rfind("}")

    def blunt(key: re.Match[str]) -> str:
        bare = not key["quoted"] and not 0 <= opened < key.start() and key.start() > closed
        return key[0] if bare else _MARKS.sub(lambda mark: EQUALS if mark[0] == "=" else COLON, key[0])

    return blunt


def _is_grade(text: str, at: int) -> bool:
    value = _VALUE.match(text, at)
    if value is None or value["number"] is None:
        return value is not None
    number = float(value["number"])
    return number.is_integer() and LOWEST <= number <= HIGHEST


def _in_braces(text: str, at: int) -> bool:
    start = max(0, at - REACH)
    return text.rfind("{", start, at) > text.rfind("}", start, at)
