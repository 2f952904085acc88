"""The ``sandf`` command, and programs that look at a gateway from outside.

:mod:`.commands` is the command; it reaches the running gateway by :mod:`.client`, over the control socket.
"""

from .commands import main

__all__ = ["main"]
