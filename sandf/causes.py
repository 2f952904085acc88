"""The one catalogue of how a call, a page or a message can end (design law 5).

Accounting, DSNs, SMTP replies, the command line and logs all read these rows.  Numbers are for ever: a row may
be reworded, never renumbered or reused.  Blocks: 0 good endings, 1xx telephone, 2xx the T.30 codes of Class 2
``+FHNG`` (200 + code), 34x-39x other T.30 endings, 4xx documents, 5xx mail, 6xx the gateway itself, 7xx further Q.850
causes (700 + cause).

Status codes are registered ones (RFC 3463); ``draft_status`` is that of the never-registered fax reporting
draft where it has one.  ``q850`` is 16 (normal clearing) where the telephone call itself went well.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Phase(enum.Enum):
    """Where in its way a fax ended."""

    NONE = "complete"
    CALL = "telephone call"
    A = "T.30 phase A (call establishment)"
    B = "T.30 phase B (negotiation)"
    C = "T.30 phase C (page transmission)"
    D = "T.30 phase D (page confirmation)"
    DOCUMENT = "document"
    MAIL = "mail"
    GATEWAY = "gateway"


class Retry(enum.Enum):
    """Which row of the retry schedule applies; NEVER ends the recipient."""

    NEVER = "never"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NO_CARRIER = "no_carrier"
    PROTOCOL = "protocol"
    ERROR = "error"
    MAIL = "mail"
    CAPACITY = "capacity"
    """Our own ports were all in use: no failure of the far end, and not counted as a dial."""
    AT_ONCE = "at_once"
    """Nothing happened yet at the far end (shutdown, restart): try again as soon as possible."""


class Abort(enum.Enum):
    """The classic ``abort_cause``: which part gave up."""

    NONE = 0
    FAX = 1
    ESMTP = 2
    TIFF = 3
    TEXT = 4
    AUTHENTICATION = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One row: everything anybody needs to say about one ending."""

    number: int
    name: str
    phase: Phase
    sentence: str
    """For people: what happened, and the next thing to do."""
    retry: Retry
    smtp: int
    """Reply code (RFC 5321 4.2)."""
    status: str
    """Enhanced status code (RFC 3463)."""
    q850: int = 16
    t30: int = 0
    """``T30_error_code``: the decimal Class 2 hang-up code."""
    abort: Abort = Abort.FAX
    draft_status: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.number}): {self.sentence}"


class Failure(Exception):
    """Something ended by *cause*; *detail* adds what only this time knows (a reply text, a file name)."""

    def __init__(self, cause: Cause, detail: str = "") -> None:
        super().__init__(cause.sentence if not detail else f"{cause.sentence} ({detail})")
        self.cause = cause
        self.detail = detail


CATALOGUE: dict[int, Cause] = {}


def _row(
    number: int,
    name: str,
    phase: Phase,
    retry: Retry,
    reply: str,
    sentence: str,
    *,
    q850: int = 16,
    t30: int = 0,
    abort: Abort = Abort.FAX,
    draft: str = "",
) -> Cause:
    """Add a row; *reply* is ``"450 4.3.2"``."""
    if number in CATALOGUE:
        raise ValueError(f"cause {number} is taken by {CATALOGUE[number].name}")
    code, status = reply.split()
    row = Cause(
        number=number,
        name=name,
        phase=phase,
        sentence=sentence,
        retry=retry,
        smtp=int(code),
        status=status,
        q850=q850,
        t30=t30,
        abort=abort,
        draft_status=draft,
    )
    CATALOGUE[number] = row
    return row


def _t30(code: int, name: str, phase: Phase, sentence: str, retry: Retry = Retry.PROTOCOL, **more: str) -> Cause:
    """Add the row of T.30 error code *code* (Class 2 ``+FHNG``)."""
    reply = "550 5.5.0" if retry is Retry.NEVER else "450 4.5.0"
    return _row(200 + code, name, phase, retry, reply, sentence, t30=code, draft=more.get("draft", "4.2.54"))


