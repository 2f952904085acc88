"""The configuration without a file: a gateway to try, on loopback, that works at once.

Mail to ``FAX=5551234@localhost`` on port 2525 is dialled into the virtual exchange; numbers 5551000 to 5551999 ring the
gateway's own on-ramp, whose mail goes to ``5551234@localhost`` at the mail server on port 25 of this machine, and
waits in the store if there is none.  All other numbers are the exchange's: rehearsal machines, or unallocated.
"""

from __future__ import annotations

EMBEDDED = """\
[gateway]
hostname = "localhost"

[store]
url = "sqlite:var/sandf.db"

[smtp.server]
listen = ["tcp:2525:interface=127.0.0.1"]
aliases = ["localhost", "[127.0.0.1]"]

[smtp.client]
servers = ["127.0.0.1:25"]
mail_from = "fax@localhost"
with_subject = "both"

[fax.send.coverpage]
e_mail_controllable = true

[manhole]
listen = ["tcp:2222:interface=127.0.0.1"]

[[ports]]
name = "exchange"
type = "virtual"
speed = 10.0

[[dial_peer]]
tag = 1
description = "on-ramp: calls to 5551xxx"
type = "pots"
application = "onramp"
incoming_called_number = "5551...$"
direct_inward_dial = true

[[dial_peer]]
tag = 2
description = "on-ramp: mail for them"
type = "mmoip"
destination_pattern = "5551...$"
session_target = "mailto:$d$@localhost"

[[dial_peer]]
tag = 3
description = "off-ramp: mail for any number"
type = "mmoip"
application = "offramp"
incoming_called_number = "."
information_type = "fax"

[[dial_peer]]
tag = 4
description = "off-ramp: calls out, into the virtual exchange"
type = "pots"
destination_pattern = ".T"
digit_strip = false
port = "exchange"
"""
