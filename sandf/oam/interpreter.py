"""Python prompts whose results read well: on a terminal, and for lines that come from a script.

A Deferred's result is printed when it fires.  A :class:`Refusal` is its sentence, without a traceback.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from twisted.conch.manhole import ColoredManhole, ManholeInterpreter
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from .printable import printable
from .refusal import Refusal


class Output(Protocol):
    """Where an interpreter prints."""

    def addOutput(self, data: str, isAsync: bool | None = None) -> None:
        """Print *data*; *isAsync* if it comes after the next prompt."""


class Interpreter(ManholeInterpreter):
    """Evaluates lines and prints what they give."""

    def __init__(self, output: Output, names: dict[str, object] | None) -> None:
        super().__init__(output, names)  # type: ignore[no-untyped-call]  # Twisted has not annotated it
        self.failed = False
        """Whether a line was refused or raised."""
        self.pending: Deferred[object] | None = None
        """The last line's result, while it is to come."""

    def displayhook(self, obj: object) -> None:
        """Print the value of an expression."""
        if not isinstance(obj, Deferred):
            if obj is not None:
                self.locals["_"] = obj
                self._print(repr(obj))
            return
        waiting = [True]
        obj.addBoth(self._result, waiting)
        if waiting:
            self.pending = obj
            waiting.append(True)

    def _result(self, result: object, waiting: list[bool]) -> None:
        """A Deferred has fired; *waiting* is longer than one if that was later."""
        late = len(waiting) > 1
        waiting.clear()
        self.pending = None
        if isinstance(result, Failure):
            self.failed = True
            text = str(result.value) if result.check(Refusal) else f"{type(result.value).__name__}: {result.value}"
        else:
            self.locals["_"] = result
            text = "" if result is None else repr(result)
        if text:
            self._print(text, late=late)

    def _print(self, text: str, *, late: bool = False) -> None:
        self.write(printable(text), late or None)  # type: ignore[no-untyped-call]  # Twisted has not annotated it

    def excepthook(self, excType: type[BaseException], excValue: BaseException, excTraceback: TracebackType) -> None:
        """A line raised."""
        self.failed = True
        super().excepthook(excType, excValue, excTraceback)

    def showsyntaxerror(self, *arguments: Any, **keywords: Any) -> None:
        """A line is no Python."""
        self.failed = True
        super().showsyntaxerror(*arguments, **keywords)


class Prompt(ColoredManhole):
    """The prompt of a terminal."""

    def connectionMade(self) -> None:
        """Take the interpreter that prints results as they read well."""
        super().connectionMade()  # type: ignore[no-untyped-call]  # Twisted has not annotated it
        self.interpreter = Interpreter(self, self.namespace)

    def initializeScreen(self) -> None:
        """Say what this is."""
        super().initializeScreen()  # type: ignore[no-untyped-call]  # Twisted has not annotated it
        self.terminal.cursorHome()
        self.terminal.write(b"sandf. help() lists the commands.")
        self.terminal.nextLine()
        self.terminal.write(self.ps[self.pn])


class Script:
    """Lines without a terminal, one after the other, each when the one before has its result."""

    def __init__(self, names: dict[str, object], write: Callable[[bytes], None], done: Callable[[bool], None]) -> None:
        self._write = write
        self._done: Callable[[bool], None] | None = done
        self._interpreter = Interpreter(self, dict(names))
        self._buffer = b""
        self._lines: list[bytes] = []
        self._ended = False
        self._unfinished = False
        self._running = False
        self._at_line_start = True

    def addOutput(self, data: str, isAsync: bool | None = None) -> None:
        """What the interpreter prints."""
        if data:
            self._write(data.encode("utf-8", "replace"))
            self._at_line_start = data.endswith("\n")

    def receive(self, octets: bytes) -> None:
        """More of the script."""
        *lines, self._buffer = (self._buffer + octets).split(b"\n")
        self._lines += [line.rstrip(b"\r") for line in lines]
        self._run()

    def end(self) -> None:
        """There is no more; *done* is called with whether all went well when the last line is through."""
        if not self._ended:
            self._ended = True
            # An empty line ends an indented block that is still open.
            self._lines += [self._buffer, b""] if self._buffer else [b""]
            self._run()

    def _run(self) -> None:
        if self._running:
            return
        self._running = True
        try:
            while self._interpreter.pending is None:
                self._end_line()
                if not self._lines:
                    break
                line = self._lines.pop(0).decode("utf-8", "replace")
                more = self._interpreter.push(line.encode())  # type: ignore[no-untyped-call]  # Twisted has not annotated it
                self._unfinished = bool(more)
        finally:
            self._running = False
        pending = self._interpreter.pending
        if pending is not None:
            pending.addBoth(lambda _: self._run())
        elif self._ended and not self._lines and self._done is not None:
            done, self._done = self._done, None
            if self._unfinished:
                self.addOutput("The last line is not finished: it lacks a bracket, a quote or what follows it.\n")
            done(not (self._interpreter.failed or self._unfinished))

    def _end_line(self) -> None:
        """What the next line prints begins on a line of its own."""
        if not self._at_line_start:
            self.addOutput("\n")
