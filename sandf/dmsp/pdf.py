"""PDF to pages, by PDFium.

A page is drawn in grey at the resolution of the fax page at once, annotations and filled forms with it, and
then made bilevel.  Its box is the crop box, turned as ``/Rotate`` says.

What this module does not do: run scripts, load anything from outside, or open protected files.
"""

from __future__ import annotations

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from sandf import causes
from sandf.causes import Failure
from sandf.dmsp.limits import too_many_pages, too_many_pixels
from sandf.dmsp.raster import bilevel, centred, placed
from sandf.dmsp.settings import RenderingSettings
from sandf.protocols.t4.form import Paper, Resolution

_POINTS_PER_INCH = 72


class PdfSource:
    """The pages of one PDF file."""

    def __init__(self, octets: bytes, settings: RenderingSettings) -> None:
        self._settings = settings
        self.missing = ""
        try:
            self._document = pdfium.PdfDocument(octets)
            self.count = len(self._document)
        except pdfium.PdfiumError as error:
            raise _failure(error) from error
        if self.count == 0:
            raise Failure(causes.UNREADABLE, "it has no pages")
        too_many_pages(self.count, settings)
        if self._document.get_formtype():
            self._document.init_forms()

    def page(self, number: int, resolution: Resolution, paper: Paper) -> Image.Image:
        """Page *number* (0 is the first) as a bilevel image."""
        try:
            page = self._document[number]
        except pdfium.PdfiumError as error:
            raise Failure(causes.UNREADABLE, f"page {number + 1}: {error}") from error
        try:
            return centred(self._drawn(page, resolution, paper), paper.pels(resolution))
        finally:
            page.close()

    def _drawn(self, page: pdfium.PdfPage, resolution: Resolution, paper: Paper) -> Image.Image:
        wide, high = page.get_size()
        if wide <= 0 or high <= 0:
            raise Failure(causes.UNREADABLE, "a page has no area")
        place = placed((wide / _POINTS_PER_INCH, high / _POINTS_PER_INCH), resolution, paper)
        too_many_pixels(place.width * place.height, self._settings)
        bitmap = pdfium.PdfBitmap.new_native(place.width, place.height, pdfium_c.FPDFBitmap_Gray)
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, place.width, place.height)
        area = (0, 0, place.width, place.height, 0, pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_GRAYSCALE)
        pdfium_c.FPDF_RenderPageBitmap(bitmap, page, *area)
        if page.formenv is not None:
            pdfium_c.FPDF_FFLDraw(page.formenv, bitmap, page, *area)
        try:
            return bilevel(bitmap.to_pil())
        finally:
            bitmap.close()


def _failure(error: pdfium.PdfiumError) -> Failure:
    if getattr(error, "err_code", None) in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY):
        return Failure(causes.ENCRYPTED_DOCUMENT)
    return Failure(causes.UNREADABLE, str(error))
