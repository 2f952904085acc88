"""The ``$d$`` and ``$s$`` words of subscriber ids and file names (fax send and fax receive commands)."""

from __future__ import annotations

import re
import time
from pathlib import PurePath

LONGEST_IDENT = 20
"""Characters of a CSI or TSI (T.30 5.3.6.2.4)."""

_NUMBER_IN_ADDRESS = re.compile(r"\+?[0-9][0-9.\- ]*")
_NOT_IN_IDENT = re.compile(r"[^0-9+ ]")


def subscriber_id(words: str, *, called: str = "", calling: str = "") -> str:
    """*words* with ``$d$`` and ``$s$`` replaced, cut to what a CSI or TSI may hold: digits, ``+``, space."""
    text = words.replace("$d$", called).replace("$s$", number_of(calling))
    return _NOT_IN_IDENT.sub("", text)[:LONGEST_IDENT]


def number_of(address: str) -> str:
    """The telephone number that an address is or begins with (``+1-408-5550100@x``), or nothing."""
    local_part = address.rpartition("@")[0] or address
    found = _NUMBER_IN_ADDRESS.fullmatch(local_part.partition("=")[2] or local_part)
    return re.sub(r"[.\- ]", "", found[0]) if found else ""


def file_name(name: str, *, dated: bool, at: float) -> str:
    """The classic ``mta send filename [date]``: ``.tif`` where there is no extension, ``_yyyymmdd`` before it.

    *at* is in seconds since 1970; the date is local.
    """
    path = PurePath(name)
    stem, suffix = path.stem, path.suffix or ".tif"
    if dated:
        stem += time.strftime("_%Y%m%d", time.localtime(at))
    return stem + suffix


def masked(number: str) -> str:
    """*number* for people: what is dialled after a pause (a calling card, a code) is hidden."""
    shown, pause, _ = number.partition(",")
    return f"{shown},***" if pause else shown