DELIVERED = _row(
    0, "delivered", Phase.NONE, Retry.NEVER, "250 2.5.0",
    "Message delivered to remote fax machine", abort=Abort.NONE,
)  # fmt: skip
RECEIVED = _row(
    1, "received", Phase.NONE, Retry.NEVER, "250 2.5.0",
    "The fax was received complete.", abort=Abort.NONE,
)  # fmt: skip
UNCONFIRMED = _row(
    2, "unconfirmed", Phase.D, Retry.NEVER, "550 5.4.2",
    "All pages were sent, but the fax machine did not confirm the last one. Ask the recipient whether the fax"
    " came before you send it again.", t30=54, draft="5.2.52",
)  # fmt: skip
MAIL_ACCEPTED = _row(
    3, "mail_accepted", Phase.NONE, Retry.NEVER, "250 2.0.0",
    "The mail server accepted the message.", abort=Abort.NONE,
)  # fmt: skip

NUMBER_UNALLOCATED = _row(
    100, "number_unallocated", Phase.CALL, Retry.NEVER, "550 5.1.1",
    "This number is not in service. Check the number.", q850=1,
)  # fmt: skip
NO_ROUTE = _row(
    101, "no_route", Phase.CALL, Retry.NEVER, "550 5.1.1",
    "The telephone network has no route to this number. Check the number.", q850=3,
)  # fmt: skip
BUSY = _row(
    102, "busy", Phase.CALL, Retry.BUSY, "450 4.3.2",
    "The number was busy. Try again later.", q850=17, t30=11, draft="4.3.2",
)  # fmt: skip
NO_ANSWER = _row(
    103, "no_answer", Phase.CALL, Retry.NO_ANSWER, "450 4.4.1",
    "Nobody answered. Check that the fax machine is switched on, or try again later.", q850=19, t30=11,
)  # fmt: skip
NUMBER_CHANGED = _row(
    104, "number_changed", Phase.CALL, Retry.NEVER, "550 5.1.6",
    "The number has been changed. Ask the recipient for the new one.", q850=22, draft="5.2.53",
)  # fmt: skip
CALL_REJECTED = _row(
    105, "call_rejected", Phase.CALL, Retry.ERROR, "450 4.4.1",
    "The far end rejected the call. Ask the recipient whether calls from this number are barred.", q850=21,
)  # fmt: skip
INVALID_NUMBER = _row(
    107, "invalid_number", Phase.CALL, Retry.NEVER, "553 5.1.3",
    "This is not a number that can be dialled. Check the number.", q850=28,
)  # fmt: skip
CONGESTION = _row(
    108, "congestion", Phase.CALL, Retry.ERROR, "450 4.4.5",
    "The telephone network is congested. Try again later.", q850=42,
)  # fmt: skip
NO_CHANNEL = _row(
    109, "no_channel", Phase.CALL, Retry.CAPACITY, "452 4.3.1",
    "No telephone channel is free. Try again later, or add channels.", q850=34,
)  # fmt: skip
DESTINATION_OUT_OF_ORDER = _row(
    110, "destination_out_of_order", Phase.CALL, Retry.ERROR, "450 4.4.1",
    "The far end's line is out of order. Tell the recipient, or try again later.", q850=27,
)  # fmt: skip
NETWORK_OUT_OF_ORDER = _row(
    111, "network_out_of_order", Phase.CALL, Retry.ERROR, "451 4.4.0",
    "The telephone network is out of order. Try again later.", q850=38, draft="4.4.50",
)  # fmt: skip
TEMPORARY_FAILURE = _row(
    112, "temporary_failure", Phase.CALL, Retry.ERROR, "451 4.4.0",
    "The telephone network failed for the moment. Try again later.", q850=41,
)  # fmt: skip
NO_DIALTONE = _row(
    113, "no_dialtone", Phase.CALL, Retry.ERROR, "451 4.4.0",
    "The line has no dial tone. Check the cable and the line.", q850=27, draft="4.4.50",
)  # fmt: skip
NO_PORT = _row(
    114, "no_port", Phase.CALL, Retry.CAPACITY, "452 4.3.1",
    "Every port or dial peer for this number is in use. Try again later, or raise max_conn.", q850=44,
)  # fmt: skip
NO_DIAL_PEER = _row(
    115, "no_dial_peer", Phase.CALL, Retry.NEVER, "550 5.1.2",
    "No dial peer leads to this number. Check the number, or add a dial peer.", q850=3,
)  # fmt: skip
FAR_CLEARED = _row(
    116, "far_cleared", Phase.CALL, Retry.NO_CARRIER, "450 4.4.2",
    "The far end hung up before the fax began. Try again later.",
)  # fmt: skip
NETWORK_CLEARED = _row(
    117, "network_cleared", Phase.CALL, Retry.ERROR, "450 4.4.2",
    "The network cleared the call. Try again later.", q850=31,
)  # fmt: skip
NOTHING_TO_DIAL = _row(
    119, "nothing_to_dial", Phase.CALL, Retry.NEVER, "550 5.1.3",
    "The dial peer strips every digit of this number. Set digit_strip = false or forward_digits on it.", q850=28,
)  # fmt: skip
T38_REFUSED = _row(
    120, "t38_refused", Phase.CALL, Retry.ERROR, "450 4.5.0",
    "The call was answered, but the far end does not take fax over IP (T.38). Ask the carrier or the administrator of"
    " the PBX to allow T.38, or add a dial peer by another port.", q850=65,
)  # fmt: skip
TRUNK_AUTHENTICATION = _row(
    121, "trunk_authentication", Phase.CALL, Retry.ERROR, "451 4.4.0",
    "The carrier did not accept our user name or password. Check user and password_file of the port.", q850=57,
)  # fmt: skip

