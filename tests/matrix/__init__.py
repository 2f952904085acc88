"""T.30 calls of every kind with every kind of damage, in virtual time, generated.

:mod:`.dimensions` and :mod:`.impairments` are the axes; :mod:`tests.covering` and :mod:`.sets` make runs of them;
:mod:`.calls` makes the calls, on the line of the T.30 tests; :mod:`.laws` and the table :mod:`.permitted` say what must
be so afterwards.  ``make test`` makes the runs in which every value of an axis meets every value of the others, ``make
soak`` those of the full product (``SANDF_MATRIX=3/16`` for a part of it).

What this package does not do: V.8 and V.34, two kinds of damage in one call (see ``tests/protocols/t30/test_damage``),
and the decoding of pages.
"""

from __future__ import annotations

from .results import Summary, summary
from .sets import full_size

__all__ = ["Summary", "full_size", "summary"]
