"""Which servers take mail for a domain: MX records, else the domain itself (RFC 5321 5.1, RFC 7505)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IResolver
from twisted.names import dns
from twisted.names.error import DNSNameError

from sandf import causes
from sandf.causes import Failure

SMTP_PORT = 25
MOST_SERVERS = 10
"""Servers tried for one message; RFC 5321 5.1 wants two at least."""

QUERY_TIMES = (1, 3, 11, 15)
"""Seconds until each question to the name servers is asked again."""

Server = tuple[str, int]


class MailRoutes:
    """Looks MX records up with *resolver*.

    *hostname* is our own name: servers of no better preference than ours would send the mail back to us.
    *random* gives numbers from 0 to 1, to spread mail over servers of equal preference.
    """

    def __init__(self, resolver: IResolver, *, hostname: str, random: Callable[[], float]) -> None:
        self._resolver = resolver
        self._hostname = hostname.lower().rstrip(".")
        self._random = random

    async def servers(self, domain: str) -> list[Server]:
        """Host and port in the order in which to try them.

        Raises Failure: NO_MAIL_DOMAIN if the domain does not exist or takes no mail, MAIL_UNREACHABLE if the name
        servers do not say, MAIL_REFUSED if the best server is ourselves.
        """
        if domain.startswith("[") and domain.endswith("]"):
            return [(domain[1:-1].removeprefix("IPv6:"), SMTP_PORT)]
        try:
            answers, _, _ = await self._resolver.lookupMailExchange(domain, QUERY_TIMES)
        except DNSNameError:
            raise Failure(causes.NO_MAIL_DOMAIN, domain)
        except Exception as error:  # resolvers fail by errors of several kinds
            raise Failure(
                causes.MAIL_UNREACHABLE, f"no answer about the domain {domain}: {error or type(error).__name__}"
            )
        records = _exchanges(answers)
        if not records:
            return [(domain, SMTP_PORT)]
        if records == [(0, "")]:
            raise Failure(causes.NO_MAIL_DOMAIN, f"{domain} takes no mail")
        return self._ordered(domain, records)

    def _ordered(self, domain: str, records: list[tuple[int, str]]) -> list[Server]:
        ours = [preference for preference, host in records if host == self._hostname]
        usable = [(preference, self._random(), host) for preference, host in records if host]
        if ours:
            usable = [row for row in usable if row[0] < min(ours)]
        if not usable:
            raise Failure(causes.MAIL_REFUSED, f"mail for {domain} would come back to {self._hostname}")
        return [(host, SMTP_PORT) for _, _, host in sorted(usable)][:MOST_SERVERS]


def _exchanges(answers: Any) -> list[tuple[int, str]]:
    """Preference and host of the MX records among *answers*."""
    found = []
    for header in answers:
        if header.type == dns.MX:
            name = header.payload.name.name.decode("ascii", "replace")
            found.append((header.payload.preference, name.lower().rstrip(".")))
    return found
