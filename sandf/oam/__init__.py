"""Operation: what a gateway tells whoever runs it, and takes from them.

:mod:`.tracing` and :mod:`.progress` observe calls.  :mod:`.values` turns what lives and what is stored into plain
values, and :mod:`.show` turns those into text; :mod:`.inspection` answers questions with them, to people in the
:mod:`.manhole` and to programs on the :mod:`.control` socket.  :mod:`.ladder` draws traces.
"""
