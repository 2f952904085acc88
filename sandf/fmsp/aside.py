"""Work on a whole page, done off the reactor thread (design law 9).

What this module does not do: it has no thread; ``tap`` hands in the way to one.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

Aside = Callable[[Callable[[], bytes]], Deferred[bytes]]
"""``aside(function)`` runs *function*, which shares nothing that changes, away from the reactor."""
