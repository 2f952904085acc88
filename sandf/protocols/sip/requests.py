"""What every request and response of ours says of us: names, capabilities, and how bodies are put on.

What this module does not do: dialogs and transactions.
"""

from __future__ import annotations

from email.parser import BytesParser

from sipmessage import Request, Response

METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK", "UPDATE", "INFO")
"""What we take."""
EXTENSIONS = ("100rel", "timer")
"""Option tags that we understand (RFC 3262, RFC 4028)."""
SDP = "application/sdp"
AUTHORIZATIONS = ("authorization", "proxy-authorization")


def introduce(message: Request | Response, *, agent: str) -> None:
    """Say who we are and what we can: Allow, Supported, and User-Agent or Server."""
    message.headers.add("Allow", ", ".join(METHODS))
    message.headers.add("Supported", ", ".join(EXTENSIONS))
    if agent:
        message.headers.add("User-Agent" if isinstance(message, Request) else "Server", agent)


def put_description(message: Request | Response, description: bytes) -> None:
    """Give *message* a session description; none for empty octets."""
    message.body = description
    if description:
        message.headers.set("Content-Type", SDP)
    else:
        message.headers.remove("Content-Type")


def description_of(message: Request | Response) -> bytes | None:
    """The session description in *message*; empty if it has no body, None if the body is something else.

    Some gateways wrap it with ISUP in a multipart/mixed body (RFC 3204).
    """
    body: bytes = message.body
    kind = (message.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    if not body.strip():
        return b""
    if kind in (SDP, ""):
        return body
    if not kind.startswith("multipart/"):
        return None
    head = f"Content-Type: {message.headers['Content-Type']}\r\n\r\n".encode("utf-8", "replace")
    for part in BytesParser().parsebytes(head + body).walk():
        if part.get_content_type() == SDP:
            found = part.get_payload(decode=True)
            return found if isinstance(found, bytes) else None
    return None


def copy_fields(source: Request, target: Request, *, but: tuple[str, ...]) -> None:
    """Give *target* the header fields of *source* but those named, in lower case."""
    names: list[str] = source.headers.keys()
    for name in names:
        if name.lower() not in but:
            target.headers.setlist(name, list(source.headers.getlist(name)))


def option_tags(message: Request | Response, field: str) -> frozenset[str]:
    """The option tags of Require, Supported and the like, in lower case."""
    values = message.headers.getlist(field)
    return frozenset(tag.strip().lower() for value in values for tag in value.split(",") if tag.strip())


def allows(message: Request | Response, method: str) -> bool:
    """Whether *message* says that its sender takes *method*."""
    return method in {word.strip().upper() for value in message.headers.getlist("Allow") for word in value.split(",")}
