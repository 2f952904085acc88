"""What MSPI's connections need of a transport."""

from __future__ import annotations

from twisted.internet.interfaces import IConsumer, IPushProducer, ITLSTransport


class IMailTransport(ITLSTransport, IPushProducer, IConsumer):
    """A TCP connection that can be paused, can start TLS and takes a producer, as Twisted's are."""
