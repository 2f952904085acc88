"""Terminals that ask for a minimum scan line time, as those with a mechanical printer do; ours do not."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sandf.fmsp.settings import FaxSettings
from sandf.protocols.t30.picture import ScanLineTime
from sandf.protocols.t30.settings import Judge, RtnPolicy, TerminalSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowPrinter(FaxSettings):
    """*scan_line_time* goes into DIS."""

    scan_line_time: ScanLineTime = ScanLineTime.MS_20

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
        settings = FaxSettings.terminal(
            self,
            ident=ident,
            subaddress=subaddress,
            max_speed=max_speed,
            ecm=ecm,
            rtn_policy=rtn_policy,
            judge=judge,
        )
        return replace(settings, scan_line_time=self.scan_line_time)
