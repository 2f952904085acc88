"""Operation and maintenance, wired: what watches the calls, and the doors by which an operator comes in."""

from __future__ import annotations

import os
from collections.abc import Sequence

from twisted.internet.endpoints import serverFromString

from sandf import __version__
from sandf.callcontrol.media import Message
from sandf.causes import BAD_ADDRESS, Failure
from sandf.config import Reload
from sandf.dialpeer import DialPlan
from sandf.oam.control import ControlFactory, Submission
from sandf.oam.inspection import Inspection
from sandf.oam.manhole import ManholeService
from sandf.oam.socket_file import ControlService
from sandf.oam.values import Values
from sandf.protocols.smtp.parameters import RecipientParameters
from sandf.protocols.smtp.paths import PathError, parse_mailbox
from sandf.store.records import FaxRecord

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
        return tuple(self._gateway.exchange.ports)

    def ports_down(self) -> Sequence[str]:
        """Names of ports that can take no call now; a virtual port is never down."""
        return ()

    def listens(self) -> Sequence[str]:
        """What listens where."""
        configuration = self._gateway.configuration
        return (
            *(f"ESMTP {endpoint}" for endpoint in configuration.smtp.server.listen),
            *(f"SSH {endpoint}" for endpoint in configuration.manhole.listen),
            f"control {configuration.control_path}",
        )

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
        """Screen and commit a message as the ESMTP server does; the ids of its jobs.  Raises Failure."""
        gateway = self._gateway
        try:
            mailboxes = [parse_mailbox(path) for path in forward_paths]
        except PathError as error:
            raise Failure(BAD_ADDRESS, str(error))
        jobs = [gateway.screening(mailbox, RecipientParameters()).job for mailbox in mailboxes]
        _, job_ids = await gateway.store.accept_message(message, jobs, gateway.now())
        gateway.accepted()
        return list(job_ids)
