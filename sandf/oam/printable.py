"""Text that a terminal may be given.

Identifications, subjects and reply texts come from machines that nobody here chose; a control character among them
could move the cursor, rewrite the line above or retitle the window.  Nothing here knows what a text means.
"""

from __future__ import annotations

import unicodedata

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_KEPT = "\n\t"


def printable(text: str) -> str:
    """*text* with every character replaced that a terminal would act upon; line ends and tabs are kept.

    Besides the controls (Cc) these are surrogates (Cs), which cannot be encoded, and format characters (Cf), which can
    turn the direction of writing around.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in _KEPT or not _is_unsafe(char) else REPLACEMENT for char in text)


def one_line(text: str) -> str:
    """*text* without line ends and tabs too, for a field in a row."""
    return printable(" ".join(text.split())) if text else ""


def _is_unsafe(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")