RING_WITHOUT_HANDSHAKE = _t30(
    1, "ring_without_handshake", Phase.A, "The line rang, but no call could be set up.", Retry.ERROR
)  # fmt: skip
CALL_ABORTED = _t30(
    2, "call_aborted", Phase.A, "The call was ended on our side before it was done.", Retry.ERROR
)  # fmt: skip
NO_LOOP_CURRENT = _t30(
    3, "no_loop_current", Phase.A, "The line has no loop current. Check the cable and the line.", Retry.ERROR,
    draft="4.4.50",
)  # fmt: skip
RINGBACK_NO_ANSWER = _t30(
    4, "ringback_no_answer", Phase.A, "Nobody answered. Try again later.", Retry.NO_ANSWER, draft="4.4.1"
)  # fmt: skip
ANSWERED_WITHOUT_CED = _t30(
    5, "answered_without_ced", Phase.A, "The call was answered, but no answer tone came.", Retry.NO_CARRIER,
    draft="4.2.50",
)  # fmt: skip
PHASE_A_FAILED = _t30(10, "phase_a_failed", Phase.A, "The fax call could not be established. Try again later.")
NO_FAX = _t30(
    11, "no_fax", Phase.A,
    "The call was answered, but not by a fax machine. Check the number with the recipient.",
    Retry.NO_CARRIER, draft="4.2.50",
)  # fmt: skip
PHASE_B_SEND_FAILED = _t30(20, "phase_b_send_failed", Phase.B, "The fax machines could not agree how to send.")
REMOTE_UNABLE = _t30(
    21, "remote_unable", Phase.B, "The far fax machine can neither receive nor send. Ask the recipient to check it."
)  # fmt: skip
COMREC_ERROR = _t30(22, "comrec_error", Phase.B, "A command of the far fax machine came damaged. Try again later.")
COMREC_INVALID = _t30(23, "comrec_invalid", Phase.B, "The far fax machine sent a command out of place.")
RSPREC_ERROR = _t30(24, "rsprec_error", Phase.B, "A response of the far fax machine came damaged. Try again later.")
NO_RESPONSE_TO_DCS = _t30(
    25, "no_response_to_dcs", Phase.B, "The far fax machine did not answer our settings (DCS), three times."
)  # fmt: skip
DCS_NOT_RECOGNISED = _t30(
    26, "dcs_not_recognised", Phase.B, "The far fax machine repeats its capabilities and does not hear our settings."
)  # fmt: skip
TRAINING_FAILED = _t30(
    27, "training_failed", Phase.B,
    "The modems could not train even at the lowest speed: the line is too poor. Try again later.", draft="4.2.51",
)  # fmt: skip
RSPREC_INVALID = _t30(28, "rsprec_invalid", Phase.B, "The far fax machine answered our settings out of place.")
PHASE_C_SEND_FAILED = _t30(40, "phase_c_send_failed", Phase.C, "A page could not be sent. Try again later.")
IMAGE_FORMAT_ERROR = _t30(41, "image_format_error", Phase.C, "The modem refused the page's image format.")
IMAGE_CONVERSION_ERROR = _t30(42, "image_conversion_error", Phase.C, "The modem could not convert the page.")
DATA_UNDERFLOW = _t30(43, "data_underflow", Phase.C, "The page data did not reach the modem in time.")
BAD_TRANSPARENT_COMMAND = _t30(
    44, "bad_transparent_command", Phase.C, "The modem refused a transparent command in the page data."
)  # fmt: skip
LINE_LENGTH_ERROR = _t30(45, "line_length_error", Phase.C, "The modem found rows of the wrong length in the page.")
PAGE_LENGTH_ERROR = _t30(46, "page_length_error", Phase.C, "The modem found the page too long.")
COMPRESSION_ERROR = _t30(47, "compression_error", Phase.C, "The modem found a bad code in the page data.")
PHASE_D_SEND_FAILED = _t30(50, "phase_d_send_failed", Phase.D, "The end of a page could not be agreed.")
RSPREC_ERROR_D = _t30(51, "rsprec_error_after_page", Phase.D, "The answer to a page came damaged. Try again later.")
NO_RESPONSE_TO_MPS = _t30(
    52, "no_response_to_mps", Phase.D, "The far fax machine did not confirm a page (MPS sent three times).",
    draft="4.2.52",
)  # fmt: skip
INVALID_RESPONSE_TO_MPS = _t30(
    53, "invalid_response_to_mps", Phase.D, "The far fax machine's answer to a page was out of place (MPS)."
)  # fmt: skip
NO_RESPONSE_TO_EOP = _t30(
    54, "no_response_to_eop", Phase.D, "The far fax machine did not confirm the last page (EOP sent three times).",
    draft="4.2.52",
)  # fmt: skip
INVALID_RESPONSE_TO_EOP = _t30(
    55, "invalid_response_to_eop", Phase.D, "The far fax machine's answer to the last page was out of place (EOP)."
)  # fmt: skip
NO_RESPONSE_TO_EOM = _t30(
    56, "no_response_to_eom", Phase.D, "The far fax machine did not confirm a page (EOM sent three times).",
    draft="4.2.52",
)  # fmt: skip
INVALID_RESPONSE_TO_EOM = _t30(
    57, "invalid_response_to_eom", Phase.D, "The far fax machine's answer to a page was out of place (EOM)."
)  # fmt: skip
OPERATOR_WANTED = _t30(
    58, "operator_wanted", Phase.D, "The far fax machine asked for an operator and the call could not go on."
)  # fmt: skip
PHASE_B_RECEIVE_FAILED = _t30(
    70, "phase_b_receive_failed", Phase.B, "The fax machines could not agree how to receive."
)  # fmt: skip
RSPREC_ERROR_RECEIVE = _t30(71, "rsprec_error_receive", Phase.B, "A response of the sender came damaged.")
COMREC_ERROR_RECEIVE = _t30(72, "comrec_error_receive", Phase.B, "A command of the sender came damaged.")
PAGE_NOT_RECEIVED = _t30(
    73, "page_not_received", Phase.B, "The sender fell silent: an expected page did not come (T2)."
)  # fmt: skip
SILENT_AFTER_EOM = _t30(
    74, "silent_after_eom", Phase.B, "The sender fell silent between two documents (T1 after EOM)."
)  # fmt: skip
PHASE_C_RECEIVE_FAILED = _t30(90, "phase_c_receive_failed", Phase.C, "A page could not be received.")
MISSING_EOL = _t30(91, "missing_eol", Phase.C, "The page data stopped making sense: no line end for 5 s.")
T30_CODE_92 = _t30(92, "t30_code_92", Phase.C, "The modem ended the call by a code that it does not explain (92).")
BUFFER_OVERFLOW = _t30(93, "buffer_overflow", Phase.C, "The modem's receive buffer ran over.")
BAD_FRAMES = _t30(94, "bad_frames", Phase.C, "A page has a gap: its sender gave up correcting it (EOR).")
PHASE_D_RECEIVE_FAILED = _t30(
    100, "phase_d_receive_failed", Phase.D, "The end of a received page could not be agreed."
)  # fmt: skip
RSPREC_INVALID_RECEIVE = _t30(
    101, "rsprec_invalid_receive", Phase.D, "The sender's response after a page was out of place."
)  # fmt: skip
COMREC_INVALID_RECEIVE = _t30(
    102, "comrec_invalid_receive", Phase.D, "The sender's command after a page was out of place."
)  # fmt: skip
OPERATOR_WANTED_RECEIVE = _t30(
    103, "operator_wanted_receive", Phase.D, "The sender asked for an operator and the call could not go on."
)  # fmt: skip


