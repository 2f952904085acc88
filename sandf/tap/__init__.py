"""``twistd sandf``: the options, and the service that twistd runs.

The only package that knows everyone.  :mod:`.settings` turns the configuration into what each room wants,
:mod:`.gateway` wires the rooms once, and :mod:`.running` starts and stops them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.application.service import IService
from twisted.internet.posixbase import PosixReactorBase
from twisted.python import usage

from sandf.config import Configuration, ConfigurationError, embedded, load

from .running import GatewayService


class Options(usage.Options):
    """What ``twistd sandf`` understands."""

    synopsis = "[--config FILE]"
    longdesc = (
        "A T.37 store-and-forward fax gateway.  Without a file it listens on loopback only (ESMTP 2525, SSH 2222),"
        " keeps its store under ./var/ and has a virtual exchange with rehearsal numbers."
    )
    optParameters = [  # noqa: RUF012 - the form that usage.Options reads
        ["config", "c", None, "The configuration, TOML (see etc/sandf.toml)."],
    ]


def read_configuration(file: str | None) -> Configuration:
    """The configuration of *file*, or the embedded one.  Raises UsageError with every problem, a line each."""
    if file is None:
        return embedded()
    try:
        return load(Path(file), files=True)
    except ConfigurationError as error:
        lines = "\n".join(f"  {problem}" for problem in error.problems)
        raise usage.UsageError(f"{file} cannot be used:\n{lines}")


def makeService(options: Options) -> IService:
    """The whole gateway as one service."""
    from twisted.internet import reactor

    assert isinstance(reactor, PosixReactorBase), "the gateway runs on a Unix"
    file = options["config"]
    try:
        configuration = read_configuration(file)
    except usage.UsageError as error:
        sys.exit(str(error))
    return GatewayService(configuration, file=None if file is None else Path(file), reactor=reactor)
