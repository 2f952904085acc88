"""What values of header fields are made of, as far as transactions need it: lists, tags, Via, URIs (RFC 3261 25.1).

Reading is more tolerant than the grammar, and linear in the length of the text whatever it holds: the patterns of
sipmessage that are not see no text that is longer than :data:`_LONGEST_URI`.

What this module does not do: whole messages (:mod:`.message`), addresses and other parameters (:mod:`.fields`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from sipmessage import URI, Parameters, Request

from .fields import named_address, parameters_of
from .hops import Transport, canonical_host

_LONGEST_URI = 1000
_LONGEST_NUMBER = 200
"""Characters of a tel URI: the time that sipmessage takes for one grows by the square."""
_PIECE = re.compile(r'"(?>(?:[^"\\]|\\.)*)\\?"?|<[^>]*>?|[^",;<]+|[,;]', re.DOTALL)
_VIA = re.compile(
    r"\s*SIP\s*/\s*2\.0\s*/\s*(?P<transport>[^\s/;,]+)\s+"
    r"(?P<host>\[[^\]\s]+\]|[^\s:;,\[\]]+)\s*(?::\s*(?P<port>\d{1,5})\s*)?(?P<parameters>;.*)?",
    re.IGNORECASE | re.DOTALL,
)
_SIP_URI = re.compile(
    r"(?P<scheme>sips?):(?:(?P<user>[^@:]*)(?::(?P<password>[^@]*))?@)?"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>\d{1,5}))?(?P<parameters>;[^?]*)?(?:\?.*)?",
    re.IGNORECASE,
)


class MessageError(ValueError):
    """What a peer sent is no SIP message; the text names the header field and the fault.

    *request* is what could be read of a request, *code* the response that it deserves.
    """

    def __init__(self, text: str, *, code: int = 400, request: Request | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.request = request


def _split(text: str, separator: str) -> list[str]:
    parts: list[str] = []
    current: list[str] = []
    for match in _PIECE.finditer(text):
        if match[0] == separator:
            parts.append("".join(current).strip())
            current = []
        else:
            current.append(match[0])
    return [*parts, "".join(current).strip()]


def split_values(value: str) -> list[str]:
    """The values in a header field of several, divided at commas outside of quotes and angle brackets (7.3.1)."""
    return [one for one in _split(value, ",") if one]


def tag_of(header_value: str) -> str:
    """The tag in a From or To; empty if it has none (an end of RFC 2543, or a request that begins a dialog)."""
    return named_address(header_value).parameters.get("tag", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """A Via value (20.42); *host* as it was written, in lower case, one of IPv6 in brackets."""

    transport: str
    host: str
    port: int | None
    branch: str
    rport: bool
    """Whether the answer is wanted at the port it came from (RFC 3581)."""

    @property
    def sent_by(self) -> str:
        """Host and port, the default port where none is given (18.2.2)."""
        default = Transport.TLS if self.transport == Transport.TLS.value else Transport.UDP
        return f"{self.host}:{self.port or default.default_port}"


def parse_via(text: str) -> Via:
    """A single Via value.  Raises :class:`MessageError`."""
    match = _VIA.fullmatch(text)
    if match is None or int(match["port"] or 0) > 65535:
        raise MessageError(f"Via cannot be read: {text[:80]!r}")
    parameters = parameters_of(match["parameters"] or "")
    return Via(
        transport=match["transport"].upper(),
        host=match["host"].lower(),
        port=int(match["port"] or 0) or None,
        branch=parameters.get("branch", ""),
        rport="rport" in parameters,
    )


def with_source(text: str, host: str, port: int) -> str:
    """A Via value with where its request came from put in: ``received``, and ``rport`` where asked for (RFC 3581 4).

    Whoever sent it may not say so itself: a ``received`` that is there goes.
    """
    head, *parameters = _split(text, ";")
    names = [parameter.partition("=")[0].strip().lower() for parameter in parameters]
    kept = [one for name, one in zip(names, parameters, strict=True) if one and name not in ("received", "rport")]
    source = [f"rport={port}"] if "rport" in names else []
    if source or canonical_host(parse_via(text).host) != canonical_host(host):
        source.append(f"received={host}")
    return ";".join([head, *kept, *source])


@dataclass(frozen=True, eq=False)
class _WrittenUri(URI):
    """A URI that sipmessage cannot read, or would write another way, and that stays as it was written."""

    written: str = field(default="", init=False)
    """Empty in a copy that something was replaced in."""

    def __str__(self) -> str:
        return self.written or super().__str__()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URI) and str(self) == str(other)


def uri_of(text: str) -> URI:
    """A URI, written again exactly as *text* is.  Raises :class:`MessageError`, for an unknown scheme with 416.

    Taken beyond the grammar: a scheme in capitals, unescaped characters in the user part (``#``), underscores in the
    host, empty parameters.  Names of parameters come in lower case.
    """
    if len(text) > _LONGEST_URI:
        raise MessageError(f"URI of {len(text)} characters (limit {_LONGEST_URI})", code=414)
    scheme = text.partition(":")[0].lower()
    if scheme not in ("sip", "sips", "tel"):
        raise MessageError(f"URI of an unknown scheme: {text[:80]!r}", code=416 if ":" in text else 400)
    uri = _strict_uri(text) or _tolerant_uri(text)
    if str(uri) == text and all(name.islower() for name in uri.parameters):
        return uri
    parameters = Parameters(**{name.lower(): value for name, value in uri.parameters.items()})
    written = _WrittenUri(uri.scheme, uri.host, uri.user, uri.password, uri.port, parameters)
    object.__setattr__(written, "written", text)
    return written


def _strict_uri(text: str) -> URI | None:
    if text.startswith("tel:") and len(text) > _LONGEST_NUMBER:
        return None
    try:
        return URI.parse(text)
    except ValueError:
        return None


def _tolerant_uri(text: str) -> URI:
    match = _SIP_URI.fullmatch(text)
    if match is None or any(char.isspace() for char in text):
        raise MessageError(f"URI cannot be read: {text[:80]!r}")
    user, password = (match[name] and unquote(match[name]) for name in ("user", "password"))
    parameters = Parameters(**parameters_of(match["parameters"] or ""))
    port = int(match["port"]) if match["port"] else None
    return URI(match["scheme"].lower(), match["host"], user, password, port, parameters)
