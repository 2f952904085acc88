"""Reverse-paths, forward-paths, mailboxes and xtext (RFC 5321 4.1.2, RFC 3461 4).

What a local part *means* (``FAX=+1-312-555-3260/T33S=12``) is T.37's business, not this module's; every
character of it is legal atext.  Source routes are read and dropped (RFC 5321 4.1.1.3, appendix C).  The
64-octet bound of a local part is not enforced (RFC 5321 4.5.3.1 asks for no limits where possible, and T.33
subaddresses want the room); the 256 of a path is.  Underscores in host names are taken, since they exist.
UTF-8 mailboxes (RFC 6531) are not read yet.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

PATH_LIMIT = 256
"""Octets of a path with its angle brackets (RFC 5321 4.5.3.1.3)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_STRING = rf"{_ATOM}(?:\.{_ATOM})*"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_LABEL = r"[A-Za-z0-9_]+(?:-+[A-Za-z0-9_]+)*"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*\.?"
_LITERAL = r"\[[!-Z^-~]+\]"
_ROUTE = rf"@{_DOMAIN}(?:,@{_DOMAIN})*:"
_MAILBOX = re.compile(rf"({_DOT_STRING}|{_QUOTED})@({_DOMAIN}|{_LITERAL})")
_PATH = re.compile(rf"<(?:{_ROUTE})?((?:{_DOT_STRING}|{_QUOTED})@(?:{_DOMAIN}|{_LITERAL}))>")
_POSTMASTER = re.compile(r"<(postmaster)>", re.IGNORECASE)
_IS_DOT_STRING = re.compile(_DOT_STRING)
_GENERAL_LITERAL = re.compile(r"[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+")
_CLIENT_DOMAIN = re.compile(_DOMAIN)
_ESCAPED = re.compile(r"\\(.)")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEXCHAR = re.compile(rb"\+([0-9A-F]{2})")


class PathError(ValueError):
    """A path, mailbox or xtext that does not follow the grammar."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox.

    ``local_part`` is unquoted text, ``local_as_given`` what stood on the wire (with quotes and backslashes),
    ``domain`` a host name or an address literal with its brackets, as given; "" only for ``<Postmaster>``.
    """

    local_part: str
    domain: str
    local_as_given: str

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The address of a literal ``[192.0.2.1]`` or ``[IPv6:2001:db8::1]``, else None."""
        return _literal_address(self.domain)

    def __str__(self) -> str:
        return f"{self.local_as_given}@{self.domain}" if self.domain else self.local_as_given


def mailbox(local_part: str, domain: str) -> Mailbox:
    """Make a mailbox from unquoted text, quoting where needed; raises PathError on what cannot be written."""
    given = local_part
    if _IS_DOT_STRING.fullmatch(local_part) is None:
        given = '"' + re.sub(r'(["\\])', r"\\\1", local_part) + '"'
    return parse_mailbox(f"{given}@{domain}")


def parse_mailbox(text: str) -> Mailbox:
    """Read ``local@domain`` without angle brackets; raises PathError."""
    match = _MAILBOX.fullmatch(text)
    if match is None:
        raise PathError(f"not a mailbox: {text[:PATH_LIMIT]!r}")
    if len(text) > PATH_LIMIT - 2:
        raise PathError(f"mailbox longer than {PATH_LIMIT - 2} octets")
    given, domain = match[1], match[2]
    if domain.startswith("["):
        _check_literal(domain)
    local = _ESCAPED.sub(r"\1", given[1:-1]) if given.startswith('"') else given
    return Mailbox(local, domain, given)


def parse_reverse_path(text: str) -> tuple[Mailbox | None, str]:
    """Read the path at the head of ``text``: (mailbox or None for ``<>``, what follows it); raises PathError."""
    if text.startswith("<>"):
        return None, text[2:]
    return _parse_path(text)


def parse_forward_path(text: str) -> tuple[Mailbox, str]:
    """Read a forward-path: a mailbox or ``<Postmaster>`` without domain (RFC 5321 4.1.1.3); raises PathError."""
    match = _POSTMASTER.match(text)
    if match is not None:
        return Mailbox(match[1], "", match[1]), text[match.end() :]
    return _parse_path(text)


def _parse_path(text: str) -> tuple[Mailbox, str]:
    match = _PATH.match(text)
    if match is None:
        raise PathError(f"not a path: {text[:PATH_LIMIT]!r}")
    return parse_mailbox(match[1]), text[match.end() :]


def is_client_name(text: str) -> bool:
    """Whether it may stand in EHLO: a domain or an address literal (RFC 5321 4.1.1.1)."""
    if not (text.startswith("[") and text.endswith("]")):
        return _CLIENT_DOMAIN.fullmatch(text) is not None
    try:
        _check_literal(text)
    except PathError:
        return False
    return True


def _check_literal(domain: str) -> None:
    """RFC 5321 4.1.3: IPv4, ``IPv6:`` or a tag that somebody may register."""
    inner = domain[1:-1]
    if _literal_address(domain) is not None:
        return
    if inner[:5].lower() == "ipv6:" or _GENERAL_LITERAL.fullmatch(inner) is None:
        raise PathError(f"not an address literal: {domain!r}")


def _literal_address(domain: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if not (domain.startswith("[") and domain.endswith("]")):
        return None
    inner = domain[1:-1]
    try:
        if inner[:5].lower() == "ipv6:":
            return ipaddress.IPv6Address(inner[5:])
        return ipaddress.IPv4Address(inner)
    except ValueError:
        return None


def encode_xtext(text: str) -> str:
    """Write text (as UTF-8) in xtext: all but ``!`` to ``~`` without ``+`` and ``=`` becomes ``+XX``."""
    octets = text.encode("utf-8", "surrogateescape")
    return "".join(chr(o) if 33 <= o <= 126 and o not in b"+=" else f"+{o:02X}" for o in octets)


def decode_xtext(text: str) -> str:
    """Read xtext; raises PathError on bad xtext, on what is no UTF-8, and on control characters.

    Control characters are refused because the value ends up in header fields of reports.
    """
    if _XTEXT.fullmatch(text) is None:
        raise PathError(f"not xtext: {text[:PATH_LIMIT]!r}")
    octets = _HEXCHAR.sub(lambda match: bytes([int(match[1], 16)]), text.encode("ascii"))
    try:
        decoded = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PathError("xtext does not hold UTF-8") from error
    if not decoded.isprintable():
        raise PathError("control characters in xtext")
    return decoded
