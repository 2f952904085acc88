"""What bounds the making of pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderingSettings:
    """Section ``[rendering]`` as this provider sees it."""

    workers: int = 2
    """Worker processes kept warm."""
    seconds: float = 60.0
    """Longest time for one step (opening a document, making one page), by the clock and of a processor."""
    memory_bytes: int = 1 << 30
    """Address space of one worker (RLIMIT_AS)."""
    pages: int = 500
    """Most pages of one document."""
    pixels: int = 100_000_000
    """Most pels of one image, as it came and as it is sent."""
    cache_bytes: int = 64 << 20
    """Memory for rasterised pages (compressed) that other recipients of the same message will use."""
