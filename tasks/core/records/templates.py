"""Prompts that a chat template has made one text of, taken apart into messages again.

Known: Anthropic's text completions, Llama 2 and Mistral, Llama 3, ChatML.
"""

import re
from typing import Final

from tasks.core.records.json_value import Json

ROLE_MARKS: Final = (
    re.compile(r"<\|start_header_id\|>(?P<role>\w+)<\|end_header_id\|>\s*"),
    re.compile(r"<\|im_start\|>(?P<role>\w+)\n"),
    re.compile(r"(?:^|\n\n)(?P<role>Human|Assistant):[ \n]?"),
)
ENDS: Final = re.compile(r"<\|(?:eot_id|end_of_text|begin_of_text|im_end)\|>|</?s>")
INSTRUCTION: Final = re.compile(r"\[(/?)INST\]")
SYSTEM: Final = re.compile(r"<<SYS>>(.*?)<</SYS>>", re.DOTALL)
ROLES: Final = {"human": "user"}


def messages_of(prompt: str) -> Json:
    """The messages of a prompt that follows a template, else the text itself.

    The empty turn of the assistant, which ends such prompts, is none.
    """
    if _begins_with(INSTRUCTION, prompt) and "[/INST]" in prompt:
        return _instructions(prompt)
    mark = next((mark for mark in ROLE_MARKS if _begins_with(mark, prompt)), None)
    return prompt if mark is None else _by_role(mark, prompt)


def _begins_with(mark: re.Pattern[str], prompt: str) -> bool:
    """Whether nothing stands before the first mark but the marks of a beginning."""
    first = mark.search(prompt)
    return first is not None and not ENDS.sub("", prompt[: first.start()]).strip()


def _by_role(mark: re.Pattern[str], prompt: str) -> Json:
    """Turns that each begin with a mark of who speaks."""
    _, *pieces = mark.split(prompt)
    turns = zip(pieces[::2], pieces[1::2], strict=True)
    return _messages([(role.lower(), text) for role, text in turns])


def _instructions(prompt: str) -> Json:
    """Turns of Llama 2 and Mistral: the user's between brackets, the assistant's behind them."""
    system = SYSTEM.search(prompt)
    _, *pieces = INSTRUCTION.split(SYSTEM.sub("", prompt, count=1))
    turns = zip(pieces[::2], pieces[1::2], strict=True)
    told = [("assistant" if slash else "user", text) for slash, text in turns]
    return _messages([("system", system[1]), *told] if system else told)


def _messages(turns: list[tuple[str, str]]) -> Json:
    said = [(ROLES.get(role, role), ENDS.sub("", text).strip()) for role, text in turns]
    return [{"role": role, "content": text} for role, text in said if text]
