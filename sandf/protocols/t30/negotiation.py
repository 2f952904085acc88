"""What two terminals have in common: own settings and the far DIS or DTC give the forms a page may have, and a page
and a speed give the DCS.

T.6 needs ECM: without it the best on offer is MR, whoever asked for MMR (T.30 Table 2, bit 31 and its note).

What this module does not do: it keeps no state; the far terminal's latest DIS or DTC is an argument.
"""

from __future__ import annotations

from sandf.protocols.t4.form import Coding, Paper, Resolution

from .capabilities import Capabilities, Parameters
from .events import OutgoingPage, PageOffer
from .modems import ALL_MODULATIONS, ladder
from .picture import Length, ScanLineTime
from .pump import Modulation
from .settings import TerminalSettings

_PAPERS = (Paper.A4, Paper.B4, Paper.A3)
_LENGTHS = (Length.A4, Length.B4, Length.UNLIMITED)


def own_capabilities(settings: TerminalSettings, *, can_transmit: bool, can_receive: bool) -> Capabilities:
    """What our DIS or DTC says."""
    resolutions = settings.resolutions
    systems: dict[str, int] = {}
    for modulation in ALL_MODULATIONS:
        systems[modulation.system] = max(systems.get(modulation.system, 0), modulation.bit_rate)
    # A modem is offered with all its rates or not at all; V.27ter is offered at 2400 alone as the fall-back mode.
    modulations = frozenset(
        m
        for m in settings.modulations
        if m.bit_rate <= settings.max_bit_rate
        and (systems[m.system] <= settings.max_bit_rate or m is Modulation.V27TER_2400)
    )
    return Capabilities(
        can_transmit=can_transmit,
        can_receive=can_receive,
        modulations=modulations,
        fine=bool({Resolution.FINE, Resolution.INCH_200} & resolutions),
        superfine=bool({Resolution.SUPERFINE, Resolution.INCH_200X400} & resolutions),
        dots_300=Resolution.INCH_300 in resolutions,
        dots_400=bool({Resolution.R16, Resolution.INCH_400} & resolutions),
        inch=any(not r.metric for r in resolutions if r is not Resolution.INCH_300),
        metric=any(r.metric for r in resolutions if r is not Resolution.STANDARD),
        two_dimensional=bool({Coding.MR, Coding.MMR} & set(settings.codings)),
        widest=settings.widest,
        longest=settings.longest,
        scan_line_time=settings.scan_line_time,
        scan_halves=settings.scan_halves,
        ecm=settings.ecm,
        prefers_64_octets=settings.ecm and settings.frame_octets == 64,
        t6=settings.ecm and Coding.MMR in settings.codings,
        selective_polling=bool(can_transmit and settings.selective_polling),
        subaddress=can_receive,
        password=bool(settings.password),
    )


def speeds(settings: TerminalSettings, far: Capabilities) -> tuple[Modulation, ...]:
    """The ladder of modulations both have, best first."""
    return ladder(settings.modulations & far.modulations, settings.max_bit_rate)


def page_offer(settings: TerminalSettings, far: Capabilities) -> PageOffer:
    """The forms of a page that both can do."""
    ecm = settings.ecm and far.ecm
    wanted = settings.codings
    if Coding.MMR in wanted and not (ecm and far.t6):
        # Asked for MMR where it cannot be had, MR is the next best even if it was not named.
        wanted = tuple(dict.fromkeys(Coding.MR if coding is Coding.MMR else coding for coding in wanted))
    codings = tuple(c for c in wanted if c is not Coding.MR or far.two_dimensional)
    papers = _PAPERS[: min(_PAPERS.index(settings.widest), _PAPERS.index(far.widest)) + 1]
    common = (r for r in Resolution if r in settings.resolutions and far.accepts(r))
    resolutions = sorted(common, key=lambda r: (r.x * r.y, r.metric), reverse=True)
    return PageOffer(
        ecm=ecm,
        codings=codings or (Coding.MH,),
        resolutions=tuple(resolutions) or (Resolution.STANDARD,),
        papers=papers,
        length=_LENGTHS[min(_LENGTHS.index(settings.longest), _LENGTHS.index(far.longest))],
        scan_line_time=ScanLineTime.MS_0 if ecm else far.scan_line_time,
        scan_halves=far.scan_halves,
        bit_rate=speeds(settings, far)[0].bit_rate,
    )


def fits(page: OutgoingPage, offer: PageOffer) -> bool:
    """Whether the form of *page* is one of *offer*."""
    form = page.form
    return form.coding in offer.codings and form.resolution in offer.resolutions and form.paper in offer.papers


def command(settings: TerminalSettings, far: Capabilities, page: OutgoingPage, modulation: Modulation) -> Parameters:
    """The DCS for *page* at *modulation*."""
    offer = page_offer(settings, far)
    return Parameters(
        modulation=modulation,
        ecm=offer.ecm,
        frame_octets=64 if offer.ecm and (settings.frame_octets == 64 or far.prefers_64_octets) else 256,
        form=page.form,
        length=offer.length,
        scan_line_ms=offer.scan_line_time.milliseconds(page.form.resolution, half_again=offer.scan_halves),
        with_subaddress=bool(settings.subaddress and far.subaddress),
        with_sender_id=bool(settings.sender_id and far.password),
    )
