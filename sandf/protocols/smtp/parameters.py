"""ESMTP parameters of MAIL and RCPT, read and written (RFC 5321 4.1.2 Mail-parameters, Rcpt-parameters).

SIZE (RFC 1870), BODY (RFC 6152), RET, ENVID, NOTIFY, ORCPT (RFC 3461 4.1 to 4.4) and AUTH (RFC 4954 5).  A
parameter is a row of ``SENDER_PARAMETERS`` or ``RECIPIENT_PARAMETERS`` and a field of the record; a later
extension adds both.  What the parameters ask for is not decided here.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sandf.protocols.smtp.paths import PathError, decode_xtext, encode_xtext

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
_ADDRESS_TYPE = re.compile(r"[A-Za-z0-9-]+")


class Body(enum.Enum):
    """RFC 6152 2."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT_MIME = "8BITMIME"


class Return(enum.Enum):
    """How much of the message a failure report returns (RFC 3461 4.3)."""

    FULL = "FULL"
    HEADERS = "HDRS"


class Notify(enum.Enum):
    """When the sender wants a report (RFC 3461 4.1)."""

    NEVER = "NEVER"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


@dataclass(frozen=True, slots=True)
class OriginalRecipient:
    """ORCPT: the address type ("rfc822") and the address, xtext already decoded (RFC 3461 4.2)."""

    address_type: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderParameters:
    """What MAIL said beside the reverse-path; None is "not said".

    ``size`` is in octets.  ``auth`` is the decoded AUTH= mailbox, or "<>" when it is not known; it is worth
    nothing unless the client is trusted (RFC 4954 5).
    """

    size: int | None = None
    body: Body | None = None
    ret: Return | None = None
    envid: str | None = None
    auth: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientParameters:
    """What RCPT said beside the forward-path; None is "not said"."""

    notify: frozenset[Notify] | None = None
    original_recipient: OriginalRecipient | None = None


class ParameterError(ValueError):
    """A parameter that cannot be taken; ``known`` tells 501 from 555 (RFC 5321 4.1.1.11)."""

    def __init__(self, keyword: str, *, known: bool) -> None:
        super().__init__(keyword)
        self.keyword = keyword
        self.known = known


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A row: the record's field, the reader (raises ValueError), the octets the command line may grow by."""

    field: str
    read: Callable[[str], Any]
    growth: int


def _size(value: str) -> int:
    if len(value) > 20 or not value.isdigit():
        raise ValueError(value)
    return int(value)


def _envid(value: str) -> str:
    """RFC 3461 4.4: at most 100 octets of xtext, printable US-ASCII inside."""
    text = decode_xtext(value)
    if len(value) > 100 or not text.isascii():
        raise ValueError(value)
    return text


def _notify(value: str) -> frozenset[Notify]:
    """RFC 3461 4.1: NEVER stands alone."""
    wanted = [Notify(word) for word in value.upper().split(",")]
    if Notify.NEVER in wanted and len(wanted) > 1:
        raise ValueError(value)
    return frozenset(wanted)


def _original_recipient(value: str) -> OriginalRecipient:
    address_type, separator, address = value.partition(";")
    if len(value) > 500 or not separator or _ADDRESS_TYPE.fullmatch(address_type) is None:
        raise ValueError(value)
    return OriginalRecipient(address_type, decode_xtext(address))


SENDER_PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "SIZE": Parameter(field="size", read=_size, growth=26),
        "BODY": Parameter(field="body", read=lambda value: Body(value.upper()), growth=17),
        "RET": Parameter(field="ret", read=lambda value: Return(value.upper()), growth=len(" RET=FULL")),
        "ENVID": Parameter(field="envid", read=_envid, growth=len(" ENVID=") + 100),
        "AUTH": Parameter(field="auth", read=decode_xtext, growth=500),
    }
)
"""MAIL; growth by RFC 1870 3, RFC 6152 2, RFC 4954 3 and the value bounds of RFC 3461 4.3 and 4.4."""

RECIPIENT_PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "NOTIFY": Parameter(field="notify", read=_notify, growth=len(" NOTIFY=SUCCESS,FAILURE,DELAY")),
        "ORCPT": Parameter(field="original_recipient", read=_original_recipient, growth=len(" ORCPT=") + 500),
    }
)
"""RCPT; growth by the value bounds of RFC 3461 4.1 and 4.2."""


def read_sender_parameters(text: str) -> SenderParameters:
    """Read what follows the reverse-path; raises ParameterError."""
    return SenderParameters(**_read(text, SENDER_PARAMETERS))


def read_recipient_parameters(text: str) -> RecipientParameters:
    """Read what follows the forward-path; raises ParameterError."""
    return RecipientParameters(**_read(text, RECIPIENT_PARAMETERS))


def _read(text: str, table: Mapping[str, Parameter]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if text and not text.startswith(" "):
        raise ParameterError(text[:40], known=True)
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        keyword = match[1].upper() if match else word[:40]
        row = table.get(keyword)
        if match is None or row is None:
            raise ParameterError(keyword, known=match is None)
        if row.field in found or match[2] is None:
            raise ParameterError(keyword, known=True)
        try:
            found[row.field] = row.read(match[2])
        except ValueError as error:
            raise ParameterError(keyword, known=True) from error
    return found


def write_dsn_sender_parameters(parameters: SenderParameters) -> str:
    """RET and ENVID for MAIL, each with a space before it; raises PathError when ENVID is too long."""
    written = ""
    if parameters.ret is not None:
        written += f" RET={parameters.ret.value}"
    if parameters.envid is not None:
        envid = encode_xtext(parameters.envid)
        if len(envid) > 100 or not envid:
            raise PathError("ENVID must have 1 to 100 octets of xtext (RFC 3461 4.4)")
        written += f" ENVID={envid}"
    return written


def write_dsn_recipient_parameters(parameters: RecipientParameters) -> str:
    """NOTIFY and ORCPT for RCPT, each with a space before it; raises PathError when a value cannot be sent."""
    written = ""
    if parameters.notify:
        if Notify.NEVER in parameters.notify and len(parameters.notify) > 1:
            raise PathError("NOTIFY=NEVER stands alone (RFC 3461 4.1)")
        written += " NOTIFY=" + ",".join(word.value for word in Notify if word in parameters.notify)
    original = parameters.original_recipient
    if original is not None:
        value = f"{original.address_type};{encode_xtext(original.address)}"
        if len(value) > 500 or _ADDRESS_TYPE.fullmatch(original.address_type) is None:
            raise PathError("ORCPT must be type;address of at most 500 octets (RFC 3461 4.2)")
        written += f" ORCPT={value}"
    return written