def _other(
    number: int,
    name: str,
    phase: Phase,
    sentence: str,
    t30: int,
    retry: Retry = Retry.PROTOCOL,
    draft: str = "4.2.54",
) -> Cause:
    """Add a T.30 ending that Class 2 has no code of its own for; *t30* is the nearest one."""
    reply = "550 5.5.0" if retry is Retry.NEVER else "450 4.5.0"
    return _row(number, name, phase, retry, reply, sentence, t30=t30, draft=draft)


DISCONNECTED_BEFORE_PAGES = _other(
    340, "disconnected_before_pages", Phase.B, "The far fax machine ended the call before any page (DCN).", 20
)  # fmt: skip
CARRIER_LOST = _other(
    341, "carrier_lost", Phase.C, "The line dropped in the middle of the fax.", 40, draft="4.4.2"
)  # fmt: skip
PAGE_REFUSED = _other(
    342, "page_refused", Phase.D, "The far fax machine refused a page as unreadable (RTN).", 50
)  # fmt: skip
INCOMPATIBLE = _other(
    343, "incompatible", Phase.B, "The two fax machines have no way of sending in common.", 21, Retry.NEVER
)  # fmt: skip
PASSWORD_REFUSED = _other(
    344, "password_refused", Phase.B, "The password or subaddress was refused.", 20, Retry.NEVER
)  # fmt: skip
NOTHING_TO_POLL = _other(
    345, "nothing_to_poll", Phase.B, "A document was asked for by polling, and there is none.", 21, Retry.NEVER
)  # fmt: skip
STILL_NOT_READY = _other(
    347, "still_not_ready", Phase.D, "The far fax machine stayed not ready for too long (RNR, T5).", 50
)  # fmt: skip
RETRANSMISSIONS_EXHAUSTED = _other(
    348, "retransmissions_exhausted", Phase.D, "The line is so poor that a page never came whole (EOR).", 50,
    draft="4.2.51",
)  # fmt: skip
PAGE_NOT_STORED = _other(
    350, "page_not_stored", Phase.D, "A received page could not be stored and was not confirmed. Look at the disk.",
    100, Retry.NEVER,
)  # fmt: skip
DISCONNECTED_BETWEEN_PAGES = _other(
    351, "disconnected_between_pages", Phase.D, "The far fax machine ended the call before the last page (DCN).", 50
)  # fmt: skip
WANTS_TO_BE_POLLED = _other(
    352, "wants_to_send_only", Phase.B, "The far fax machine only wants to send, not to receive.", 21
)  # fmt: skip

