"""What bounds one document, and how a reader's exceptions become causes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from sandf import causes
from sandf.causes import Failure
from sandf.dmsp.settings import RenderingSettings


def too_many_pages(pages: int, settings: RenderingSettings) -> None:
    """Raise Failure (DOCUMENT_TOO_LARGE) where *pages* is more than allowed."""
    if pages > settings.pages:
        raise Failure(causes.DOCUMENT_TOO_LARGE, f"more than {settings.pages} pages")


def too_many_pixels(pixels: int, settings: RenderingSettings) -> None:
    """Raise Failure (DOCUMENT_TOO_LARGE) where *pixels* is more than allowed."""
    if pixels > settings.pixels:
        raise Failure(causes.DOCUMENT_TOO_LARGE, f"an image of more than {settings.pixels // 1_000_000} megapixels")


def set_pillow(settings: RenderingSettings) -> None:
    """Give Pillow the same limit, for what it decodes before anybody looks at the size, and let it not talk."""
    Image.MAX_IMAGE_PIXELS = settings.pixels
    warnings.filterwarnings("ignore", module=r"PIL\.")


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what readers raise into Failure: their bytes are bad (UNREADABLE), or too large."""
    try:
        yield
    except Failure as failure:
        raise Failure(failure.cause, f"{name}: {failure.detail}" if failure.detail else name) from failure
    except Image.DecompressionBombError as error:
        raise Failure(causes.DOCUMENT_TOO_LARGE, f"{name}: {error}") from error
    except UnidentifiedImageError as error:
        raise Failure(causes.UNREADABLE, f"{name}: it is not an image of the type that it claims") from error
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, ZeroDivisionError) as error:
        raise Failure(causes.UNREADABLE, f"{name}: {error or type(error).__name__}") from error
