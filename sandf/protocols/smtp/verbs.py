"""The verbs that our server knows and the extensions that EHLO lists: two tables.

A later extension (CHUNKING's BDAT, LMTP's LHLO, XACT ...) is a row here and a function beside the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sandf.protocols.smtp import replies
from sandf.protocols.smtp.authentication import auth
from sandf.protocols.smtp.introduction import (
    ehlo,
    helo,
    noop,
    not_implemented,
    offer,
    offer_auth,
    offer_size,
    offer_starttls,
    other_protocol,
    quit_session,
    show_help,
    starttls,
    vrfy,
)
from sandf.protocols.smtp.parameters import RECIPIENT_PARAMETERS, SENDER_PARAMETERS
from sandf.protocols.smtp.phases import COMMAND_LIMIT, RESPONSE_LIMIT, Extension, Phase, Verb
from sandf.protocols.smtp.transaction import data, mail, rcpt, rset

_SENDER_GROWTH = sum(row.growth for row in SENDER_PARAMETERS.values())
_RECIPIENT_GROWTH = sum(row.growth for row in RECIPIENT_PARAMETERS.values())
_AUTH_GROWTH = RESPONSE_LIMIT - COMMAND_LIMIT

_ONLY_READY = MappingProxyType(
    {
        Phase.START: replies.HELLO_FIRST,
        Phase.SENDER: replies.NOT_NOW,
        Phase.RECIPIENT: replies.NOT_NOW,
    }
)
_MAIL_MISPLACED = MappingProxyType(
    {
        Phase.START: replies.HELLO_FIRST,
        Phase.SENDER: replies.MAIL_ALREADY,
        Phase.RECIPIENT: replies.MAIL_ALREADY,
    }
)
_IN_TRANSACTION = MappingProxyType({Phase.START: replies.HELLO_FIRST, Phase.READY: replies.MAIL_FIRST})

VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "EHLO": Verb(act=ehlo, idle=True, before_tls=True, usage="EHLO hostname"),
        "HELO": Verb(act=helo, idle=True, usage="HELO hostname"),
        "STARTTLS": Verb(act=starttls, misplaced=_ONLY_READY, before_tls=True, usage="STARTTLS"),
        "AUTH": Verb(act=auth, misplaced=_ONLY_READY, growth=_AUTH_GROWTH, usage="AUTH mechanism [initial-response]"),
        "MAIL": Verb(
            act=mail,
            misplaced=_MAIL_MISPLACED,
            growth=_SENDER_GROWTH,
            usage="MAIL FROM:<sender> [SIZE=n] [BODY=7BIT|8BITMIME] [RET=FULL|HDRS] [ENVID=id]",
        ),
        "RCPT": Verb(
            act=rcpt,
            misplaced=_IN_TRANSACTION,
            growth=_RECIPIENT_GROWTH,
            usage="RCPT TO:<recipient> [NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] [ORCPT=type;address]",
        ),
        "DATA": Verb(act=data, misplaced=_IN_TRANSACTION, usage="DATA, then the message, then a single dot"),
        "RSET": Verb(act=rset, idle=True, usage="RSET"),
        "NOOP": Verb(act=noop, idle=True, before_tls=True, usage="NOOP"),
        "VRFY": Verb(act=vrfy, idle=True, usage="VRFY mailbox"),
        "HELP": Verb(act=show_help, idle=True, before_tls=True, usage="HELP [verb]"),
        "QUIT": Verb(act=quit_session, always=True, usage="QUIT"),
        "EXPN": Verb(act=not_implemented),
        "SEND": Verb(act=not_implemented),
        "SOML": Verb(act=not_implemented),
        "SAML": Verb(act=not_implemented),
        "TURN": Verb(act=not_implemented),
        "GET": Verb(act=other_protocol),
        "POST": Verb(act=other_protocol),
        "CONNECT": Verb(act=other_protocol),
    }
)

EXTENSIONS: tuple[Extension, ...] = (
    offer("ENHANCEDSTATUSCODES"),
    offer("8BITMIME"),
    offer("PIPELINING"),
    offer_size,
    offer("DSN"),
    offer("HELP"),
    offer_starttls,
    offer_auth,
)
"""In the order of the EHLO reply."""
