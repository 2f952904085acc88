"""The documents that the demo faxes: a text, a PDF of three pages and a TIFF, made here and nowhere copied from."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

TEXT = """\
Hello from the sandf demo.

This text is the body of a real e-mail.  The gateway takes it over SMTP,
makes a page of it, dials a number, speaks T.30 with the fax machine that
answers (itself), stores what comes in page by page, and mails it back to
where you are reading it.

    0123456789  ABCDEFGHIJKLMNOPQRSTUVWXYZ  abcdefghijklmnopqrstuvwxyz

Viele Grüße, saludos, bonne journée.
"""

A4_POINTS = (595, 842)
FINE_A4 = (1728, 2292)
"""Pels and rows of an A4 page at 204x196 to the inch."""


def pdf() -> bytes:
    """Three A4 pages of text, lines, curves and grey."""
    contents = [_page(number) for number in (1, 2, 3)]
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * place} 0 R" for place in range(len(contents)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for place, content in enumerate(contents):
        width, height = A4_POINTS
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents {5 + 2 * place} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    return _pdf_file(objects)


def _pdf_file(objects: list[bytes]) -> bytes:
    """*objects* numbered from 1, with the cross-reference table behind them (ISO 32000-1 7.5)."""
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _page(number: int) -> bytes:
    lines = [
        f"BT /F1 28 Tf 60 770 Td (sandf demo, page {number} of 3) Tj ET",
        "BT /F1 11 Tf 60 735 Td 15 TL",
    ]
    for line in range(1, 31):
        lines.append(f"(Line {line:2}: store first, then confirm; page {number}, {line * number} words to go.) Tj T*")
    lines.append("ET 2 w")
    for step in range(12 * number):
        lines.append(f"60 {220 - 5 * step} m {60 + 40 * number} 60 {300 - 8 * step} 180 {535 - 9 * step} 230 c S")
    grey = number / 4
    lines.append(f"{grey} g 420 60 115 115 re f")
    return "\n".join(lines).encode("ascii")


def tiff() -> bytes:
    """One bilevel page as a fax machine's own: 1728 pels wide, 204x196 to the inch, coded MMR."""
    width, rows = FINE_A4
    page = Image.new("1", (width, rows), 1)
    draw = ImageDraw.Draw(page)
    for step in range(0, width // 2, 24):
        draw.rectangle((step, step, width - 1 - step, width - 1 - step), outline=0)
    for step in range(0, width, 9):
        draw.line((step, 1800, width - step, rows - 40), fill=0)
    file = io.BytesIO()
    page.save(file, "TIFF", compression="group4", dpi=(204, 196))
    return file.getvalue()
