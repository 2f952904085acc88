"""What an operator may ask of the running gateway and tell it, for the manhole and the control socket alike.

Questions answer with the values of :mod:`.values`.  What cannot be granted raises :class:`Refusal` with a sentence.
It decides nothing about calls: it asks call control, the store, and what it was given.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

from sandf import causes
from sandf.callcontrol.call import Call
from sandf.callcontrol.control import CallControl
from sandf.callcontrol.primitives import MailIn
from sandf.config import ConfigurationError, Reload
from sandf.dialpeer import DialPlan
from sandf.store.interfaces import IStore
from sandf.store.records import FaxRecord, FaxState, Job, JobState

from . import queries
from .classic_values import ClassicValues, Mail, message_id_field
from .documents import CallDocuments, PartCounts, part_counts
from .pcap import decode_as
from .peer_values import dial_peer_value
from .refusal import Refusal
from .tracing import CallTraces
from .values import Value, Values, counts_value, fax_record, listed

ENDED = (FaxState.ENDED, FaxState.CLOSED, FaxState.MAILED, FaxState.WITHHELD)
JOBS_SHOWN = FAXES_SHOWN = 100
RECENT = 500
"""Ended faxes among which a call is found by the beginning of its id, and messages whose origin is remembered."""
SHORTEST_BEGINNING = 4
"""Characters of such a beginning."""


class Surroundings(Protocol):
    """What the gateway knows of itself beyond calls and store."""

    hostname: str
    version: str
    pid: int
    began_at: float
    """Seconds since 1970."""

    def plan(self) -> DialPlan:
        """The dial plan in use."""

    def ports(self) -> Sequence[str]:
        """Names of all ports."""

    def ports_down(self) -> Mapping[str, str]:
        """Names of ports that can take no call out now, and why."""

    def listens(self) -> Sequence[str]:
        """What listens where: ``ESMTP tcp:2525:interface=127.0.0.1``."""

    def timers_late(self) -> Mapping[str, int]:
        """How late the timers of calls over IP fired so far, in milliseconds: ``p50``, ``p99``, ``most``."""

    def reload(self) -> Awaitable[Reload]:
        """Read the configuration again and take what can be taken; fails with ConfigurationError."""

    def release(self, fax_id: str) -> Awaitable[FaxRecord]:
        """Mail a withheld fax; KeyError if it is unknown, ValueError if it is not withheld."""


class Captures(Protocol):
    """Who has the packet captures of calls."""

    def capture(self, call_id: str) -> Awaitable[bytes | None]:
        """The capture file of a live or ended call; None if there is none."""


class Inspection:
    """See the module."""

    def __init__(
        self,
        *,
        control: CallControl,
        store: IStore,
        traces: CallTraces,
        captures: Captures,
        documents: CallDocuments,
        values: Values,
        surroundings: Surroundings,
        seconds: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self._control = control
        self._store = store
        self._traces = traces
        self._captures = captures
        self._documents = documents
        self._origins: dict[str, tuple[str, str]] = {}
        self._values = values
        self._classic = ClassicValues(values, surroundings.plan)
        self._around = surroundings
        self._seconds = seconds
        self._now = now

    # Questions.

    async def show(self, words: str | Sequence[str]) -> Value:
        """What the words behind ``show`` ask for."""
        query = queries.parse(words)
        match query.what:
            case "active":
                return await self.active_fax(brief=query.brief)
            case "history":
                return await self.history_fax(brief=query.brief, last=query.last)
            case "fax":
                return await self.fax(query.name)
            case "faxes":
                return await self.faxes(query.name)
            case "jobs":
                return await self.jobs(query.name)
            case "job":
                return await self.job(query.name)
            case "calls":
                return await self.calls()
            case "status":
                return await self.status()
        return await self.dialpeers(query.name)

    async def calls(self) -> Value:
        """The live calls, the oldest first."""
        return listed("calls", "calls", [self._values.call(call) for call in self._control.calls.values()])

    async def active_fax(self, *, brief: bool = False) -> Value:
        """``show call active fax``."""
        calls = [
            self._classic.active_fax(call, await self._mail_of_call(call))
            for call in tuple(self._control.calls.values())
        ]
        return listed("active_fax", "calls", calls, brief=brief)

    async def history_fax(self, *, brief: bool = False, last: int = queries.HISTORY_DEFAULT) -> Value:
        """``show call history fax``: the *last* faxes, the oldest of them first."""
        records = await self._store.faxes(states=ENDED, limit=last)
        faxes = [self._classic.history_fax(record, await self._mail_of_fax(record)) for record in reversed(records)]
        return listed("history_fax", "faxes", faxes, brief=brief)

    async def fax(self, fax_id: str) -> Value:
        """A fax record with its pages; that of a live call as it stands now."""
        record = self._live_record(fax_id) or await self._stored_fax(fax_id)
        pages = await self._store.payload(fax_id)
        return {
            "shows": "fax",
            "record": self._values.fax(record),
            "pages": [self._values.page(page) for page in pages],
        }

    async def faxes(self, state: str = "") -> Value:
        """The newest faxes first; of one *state* if it is said."""
        states = [FaxState(queries.fax_state(state.lower()))] if state else []
        records = await self._store.faxes(states=states, limit=FAXES_SHOWN)
        said = states[0].value if states else ""
        return listed("faxes", "faxes", [self._values.fax(record) for record in records], state=said)

    async def jobs(self, state: str = "") -> Value:
        """The newest jobs first; of one *state* if it is said."""
        states = [JobState(queries.job_state(state.lower()))] if state else []
        jobs = await self._store.jobs(states=states, limit=JOBS_SHOWN)
        return listed("jobs", "jobs", [self._values.job(job) for job in jobs], state=states[0].value if states else "")

    async def job(self, job_id: str) -> Value:
        """A job with its tries, ledger, history and faxes."""
        job = await self._stored_job(job_id)
        attempts = await self._store.attempts(job_id)
        history = await self._store.history(job_id=job_id)
        faxes = await self._store.faxes(job_id=job_id)
        return self._values.job_detail(job, attempts, history, list(reversed(faxes)))

    async def dialpeers(self, which: str | int = "") -> Value:
        """All dial peers, that with the tag *which*, or ``summary``."""
        plan = self._around.plan()
        calls = Counter(leg.peer_tag for call in self._control.calls.values() for leg in call.live_legs())
        down = self._around.ports_down()
        name = str(which).lower()
        chosen = [peer for peer in plan.peers if name in ("", "summary", str(peer.tag))]
        if not chosen and name not in ("", "summary"):
            raise Refusal(f"There is no dial peer {which}. See: sandf show dial-peer voice summary")
        peers = [dial_peer_value(peer, calls=calls, ports_down=down) for peer in chosen]
        shows = "dial_peer_summary" if name == "summary" else "dial_peers"
        return listed(shows, "dial_peers", peers, dial_peer_hunt=plan.dial_peer_hunt)

    async def trace(self, name: str) -> Value:
        """The traces of a call, of all calls of a job, or of the call of a fax; *name* is the id of any of them."""
        calls = []
        for call_id in await self._calls_of(name):
            lines = await self._traces.trace(call_id)
            calls.append({"call": call_id, "lines": [self._values.trace_line(line) for line in lines]})
        return listed("trace", "calls", calls, of=name)

    async def capture(self, name: str) -> Value:
        """The packet capture of the last of those calls that has one, as base64."""
        for call_id in reversed(await self._calls_of(name)):
            octets = await self._captures.capture(call_id)
            if octets is not None:
                return {
                    "shows": "capture",
                    "call": call_id,
                    "octets": b64encode(octets).decode(),
                    "decode_as": decode_as(octets),
                }
        raise Refusal(
            f"There are no packets of {name}: it used no SIP port, they are no longer kept, or trace.capture is 0."
        )

    async def status(self) -> Value:
        """The gateway as a whole."""
        around = self._around
        down = around.ports_down()
        in_use = Counter(
            getattr(leg.setup, "port", "") for call in self._control.calls.values() for leg in call.live_legs()
        )
        return {
            "shows": "status",
            "hostname": around.hostname,
            "version": around.version,
            "pid": around.pid,
            "began_at": self._values.stamp(around.began_at),
            "seconds": round(self._now() - around.began_at, 1),
            "accepting": self._control.accepting,
            "timers_late_ms": dict(around.timers_late()),
            "listens": list(around.listens()),
            "ports": [
                {"port": port, "up": port not in down, "why_down": down.get(port, ""), "calls": in_use[port]}
                for port in around.ports()
            ],
            "calls": len(self._control.calls),
            "store": counts_value(await self._store.counts()),
        }

    # Orders.

    async def hang_up(self, call_id: str) -> Value:
        """Ask a live call to end, in the orderly way of T.30."""
        found = _beginning_with(call_id, self._control.calls)
        if found is None:
            raise Refusal(f"There is no live call {call_id}. See: sandf show calls")
        self._control.calls[found].hang_up(causes.HUNG_UP)
        return _order(f"Call {found} is asked to end.", call=found)

    async def release(self, fax_id: str) -> Value:
        """Mail a withheld fax after all."""
        try:
            record = await self._around.release(fax_id)
        except KeyError:
            raise _no_fax(fax_id)
        except ValueError as error:
            raise Refusal(f"{error}.")
        return _order(f"{fax_id} is mailed to {', '.join(record.mail_to)}.", fax=fax_id)

    async def reload(self) -> Value:
        """Read the configuration again; calls go on."""
        try:
            changes = await self._around.reload()
        except (ConfigurationError, OSError) as error:
            raise Refusal(f"The configuration is not taken, the old one stays:\n{error}")
        if changes.unchanged:
            return _order("Nothing has changed.", live=[], restart=[])
        said = [f"Taken: {', '.join(changes.live)}."] if changes.live else []
        if changes.restart:
            said.append(f"Only a restart changes: {', '.join(changes.restart)}.")
        return _order(" ".join(said), live=list(changes.live), restart=list(changes.restart))

    # What they need.

    async def _mail_of_call(self, call: Call) -> Mail:
        job_id = next((leg.setup.job_id for leg in call.legs if isinstance(leg.setup, MailIn)), None)
        return await self._mail(part_counts(call), job_id)

    async def _mail_of_fax(self, record: FaxRecord) -> Mail:
        return await self._mail(self._documents.of(record.call_id), record.job_id, record.message_id)

    async def _mail(self, parts: PartCounts | None, job_id: str | None, message_id: str | None = None) -> Mail:
        """What is still known of a mail: its retention may be over."""
        job = None
        peer = header = ""
        try:
            job = await self._store.job(job_id) if job_id else None
            wanted = job.message_id if job else message_id
            if wanted:
                peer, header = await self._origin(wanted)
        except KeyError:
            pass
        return Mail(peer=peer, message_id=header, job=job, parts=parts)

    async def _origin(self, message_id: str) -> tuple[str, str]:
        """The client and the Message-ID of a stored message, which are read once, as it may be large."""
        if message_id not in self._origins:
            message = (await self._store.message(message_id)).message
            self._origins[message_id] = (message.peer, message_id_field(message.octets))
            while len(self._origins) > RECENT:
                del self._origins[next(iter(self._origins))]
        return self._origins[message_id]

    def _live_record(self, fax_id: str) -> FaxRecord | None:
        records = map(fax_record, self._control.calls.values())
        return next((record for record in records if record is not None and record.fax_id == fax_id), None)

    async def _stored_fax(self, fax_id: str) -> FaxRecord:
        try:
            return await self._store.fax(fax_id)
        except KeyError:
            raise _no_fax(fax_id)

    async def _stored_job(self, job_id: str) -> Job:
        try:
            return await self._store.job(job_id)
        except KeyError:
            raise Refusal(f"There is no job {job_id}. See: sandf show jobs")

    async def _calls_of(self, name: str) -> list[str]:
        """The calls that *name* stands for, the oldest first."""
        call_id = _beginning_with(name, self._control.calls)
        if call_id is not None:
            return [call_id]
        if await self._traces.trace(name):
            return [name]
        try:
            return [(self._live_record(name) or await self._store.fax(name)).call_id]
        except KeyError:
            pass
        recent = [record.call_id for record in await self._store.faxes(limit=RECENT)]
        call_id = _beginning_with(name, recent) if len(name) >= SHORTEST_BEGINNING else None
        if call_id is not None:
            return [call_id]
        try:
            await self._store.job(name)
        except KeyError:
            raise Refusal(
                f"{name} is no call, job or fax that is known here. See: sandf show calls, jobs, call history"
            )
        steps = [line.call_id for line in await self._store.history(job_id=name) if line.call_id]
        live = [
            call.call_id
            for call in self._control.calls.values()
            if any(isinstance(leg.setup, MailIn) and leg.setup.job_id == name for leg in call.legs)
        ]
        calls = list(dict.fromkeys(steps + live))
        if not calls:
            raise Refusal(f"{name} has had no call yet. See: sandf show job {name}")
        return calls


def _beginning_with(name: str, call_ids: Iterable[str]) -> str | None:
    """The call with the id *name*, or whose id alone begins with it.  Raises :class:`Refusal` if several do."""
    found = [call_id for call_id in dict.fromkeys(call_ids) if name and call_id.startswith(name)]
    if name in found:
        return name
    if len(found) > 1:
        raise Refusal(
            f"Several calls begin with {name}: {', '.join(call_id[:12] for call_id in found[:5])}. Say more of it."
        )
    return found[0] if found else None


def _order(sentence: str, **more: object) -> Value:
    return {"shows": "order", "sentence": sentence, **more}


def _no_fax(fax_id: str) -> Refusal:
    return Refusal(f"There is no fax {fax_id}. See: sandf show call history fax brief")
