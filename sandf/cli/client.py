"""The client of the control socket: plain blocking sockets, one request at a time.

What the lines mean is in ``sandf/oam/control.py``; here they are only carried.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

Answer = dict[str, Any]

ANSWER_SECONDS = 30.0
"""To wait for the answer to a question."""
FRESH_SECONDS = 600.0
"""To wait for the next step of a fax that is followed; a line may ring, or a page take, as long as this."""


class GatewayError(Exception):
    """The gateway cannot be reached, or refused; the text is a sentence.  *cause* is a number of the catalogue."""

    def __init__(self, sentence: str, cause: int | None = None) -> None:
        super().__init__(sentence)
        self.cause = cause


class ControlClient:
    """A connection to the gateway whose control socket is at *path*."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = _connected(path)
        self._lines = self._socket.makefile("rb")

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()

    def ask(self, command: str, **arguments: object) -> Answer:
        """The last line of the answer.  Raises :class:`GatewayError`."""
        return self.follow(lambda progress: None, command, arguments, seconds=ANSWER_SECONDS)

    def follow(
        self,
        told: Callable[[Answer], None],
        command: str,
        arguments: dict[str, object],
        *,
        seconds: float = FRESH_SECONDS,
    ) -> Answer:
        """As :meth:`ask`, while *told* gets what stands under ``progress`` in each line before the last."""
        request = json.dumps({"command": command, **arguments}).encode() + b"\n"
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(request)
            for answer in self._answers():
                if not answer.get("ok"):
                    raise GatewayError(str(answer.get("error", "The gateway refused.")), answer.get("cause"))
                if "progress" not in answer:
                    return answer
                told(answer["progress"])
        except TimeoutError:
            raise GatewayError(f"The gateway on {self._path} does not answer.")
        except OSError as error:
            raise GatewayError(f"The connection to the gateway broke: {error.strerror or error}.")
        raise GatewayError("The gateway has stopped. What it accepted is kept and goes on when it starts again.")

    def _answers(self) -> Iterator[Answer]:
        for line in self._lines:
            try:
                answer = json.loads(line)
            except ValueError:
                raise GatewayError(f"What answers on {self._path} is no sandf gateway.")
            if not isinstance(answer, dict):
                raise GatewayError(f"What answers on {self._path} is no sandf gateway.")
            yield answer


def _connected(path: Path) -> socket.socket:
    """A connected socket.  Raises :class:`GatewayError` with how to start a gateway."""
    if len(os.fsencode(path)) > 107:
        raise GatewayError(f"{path} is too long for a control socket; set control.socket in the configuration.")
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(ANSWER_SECONDS)
    try:
        connection.connect(str(path))
    except PermissionError:
        connection.close()
        raise GatewayError(f"You may not use {path}: only the user that the gateway runs as may, and root.")
    except OSError:
        connection.close()
        raise GatewayError(
            f"No gateway answers on {path}. Start one with: twistd -n sandf [--config FILE], and name the same FILE"
            " to this command: sandf --config FILE ..."
        )
    return connection
