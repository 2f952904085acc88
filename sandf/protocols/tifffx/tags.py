"""Tags and values of TIFF 6.0 as far as fax files use them (TIFF 6.0 section 8 and 11; RFC 3949 clauses 2 to 4)."""

from __future__ import annotations

import enum


class Tag(enum.IntEnum):
    """Field numbers, by the names of TIFF 6.0 and RFC 3949."""

    NEW_SUBFILE_TYPE = 254
    IMAGE_WIDTH = 256
    IMAGE_LENGTH = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC_INTERPRETATION = 262
    FILL_ORDER = 266
    IMAGE_DESCRIPTION = 270
    MAKE = 271
    MODEL = 272
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    T4_OPTIONS = 292
    T6_OPTIONS = 293
    RESOLUTION_UNIT = 296
    PAGE_NUMBER = 297
    SOFTWARE = 305
    DATE_TIME = 306
    BAD_FAX_LINES = 326
    CLEAN_FAX_DATA = 327
    CONSECUTIVE_BAD_FAX_LINES = 328

    @property
    def spelled(self) -> str:
        """The name as the documents spell it: ``ImageWidth``."""
        return self.name.title().replace("_", "")


class Type(enum.IntEnum):
    """Field types used here (TIFF 6.0 section 2)."""

    BYTE = 1
    ASCII = 2
    SHORT = 3
    LONG = 4
    RATIONAL = 5


T4_MR = 1
"""T4Options bit 0: two-dimensional coding."""
T4_UNCOMPRESSED = 2
"""T4Options and T6Options bit 1: uncompressed mode may occur."""
T4_ALIGNED = 4
"""T4Options bit 2: each EOL ends on an octet."""

COMPRESSION_T4 = 3
COMPRESSION_T6 = 4


class CleanFaxData(enum.IntEnum):
    """What became of bad rows (RFC 3949 3.2.3)."""

    CLEAN = 0
    """There were none."""
    REGENERATED = 1
    """They were replaced by the receiver."""
    UNCLEAN = 2
    """They are in the data as received."""
