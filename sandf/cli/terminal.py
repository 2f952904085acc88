"""What the ``sandf`` command writes: texts that are made printable, JSON, and errors as one sentence."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import click

from sandf.oam.printable import printable

_HINT = re.compile(r"(?<=: )sandf (?=(?:show|trace|watch|release|reload|hangup|status)\b)")
"""A command that a sentence tells to type next."""


def with_config(text: str, config: Path | None) -> str:
    """*text*, whose hints name the configuration that this command was given, so that they can be typed as they are."""
    if config is None:
        return text
    return _HINT.sub(lambda _: f"sandf --config {shlex.quote(str(config))} ", text)


def say(text: str) -> None:
    """Write *text*, which may hold words of far machines."""
    click.echo(printable(text))


def say_json(value: object) -> None:
    """Write *value* as JSON; everything but ASCII is escaped, so that no character can act on a terminal."""
    click.echo(json.dumps(value, indent=2))


def complain(sentence: str) -> None:
    """Write *sentence* to standard error."""
    click.echo(f"sandf: {printable(sentence)}", err=True)


def ask_password() -> str:
    """A password: typed twice without echo on a terminal, else the first line of standard input.

    Raises ValueError for one that is empty, or that SMTP AUTH cannot carry (RFC 4616 2: no NUL).
    """
    if _is_typed():
        typed: str = click.prompt("Password", hide_input=True, confirmation_prompt="Again", err=True, type=str)
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    if not typed or "\0" in typed:
        raise ValueError("a password has at least one character, and no NUL")
    return typed


def is_terminal() -> bool:
    """Whether somebody looks at standard error, where progress is drawn."""
    return sys.stderr.isatty()


def _is_typed() -> bool:
    return sys.stdin.isatty()
