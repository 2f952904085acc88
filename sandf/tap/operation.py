"""Operation and maintenance, wired: what watches the calls, and the doors by which an operator comes in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from twisted.internet.endpoints import serverFromString

from sandf import __version__
from sandf.callcontrol.media import Message
from sandf.causes import BAD_ADDRESS, Cause, Failure
from sandf.config import Reload, SipPort
from sandf.dialpeer import DialPlan
from sandf.mspi.screening import Screen
from sandf.oam.control import ControlFactory, Submission
from sandf.oam.inspection import Inspection
from sandf.oam.manhole import ManholeService
from sandf.oam.refusal import Refusal
from sandf.oam.socket_file import ControlService
from sandf.oam.values import Values
from sandf.protocols.smtp.parameters import RecipientParameters
from sandf.protocols.smtp.paths import PathError, parse_mailbox
from sandf.protocols.t37.addresses import AddressError, parse_fax_address
from sandf.store.records import FaxRecord, NewJob

from .gateway import Gateway, new_token
from .reloading import Reloading


class Surroundings:
    """What the gateway knows of itself beyond calls and store."""

    version = __version__

    def __init__(self, gateway: Gateway, reloading: Reloading) -> None:
        self.hostname = gateway.configuration.gateway.hostname
        self.pid = os.getpid()
        self.began_at = gateway.now()
        self._gateway = gateway
        self._reloading = reloading

    def plan(self) -> DialPlan:
        """The dial plan in use."""
        return self._gateway.routing.plan

    def ports(self) -> Sequence[str]:
        """Names of all ports."""
        return (*self._gateway.exchange.ports, *(trunk.name for trunk in self._gateway.sip.trunks))

    def ports_down(self) -> Mapping[str, str]:
        """Names of ports that can take no call out now, and why; a virtual port is never down."""
        return self._gateway.telephony.ports_down()

    def listens(self) -> Sequence[str]:
        """What listens where."""
        configuration = self._gateway.configuration
        # A gateway that closes down takes no more mail; the doors of the operator are the last to be shut.
        mail = configuration.smtp.server.listen if self._gateway.control.accepting else ()
        return (
            *(f"ESMTP {endpoint}" for endpoint in mail),
            *(f"SIP {port.bind}" for port in configuration.ports if isinstance(port, SipPort)),
            *(f"SSH {endpoint}" for endpoint in configuration.manhole.listen),
            f"control {configuration.control_path}",
        )

    def timers_late(self) -> Mapping[str, int]:
        """How late timers of calls over IP fired, in milliseconds; empty without a SIP port."""
        late = self._gateway.sip.wheel.lateness
        if not self._gateway.sip.trunks:
            return {}
        return {"p50": late.percentile(0.5), "p99": late.percentile(0.99), "most": late.percentile(1.0)}

    async def reload(self) -> Reload:
        """Read the configuration again."""
        return self._reloading.reload()

    async def release(self, fax_id: str) -> FaxRecord:
        """Mail a withheld fax."""
        return await self._gateway.recovery.release(fax_id)


class Operation:
    """The control socket and the manhole of *gateway*."""

    def __init__(self, gateway: Gateway, reloading: Reloading) -> None:
        self._gateway = gateway
        configuration = gateway.configuration
        surroundings = Surroundings(gateway, reloading)
        inspection = Inspection(
            control=gateway.control,
            store=gateway.store,
            traces=gateway.traces,
            captures=gateway.captures,
            documents=gateway.documents_seen,
            values=Values(
                masked=gateway.shown,
                seconds=gateway.reactor.seconds,
                now=gateway.now,
                began_at=surroundings.began_at,
            ),
            surroundings=surroundings,
            seconds=gateway.reactor.seconds,
            now=gateway.now,
        )
        self.control = ControlService(
            reactor=gateway.reactor,
            path=configuration.control_path,
            factory=ControlFactory(
                inspection=inspection,
                progress=gateway.progress,
                submission=Submission(
                    accept=self._accept,
                    domain=lambda: gateway.configuration.aliases[0],
                    sender=lambda: gateway.configuration.postmaster,
                    new_message_id=lambda: f"{new_token()}@{configuration.gateway.hostname}",
                    now=gateway.now,
                ),
                aside=gateway.in_thread,
            ),
        )
        self.manhole = ManholeService(
            inspection=inspection,
            endpoints=[serverFromString(gateway.reactor, endpoint.text) for endpoint in configuration.manhole.listen],
            host_key_path=configuration.host_key_path,
            authorized_keys_path=configuration.authorized_keys_path,
            clock=gateway.reactor,
        )

    async def _accept(self, message: Message, forward_paths: tuple[str, ...]) -> list[str]:
        """Screen and commit a message as the ESMTP server does; the ids of its jobs.  Raises Failure, or Refusal."""
        gateway = self._gateway
        jobs = screened_jobs(gateway.screening, forward_paths)
        _, job_ids = await gateway.store.accept_message(message, jobs, gateway.now())
        gateway.accepted()
        return list(job_ids)


def screened_jobs(screen: Screen, forward_paths: Sequence[str]) -> list[NewJob]:
    """The jobs for *forward_paths*, all of them; Refusal names each one that is not taken, and why."""
    jobs: list[NewJob] = []
    refused: dict[tuple[str, Cause], list[str]] = {}
    for path in forward_paths:
        try:
            jobs.append(_screened(screen, path))
        except Failure as failure:
            refused.setdefault((str(failure), failure.cause), []).append(_number_in(path))
    if refused:
        said = [f"{', '.join(numbers)}: {sentence}" for (sentence, _), numbers in refused.items()]
        if jobs:
            said.append("So nothing is faxed to the others either.")
        raise Refusal(" ".join(said), next(cause.number for _, cause in refused))
    return jobs


def _screened(screen: Screen, path: str) -> NewJob:
    try:
        return screen(parse_mailbox(path), RecipientParameters()).job
    except PathError as error:
        raise Failure(BAD_ADDRESS, str(error))


def _number_in(path: str) -> str:
    """The number of a forward-path, as whoever typed it knows it; the path itself where it has none."""
    try:
        return parse_fax_address(parse_mailbox(path).local_part).number
    except (PathError, AddressError):
        return path
