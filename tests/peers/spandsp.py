"""libspandsp2 (Debian) as a T.38 fax terminal, through cffi in ABI mode; it lives in virtual time, 20 ms a step.

Only the library is needed, no headers.  Without it :data:`MISSING` says why, and tests are skipped, except where the
environment has CI=true: there they must run.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandf.protocols.t38.ifp import Data, DataType, FieldType, decode

STEP = 0.02
"""Seconds of one step."""
_SAMPLES = 160

_DECLARATIONS = """
typedef struct t38_terminal_state_s t38_terminal_state_t;
typedef struct t38_core_state_s t38_core_state_t;
typedef struct t30_state_s t30_state_t;
typedef struct { int bit_rate, error_correcting_mode, pages_tx, pages_rx, pages_in_file, x_resolution, y_resolution,
  width, length, image_size, encoding, bad_rows, longest_bad_row_run, error_correcting_mode_retries, current_status;
} t30_stats_t;
typedef int (t38_tx_packet_handler_t)(t38_core_state_t *s, void *user, const uint8_t *buf, int len, int count);
typedef void (t30_phase_e_handler_t)(t30_state_t *s, void *user, int code);
t38_terminal_state_t *t38_terminal_init(t38_terminal_state_t *s, int calling, t38_tx_packet_handler_t *h, void *user);
int t38_terminal_free(t38_terminal_state_t *s);
int t38_terminal_send_timeout(t38_terminal_state_t *s, int samples);
t30_state_t *t38_terminal_get_t30_state(t38_terminal_state_t *s);
t38_core_state_t *t38_terminal_get_t38_core_state(t38_terminal_state_t *s);
int t38_core_rx_ifp_packet(t38_core_state_t *s, const uint8_t *buf, int len, uint16_t seq);
int t30_set_tx_ident(t30_state_t *s, const char *id);
const char *t30_get_rx_ident(t30_state_t *s);
void t30_set_rx_file(t30_state_t *s, const char *file, int stop);
void t30_set_tx_file(t30_state_t *s, const char *file, int start, int stop);
int t30_set_ecm_capability(t30_state_t *s, int on);
int t30_set_supported_modems(t30_state_t *s, int m);
int t30_set_supported_compressions(t30_state_t *s, int m);
int t30_set_supported_resolutions(t30_state_t *s, int m);
int t30_set_supported_image_sizes(t30_state_t *s, int m);
int t30_set_minimum_scan_line_time(t30_state_t *s, int min_time);
int t30_set_receiver_not_ready(t30_state_t *s, int count);
void t30_local_interrupt_request(t30_state_t *s, int state);
void t30_get_transfer_statistics(t30_state_t *s, t30_stats_t *t);
void t30_set_phase_e_handler(t30_state_t *s, t30_phase_e_handler_t *h, void *user);
const char *t30_completion_code_to_str(int r);
"""

MISSING = ""
try:
    from cffi import FFI

    _ffi = FFI()
    _ffi.cdef(_DECLARATIONS)
    _lib: Any = _ffi.dlopen("libspandsp.so.2")
except (ImportError, OSError) as missing:
    MISSING = f"libspandsp2 and cffi are needed: {missing}"
    if os.environ.get("CI") == "true":
        raise

# spandsp/t30.h and t4_rx.h of 0.0.6.
MODEMS = {"V.27ter": 1, "V.29": 2, "V.17": 4}
COMPRESSION = {"mh": 2, "mr": 4, "mmr": 8}
_RESOLUTIONS = 1 | 2 | 4 | 0x20000 | 0x40000 | 0x100000 | 0x200000
"""Standard, fine and superfine; R8 and R16; 300 and 400 to the inch."""
_SIZES = 1 | 2 | 4 | 0x10000
"""215, 255 and 303 mm wide; unlimited length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What libspandsp says of a call at its end."""

    bit_rate: int
    ecm: bool
    pages_sent: int
    pages_received: int


class SpandspTerminal:
    """A fax terminal of libspandsp over T.38; *send* carries its IFP packets away (version 0).

    *codings* are of ``mh``, ``mr``, ``mmr``; *modems* of :data:`MODEMS`.  With both files it sends; a called one that
    has only *transmit* may be polled, and a calling one that has only *receive* polls.
    """

    def __init__(
        self,
        *,
        calling: bool,
        send: Callable[[bytes], None],
        ident: str,
        ecm: bool,
        codings: tuple[str, ...] = tuple(COMPRESSION),
        modems: tuple[str, ...] = tuple(MODEMS),
        transmit: Path | None = None,
        receive: Path | None = None,
    ) -> None:
        self.code: int | None = None
        """How T.30 ended, None while it runs."""
        self.heard_ident = ""
        """CSI or TSI of the other side, once T.30 has ended."""
        self.statistics: Statistics | None = None
        """Once T.30 has ended."""
        self.copies = 1
        """How often the packet that is given to *send* should leave: libspandsp asks for more where nothing follows."""
        self._send = send
        self._sequence = 0
        self._packet = _ffi.callback("t38_tx_packet_handler_t", self._packet_made)
        self._ended = _ffi.callback("t30_phase_e_handler_t", self._phase_e)
        self._terminal = _lib.t38_terminal_init(_ffi.NULL, int(calling), self._packet, _ffi.NULL)
        self._core = _lib.t38_terminal_get_t38_core_state(self._terminal)
        t30 = self._t30 = _lib.t38_terminal_get_t30_state(self._terminal)
        _lib.t30_set_tx_ident(t30, ident.encode())
        _lib.t30_set_ecm_capability(t30, int(ecm))
        _lib.t30_set_supported_modems(t30, sum(MODEMS[modem] for modem in modems))
        _lib.t30_set_supported_compressions(t30, sum(COMPRESSION[coding] for coding in codings))
        _lib.t30_set_supported_resolutions(t30, _RESOLUTIONS)
        _lib.t30_set_supported_image_sizes(t30, _SIZES)
        _lib.t30_set_phase_e_handler(t30, self._ended, _ffi.NULL)
        if transmit is not None:
            _lib.t30_set_tx_file(t30, str(transmit).encode(), -1, -1)
        if receive is not None:
            _lib.t30_set_rx_file(t30, str(receive).encode(), -1)

    @property
    def result(self) -> str:
        """How T.30 ended, in spandsp's words."""
        if self.code is None:
            return "not ended"
        return str(_ffi.string(_lib.t30_completion_code_to_str(self.code)).decode())

    def need_scan_line_time(self, milliseconds: int) -> None:
        """Ask for lines of at least so long without error correction."""
        _lib.t30_set_minimum_scan_line_time(self._t30, milliseconds)

    def be_busy(self, times: int) -> None:
        """Answer the next *times* PPS and RR by RNR."""
        _lib.t30_set_receiver_not_ready(self._t30, times)

    def request_operator(self) -> None:
        """Send PRI-* instead of the post-message commands from now on."""
        _lib.t30_local_interrupt_request(self._t30, 1)

    def step(self) -> None:
        """Let :data:`STEP` pass."""
        _lib.t38_terminal_send_timeout(self._terminal, _SAMPLES)

    def receive(self, octets: bytes) -> None:
        """The next IFP packet."""
        _lib.t38_core_rx_ifp_packet(self._core, octets, len(octets), self._sequence)
        self.miss()

    def miss(self) -> None:
        """The next IFP packet, which was lost on the way."""
        self._sequence = (self._sequence + 1) & 0xFFFF

    def free(self) -> None:
        """Give back what the library holds; files are complete after it."""
        _lib.t38_terminal_free(self._terminal)

    def _packet_made(self, core: object, user: object, octets: Any, length: int, count: int) -> int:
        self.copies = count
        self._send(bytes(_ffi.buffer(octets, length)))
        return 0

    def _phase_e(self, t30: object, user: object, code: int) -> None:
        self.code = code
        ident = _lib.t30_get_rx_ident(self._t30)
        self.heard_ident = str(_ffi.string(ident).decode()) if ident else ""
        found = _ffi.new("t30_stats_t *")
        _lib.t30_get_transfer_statistics(self._t30, found)
        self.statistics = Statistics(
            bit_rate=found.bit_rate,
            ecm=bool(found.error_correcting_mode),
            pages_sent=found.pages_tx,
            pages_received=found.pages_rx,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpandspCall:
    """How a call between two terminals of libspandsp went."""

    results: tuple[str, str]
    """How T.30 ended at the caller's and the called end, in spandsp's words."""
    seconds: float
    """From the answer (both terminals begin) to the packet with which the last V.21 frame ends, in steps."""


def call(transmit: Path, receive: Path, *, ecm: bool, coding: str, longest: float = 3600.0) -> SpandspCall:
    """Send the TIFF *transmit* from one terminal to another, which makes *receive* of it; packets arrive in a step."""
    steps = ended = 0
    to_called: deque[bytes] = deque()
    to_caller: deque[bytes] = deque()

    def caller_sends(octets: bytes) -> None:
        nonlocal ended
        to_called.append(octets)
        if _ends_v21(octets):
            ended = steps

    caller = SpandspTerminal(
        calling=True, send=caller_sends, ident="+1 555 1000", ecm=ecm, codings=(coding,), transmit=transmit
    )
    called = SpandspTerminal(
        calling=False, send=to_caller.append, ident="+1 555", ecm=ecm, codings=(coding,), receive=receive
    )
    while steps * STEP < longest and (caller.code is None or called.code is None):
        steps += 1
        for terminal, coming in ((caller, to_caller), (called, to_called)):
            terminal.step()
            while coming:
                terminal.receive(coming.popleft())
    results = caller.result, called.result
    caller.free()
    called.free()
    return SpandspCall(results=results, seconds=round(ended * STEP, 2))


def _ends_v21(octets: bytes) -> bool:
    packet = decode(octets)
    if not isinstance(packet, Data) or packet.type is not DataType.V21:
        return False
    return any(field.type is FieldType.HDLC_FCS_OK_SIG_END for field in packet.fields)
