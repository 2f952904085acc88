"""Which face draws which characters.

DejaVu Sans Mono (Latin, Greek, Cyrillic and more) comes with sandf, so that text looks the same everywhere and
never depends on the system.  A proportional face, and faces for other scripts, are found in the usual font
folders by what their ``cmap`` tables cover, because Pillow would draw an empty box for a glyph that is not
there.  (The face inside Pillow has little more than ASCII.)

What this module does not do: choose bold or italic faces, or split a word that needs two faces by script.
A character that no face has is drawn as ``?`` and reported.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont

FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/texmf/fonts/opentype",
    "/opt/homebrew/share/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
)
PROPORTIONAL = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf", "FreeSans.ttf")
_OTHER_STYLES = ("bold", "italic", "oblique", "light", "thin", "condensed", "black", "medium", "serif")
MOST_FACES = 400
"""Font files looked at; a system with more is searched in part."""
BUNDLED = str(Path(__file__).parent / "faces" / "DejaVuSansMono.ttf")
"""The fixed-pitch face; its licence lies beside it."""
REPLACEMENT = "?"
_IGNORED = frozenset(("Cc", "Cf", "Mn", "Me", "Zl", "Zp"))
"""Categories that may be left out where no face has them: nothing readable is lost."""


@lru_cache(maxsize=1)
def installed() -> dict[str, str]:
    """Paths of the regular font files of this system, by file name, in the order in which they are tried."""
    found: dict[str, str] = {}
    for path in _files():
        if not any(style in path.stem.lower() for style in _OTHER_STYLES):
            found.setdefault(path.name, str(path))
        if len(found) >= MOST_FACES:
            break
    first = [name for name in PROPORTIONAL if name in found]
    rest = sorted(set(found) - set(first), key=lambda name: (not name.startswith("Noto"), name))
    return {name: found[name] for name in (*first, *rest)}


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        for parent, _, names in os.walk(folder):
            for name in sorted(names):
                if name.lower().endswith((".ttf", ".otf", ".ttc")):
                    yield Path(parent) / name


@lru_cache(maxsize=MOST_FACES)
def covered(path: str) -> frozenset[int]:
    """The code points for which the face at *path* has glyphs; empty if it cannot be read."""
    # Imported here: it is slow, and plain ASCII does without.
    from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]  # it has no types

    try:
        with TTFont(path, lazy=True, fontNumber=0) as face:
            return frozenset(face.getBestCmap() or ())
    except (TTLibError, OSError, ValueError):
        return frozenset()


@lru_cache(maxsize=128)
def load(path: str, size: int) -> Font:
    """The face at *path* with an em of *size* pels."""
    return ImageFont.truetype(path, size)


@lru_cache(maxsize=2048)
def word(font: Font, text: str) -> tuple[Image.Image, tuple[int, int]]:
    """The ink of *text* (mode 1), and where its upper left corner lies from the start of its baseline."""
    left, above, right, below = font.getbbox(text, mode="1", anchor="ls")
    ink = Image.new("1", (max(1, int(right - left)), max(1, int(below - above))), 0)
    draw = ImageDraw.Draw(ink)
    draw.fontmode = "1"
    draw.text((-left, -above), text, font=font, fill=255, anchor="ls")
    return ink, (int(left), int(above))


@lru_cache(maxsize=2)
def default(fixed_pitch: bool) -> str:
    """The first face for fixed-pitch or proportional text."""
    if fixed_pitch:
        return BUNDLED
    return next((installed()[name] for name in PROPORTIONAL if name in installed()), BUNDLED)


@lru_cache(maxsize=4096)
def face_for(character: str, first: str) -> str | None:
    """The path of a face that has *character*, *first* if it can; None if none has."""
    code = ord(character)
    for path in (first, BUNDLED, *installed().values()):
        if code in covered(path):
            return path
    return None


def runs(text: str, fixed_pitch: bool) -> tuple[list[tuple[str, str]], str]:
    """*text* as (face, piece) in order, and the characters that no face has (drawn as ``?``).

    A line that one face can draw alone is one piece, so that shaping and direction work within it.
    """
    first = default(fixed_pitch)
    if text.isascii():
        return ([(first, text)] if text else []), ""
    text = unicodedata.normalize("NFC", text)
    for path in (first, *dict.fromkeys(face_for(c, first) for c in text if ord(c) > 127)):
        if path is not None and all(ord(c) in covered(path) for c in text):
            return [(path, text)], ""
    return _split(text, first)


def _split(text: str, first: str) -> tuple[list[tuple[str, str]], str]:
    pieces: list[tuple[str, str]] = []
    missing = ""
    for character in text:
        path = face_for(character, first)
        if path is None and unicodedata.category(character) in _IGNORED:
            continue
        if path is None:
            missing += character
            path, character = first, REPLACEMENT
        if pieces and pieces[-1][0] == path:
            pieces[-1] = (path, pieces[-1][1] + character)
        else:
            pieces.append((path, character))
    return pieces, missing
