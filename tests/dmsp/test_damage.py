"""Documents with random damage: a page or a cause of the document rows, never anything else."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from twisted.trial.unittest import SynchronousTestCase

from sandf import causes
from sandf.callcontrol.media import Part
from sandf.causes import Phase
from sandf.dmsp import requests
from sandf.dmsp.desk import Desk
from sandf.dmsp.interfaces import Work
from sandf.dmsp.settings import RenderingSettings
from sandf.protocols.t4.form import Paper, Resolution

from .papers import marked, pdf, pdf_text, photograph, saved

SMALL = RenderingSettings(pages=10, pixels=3_000_000)
FILES = {
    "image/tiff": saved(marked(400, 300), "TIFF", compression="group4", dpi=(204, 98)),
    "image/tiff-fx": saved(photograph(200, 150), "TIFF", compression="tiff_lzw"),
    "image/png": saved(photograph(200, 150), "PNG"),
    "image/jpeg": saved(photograph(200, 150), "JPEG"),
    "application/pdf": pdf([pdf_text("hello")], (300, 200)),
    "text/plain": "Gr\u00fc\u00dfe\t\f\r\n".encode() * 20,
}
CHARSETS = ("", "utf-8", "utf-16", "utf-7", "idna", "hz", "rot13", "\0", "x" * 300)
damage = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6), st.integers(0, 40)), max_size=6)


def damaged(octets: bytes, places: list[tuple[float, bytes, int]]) -> bytes:
    """*octets*, at some places cut and written over."""
    for share, new, removed in places:
        at = int(share * len(octets))
        octets = octets[:at] + new + octets[at + len(new) + removed :]
    return octets


class Damage(SynchronousTestCase):
    def ends(self, media_type: str, octets: bytes, charset: str = "") -> None:
        work = Work(key="d", parts=(Part(media_type=media_type, octets=octets, charset=charset),))
        self.patch(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # a desk sets it for the whole process
        desk = Desk(SMALL)
        reply, _ = desk.serve(requests.open_request(work), requests.work_octets(work))
        if not reply.cause:
            self.assertTrue(0 < reply.pages <= SMALL.pages)
            reply, rows = desk.serve(requests.raster_request(work, 1, Resolution.STANDARD, Paper.A4), b"")
            self.assertEqual(bool(rows), not reply.cause)
        if reply.cause:
            cause = causes.CATALOGUE[reply.cause]
            self.assertIs(cause.phase, Phase.DOCUMENT)
            self.assertNotEqual(cause, causes.RENDERING_FAILED, reply.detail)

    @settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(FILES)), damage)
    def test_every_kind(self, media_type: str, places: list[tuple[float, bytes, int]]) -> None:
        self.ends(media_type, damaged(FILES[media_type], places))

    @settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=list(HealthCheck))
    @given(
        st.binary(max_size=300),
        st.sampled_from(CHARSETS),
    )
    def test_text(self, octets: bytes, charset: str) -> None:
        self.ends("text/plain", octets, charset)

    def test_modes(self) -> None:
        for mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I", "I;16", "F", "YCbCr", "LAB"):
            image = Image.new(mode, (50, 40))
            self.ends("image/tiff", saved(image, "TIFF"))
            if mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
                self.ends("image/png", saved(image, "PNG"))
