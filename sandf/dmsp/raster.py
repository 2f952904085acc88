"""Images of any size to bilevel images in the form of a page.

A page keeps its shape: its width is brought to the width of the paper and its length follows, pels being as
wide and as high as the resolution says.  Nothing is cut and nothing is turned.  An image that is a little
narrower than the paper (A4 at its true size) is not enlarged but centred; an image that is much longer than
wide is enlarged only as far as it fits on a sheet.

Text becomes black and white by a threshold taken from the histogram, photographs by error diffusion; a page
with both is treated by regions.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageFilter, ImageOps

from sandf.protocols.t4.form import Paper, Resolution

NEARLY_FULL = 0.95
"""Of the paper's width; what is at least as wide keeps its true size."""
_SHEET = 2**0.5
"""Length of a sheet by its width; no image is enlarged beyond it."""
_PEL_TOLERANCE = 0.05
"""A bilevel image of exactly the right width is not scaled in length for less (200 against 204 per inch)."""
_TILE = 32
"""Pels; a tile is a photograph if more than half of it is neither dark nor light."""
_FEW_TILES, _MOST_TILES = 0.003, 0.7
"""Shares of the page: below, it is all text; above, it is all photograph."""
_MOST_OF_RECTANGLE = 0.6
_BILEVEL_THRESHOLD = 160
"""For a scaled bilevel image: rather black, so that thin strokes live."""
_MIDDLE = [255 if 64 <= level < 200 else 0 for level in range(256)]
_IS_PHOTOGRAPH = [255 if level > 128 else 0 for level in range(256)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Size of an image on its page, in pels of the page."""

    width: int
    height: int


def placed(size: tuple[float, float], resolution: Resolution, paper: Paper) -> Placement:
    """Where an image of *size* (inches wide, inches high) goes."""
    wide, high = size
    room = paper.pels(resolution) / resolution.x
    if NEARLY_FULL * room <= wide <= room:
        scale = 1.0
    else:
        scale = room / wide
        if scale > 1:
            scale = min(scale, max(1.0, _SHEET * room / high))
    width = min(paper.pels(resolution), max(1, round(wide * scale * resolution.x)))
    return Placement(width=width, height=max(1, round(high * scale * resolution.y)))


def page_of(image: Image.Image, size: tuple[float, float], resolution: Resolution, paper: Paper) -> Image.Image:
    """*image* (mode 1 or L) of *size* inches as a bilevel image as wide as the page."""
    place = placed(size, resolution, paper)
    width = paper.pels(resolution)
    if image.mode == "1":
        if image.width == width and abs(image.height / place.height - 1) <= _PEL_TOLERANCE:
            return image
        grey = image.convert("L").resize((place.width, place.height), Image.Resampling.BOX, reducing_gap=3.0)
        page = bilevel(grey, threshold=_BILEVEL_THRESHOLD)
    else:
        if image.size != (place.width, place.height):
            image = image.resize((place.width, place.height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        page = bilevel(image)
    return centred(page, width)


def centred(page: Image.Image, width: int) -> Image.Image:
    """*page* (mode 1) with white to the left and right, *width* pels wide."""
    if page.width == width:
        return page
    whole = Image.new("1", (width, page.height), 255)
    whole.paste(page, ((width - page.width) // 2, 0))
    return whole


def bilevel(grey: Image.Image, *, threshold: int | None = None) -> Image.Image:
    """*grey* (mode L) in black and white; *threshold* instead of the one that the histogram suggests."""
    histogram = grey.histogram()
    line = threshold if threshold is not None else best_threshold(histogram)
    text = grey.point([0] * line + [255] * (256 - line), "1")
    pels = grey.width * grey.height
    if sum(histogram[64:200]) < _FEW_TILES * pels:
        return text
    tiles = grey.point(_MIDDLE).reduce(_TILE).point(_IS_PHOTOGRAPH)
    share = tiles.histogram()[255] / (tiles.width * tiles.height)
    if share < _FEW_TILES:
        return text
    if share > _MOST_TILES:
        return _diffused(grey)
    return _by_region(grey, text, tiles.filter(ImageFilter.MaxFilter(3)))


def _by_region(grey: Image.Image, text: Image.Image, tiles: Image.Image) -> Image.Image:
    """*text* with the marked *tiles* (mode L, 255) of *grey* diffused.

    Where they fill most of a rectangle, all of it is: one photograph, with light and dark corners.
    """
    left, top, right, bottom = tiles.getbbox() or (0, 0, 0, 0)
    if tiles.histogram()[255] > _MOST_OF_RECTANGLE * (right - left) * (bottom - top):
        tiles.paste(255, (left, top, right, bottom))
    box = (left * _TILE, top * _TILE, min(grey.width, right * _TILE), min(grey.height, bottom * _TILE))
    mask = tiles.crop((left, top, right, bottom)).resize(
        ((right - left) * _TILE, (bottom - top) * _TILE), Image.Resampling.NEAREST
    )
    mask = mask.crop((0, 0, box[2] - box[0], box[3] - box[1])).convert("1", dither=Image.Dither.NONE)
    text.paste(_diffused(grey.crop(box)), box[:2], mask)
    return text


def _diffused(grey: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(grey, cutoff=(0.5, 0.5)).convert("1", dither=Image.Dither.FLOYDSTEINBERG)


def best_threshold(histogram: list[int]) -> int:
    """The level between dark and light that parts *histogram* best (Otsu's method), within 96 and 224.

    Levels below it become black.
    """
    total = sum(histogram)
    whole = sum(level * count for level, count in enumerate(histogram))
    dark = dark_sum = 0
    best, best_spread = 128, 0.0
    for level in range(255):
        dark += histogram[level]
        dark_sum += level * histogram[level]
        if not dark or dark == total:
            continue
        distance = dark_sum / dark - (whole - dark_sum) / (total - dark)
        spread = dark * (total - dark) * distance * distance
        if spread > best_spread:
            best, best_spread = level + 1, spread
    return min(224, max(96, best))
