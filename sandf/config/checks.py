"""What must agree across a configuration, beyond each value alone.

Every check is a function from the settings to problems.  Errors are what cannot work; warnings are what works but is
seldom meant: an open relay, a port nothing dials, a fax that nobody would get.  Files are not opened here, which
:mod:`.files` does, and nothing is resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sandf.dialpeer import MmoipPeer, Pattern

from .ports import SipPort
from .problems import Problem, Severity, shown
from .settings import Configuration, MmoipDialPeer, PotsDialPeer

Check = Callable[[Configuration, dict[str, Any]], Iterator[Problem]]


def check(configuration: Configuration, raw: dict[str, Any]) -> list[Problem]:
    """All problems of *configuration*, which was read from the tables *raw*."""
    return [problem for one in CHECKS for problem in one(configuration, raw)]


def _names(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """Port names and tags are unique."""
    for table, key, what in (("ports", "name", "port"), ("dial_peer", "tag", "dial peer")):
        seen: dict[object, int] = {}
        for index, value in _column(raw, table, key):
            if value in seen:
                yield _error(
                    f"{table}[{index}].{key}", value, f"another {what}, {table}[{seen[value]}], has this {key} too"
                )
            seen.setdefault(value, index)


def _ports(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """A dial peer's port exists, and a pattern to dial by has one."""
    names = [str(name) for _, name in _column(raw, "ports", "name")]
    for path, peer in _pots(configuration, raw):
        if peer.port is not None and peer.port not in names:
            known = f"the ports are {', '.join(names)}" if names else "there is no [[ports]] yet"
            yield _error(f"{path}.port", peer.port, f"there is no such port; {known}")
        if peer.destination_pattern is not None and peer.port is None and peer.application is None:
            yield _warning(path, None, "destination_pattern without port: no call can go out by this dial peer")


