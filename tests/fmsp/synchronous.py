"""Work on whole pages, done at once."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred, execute


def at_once(function: Callable[[], bytes]) -> Deferred[bytes]:
    """An :data:`sandf.fmsp.aside.Aside` without a thread."""
    return execute(function)
