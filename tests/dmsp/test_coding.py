"""Coded pages decode to the pixels that went in, whoever decodes them."""

from __future__ import annotations

from PIL import Image
from twisted.trial.unittest import SynchronousTestCase

from sandf.callcontrol.media import Page
from sandf.dmsp.coding import encoded
from sandf.protocols.t4.bits import to_bits
from sandf.protocols.t4.codes import EOFB, EOL
from sandf.protocols.t4.encode import packed
from sandf.protocols.t4.form import Coding, PageForm, Paper, Resolution
from sandf.protocols.t4.walk import walk

from .papers import decoded, marked, photograph


class Coded(SynchronousTestCase):
    def check(self, image: Image.Image, form: PageForm) -> None:
        octets = encoded(image, form)
        page = Page(number=1, form=form, rows=image.height, octets=octets)
        self.assertEqual(decoded(page).tobytes(), image.tobytes())
        lines = walk(octets, form.coding, form.width, keep=True)
        self.assertEqual((lines.rows, lines.bad, lines.ended), (image.height, 0, form.coding is Coding.MMR))
        assert lines.changes is not None
        rows = b"".join(packed(changes) for changes in lines.changes)
        self.assertEqual(bytes(octet ^ 255 for octet in rows), image.tobytes())

    def test_every_coding_resolution_and_paper(self) -> None:
        for coding in Coding:
            for resolution in Resolution:
                for paper in Paper:
                    form = PageForm(coding=coding, resolution=resolution, paper=paper)
                    self.check(marked(form.width, 40), form)

    def test_white_black_and_diffused_pages(self) -> None:
        for coding in Coding:
            form = PageForm(coding=coding, resolution=Resolution.FINE)
            self.check(Image.new("1", (1728, 30), 255), form)
            self.check(Image.new("1", (1728, 30), 0), form)
            self.check(photograph(1728, 64).convert("1"), form)
            self.check(marked(1728, 1), form)

    def test_lines_begin_with_eol_and_nothing_follows(self) -> None:
        for coding in (Coding.MH, Coding.MR):
            bits = to_bits(encoded(marked(1728, 9), PageForm(coding=coding, resolution=Resolution.FINE)))
            self.assertTrue(bits.startswith(EOL))
            self.assertEqual(bits.count(EOL), 9)

    def test_mmr_ends_with_eofb(self) -> None:
        bits = to_bits(encoded(marked(1728, 9), PageForm(coding=Coding.MMR, resolution=Resolution.FINE)))
        self.assertEqual(bits.count(EOFB), 1)
        self.assertLess(len(bits) - bits.index(EOFB) - len(EOFB), 8)

    def test_k_follows_the_resolution(self) -> None:
        for resolution, k in ((Resolution.STANDARD, 2), (Resolution.FINE, 4)):
            octets = encoded(marked(1728, 9), PageForm(coding=Coding.MR, resolution=resolution))
            tags = [piece[0] for piece in to_bits(octets).split(EOL)[1:]]
            self.assertEqual([number for number, tag in enumerate(tags) if tag == "1"], list(range(0, 9, k)))

    def test_wrong_images_are_refused(self) -> None:
        form = PageForm(coding=Coding.MH, resolution=Resolution.FINE)
        self.assertRaises(ValueError, encoded, marked(1700, 9), form)
        self.assertRaises(ValueError, encoded, Image.new("L", (1728, 9)), form)
