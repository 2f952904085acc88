"""ESMTP as two pure sessions, server and client (RFC 5321 and its extensions).

``server.ServerSession`` and ``client.ClientSession`` take octets, answers and ``now``; they give octets, events
and one deadline.  Under them: ``replies`` (values and the catalogue), ``paths`` and ``parameters`` (the grammar
of the envelope), ``lines`` and ``text`` (the two ways to read the stream), ``verbs`` (the server's table),
``sasl``, ``settings``.  Sockets, TLS, passwords, queues and MIME are elsewhere.
"""
