"""The folder of the rehearsal machines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from sandf.callcontrol.media import Page
from sandf.protocols.t4.form import Coding, PageForm, Resolution
from sandf.vtsp.folder import PageFolder
from tests.protocols.t4.pages import drawn_rows, image_of, libtiff_strip


async def at_once(write: Callable[[], None]) -> None:
    write()


class PageFolderTests(SynchronousTestCase):
    def test_pages_of_any_coding_are_read_back_by_others(self) -> None:
        folder = Path(self.mktemp()) / "kept"
        images = [image_of(drawn_rows(seed, 1728, 40)) for seed in range(3)]
        pages = [
            Page(
                number=number,
                form=PageForm(coding=coding, resolution=Resolution.FINE),
                rows=0,
                octets=libtiff_strip(images[number - 1], coding),
            )
            for number, coding in enumerate(Coding, 1)
        ]
        keeper = PageFolder(folder, in_thread=at_once, now=lambda: 1_700_000_000.0)
        for _ in range(2):
            self.successResultOf(Deferred.fromCoroutine(keeper.keep("5550001", pages)))
        names = sorted(path.name for path in folder.iterdir())
        self.assertEqual(names, ["5550001-20231114-221320-1.tif", "5550001-20231114-221320-2.tif"])
        with Image.open(folder / names[0]) as tiff:
            for number, image in enumerate(images):
                tiff.seek(number)
                self.assertEqual(tiff.size, image.size)
                self.assertEqual(tiff.convert("1").tobytes(), image.tobytes())
                self.assertEqual([round(float(dpi)) for dpi in tiff.info["dpi"]], [204, 196])
