"""RTP (RFC 3550) with G.711 audio: as much as a fax gateway needs until a call has changed to T.38.

:mod:`.packet` is the header, :mod:`.g711` the codec, :mod:`.tones` what a fax machine lets be heard.
"""