UNREADABLE = _row(
    400, "unreadable_document", Phase.DOCUMENT, Retry.NEVER, "554 5.6.3",
    "The document cannot be read: it is damaged or not what its type says. Open it, save it again and resend.",
    abort=Abort.TIFF,
)  # fmt: skip
UNSUPPORTED_TYPE = _row(
    401, "unsupported_type", Phase.DOCUMENT, Retry.NEVER, "554 5.6.1",
    "This kind of document cannot be faxed. Send it as PDF, TIFF, PNG, JPEG or plain text.", abort=Abort.TIFF,
)  # fmt: skip
NOTHING_TO_SEND = _row(
    402, "nothing_to_send", Phase.DOCUMENT, Retry.NEVER, "554 5.6.0",
    "The message holds nothing that can be faxed. Attach a document or write some text.", abort=Abort.TEXT,
)  # fmt: skip
DOCUMENT_TOO_LARGE = _row(
    403, "document_too_large", Phase.DOCUMENT, Retry.NEVER, "554 5.3.4",
    "The document has more pages or pixels than this gateway allows. Split it, or raise the limit.",
    abort=Abort.TIFF,
)  # fmt: skip
RENDERING_TIMED_OUT = _row(
    404, "rendering_timed_out", Phase.DOCUMENT, Retry.NEVER, "554 5.6.0",
    "Making pages of the document took too long. Simplify it, or raise the time limit.", abort=Abort.TIFF,
)  # fmt: skip
RENDERING_MEMORY = _row(
    405, "rendering_memory", Phase.DOCUMENT, Retry.NEVER, "554 5.3.4",
    "Making pages of the document needs too much memory. Simplify it, or raise the memory limit.",
    abort=Abort.TIFF,
)  # fmt: skip
ENCRYPTED_DOCUMENT = _row(
    406, "encrypted_document", Phase.DOCUMENT, Retry.NEVER, "554 5.6.3",
    "The document is protected by a password. Remove the protection and resend.", abort=Abort.TIFF,
)  # fmt: skip
RENDERING_FAILED = _row(
    407, "rendering_failed", Phase.DOCUMENT, Retry.NEVER, "554 5.6.0",
    "Making pages of the document failed in our renderer. Send it as TIFF, and report the document to us.",
    abort=Abort.TIFF,
)  # fmt: skip


