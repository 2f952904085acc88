"""Reload: the configuration file read again, and taken as far as a running gateway can."""

from __future__ import annotations

from pathlib import Path

from sandf.config import ConfigurationError, Reload, load, merged, reloadable
from sandf.logs import Logger

from .gateway import Gateway


class Reloading:
    """*file* is what to read; None for the embedded configuration, which does not change."""

    log = Logger()

    def __init__(self, gateway: Gateway, file: Path | None) -> None:
        self._gateway = gateway
        self._file = file

    def reload(self) -> Reload:
        """Read the file again and run with it; raises ConfigurationError or OSError, and then nothing has changed."""
        old = self._gateway.configuration
        new = old if self._file is None else load(self._file, files=True)
        changed = reloadable(old, new)
        self._gateway.apply(merged(old, new))
        self.log.info(
            "reloaded; changed: {live}; needs a restart: {restart}",
            live=", ".join(changed.live) or "nothing",
            restart=", ".join(changed.restart) or "nothing",
        )
        return changed

    def by_signal(self) -> None:
        """Reload; what is wrong with the file is logged, and everything stays as it was."""
        try:
            self.reload()
        except (ConfigurationError, OSError) as error:
            self.log.error("not reloaded, everything stays as it was: {error}", error=error)
