"""Parts of header field values as many header fields share them: parameters and addresses (RFC 3261 25.1).

Reading is more tolerant than the grammar: what follows a URI in angle brackets, a display name with any characters,
a URI without brackets.  Names of parameters come in lower case.

What this module does not do: it splits no header field into its values (:mod:`.message` does), and checks no URI.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

_PARAMETER = re.compile(r'([^=;"\s]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;"]*))?')
_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Valued(NamedTuple):
    """A value and the parameters behind it."""

    value: str
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAddress:
    """A display name, a URI as it was written, the parameters behind it (not those of the URI)."""

    name: str
    uri: str
    parameters: dict[str, str] = field(default_factory=dict)


def unquoted(text: str) -> str:
    """*text* without the quotation marks around it and the backslashes in it; other text as it is."""
    text = text.strip()
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return _ESCAPED.sub(r"\1", text[1:-1])


def quoted(text: str) -> str:
    """*text* as a quoted string; what no header field can hold becomes a blank."""
    printable = "".join(char if char.isprintable() else " " for char in text)
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parameters_of(text: str) -> dict[str, str]:
    """The parameters in *text*, ``;name=value;name``; the first of several of one name."""
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(text):
        found.setdefault(match[1].lower(), unquoted(match[2] or ""))
    return found


def valued(text: str) -> Valued:
    """A value with parameters, such as ``1800;refresher=uac``."""
    value, _, parameters = text.partition(";")
    return Valued(value.strip(), parameters_of(parameters))


def named_address(text: str) -> NamedAddress:
    """An address as in From, whatever it is: the URI of what is none is just that text."""
    name = ""
    if match := _QUOTED.match(text):
        name, text = unquoted(match[0]), text[match.end() :]
    before, opened, behind = text.partition("<")
    if not opened:
        uri, parameters = valued(text)
        return NamedAddress(name=name, uri=uri, parameters=parameters)
    uri, _, parameters_text = behind.partition(">")
    return NamedAddress(name=name or before.strip(), uri=uri.strip(), parameters=parameters_of(parameters_text))