def _mail(number: int, name: str, retry: Retry, reply: str, sentence: str) -> Cause:
    """Add an ending of mail, in or out."""
    return _row(number, name, Phase.MAIL, retry, reply, sentence, abort=Abort.ESMTP)


MAIL_REFUSED = _mail(
    501, "mail_refused", Retry.NEVER, "550 5.0.0", "The mail server refused the message for good. See its reply."
)  # fmt: skip
MAIL_DEFERRED = _mail(
    502, "mail_deferred", Retry.MAIL, "450 4.0.0", "The mail server cannot take the message now. See its reply."
)  # fmt: skip
MAIL_UNREACHABLE = _mail(
    503, "mail_unreachable", Retry.MAIL, "450 4.4.1",
    "No mail server could be reached. Check smtp.client servers and the network.",
)  # fmt: skip
MAIL_TIMED_OUT = _mail(504, "mail_timed_out", Retry.MAIL, "450 4.4.2", "The mail server fell silent.")
MAIL_TLS_FAILED = _mail(
    505, "mail_tls_failed", Retry.MAIL, "450 4.7.5", "TLS with the mail server failed. Check its certificate."
)  # fmt: skip
MAIL_AUTH_FAILED = _mail(
    506, "mail_auth_failed", Retry.MAIL, "450 4.7.8",
    "The mail server did not accept our user name or password. Check smtp.client.",
)  # fmt: skip
MAIL_PROTOCOL = _mail(507, "mail_protocol", Retry.MAIL, "450 4.5.0", "The mail server broke the SMTP protocol.")
NO_MAIL_DOMAIN = _mail(
    508, "no_mail_domain", Retry.NEVER, "550 5.1.2", "The domain of the mail address does not exist."
)  # fmt: skip
BAD_ADDRESS = _mail(
    509, "bad_address", Retry.NEVER, "553 5.1.3",
    "The address is not a fax address. Write FAX=number@host, for example FAX=+13125553260@fax.example.com.",
)  # fmt: skip
NOT_OUR_DOMAIN = _mail(
    510, "not_our_domain", Retry.NEVER, "550 5.7.1",
    "This gateway does not take mail for that domain. Check the address, or add the domain to smtp.server aliases.",
)  # fmt: skip
SENDER_NOT_ALLOWED = _mail(
    511, "sender_not_allowed", Retry.NEVER, "554 5.7.1",
    "This client may not send faxes here. Ask the administrator to add its network to smtp.server allow.",
)  # fmt: skip
TOO_MANY_RECIPIENTS = _mail(
    512, "too_many_recipients", Retry.MAIL, "452 4.5.3", "Too many recipients. Send the rest in another message."
)  # fmt: skip
MESSAGE_TOO_BIG = _mail(
    513, "message_too_big", Retry.NEVER, "552 5.3.4", "The message is larger than this gateway takes."
)  # fmt: skip
STORE_FULL = _mail(
    514, "store_full", Retry.MAIL, "452 4.3.1", "This gateway's disk is full. Try again later."
)  # fmt: skip
CLOSING_DOWN = _mail(
    515, "closing_down", Retry.AT_ONCE, "421 4.3.2", "This gateway is closing down. Try again soon."
)  # fmt: skip
AUTHENTICATION_REQUIRED = _mail(
    516, "authentication_required", Retry.NEVER, "530 5.7.0", "Authentication is required."
)  # fmt: skip
NO_MAIL_ADDRESS = _mail(
    517, "no_mail_address", Retry.NEVER, "550 5.1.2",
    "No dial peer says to whom this fax is mailed. Add an MMoIP dial peer with a session_target.",
)  # fmt: skip


def _gateway(number: int, name: str, retry: Retry, reply: str, sentence: str, q850: int = 41) -> Cause:
    """Add an ending that this gateway itself brought about."""
    return _row(number, name, Phase.GATEWAY, retry, reply, sentence, q850=q850)


