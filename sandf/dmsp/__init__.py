"""Documents: what people mail becomes pages, and received pages become a document.

``provider`` is the service provider that call control knows; ``pages`` the source of pages that it supplies
to a fax leg; ``wrap`` makes a TIFF of received pages.  Rendering itself runs in worker processes: ``pool``
keeps them, ``worker`` is one, ``desk`` answers a request there, ``wire`` is what passes between.  What is
drawn: ``text``, ``cover``, ``pdf``, ``pictures`` (TIFF, PNG, JPEG) and ``header`` (the line above each page),
all on ``sheet`` and ``raster``, with the faces of ``fonts``; ``coding`` makes T.4 and T.6 data of it.

The drawing modules and the worker do not import Twisted, so that a worker starts quickly and stays small.
"""
