"""What the operator sets for fax, ``[t30]`` in the configuration, and the terminal settings made of it for a call.

What this module does not do: it reads no file; ``tap`` fills it in.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandf.protocols.t4.form import Coding, Paper, Resolution
from sandf.protocols.t30.modems import ALL_MODULATIONS
from sandf.protocols.t30.settings import Judge, RtnPolicy, TerminalSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class FaxSettings:
    """What every fax leg starts from; a leg's set-up may ask for less."""

    ecm: bool = True
    frame_octets: int = 256
    """Octets in an ECM frame: 256 or 64."""
    codings: tuple[Coding, ...] = (Coding.MMR, Coding.MR, Coding.MH)
    """Best first."""
    resolutions: frozenset[Resolution] = frozenset(Resolution)
    """What may be received, and sent."""
    send_resolution: Resolution = Resolution.FINE
    """What is sent where the far terminal can take it."""
    paper: Paper = Paper.A3
    """The widest page that may be received."""
    send_paper: Paper = Paper.A4
    min_speed: int = 2400
    """bit/s"""
    max_speed: int = 14400
    """bit/s"""
    rtp_share: float = 0.05
    """Without ECM: RTP from this share of bad rows on."""
    rtn_share: float = 0.15
    """Without ECM: RTN from this share of bad rows on."""
    longest_bad_run: int = 0
    """Without ECM: RTN where more consecutive rows are bad; 0 for no limit."""
    rtn_policy: RtnPolicy = RtnPolicy.RETRANSMIT
    retransmissions: int = 1
    """How often a page is sent again after RTN."""
    dis_tries: int = 0
    """How often DIS is sent without an answer; 0 until T1."""
    end_on_unknown_frame: bool = True
    """Whether a well-formed final frame that is no command or response ends the call."""
    repeat_last_page: bool = False
    """Whether that goes for the last page too; T.30 ends the call, and a later one sends it."""

    def terminal(
        self,
        *,
        ident: str,
        subaddress: str = "",
        max_speed: int = 14400,
        ecm: bool = True,
        rtn_policy: RtnPolicy | None = None,
        judge: Judge | None = None,
    ) -> TerminalSettings:
        """The settings of one terminal; *max_speed* and *ecm* can only lower what is set here."""
        fastest = max(self.min_speed, min(self.max_speed, max_speed))
        return TerminalSettings(
            ident=ident,
            subaddress=subaddress,
            modulations=frozenset(m for m in ALL_MODULATIONS if self.min_speed <= m.bit_rate),
            max_bit_rate=fastest,
            ecm=self.ecm and ecm,
            frame_octets=self.frame_octets,
            codings=self.codings,
            resolutions=self.resolutions,
            widest=self.paper,
            judge=judge,
            rtp_share=self.rtp_share,
            rtn_share=self.rtn_share,
            longest_bad_run=self.longest_bad_run or None,
            rtn_policy=rtn_policy or self.rtn_policy,
            retransmissions=self.retransmissions,
            repeat_last_page=self.repeat_last_page,
            dis_tries=self.dis_tries or None,
            end_on_unknown_frame=self.end_on_unknown_frame,
        )