INTERNAL_ERROR = _gateway(
    600, "internal_error", Retry.ERROR, "451 4.3.0",
    "This gateway made an error. The log has the details; please report them.",
)  # fmt: skip
STORE_FAILED = _gateway(
    601, "store_failed", Retry.ERROR, "451 4.3.0", "The store failed. Look at the disk and the log."
)  # fmt: skip
CANCELLED = _gateway(603, "cancelled", Retry.NEVER, "550 5.7.0", "The operator of the gateway cancelled the fax.", 16)
SHUT_DOWN = _gateway(
    604, "shut_down", Retry.AT_ONCE, "451 4.3.2", "The gateway was shut down during the call; it goes on afterwards."
)  # fmt: skip
RESTARTED = _gateway(
    605, "restarted", Retry.AT_ONCE, "451 4.3.2", "The gateway stopped during the call; it goes on afterwards."
)  # fmt: skip
AUTHENTICATION_FAILED = _row(
    606, "authentication_failed", Phase.GATEWAY, Retry.NEVER, "554 5.7.8",
    "The caller or sender could not be authenticated.", q850=21, abort=Abort.AUTHENTICATION,
)  # fmt: skip
INTERRUPTED = _gateway(
    607, "interrupted", Retry.NEVER, "550 5.3.2",
    "This gateway stopped while the fax came in; what had come is here. Ask the sender for the rest.",
)  # fmt: skip
HUNG_UP = _gateway(
    608, "hung_up", Retry.ERROR, "450 4.3.2", "The operator of the gateway hung up the call.", 16
)  # fmt: skip
NO_APPLICATION = _gateway(
    609, "no_application", Retry.NEVER, "550 5.3.5",
    "The dial peer names no application that exists. Set application = \"onramp\" or \"offramp\".", 3,
)  # fmt: skip


def _network(code: int, name: str, sentence: str, retry: Retry = Retry.ERROR) -> Cause:
    """Add the row of Q.850 cause *code* where no row of the 1xx block stands for it."""
    reply = "550 5.4.0" if retry is Retry.NEVER else "450 4.4.0"
    return _row(700 + code, name, Phase.CALL, retry, reply, sentence, q850=code)


