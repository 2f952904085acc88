"""Bilevel images to T.4 and T.6 data, by libtiff within Pillow.

The image is written as a TIFF of one strip, and the strip is cut out of it.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from sandf.protocols.t4.form import Coding, PageForm

_COMPRESSION = {Coding.MH: "group3", Coding.MR: "group3", Coding.MMR: "group4"}
_FILL_ORDER, _STRIP_OFFSETS, _ROWS_PER_STRIP, _STRIP_BYTE_COUNTS = 266, 273, 278, 279
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _T4_OPTIONS = 282, 283, 296, 292
_INVERTED = [255] + [0] * 255


def encoded(image: Image.Image, form: PageForm) -> bytes:
    """*image* (mode 1, as wide as *form* says) coded as a :class:`sandf.callcontrol.media.Page` holds it.

    That is: first bit in the least significant bit, EOL before each row of MH and MR and no RTC,
    EOFB behind the last row of MMR.
    MR has K = 2 at up to 150 rows per inch, else 4 (T.4 4.2.2), which libtiff takes from the resolution.
    Raises ``ValueError`` for an image of another width or mode.
    """
    if image.mode != "1" or image.width != form.width:
        raise ValueError(f"a {image.mode} image {image.width} pels wide is no page of {form.width}")
    tags: dict[int, int] = {
        _FILL_ORDER: 2,
        _ROWS_PER_STRIP: image.height,
        _X_RESOLUTION: form.resolution.x,
        _Y_RESOLUTION: form.resolution.y,
        _RESOLUTION_UNIT: 2,
    }
    if form.coding is Coding.MR:
        tags[_T4_OPTIONS] = 1
    file = BytesIO()
    # The coder takes 0 for white, Pillow has 0 for black, and for white 255 or any other number.
    image.point(_INVERTED).save(file, "TIFF", compression=_COMPRESSION[form.coding], tiffinfo=tags)
    return _strip(file)


def _strip(file: BytesIO) -> bytes:
    with Image.open(file, formats=["TIFF"]) as written:
        tags = written.tag_v2  # type: ignore[attr-defined]
        offsets, lengths = tags[_STRIP_OFFSETS], tags[_STRIP_BYTE_COUNTS]
    octets = file.getvalue()
    return b"".join(octets[at : at + length] for at, length in zip(offsets, lengths, strict=True))