def _sip_ports(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """A trunk has another end, what it needs to log in there, and an address of its own."""
    places = {str(name): f"ports[{index}]" for index, name in _column(raw, "ports", "name")}
    for port in configuration.ports:
        if isinstance(port, SipPort):
            path = places[port.name]
            yield from _trunk(path, port)
            yield from _trunk_secrets(path, port)
            yield from _trunk_address(path, port)


def _trunk(path: str, port: SipPort) -> Iterator[Problem]:
    if port.backups and port.peer is None:
        yield _error(f"{path}.backups", [str(one) for one in port.backups], "needs peer, the first one")
    if not (port.peer or port.register or port.allow):
        yield _error(path, None, "a trunk needs peer, register, or allow (the networks that calls may come from)")
    if 0 < port.session_expires < 90:
        yield _error(f"{path}.session_expires", port.session_expires, "90 s at least (RFC 4028), or 0 for none")
    for index, network in enumerate(port.allow):
        if network.network.prefixlen == 0:
            yield _warning(f"{path}.allow[{index}]", str(network), "anybody may call in by this trunk")
    if port.ls_redundancy == 0 and not port.t38_fec:
        yield _warning(f"{path}.ls_redundancy", 0, "one lost packet of control data fails a call; 3 is usual")


def _trunk_secrets(path: str, port: SipPort) -> Iterator[Problem]:
    if port.register and not port.password_file:
        yield _warning(f"{path}.password_file", None, "most registrars want a password; name the file that holds it")
    if port.password_file and not (port.user or port.register):
        yield _error(f"{path}.user", None, "password_file needs user, or register, which has one")
    if bool(port.tls_certificate) != bool(port.tls_key):
        missing = "tls_key" if port.tls_certificate else "tls_certificate"
        yield _error(f"{path}.{missing}", None, "tls_certificate and tls_key are given together, or neither")
    if port.tls_bind and not port.tls_certificate:
        yield _error(f"{path}.tls_bind", str(port.tls_bind), "needs tls_certificate and tls_key")


def _trunk_address(path: str, port: SipPort) -> Iterator[Problem]:
    if port.tls_bind and port.tls_bind.host != port.bind.host:
        yield _error(f"{path}.tls_bind", str(port.tls_bind), f"the address is that of bind, {port.bind.host}")
    if port.advertise and (":" in str(port.advertise)) != (":" in port.bind.host):
        yield _error(f"{path}.advertise", str(port.advertise), f"not of the IP version of bind, {port.bind}")


def _applications(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """Applications stand on the side that they serve, with what they need."""
    for path, pots in _pots(configuration, raw):
        if pots.application == "offramp":
            yield _error(f"{path}.application", "offramp", 'a pots peer takes "onramp"; offramp belongs to mmoip peers')
        if pots.application == "onramp" and not pots.direct_inward_dial:
            yield _warning(
                path,
                None,
                "onramp without direct_inward_dial: there is no second dial tone; say direct_inward_dial = true",
            )
    for path, mmoip in _mmoip(configuration, raw):
        if mmoip.application == "onramp":
            yield _error(f"{path}.application", "onramp", 'an mmoip peer takes "offramp"; onramp belongs to pots peers')
        if mmoip.application == "offramp" and mmoip.information_type.value != "fax":
            yield _error(
                f"{path}.information_type",
                mmoip.information_type.value,
                'an mmoip peer with application = "offramp" needs information_type = "fax"',
            )
        for name, word in (
            ("image_encoding", mmoip.image_encoding.value),
            ("image_resolution", mmoip.image_resolution.value),
        ):
            if word != "passthrough" and mmoip.session_target is not None:
                yield _warning(f"{path}.{name}", word, "this version mails pages as they were received: passthrough")


def _reachable(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """What comes in by one side can leave by the other."""
    plan = configuration.dial_plan
    outbound = [
        peer.destination_pattern
        for peer in plan.peers
        if isinstance(peer, MmoipPeer) and peer.session_target and peer.destination_pattern and not peer.shutdown
    ]
    for path, pots in _pots(configuration, raw):
        if pots.application == "onramp" and not _meet(pots.incoming_called_number, outbound):
            yield _warning(
                path,
                None,
                "no mmoip peer with session_target has a destination_pattern for the numbers of this on-ramp peer: "
                "its calls would be refused",
            )
    dials_out = any(peer.destination_pattern and peer.port for _, peer in _pots(configuration, raw))
    for path, mmoip in _mmoip(configuration, raw):
        if mmoip.application == "offramp" and not dials_out:
            yield _warning(path, None, "no pots peer has a destination_pattern and a port: no fax can be dialled")
        if mmoip.destination_pattern is not None and mmoip.session_target is None:
            yield _warning(path, None, "destination_pattern without session_target: nobody would get the mail")


def _smtp_server(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """Who may send, and whether TLS and AUTH have what they need."""
    server = configuration.smtp.server
    path = "smtp.server"
    for index, network in enumerate(server.allow):
        if network.network.prefixlen == 0:
            yield _warning(
                f"{path}.allow[{index}]", str(network), "an open relay to the telephone network: anybody may send faxes"
            )
    if bool(server.tls_certificate) != bool(server.tls_key):
        missing = "tls_key" if server.tls_certificate else "tls_certificate"
        yield _error(f"{path}.{missing}", None, "tls_certificate and tls_key are given together, or neither")
    if server.require_tls and not server.tls_certificate:
        yield _error(f"{path}.require_tls", True, "needs tls_certificate and tls_key")
    if server.users and not server.tls_certificate:
        yield _warning(
            f"{path}.users",
            server.users,
            "nobody can log in: AUTH is offered over TLS only, and there is no tls_certificate",
        )
    if server.require_authentication and not server.users:
        yield _error(f"{path}.require_authentication", True, "needs users, the file that says who may log in")
    if server.listen and server.maximum_recipients == 0:
        yield _warning(
            f"{path}.maximum_recipients", 0, "the listener takes no recipient at all; 1 or more lets mail in"
        )
    yield from _twice(f"{path}.listen", [str(endpoint) for endpoint in server.listen])


def _smtp_client(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """Log-in data is whole and goes over TLS; there is a retry time."""
    client = configuration.smtp.client
    path = "smtp.client"
    if bool(client.user) != bool(client.password_file):
        missing = "password_file" if client.user else "user"
        yield _error(f"{path}.{missing}", None, "user and password_file are given together, or neither")
    if client.user and client.tls == "never":
        yield _error(f"{path}.tls", client.tls, 'a password goes over TLS only: "opportunistic" or "required"')
    if not client.retry:
        yield _error(f"{path}.retry", [], "at least one time in seconds; the last repeats until give_up_after")


def _manhole(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """The manhole can be entered, by its keys, and from this machine."""
    manhole = configuration.manhole
    if manhole.listen and not manhole.authorized_keys:
        yield _error(
            "manhole.authorized_keys", None, "the file of the public keys that may enter; without one nobody can"
        )
    for index, endpoint in enumerate(manhole.listen):
        if not endpoint.loopback:
            yield _warning(
                f"manhole.listen[{index}]",
                str(endpoint),
                "the manhole is open to other machines; interface=127.0.0.1 keeps it to this one",
            )
    yield from _twice("manhole.listen", [str(endpoint) for endpoint in manhole.listen])


def _t30(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """Limits are in order."""
    t30 = configuration.t30
    if t30.min_speed > t30.max_speed:
        yield _error("t30.min_speed", t30.min_speed, f"not above max_speed, {t30.max_speed}")
    if configuration.fax.send.max_speed < t30.min_speed:
        yield _error(
            "fax.send.max_speed", configuration.fax.send.max_speed, f"not below t30.min_speed, {t30.min_speed}"
        )
    for path, peer in _pots(configuration, raw):
        if peer.max_speed is not None and peer.max_speed < t30.min_speed:
            yield _error(f"{path}.max_speed", peer.max_speed, f"not below t30.min_speed, {t30.min_speed}")
    if t30.rtp_share > t30.rtn_share:
        yield _error("t30.rtp_share", t30.rtp_share, f"not above rtn_share, {t30.rtn_share}")


def _hostname(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """The gateway has a name to send under."""
    gateway = raw.get("gateway")
    if not isinstance(gateway, dict) or "hostname" not in gateway:
        yield _warning("gateway.hostname", None, "the name of this machine in mail is not set; localhost is used")


def _listening(configuration: Configuration, raw: dict[str, Any]) -> Iterator[Problem]:
    """Mail that becomes fax has a door."""
    for path, peer in _mmoip(configuration, raw):
        if peer.application == "offramp" and not configuration.smtp.server.listen:
            yield _warning(path, None, "smtp.server.listen is empty: no mail can come in for this dial peer")


CHECKS: tuple[Check, ...] = (
    _hostname,
    _names,
    _ports,
    _sip_ports,
    _applications,
    _reachable,
    _listening,
    _smtp_server,
    _smtp_client,
    _manhole,
    _t30,
)


def _meet(inbound: Pattern | None, outbound: list[Pattern]) -> bool:
    """Whether some number, as far as examples of both tell, matches *inbound* and one of *outbound*."""
    if inbound is None:
        return bool(outbound)
    return any(
        any(pattern.match(number) for number in inbound.examples())
        or any(inbound.match(number) for number in pattern.examples())
        for pattern in outbound
    )


def _twice(path: str, texts: list[str]) -> Iterator[Problem]:
    for index, text in enumerate(texts):
        if text in texts[:index]:
            yield _error(f"{path}[{index}]", text, "this stands in the list twice")


def _tables(raw: dict[str, Any], table: str) -> list[object]:
    found = raw.get(table)
    return found if isinstance(found, list) else []


def _column(raw: dict[str, Any], table: str, key: str) -> Iterator[tuple[int, object]]:
    """The values of *key* in the tables of an array, with their places."""
    for index, row in enumerate(_tables(raw, table)):
        if isinstance(row, dict) and isinstance(row.get(key), (str, int)):
            yield index, row[key]


def _places(raw: dict[str, Any]) -> dict[object, str]:
    """The key path of each dial peer by its tag; the peers of the settings are fewer where some were bad."""
    places: dict[object, str] = {}
    for index, tag in _column(raw, "dial_peer", "tag"):
        places.setdefault(tag, f"dial_peer[{index}]")
    return places


def _pots(configuration: Configuration, raw: dict[str, Any]) -> Iterator[tuple[str, PotsDialPeer]]:
    """The POTS peers that are not shut down, with their key paths."""
    places = _places(raw)
    for peer in configuration.dial_peer:
        if isinstance(peer, PotsDialPeer) and not peer.shutdown:
            yield places[peer.tag], peer


def _mmoip(configuration: Configuration, raw: dict[str, Any]) -> Iterator[tuple[str, MmoipDialPeer]]:
    """The MMoIP peers that are not shut down, with their key paths."""
    places = _places(raw)
    for peer in configuration.dial_peer:
        if isinstance(peer, MmoipDialPeer) and not peer.shutdown:
            yield places[peer.tag], peer


def _error(path: str, value: object, message: str) -> Problem:
    return Problem(key_path=path, value="" if value is None else shown(path, value), message=message)


def _warning(path: str, value: object, message: str) -> Problem:
    text = "" if value is None else shown(path, value)
    return Problem(key_path=path, value=text, message=message, severity=Severity.WARNING)
