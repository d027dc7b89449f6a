"""The page on the commands, made of the command line itself: help, arguments, options, examples."""

from collections.abc import Iterator
from typing import Final

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from flows.cli import app

EXAMPLE: Final = "Example: "
HEAD: Final = """# Reference: the commands

| code | meaning |
|---|---|
| 0 | done |
| 1 | the run failed, or its storage refused |
| 2 | the configuration or the command line is wrong; one line says what and how to set it right |
| 3 | a breach, with `--fail-on-breach` |

TIME is `2026-11-21T06:00Z`, `2026-11-21T06:00` or `2026-11-21`, in UTC. `genwatch COMMAND --help` says the same as this
page, which is written by `python -m docs.reference.write` from `flows/`.
"""


def commands_page() -> str:
    """The whole page; raises ValueError for an option without help, and for a command without an example."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)  # noqa: S101  for the type checker
    return HEAD + "".join(_part(f"genwatch {name}", root.commands[name]) for name in root.commands)


def _part(name: str, command: object) -> str:
    """A command, then those below it."""
    assert isinstance(command, TyperCommand | TyperGroup)  # noqa: S101  for the type checker
    below = dict(command.commands) if isinstance(command, TyperGroup) else {}
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    usage = " ".join([name, *(str(one.metavar) for one in arguments), "[OPTIONS]"])
    rows = "".join(_rows(name, command))
    examples = [line.removeprefix(EXAMPLE) for line in (command.epilog or "").splitlines() if line]
    if not examples or not command.help:
        message = f"{name} has no help, or no example as its epilog"
        raise ValueError(message)
    shown = "".join(f"$ {one}\n" for one in examples)
    table = f"| | |\n|---|---|\n{rows}\n" if rows else ""
    text = f"\n## {name}\n\n{command.help}\n\n`{usage}`\n\n{table}```console\n{shown}```\n"
    within = f"{name} {' '.join(str(one.metavar) for one in arguments)}"
    return text + "".join(_part(f"{within} {one}", command) for one, command in below.items())


def _rows(name: str, command: TyperCommand | TyperGroup) -> Iterator[str]:
    for one in command.params:
        if not isinstance(one, TyperArgument | TyperOption):
            continue
        if not one.help:
            message = f"{name}: {one.name} has no help"
            raise ValueError(message)
        yield f"| {_written(one)} | {_meaning(one)} |\n"


def _written(one: TyperArgument | TyperOption) -> str:
    if isinstance(one, TyperArgument):
        return f"`{one.metavar}`"
    value = "" if one.is_flag else f" {one.metavar or str(one.type_descriptor.annotation.__name__).upper()}"
    return f"`{', '.join(one.opts)}{value}`"


def _meaning(one: TyperArgument | TyperOption) -> str:
    bounds = f" From {one.min:g} to {one.max:g}." if one.min is not None and one.max is not None else ""
    default = "" if one.default in (None, False) else f" Default: `{one.default}`."
    variable = f" Else the environment variable `{one.envvar}`." if one.envvar else ""
    required = " Required." if one.required and isinstance(one, TyperOption) else ""
    return f"{one.help}{bounds}{required}{default}{variable}"
