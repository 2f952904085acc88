"""The logger of every room: Twisted's, behind one level that the configuration sets (``[log] level``).

What is below the level costs a look-up and is never formatted.  Where the log goes is twistd's business
(``--logfile``, ``--syslog``).
"""

from __future__ import annotations

from twisted.logger import FilteringLogObserver, LogLevel, LogLevelFilterPredicate, globalLogPublisher

from twisted import logger

_levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.info)
_filter = FilteringLogObserver(globalLogPublisher, [_levels])


class Logger(logger.Logger):
    """As ``twisted.logger.Logger()``, made once for each class as its attribute ``log``."""

    def __init__(self, namespace: str | None = None, source: object = None, observer: object = None) -> None:
        super().__init__(namespace or self._namespaceFromCallingContext(), source, _filter)


def is_written(level: LogLevel) -> bool:
    """Whether anything of *level* is written; asked before much work is done for a line."""
    return bool(_levels.logLevelForNamespace("") <= level)


def set_level(name: str) -> None:
    """Write what is of level *name* (``debug``, ``info``, ``warn``, ``error``, ``critical``) and above."""
    _levels.setLogLevelForNamespace("", LogLevel.levelWithName(name))
