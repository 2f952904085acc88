"""RCPT: whether an address is one of ours, and which number it means.

Pure; the dial plan is asked by an argument.  What a sender may dial is not decided here (a later policy's
business), only that the domain is an alias, that the local part is a fax address, and that a dial peer leads there.
The postmaster is always reachable (RFC 5321 4.5.1): his mail goes on to the configured address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandf import causes
from sandf.causes import Failure
from sandf.protocols.smtp.parameters import RecipientParameters
from sandf.protocols.smtp.paths import Mailbox
from sandf.protocols.t37.addresses import AddressError, FaxAddress, is_alias, parse_fax_address
from sandf.store.records import JobKind, NewJob

POSTMASTER = "postmaster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A recipient that is taken."""

    job: NewJob
    answer: str
    """The text of the 250."""


Screen = Callable[[Mailbox, RecipientParameters], Screened]
"""Judges one RCPT; raises :class:`sandf.causes.Failure`, whose cause is the reply."""


class Screening:
    """The usual :data:`Screen`.

    *aliases* and *postmaster* are asked each time, as a reload may change them.  *route* gives the digits that
    would be dialled for a number, as the sender may see them (he is told), or raises Failure (NO_DIAL_PEER,
    INVALID_NUMBER).  *wants_cover* turns what the address says of a cover page into what will be done.
    """

    def __init__(
        self,
        *,
        aliases: Callable[[], Iterable[str]],
        postmaster: Callable[[], str],
        route: Callable[[str], str],
        wants_cover: Callable[[bool | None], bool],
        plain_numbers: bool = False,
    ) -> None:
        self._aliases = aliases
        self._postmaster = postmaster
        self._route = route
        self._wants_cover = wants_cover
        self._plain_numbers = plain_numbers

    def __call__(self, mailbox: Mailbox, parameters: RecipientParameters) -> Screened:
        """Judge *mailbox*."""
        is_postmaster = mailbox.local_part.lower() == POSTMASTER
        if not (is_alias(mailbox.domain, self._aliases()) or (is_postmaster and not mailbox.domain)):
            raise Failure(causes.NOT_OUR_DOMAIN, mailbox.domain)
        if is_postmaster:
            return self._to_postmaster(mailbox, parameters)
        try:
            address = parse_fax_address(mailbox.local_part, plain_numbers=self._plain_numbers)
        except AddressError as error:
            raise Failure(causes.BAD_ADDRESS, str(error))
        return self._to_fax(mailbox, address, parameters)

    def _to_fax(self, mailbox: Mailbox, address: FaxAddress, parameters: RecipientParameters) -> Screened:
        digits = self._route(address.number)
        cover = "yes" if self._wants_cover(address.cover) else "no"
        job = NewJob(
            kind=JobKind.FAX,
            address=str(mailbox),
            called=address.number,
            subaddress=address.subaddress,
            cover=self._wants_cover(address.cover),
            notify=_notify(parameters),
            orcpt=_orcpt(parameters),
        )
        return Screened(job=job, answer=f"Recipient <{mailbox}> ok, maps to '{digits}' (cp={cover})")

    def _to_postmaster(self, mailbox: Mailbox, parameters: RecipientParameters) -> Screened:
        job = NewJob(
            kind=JobKind.MAIL,
            address=self._postmaster(),
            notify=_notify(parameters),
            orcpt=_orcpt(parameters) or f"rfc822;{mailbox}",
        )
        return Screened(job=job, answer=f"Recipient <{mailbox}> ok")


def _notify(parameters: RecipientParameters) -> tuple[str, ...] | None:
    if parameters.notify is None:
        return None
    return tuple(sorted(word.value for word in parameters.notify))


def _orcpt(parameters: RecipientParameters) -> str | None:
    original = parameters.original_recipient
    return None if original is None else f"{original.address_type};{original.address}"
