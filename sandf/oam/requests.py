"""The requests of the control socket: one JSON object a line, ``{"command": ..., arguments ...}``.

This is the contract that programs rely on; a field that is not known is refused, so that a misspelt one is noticed.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from .refusal import Refusal

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="command"):
    """What every request has in common."""


class Status(Request, frozen=True, kw_only=True, tag="status"):
    """The gateway as a whole."""


class Calls(Request, frozen=True, kw_only=True, tag="calls"):
    """The live calls."""


class Show(Request, frozen=True, kw_only=True, tag="show"):
    """The classic show commands: the words behind ``show``."""

    words: str


class Fax(Request, frozen=True, kw_only=True, tag="fax"):
    """A fax record and its pages."""

    fax: Name


class Trace(Request, frozen=True, kw_only=True, tag="trace"):
    """The traces of a call, a job or a fax."""

    id: Name


class Capture(Request, frozen=True, kw_only=True, tag="capture"):
    """The packet capture of a call, or of the last call of a job or fax."""

    id: Name


class DialPeers(Request, frozen=True, kw_only=True, tag="dialpeers"):
    """The dial peers; all, or that with the tag *which*, or ``summary``."""

    which: str = ""


class Jobs(Request, frozen=True, kw_only=True, tag="jobs"):
    """The jobs, of one state if it is said."""

    state: str = ""


class HangUp(Request, frozen=True, kw_only=True, tag="hangup"):
    """End a live call."""

    call: Name


class Reload(Request, frozen=True, kw_only=True, tag="reload"):
    """Read the configuration again."""


class Release(Request, frozen=True, kw_only=True, tag="release"):
    """Mail a withheld fax."""

    fax: Name


class Watch(Request, frozen=True, kw_only=True, tag="watch"):
    """Follow jobs until each has ended or was deferred."""

    jobs: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=1000)]


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file to be faxed; *content* is base64 in JSON."""

    name: Annotated[str, Meta(max_length=500)]
    media_type: Annotated[str, Meta(pattern=r"^[a-z0-9.+-]{1,100}/[a-z0-9.+-]{1,100}\Z")]
    content: bytes
    charset: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{0,50}\Z")] = ""


class Send(Request, frozen=True, kw_only=True, tag="send"):
    """Fax documents, and a text in front of them, to numbers or fax addresses; *wait* follows the jobs as ``watch``."""

    to: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=1000)]
    documents: tuple[Document, ...] = ()
    sender: Annotated[str, Meta(max_length=254)] = ""
    subject: Annotated[str, Meta(max_length=500)] = ""
    text: str = ""
    cover: bool | None = None
    wait: bool = True


AnyRequest = Status | Calls | Show | Fax | Trace | Capture | DialPeers | Jobs | HangUp | Reload | Release | Watch | Send
COMMANDS = tuple(
    str(kind.__struct_config__.tag)
    for kind in (Status, Calls, Show, Fax, Trace, Capture, DialPeers, Jobs, HangUp, Reload, Release, Watch, Send)
)
_DECODER: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)


def read_request(line: bytes | bytearray) -> AnyRequest:
    """The request on a line.  Raises :class:`Refusal`."""
    try:
        return _DECODER.decode(line)
    except msgspec.ValidationError as error:
        raise Refusal(f"This is no request: {error}. Commands are {', '.join(COMMANDS)}.")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(f'This is no JSON object, such as {{"command": "status"}}: {error}.')
