"""What the ``sandf`` command writes: texts that are made printable, JSON, and errors as one sentence."""

from __future__ import annotations

import json
import sys

import click

from sandf.oam.printable import printable


def say(text: str) -> None:
    """Write *text*, which may hold words of far machines."""
    click.echo(printable(text))


def say_json(value: object) -> None:
    """Write *value* as JSON; everything but ASCII is escaped, so that no character can act on a terminal."""
    click.echo(json.dumps(value, indent=2))


def complain(sentence: str) -> None:
    """Write *sentence* to standard error."""
    click.echo(f"sandf: {printable(sentence)}", err=True)


def is_terminal() -> bool:
    """Whether somebody looks at standard error, where progress is drawn."""
    return sys.stderr.isatty()
