"""The commands of the manhole: functions whose results are text that reads well, not Python's.

Each answers with a Deferred of :class:`Shown`.  What cannot be granted is a :class:`Refusal`, a sentence.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred, fail

from .inspection import Inspection
from .refusal import Refusal
from .show import render
from .tables import table
from .values import Value

Question = Callable[..., Coroutine[Any, Any, Value]]


class Shown(str):
    """Text that a prompt shows as it stands, without quotes."""

    def __repr__(self) -> str:
        return str(self)


class Command:
    """One command; *usage* is what a person types, *summary* what it is for."""

    def __init__(self, usage: str, summary: str, question: Question) -> None:
        self.usage = usage
        self.summary = summary
        self._question = question

    def __call__(self, *arguments: object) -> Deferred[Shown]:
        """Ask; arguments are taken as text."""
        words = [str(argument) for argument in arguments]
        try:
            inspect.signature(self._question).bind(*words)
        except TypeError:
            return fail(Refusal(f"Write: {self.usage}"))
        asked: Deferred[Value] = Deferred.fromCoroutine(self._question(*words))
        return asked.addCallback(lambda value: Shown(render(value)))

    def __repr__(self) -> str:
        return f"{self.usage}    {self.summary}"


class Help:
    """``help`` and ``help()``."""

    def __init__(self, commands: list[Command]) -> None:
        self._commands = commands

    def __call__(self, *arguments: object) -> Shown:
        """All commands."""
        return Shown(repr(self))

    def __repr__(self) -> str:
        rows = [(command.usage, command.summary) for command in self._commands]
        return (
            "This is the running gateway: a Python prompt with these commands.\n\n"
            f"{table(('WRITE', 'TO'), rows)}\n\n"
            "Ids may be cut short for calls. Ctrl-D leaves. The gateway goes on."
        )


def namespace(inspection: Inspection) -> dict[str, object]:
    """The names that a prompt begins with."""

    async def show(*words: str) -> Value:
        return await inspection.show(words)

    commands = {
        "calls": Command("calls()", "see the live calls", inspection.calls),
        "show": Command('show("call active fax")', "ask the classic way; show() says what can be asked", show),
        "trace": Command('trace("ID")', "see the ladder of a call, a job or a fax", inspection.trace),
        "jobs": Command('jobs() or jobs("deferred")', "see the newest jobs", inspection.jobs),
        "dialpeers": Command("dialpeers() or dialpeers(TAG)", "see the dial peers", inspection.dialpeers),
        "status": Command("status()", "see the gateway as a whole", inspection.status),
        "hangup": Command('hangup("CALL")', "end a live call in the orderly way of T.30", inspection.hang_up),
        "release": Command('release("FAX")', "mail a fax that was withheld", inspection.release),
        "reload": Command("reload()", "read the configuration again, calls go on", inspection.reload),
    }
    return {**commands, "help": Help(list(commands.values()))}
