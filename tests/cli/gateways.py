"""A control socket that answers as a test says, in a thread of its own."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any


class FakeGateway:
    """Answers each request with the lines that :attr:`answers` has for its command; an empty list hangs up."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sandf"))
        self.path = self.folder / "control"
        self.config = self.folder / "sandf.toml"
        self.config.write_text(f'[control]\nsocket = "{self.path}"\n')
        self.answers: dict[str, list[object]] = {}
        self.asked: list[dict[str, Any]] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)
        shutil.rmtree(self.folder)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    request = json.loads(line)
                    self.asked.append(request)
                    answers = self.answers.get(request["command"], [])
                    for answer in answers:
                        octets = answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n"
                        connection.sendall(octets)
                    if not answers:
                        break
