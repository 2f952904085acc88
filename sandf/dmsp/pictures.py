"""TIFF, PNG and JPEG to pages, by Pillow.

Every frame of a TIFF is a page but for reduced copies and masks (NewSubfileType bits 0 and 2); its resolutions
along and across may differ.  A JPEG is turned as its EXIF orientation says; what is transparent is white.

Known bug: libtiff does not say which rows of an MH, MR or MMR image are damaged; such a page is sent as
libtiff repairs it.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps

from sandf import causes
from sandf.causes import Failure
from sandf.dmsp.limits import too_many_pages, too_many_pixels
from sandf.dmsp.raster import page_of, placed
from sandf.dmsp.settings import RenderingSettings
from sandf.protocols.t4.form import Paper, Resolution

_NEW_SUBFILE_TYPE, _X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 254, 282, 283, 296
_STRIP_OFFSETS, _STRIP_BYTE_COUNTS, _TILE_OFFSETS, _TILE_BYTE_COUNTS = 273, 279, 324, 325
_PER_CENTIMETRE = 3
_REDUCED_COPY_OR_MASK = 1 | 4
_LEAST_DPI, _MOST_DPI = 10.0, 5000.0
"""What an image may claim; beyond, its claim is not believed."""
_UNKNOWN_DPI = 100.0
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")


class PictureSource:
    """The pages of one image file."""

    def __init__(self, octets: bytes, formats: list[str], settings: RenderingSettings) -> None:
        self._settings = settings
        self._octets = octets
        self._image = Image.open(BytesIO(octets), formats=formats)
        self._formats = formats
        self._frames = self._pages()
        self.count = len(self._frames)
        self.missing = ""

    def _pages(self) -> list[int]:
        """Numbers of the frames that are pages; raises Failure where they are too many or too large."""
        frames: list[int] = []
        frame = 0
        while True:
            try:
                self._image.seek(frame)
            except EOFError:
                break
            too_many_pixels(self._image.width * self._image.height, self._settings)
            self._all_there(frame)
            if not self._tag(_NEW_SUBFILE_TYPE) & _REDUCED_COPY_OR_MASK:
                frames.append(frame)
            frame += 1
            too_many_pages(frame, self._settings)
            if self._image.format != "TIFF":
                break
        return frames or [0]

    def _all_there(self, frame: int) -> None:
        """Refuse a TIFF that was cut off now, not in the middle of a call."""
        tags = getattr(self._image, "tag_v2", {})
        for offsets, counts in ((_STRIP_OFFSETS, _STRIP_BYTE_COUNTS), (_TILE_OFFSETS, _TILE_BYTE_COUNTS)):
            pieces = zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False)
            if any(at + length > len(self._octets) for at, length in pieces):
                raise Failure(causes.UNREADABLE, f"image {frame + 1} of it is cut off")

    def _tag(self, number: int) -> int:
        tags = getattr(self._image, "tag_v2", {})
        value = tags.get(number, 0)
        return value if isinstance(value, int) else 0

    def page(self, number: int, resolution: Resolution, paper: Paper) -> Image.Image:
        """Page *number* (0 is the first) as a bilevel image."""
        if self._image.format != "TIFF":
            # Decoding may have been done at reduced size; begin anew.
            self._image = Image.open(BytesIO(self._octets), formats=self._formats)
        self._image.seek(self._frames[number])
        size = self._inches()
        turned = self._image.getexif().get(0x0112, 1) >= 5
        place = placed((size[1], size[0]) if turned else size, resolution, paper)
        too_many_pixels(paper.pels(resolution) * place.height, self._settings)
        if self._image.format == "JPEG":
            wanted = (place.height, place.width) if turned else (place.width, place.height)
            self._image.draft("L", wanted)
        image = _grey(self._image)
        if self._image.format != "TIFF":  # Pillow has turned a TIFF while it was loaded
            image = ImageOps.exif_transpose(image)
        return page_of(image, (size[1], size[0]) if turned else size, resolution, paper)

    def _inches(self) -> tuple[float, float]:
        """Width and height of the frame as stored."""
        across, along = self._dpi()
        return self._image.width / across, self._image.height / along

    def _dpi(self) -> tuple[float, float]:
        tags = getattr(self._image, "tag_v2", None)
        if tags is not None:
            across, along = float(tags.get(_X_RESOLUTION) or 0), float(tags.get(_Y_RESOLUTION) or 0)
            if tags.get(_RESOLUTION_UNIT, 2) == _PER_CENTIMETRE:
                across, along = across * 2.54, along * 2.54
        else:
            across, along = self._image.info.get("dpi", (0.0, 0.0))
        if not (_LEAST_DPI <= across <= _MOST_DPI and _LEAST_DPI <= along <= _MOST_DPI):
            # Fax pages without resolutions, or with the bare ratio of their pels.
            ratio = across / along if across > 0 and along > 0 and 0.2 <= across / along <= 5 else 1.0
            return _UNKNOWN_DPI * ratio, _UNKNOWN_DPI
        return float(across), float(along)


def _grey(image: Image.Image) -> Image.Image:
    """*image* in mode 1 or L, on white."""
    image.load()
    exif = image.getexif()
    if image.mode == "1":
        return image.copy()
    if image.mode in _SIXTEEN_BITS or image.mode in ("I", "F"):
        grey = image.point(lambda level: level * (1 / 257)).convert("L")
    elif image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        colour = image.convert("RGBA")
        white = Image.new("RGBA", colour.size, (255, 255, 255, 255))
        grey = Image.alpha_composite(white, colour).convert("L")
    else:
        grey = image.convert("L") if image.mode != "L" else image.copy()
    if exif:
        grey.info["exif"] = exif.tobytes()
    return grey
