"""What the applications are configured with; ``tap`` makes it from the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandf.callcontrol.primitives import HeaderLine


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverSettings:
    """``[fax.send]`` cover page words (classic ``fax send coverpage``)."""

    enable: bool = False
    e_mail_controllable: bool = False
    show_detail: bool = False
    comment: str = ""

    def wanted(self, asked: bool | None) -> bool:
        """Whether there is a cover page, where the address asks for one (True), for none (False), or says nothing.

        Decided once, when the recipient is accepted: the pages of all attempts are counted with it.
        """
        return asked if self.e_mail_controllable and asked is not None else self.enable


@dataclass(frozen=True, slots=True, kw_only=True)
class OffRampSettings:
    """How faxes are sent."""

    transmitting_subscriber: str = ""
    """TSI; ``$s$`` stands for the number in the sender's address."""
    header: HeaderLine = field(default_factory=HeaderLine)
    cover: CoverSettings = field(default_factory=CoverSettings)
    max_speed: int = 14400
    """bit/s"""
    ecm: bool = True
    answer_timeout: float = 60.0
    """Seconds to let the far end ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRampSettings:
    """How faxes are received and mailed."""

    called_subscriber: str = ""
    """CSI; ``$d$`` stands for the called number."""
    success_fax_only: bool = False
    """Withhold the mail of a fax that did not come whole."""
    filename: str = "fax.tif"
    filename_date: bool = False
    """Put ``_yyyymmdd`` before the extension."""
    domain: str = "localhost"
    """For session targets that name none."""
