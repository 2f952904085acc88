"""The settings, section by section, with their defaults: what a configuration file can say.

The structs are the contract of the file: a field is a key, a nested struct a table.  ``etc/sandf.toml`` explains each
for operators.  Times are seconds, sizes octets, unless the field says otherwise.  Nothing is checked here beyond
the single value; see :mod:`.checks` for what must agree with what.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, field

from sandf.causes import Retry as RetryRow
from sandf.dialpeer import DialPlan, ForwardDigits, Pattern, SessionTarget
from sandf.dialpeer.peers import (
    Dsn,
    ImageEncoding,
    ImageResolution,
    InformationType,
    MmoipPeer,
    PotsPeer,
)
from sandf.protocols.t30.settings import RtnPolicy
from sandf.protocols.t38.settings import T38Use

from .ports import HsRedundancy, LsRedundancy, SipPort, VirtualPort
from .problems import Problem
from .tables import HostName, Name, OneLine, Positive, Seconds, Share, Speed, Table
from .values import Endpoint, HostPort, Network, StoreUrl

Alias = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[A-Za-z0-9.:]+\])\Z",
        description="a domain such as fax.example.com, or an address literal such as [192.0.2.1]",
    ),
]
MailAddress = Annotated[
    str,
    Meta(
        pattern=r"^([^@\s<>]+@[^@\s<>]+)?\Z",
        description="a mail address such as fax@example.com; $s$ stands for the calling number",
    ),
]
HeaderText = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f]{0,80}\Z",
        description="80 characters at most, with $a$ $d$ $p$ $n$ $s$ $t$ where wanted",
    ),
]


class Gateway(Table, frozen=True, kw_only=True):
    """[gateway]"""

    hostname: HostName = "localhost"


class Store(Table, frozen=True, kw_only=True):
    """[store]"""

    url: StoreUrl = field(default_factory=lambda: StoreUrl.parse("sqlite:///var/lib/sandf/sandf.db"))
    payload_days: Positive = 30
    history_days: Positive = 365


class SmtpServer(Table, frozen=True, kw_only=True):
    """[smtp.server]: the listener for mail that becomes fax."""

    listen: tuple[Endpoint, ...] = ()
    aliases: tuple[Alias, ...] = ()
    allow: tuple[Network, ...] = ()
    mode: Literal["queue"] = "queue"
    maximum_size: Positive = 31_457_280
    maximum_recipients: Annotated[int, Meta(ge=0, description="a whole number, 0 or more")] = 1024
    recipients_per_message: Positive = 100
    maximum_connections: Positive = 100
    connections_per_client: Positive = 20
    command_timeout: Seconds = 300.0
    data_timeout: Seconds = 300.0
    tls_certificate: str = ""
    tls_key: str = ""
    require_tls: bool = False
    users: str = ""
    require_authentication: bool = False


class SmtpClient(Table, frozen=True, kw_only=True):
    """[smtp.client]: the sender of mail that was fax, and of notifications."""

    servers: tuple[HostPort, ...] = ()
    mail_from: MailAddress = ""
    postmaster: MailAddress = ""
    return_receipt_to: MailAddress = ""
    subject: OneLine = "Fax"
    with_subject: Literal["", "$d$", "$s$", "both"] = ""
    origin_prefix: OneLine = ""
    filename: Annotated[
        str, Meta(pattern=r"^[^/\\\x00-\x1f\x7f\"]{1,100}\Z", description="a file name without a folder")
    ] = "fax.tif"
    filename_date: bool = False
    success_fax_only: bool = False
    tls: Literal["never", "opportunistic", "required"] = "opportunistic"
    user: str = ""
    password_file: str = ""
    maximum_connections: Positive = 10
    retry: tuple[Seconds, ...] = (300.0, 900.0, 1800.0, 3600.0)
    give_up_after: Seconds = 432_000.0


class Smtp(Table, frozen=True, kw_only=True):
    """[smtp]"""

    server: SmtpServer = SmtpServer()
    client: SmtpClient = SmtpClient()


class FaxReceive(Table, frozen=True, kw_only=True):
    """[fax.receive]"""

    called_subscriber: Annotated[
        str,
        Meta(
            pattern=r"^(\$d\$|\+?[0-9 ]{0,20})\Z",
            max_length=20,
            description="$d$, or 20 characters of digits and space with a + in front if it is E.164",
        ),
    ] = "$d$"


class Coverpage(Table, frozen=True, kw_only=True):
    """[fax.send.coverpage]"""

    enable: bool = False
    e_mail_controllable: bool = False
    show_detail: bool = False
    comment: OneLine = ""


class FaxSend(Table, frozen=True, kw_only=True):
    """[fax.send]"""

    transmitting_subscriber: Annotated[
        str,
        Meta(
            pattern=r"^(\$s\$|[+0-9 ]{0,20})\Z",
            description="$s$, or 20 characters of digits, + and space at most",
        ),
    ] = ""
    left_header: HeaderText = "$t$ $s$"
    center_header: HeaderText = "$d$"
    right_header: HeaderText = "$p$/$n$"
    max_speed: Speed = 14400
    resolution: Literal["standard", "fine", "superfine", "200", "300", "400"] = "fine"
    paper: Literal["A4", "B4", "A3"] = "A4"
    answer_timeout: Annotated[float, Meta(gt=0, description="seconds, more than 0")] = 60.0
    calls_at_once: Positive = 1000
    coverpage: Coverpage = Coverpage()


class Fax(Table, frozen=True, kw_only=True):
    """[fax]"""

    receive: FaxReceive = FaxReceive()
    send: FaxSend = FaxSend()


class T30(Table, frozen=True, kw_only=True):
    """[t30]"""

    ecm: bool = True
    min_speed: Speed = 2400
    max_speed: Speed = 14400
    rtp_share: Share = 0.05
    rtn_share: Share = 0.15
    longest_bad_run: Annotated[int, Meta(ge=0, description="lines, 0 for no limit")] = 0
    rtn_policy: RtnPolicy = RtnPolicy.RETRANSMIT
    retransmissions: Annotated[int, Meta(ge=0, le=3, description="a whole number from 0 to 3")] = 1
    repeat_last_page: bool = False
    dis_tries: Annotated[int, Meta(ge=0, le=10, description="a whole number from 0 to 10")] = 0
    end_on_unknown_frame: bool = True


class RetryRule(Table, frozen=True, kw_only=True):
    """[retry.CAUSE]: how long to wait after such an ending, and how many of them end the job."""

    wait: Seconds
    attempts: Positive


class Retry(Table, frozen=True, kw_only=True):
    """[retry]: one rule for each row of :class:`sandf.causes.Retry` that a call can end with."""

    dials: Positive = 12
    busy: RetryRule = RetryRule(wait=180.0, attempts=12)
    no_answer: RetryRule = RetryRule(wait=300.0, attempts=3)
    no_carrier: RetryRule = RetryRule(wait=300.0, attempts=3)
    protocol: RetryRule = RetryRule(wait=60.0, attempts=3)
    error: RetryRule = RetryRule(wait=300.0, attempts=3)

    def rule(self, row: RetryRow) -> RetryRule | None:
        """The rule for *row*; None where the schedule has none, as for NEVER, AT_ONCE and MAIL."""
        found = getattr(self, row.value, None)
        return found if isinstance(found, RetryRule) else None


class Rendering(Table, frozen=True, kw_only=True):
    """[rendering]"""

    workers: Positive = 2
    time_limit: Seconds = 60.0
    memory_limit: Annotated[int, Meta(ge=67_108_864, description="octets, 67108864 (64 MiB) or more")] = 1_073_741_824
    page_limit: Positive = 500
    pixel_limit: Positive = 100_000_000
    cache_limit: Annotated[int, Meta(ge=0, description="octets, 0 or more")] = 67_108_864


class Manhole(Table, frozen=True, kw_only=True):
    """[manhole]"""

    listen: tuple[Endpoint, ...] = ()
    authorized_keys: str = "~/.ssh/authorized_keys"
    host_key: str = ""


class Control(Table, frozen=True, kw_only=True):
    """[control]"""

    socket: str = ""


class Log(Table, frozen=True, kw_only=True):
    """[log]"""

    level: Literal["debug", "info", "warn", "error", "critical"] = "info"
    unmasked: bool = False


class Trace(Table, frozen=True, kw_only=True):
    """[trace]"""

    capture: Annotated[int, Meta(ge=0, le=67_108_864, description="octets, 0 for none")] = 524_288


class Exchange(Table, frozen=True, kw_only=True):
    """[exchange]: the one virtual exchange that all virtual ports belong to."""

    folder: str = ""


class Shutdown(Table, frozen=True, kw_only=True):
    """[shutdown]"""

    grace: Seconds = 120.0


class DialPeer(Table, frozen=True, kw_only=True):
    """The words that [[dial_peer]] has for both types."""

    tag: Annotated[int, Meta(ge=1, le=2147483647, description="a whole number from 1 to 2147483647")]
    description: OneLine = ""
    application: Literal["onramp", "offramp"] | None = None
    incoming_called_number: Pattern | None = None
    answer_address: Pattern | None = None
    destination_pattern: Pattern | None = None
    preference: Annotated[int, Meta(ge=0, le=10, description="a whole number from 0 (best) to 10")] = 0
    huntstop: bool = False
    max_conn: Positive | None = None
    shutdown: bool = False


class PotsDialPeer(DialPeer, frozen=True, kw_only=True, tag_field="type", tag="pots"):
    """[[dial_peer]] of type pots."""

    port: Name | None = None
    direct_inward_dial: bool = False
    digit_strip: bool = True
    prefix: Annotated[
        str, Meta(pattern=r"^\+?[0-9A-D*#,]{0,32}\Z", description="digits, * # and , (a pause of 1 s), 32 at most")
    ] = ""
    forward_digits: Annotated[int, Meta(ge=0, le=32)] | ForwardDigits | None = None
    max_speed: Speed | None = None
    ecm: bool | None = None
    rtn_policy: RtnPolicy | None = None
    t38: T38Use | None = None
    t38_wait: Seconds | None = None
    ls_redundancy: LsRedundancy | None = None
    hs_redundancy: HsRedundancy | None = None
    t38_fec: bool | None = None


class MmoipDialPeer(DialPeer, frozen=True, kw_only=True, tag_field="type", tag="mmoip"):
    """[[dial_peer]] of type mmoip."""

    session_target: SessionTarget | None = None
    image_encoding: ImageEncoding = ImageEncoding.PASSTHROUGH
    image_resolution: ImageResolution = ImageResolution.PASSTHROUGH
    dsn: frozenset[Dsn] = frozenset({Dsn.FAILURE})
    mdn: bool = False
    information_type: InformationType = InformationType.VOICE


class Settings(Table, frozen=True, kw_only=True):
    """A whole file."""

    dial_peer_hunt: Annotated[int, Meta(ge=0, le=7, description="a whole number from 0 to 7")] = 0
    voice_hunt_user_busy: bool = False
    gateway: Gateway = Gateway()
    store: Store = Store()
    smtp: Smtp = Smtp()
    fax: Fax = Fax()
    t30: T30 = T30()
    retry: Retry = Retry()
    rendering: Rendering = Rendering()
    manhole: Manhole = Manhole()
    control: Control = Control()
    log: Log = Log()
    trace: Trace = Trace()
    exchange: Exchange = Exchange()
    shutdown: Shutdown = Shutdown()
    ports: tuple[VirtualPort | SipPort, ...] = ()
    dial_peer: tuple[PotsDialPeer | MmoipDialPeer, ...] = ()


class Configuration(Settings, frozen=True, kw_only=True):
    """Settings that were read and found good, with what follows from them."""

    warnings: tuple[Problem, ...] = ()

    @property
    def dial_plan(self) -> DialPlan:
        """The dial peers as :mod:`sandf.dialpeer` chooses among them."""
        return DialPlan(
            peers=tuple(map(_peer, self.dial_peer)),
            dial_peer_hunt=self.dial_peer_hunt,
            voice_hunt_user_busy=self.voice_hunt_user_busy,
        )

    @property
    def aliases(self) -> tuple[str, ...]:
        """The domains that mail is taken for; the first names the gateway in greetings."""
        return self.smtp.server.aliases or (self.gateway.hostname,)

    @property
    def postmaster(self) -> str:
        """The mail address of who looks after the gateway."""
        return self.smtp.client.postmaster or f"postmaster@{self.gateway.hostname}"

    @property
    def store_folder(self) -> Path:
        """The folder of the store, which other files stand in unless they are placed elsewhere."""
        return self.store.url.path.parent

    @property
    def control_path(self) -> Path:
        """The control socket."""
        return _placed(self.control.socket, self.store_folder / "control")

    @property
    def host_key_path(self) -> Path:
        """The SSH host key of the manhole."""
        return _placed(self.manhole.host_key, self.store_folder / "host_key")

    @property
    def authorized_keys_path(self) -> Path:
        """The public keys that may enter the manhole."""
        return Path(self.manhole.authorized_keys).expanduser()

    @property
    def exchange_folder(self) -> Path:
        """Where the rehearsal machine that answers keeps its pages."""
        return _placed(self.exchange.folder, self.store_folder / "rehearsal")


def _placed(text: str, otherwise: Path) -> Path:
    return Path(text).expanduser() if text else otherwise


def _peer(peer: PotsDialPeer | MmoipDialPeer) -> PotsPeer | MmoipPeer:
    values = {name: getattr(peer, name) for name in peer.__struct_fields__}
    return PotsPeer(**values) if isinstance(peer, PotsDialPeer) else MmoipPeer(**values)
