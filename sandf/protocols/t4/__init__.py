"""T.4 and T.6: the coded rows of a fax page, without any picture library.

``form`` is the vocabulary, ``codes`` the code tables, ``bits`` turns octets into strings of bits and back,
``decode`` and ``encode`` turn one coded row into its changing elements and back, ``walk`` counts the good
and bad rows of a received page and ``quality`` judges them, ``line`` turns coded pages into what goes on the
line (fill, EOL, RTC, EOFB) and into what a TIFF strip may hold.
"""
