"""MSPI: mail, in and out.

In: the ESMTP server (:mod:`.server`, :mod:`.connection`, :mod:`.screening`, :mod:`.users`) commits messages; the
spool (:mod:`.spool`) makes an incoming call of each recipient that is due; the provider (:mod:`.provider`) hands
the message over as a document.  Out: the provider commits on-ramp messages, :mod:`.notices` commits delivery status
notifications, and :mod:`.delivery` takes both to mail servers.  All state is in the store: whatever stops in the
middle begins again from there.

The clock, the reactor, randomness and threads are arguments throughout.
"""
