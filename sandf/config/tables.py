"""What the tables of a configuration have in common, and the words that several of them use.

Times are seconds, sizes octets, unless the field says otherwise.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(ge=0, description="seconds, 0 or more")]
Positive = Annotated[int, Meta(ge=1, description="a whole number, 1 or more")]
Share = Annotated[float, Meta(ge=0, le=1, description="a share from 0 to 1")]
Speed = Literal[2400, 4800, 7200, 9600, 12000, 14400]
Name = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z", description="a name of letters, digits and _ . -, 64 at most"),
]
HostName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z",
        description="a host name such as fax.example.com",
    ),
]
OneLine = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f]*\Z", description="text on one line")]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every table has in common: it is a value, and knows its keys."""
