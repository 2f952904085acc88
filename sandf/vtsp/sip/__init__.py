"""SIP trunks: ports whose calls go over IP, with T.38.

:mod:`.trunk` is a port, :mod:`.call` one call (:mod:`.outgoing` or :mod:`.incoming`), :mod:`.call_media` its media:
:mod:`.audio` until T.38 is agreed, then :mod:`.udptl_bearer`, on sockets of :mod:`.media_ports`.  :mod:`.endpoint` is
an address that trunks share, with its :mod:`.connections`; :mod:`.resolving` finds names, :mod:`.endings` says how
calls ended.
"""
