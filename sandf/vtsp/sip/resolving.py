"""Hops of SIP URIs by the DNS: drives :func:`sandf.protocols.sip.locating.locate` with twisted.names.

A name that the hosts file has is asked of no server, so that a site without DNS waits for none.  Answers are kept for
as long as their TTL says, within bounds.  IPv4 addresses come before IPv6 ones: most trunks have one family only, and
the other is skipped soonest where it stands last.

What this module does not do: fail.  A URI that leads nowhere has no hops; the log says why.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import Any

from sipmessage import URI
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime, IResolver
from twisted.names import dns
from twisted.names.error import DNSNameError
from twisted.names.hosts import Resolver as HostsFile

from sandf.logs import Logger
from sandf.protocols.sip.hops import Hop, Transport
from sandf.protocols.sip.locating import (
    Address,
    Answer,
    LocatingError,
    Naptr,
    NaptrRecord,
    Question,
    Srv,
    SrvRecord,
    locate,
)

QUERY_TIMES = (1, 2, 2)
"""Seconds until each question is asked again."""
PATIENCE = 6.0
"""Seconds for all questions of one URI: the caller of a fax waits meanwhile, and there may be another trunk."""
LEAST_TTL, MOST_TTL = 5, 3600
NOTHING_TTL = 60
"""Seconds for which a name that does not exist is not asked for again."""
MOST_ANSWERS = 1_000


class SipResolver:
    """Finds hops for all trunks.  *resolver* makes the DNS client when it is needed; *draw* gives numbers 0 to 1."""

    log = Logger()

    def __init__(
        self,
        resolver: Callable[[], IResolver],
        clock: IReactorTime,
        *,
        draw: Callable[[], float],
        hosts: IResolver | None = None,
    ) -> None:
        self._make = resolver
        self._resolver: IResolver | None = None
        self._clock = clock
        self._draw = draw
        self._hosts = hosts or HostsFile()
        self._answers: dict[Question, tuple[float, Answer]] = {}

    def locate(self, uri: URI, transport: Transport) -> Deferred[list[Hop]]:
        """The hops of *uri* in order, over *transport* where the URI leaves it open; never fails."""
        open_ = uri.scheme.lower() == "sip" and "transport" not in (name.lower() for name in uri.parameters)
        return Deferred.fromCoroutine(self._locate(uri, (transport,) if open_ else tuple(Transport)))

    async def _locate(self, uri: URI, transports: Sequence[Transport]) -> list[Hop]:
        until = self._clock.seconds() + PATIENCE
        questions = locate(uri, transports=transports, draw=self._draw)
        try:
            question = next(questions)
            while True:
                question = questions.send(await self._answer(question, until))
        except StopIteration as end:
            hops: list[Hop] = end.value
        except LocatingError as error:
            self.log.debug("sip: {error}", error=str(error))
            return []
        if not hops:
            self.log.debug("sip: no address for {uri}", uri=str(uri))
        return hops

    async def _answer(self, question: Question, until: float) -> Answer:
        expires, known = self._answers.get(question, (0.0, ()))
        if expires > self._clock.seconds():
            return known
        addresses = await self._in_hosts_file(_domain(question))
        if addresses:
            return addresses if isinstance(question, Address) else ()
        answer, ttl = await self._ask(question, until)
        if ttl:
            self._answers.pop(question, None)
            self._answers[question] = (self._clock.seconds() + ttl, answer)
            if len(self._answers) > MOST_ANSWERS:
                del self._answers[next(iter(self._answers))]
        return answer

    async def _in_hosts_file(self, name: str) -> list[str]:
        found: list[str] = []
        for look_up in (self._hosts.lookupAddress, self._hosts.lookupIPV6Address):
            try:
                found += [str(record) for record in _records(await look_up(name, QUERY_TIMES))]
            except Exception:  # it is not there, or there is no such file
                continue
        return found

    async def _ask(self, question: Question, until: float) -> tuple[Answer, int]:
        """The records and for how many seconds they hold, 0 where no server answers."""
        if self._resolver is None:
            self._resolver = self._make()
        match question:
            case Naptr(name):
                return await self._look_up(self._resolver.lookupNamingAuthorityPointer, name, until)
            case Srv(name):
                return await self._look_up(self._resolver.lookupService, name, until)
            case Address(name):
                both = (self._resolver.lookupAddress, self._resolver.lookupIPV6Address)
                started = [Deferred.fromCoroutine(self._look_up(look_up, name, until)) for look_up in both]
                results = [await one for one in started]
                lives = [ttl for found, ttl in results if found] or [ttl for _, ttl in results]
                return [address for found, _ in results for address in found], min(lives)

    async def _look_up(self, look_up: Callable[..., Deferred[Any]], name: str, until: float) -> tuple[Answer, int]:
        left = until - self._clock.seconds()
        if left <= 0:
            return (), 0
        try:
            result = await look_up(name, QUERY_TIMES).addTimeout(left, self._clock)
        except DNSNameError:
            return (), NOTHING_TTL
        except Exception as error:  # resolvers fail by errors of several kinds
            self.log.debug("sip: no answer about {name}: {error}", name=name, error=str(error) or type(error).__name__)
            return (), 0
        lives = [header.ttl for header in result[0]]
        return _records(result), min(max(min(lives), LEAST_TTL), MOST_TTL) if lives else NOTHING_TTL


def _domain(question: Question) -> str:
    """The host or domain that *question* is about: a service has two labels in front of it."""
    return question.name.split(".", 2)[-1] if isinstance(question, Srv) else question.name


def _records(result: Any) -> list[NaptrRecord | SrvRecord | str]:
    """The answers of a look-up as :mod:`sandf.protocols.sip.locating` wants them; aliases in between are left out."""
    found: list[NaptrRecord | SrvRecord | str] = []
    for header in result[0]:
        payload = header.payload
        if header.type in (dns.A, dns.AAAA):
            found.append(str(ipaddress.ip_address(payload.address)))
        elif header.type == dns.SRV:
            found.append(
                SrvRecord(
                    priority=payload.priority,
                    weight=payload.weight,
                    port=payload.port,
                    target=_text(payload.target.name).rstrip(".").lower(),
                )
            )
        elif header.type == dns.NAPTR:
            found.append(
                NaptrRecord(
                    order=payload.order,
                    preference=payload.preference,
                    flags=_text(payload.flags.string),
                    service=_text(payload.service.string),
                    replacement=_text(payload.replacement.name),
                )
            )
    return found


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "replace")