_network(
    2, "no_transit_route", "The transit network has no route to this number. Check the number, or ask your carrier."
)
_network(4, "special_tone", "The network answered with a special information tone. Check the number.", Retry.NEVER)
_network(
    5, "misdialled_prefix", "The trunk prefix is wrong. Check the number, and the prefix of the dial peer.", Retry.NEVER
)
_network(6, "channel_unacceptable", "The network did not accept the channel. Try again later.")
_network(7, "call_awarded", "The call was put on an existing channel. Try again later.")
_network(8, "preempted", "A more urgent call took the line. Try again later.")
_network(9, "preempted_reserved", "A more urgent call took the line and keeps it. Try again later.")
_network(
    18,
    "no_user_responding",
    "The far end's line did not respond. Check that its equipment is on, or try again later.",
    Retry.NO_ANSWER,
)
_network(20, "subscriber_absent", "The subscriber cannot be reached at present. Try again later.", Retry.NO_ANSWER)
_network(26, "non_selected_clearing", "Another line took the call. Try again later.")
_network(29, "facility_rejected", "The network refused a facility of the call. Ask your carrier.", Retry.NEVER)
_network(30, "status_enquiry", "The exchange cleared the call after a status enquiry. Try again later.")
_network(35, "vpci_unavailable", "The network's virtual path is not available. Try again later.")
_network(36, "vpci_assignment_failed", "The network could not assign a virtual path. Try again later.")
_network(37, "cell_rate_unavailable", "The network has no capacity of the kind asked for. Try again later.")
_network(39, "frame_mode_out_of_service", "A permanent connection of the network is out of service. Ask your carrier.")
_network(
    40, "frame_mode_operational", "The exchange reported on a permanent connection instead of a call. Ask your carrier."
)
_network(43, "access_information_discarded", "The network dropped information of the call. Try again later.")
_network(45, "no_cell_rate", "The network has no capacity of the kind asked for. Try again later.")
_network(46, "precedence_blocked", "Calls of higher precedence block the line. Try again later.")
_network(47, "resource_unavailable", "The network has no resource free. Try again later.")
_network(49, "quality_unavailable", "The network cannot give the quality asked for. Ask your carrier.")
_network(
    50,
    "facility_not_subscribed",
    "The line has not subscribed to a facility of the call. Ask your carrier.",
    Retry.NEVER,
)
_network(53, "outgoing_barred_in_group", "The closed user group bars outgoing calls. Ask your carrier.", Retry.NEVER)
_network(
    55,
    "incoming_barred_in_group",
    "The far end's closed user group bars incoming calls. Ask the recipient.",
    Retry.NEVER,
)
_network(
    57,
    "bearer_not_authorised",
    "The line may not use this kind of call. Ask your carrier for speech or 3.1 kHz audio.",
    Retry.NEVER,
)
_network(58, "bearer_unavailable", "This kind of call is not available at present. Try again later.")
_network(62, "inconsistent_access", "The network found the call's settings at odds. Ask your carrier.", Retry.NEVER)
_network(63, "service_unavailable", "The network's service is not available. Try again later.")
_network(65, "bearer_not_implemented", "The network does not know this kind of call. Ask your carrier.", Retry.NEVER)
_network(
    66, "channel_type_not_implemented", "The network does not know this type of channel. Ask your carrier.", Retry.NEVER
)
_network(
    69, "facility_not_implemented", "The network does not know a facility of the call. Ask your carrier.", Retry.NEVER
)
_network(
    70,
    "restricted_digital_only",
    "Only restricted digital calls are possible there. Ask the recipient for another number.",
    Retry.NEVER,
)
_network(
    79, "service_not_implemented", "The network does not know the service asked for. Ask your carrier.", Retry.NEVER
)
_network(81, "invalid_call_reference", "The exchange did not know the call's reference. Try again later.")
_network(82, "no_such_channel", "The exchange does not know the channel. Check the port's settings.")
_network(83, "suspended_call_other_identity", "The exchange mixed up suspended calls. Try again later.")
_network(84, "call_identity_in_use", "The exchange has the call's identity in use. Try again later.")
_network(85, "no_call_suspended", "The exchange has no such suspended call. Try again later.")
_network(86, "suspended_call_cleared", "The suspended call was cleared. Try again later.")
_network(
    87, "not_in_user_group", "The far end's closed user group does not have this line. Ask the recipient.", Retry.NEVER
)
_network(
    88,
    "incompatible_destination",
    "The far end cannot take this kind of call. Check that the number is a fax number.",
    Retry.NEVER,
)
_network(90, "no_such_user_group", "The closed user group does not exist. Ask your carrier.", Retry.NEVER)
_network(
    91,
    "invalid_transit_network",
    "The transit network selection is wrong. Check the prefix of the dial peer.",
    Retry.NEVER,
)
_network(
    93,
    "aal_parameters_unsupported",
    "The network cannot support the connection's parameters. Ask your carrier.",
    Retry.NEVER,
)
_network(95, "invalid_message", "The exchange found a message of the call invalid. Please report it.")
_network(96, "element_missing", "The exchange missed a part of a message. Please report it.")
_network(97, "message_not_implemented", "The exchange does not know a message of the call. Please report it.")
_network(98, "message_out_of_place", "The exchange found a message of the call out of place. Please report it.")
_network(99, "element_not_implemented", "The exchange does not know a part of a message. Please report it.")
_network(
    100,
    "invalid_element_contents",
    "The exchange found a part of a message invalid: often the number. Check the number.",
)
_network(101, "message_in_wrong_state", "The exchange found a message in the wrong state of the call. Try again later.")
_network(102, "timer_expired", "A timer of the exchange ran out. Try again later.")
_network(103, "parameter_passed_on", "The exchange passed on a parameter that it does not know. Try again later.")
_network(110, "parameter_discarded", "The exchange discarded a message with an unknown parameter. Please report it.")
_network(111, "network_protocol_error", "The telephone network made a protocol error. Try again later.")
_network(127, "interworking", "Two networks could not work together for this call. Try again later.")


def from_q850(code: int) -> Cause:
    """The row for a release cause that the telephone network gave; its class (Q.850 Table 1) where it has none.

    16 and 31, normal clearing, are NETWORK_CLEARED here: who asks has no fax to show for it.
    """
    found = _BY_Q850.get(code)
    if found is not None:
        return found
    return TEMPORARY_FAILURE if 32 <= code < 64 else NETWORK_CLEARED


_OURS = (NO_PORT, NO_DIALTONE, NO_DIAL_PEER, NOTHING_TO_DIAL, T38_REFUSED, TRUNK_AUTHENTICATION)
"""Rows that no network means by its cause."""
_BY_Q850 = {
    row.q850: row
    for row in reversed(CATALOGUE.values())
    if row.phase is Phase.CALL and row.q850 != 16 and row not in _OURS
}
