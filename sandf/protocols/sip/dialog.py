"""Dialogs (RFC 3261 12): who talks to whom, by which way, and the numbers of their requests.

A dialog builds the requests within it and checks those that come.  It is early until a 2xx has passed; its life
belongs to whoever uses it (:mod:`.session`).  What it is made of is read when it is made, so that nothing is left
that could turn out unreadable later.

What this module does not do: send, and choose addresses: :meth:`Dialog.next_uri` says where a request goes first.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipmessage import URI, Request, Response

from .fields import named_address, parameters_of
from .message import cseq_of
from .values import MessageError, split_values, tag_of, uri_of

MAX_FORWARDS = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One element of a route set."""

    written: str
    """As it stood in Record-Route, and goes into Route."""
    uri: URI
    loose: bool
    """Whether the element that put it there is a loose router (16.12.1)."""


class Dialog:
    """One dialog as one of its ends keeps it."""

    def __init__(
        self,
        *,
        call_id: str,
        local: str,
        remote: str,
        target: URI,
        routes: list[Route],
        local_number: int = 0,
        remote_number: int = -1,
    ) -> None:
        self.call_id = call_id
        self.local = local
        """Our From (or To), tag included."""
        self.remote = remote
        """Theirs."""
        self.target = target
        """Request-URI of what we send: the Contact of the other end."""
        self.routes = routes
        """The route set, in the order of our Route header fields."""
        self.local_number = local_number
        """CSeq number of our latest request."""
        self.remote_number = remote_number
        """Of theirs; -1 before the first."""

    @property
    def remote_tag(self) -> str:
        """Empty for an end that speaks RFC 2543."""
        return tag_of(self.remote)

    @classmethod
    def of_caller(cls, request: Request, response: Response) -> Dialog:
        """The dialog that *response* to our INVITE makes (12.1.2).

        Raises MessageError without a Contact, or with a Contact or Record-Route that cannot be read.
        """
        return cls(
            call_id=request.call_id,
            local=request.headers["From"],
            remote=response.headers["To"],
            target=contact_of(response),
            routes=_routes(response)[::-1],
            local_number=cseq_of(request)[0],
        )

    @classmethod
    def of_unreadable(cls, request: Request, response: Response) -> Dialog:
        """What a 2xx for which :meth:`of_caller` raises makes: as much as its ACK and a BYE need, without routes."""
        return cls(
            call_id=request.call_id,
            local=request.headers["From"],
            remote=response.headers["To"],
            target=_contact_or(response, request.uri),
            routes=[],
            local_number=cseq_of(request)[0],
        )

    @classmethod
    def of_called(cls, request: Request, tag: str) -> Dialog:
        """The dialog that our response with *tag* to their INVITE makes (12.1.1).  Raises as :meth:`of_caller`."""
        return cls(
            call_id=request.call_id,
            local=f"{request.headers['To']};tag={tag}",
            remote=request.headers["From"],
            target=contact_of(request),
            routes=_routes(request),
            remote_number=cseq_of(request)[0],
        )

    def confirm(self, response: Response) -> None:
        """A 2xx makes an early dialog of ours a confirmed one, by the routes in it (13.2.2.4).  Raises MessageError."""
        self.routes = _routes(response)[::-1]
        self.refresh(response)

    def request(self, method: str, *, number: int | None = None) -> Request:
        """A request within the dialog (12.2.1.1), the next one, or ACK and CANCEL with the *number* they belong to."""
        if number is None:
            self.local_number += 1
            number = self.local_number
        routes = [route.written for route in self.routes]
        strict = bool(self.routes) and not self.routes[0].loose
        request = Request(method, self.routes[0].uri if strict else self.target)
        headers = request.headers
        headers.add("Max-Forwards", str(MAX_FORWARDS))
        for route in [*routes[1:], f"<{self.target}>"] if strict else routes:
            headers.add("Route", route)
        headers.add("From", self.local)
        headers.add("To", self.remote)
        headers.add("Call-ID", self.call_id)
        headers.add("CSeq", f"{number} {method}")
        return request

    def next_uri(self) -> URI:
        """Where requests are sent first: the top route, or the target (12.2.1.1, 8.1.2)."""
        return self.routes[0].uri if self.routes else self.target

    def takes(self, request: Request) -> bool:
        """Note the CSeq number of *request*; False for one that is out of order (12.2.2), which gets 500."""
        number = cseq_of(request)[0]
        if number <= self.remote_number:
            return False
        self.remote_number = number
        return True

    def refresh(self, message: Request | Response) -> None:
        """A target refresh (12.2): a re-INVITE or UPDATE, or the 2xx to ours, may bring a new Contact.

        It must have one; without one that can be read the old one still holds.
        """
        self.target = _contact_or(message, self.target)


def contact_of(message: Request | Response) -> URI:
    """The URI of the first Contact.  Raises MessageError where there is none that can be used."""
    values = [value for field in message.headers.getlist("Contact") for value in split_values(field)]
    if not values:
        raise MessageError("Contact is missing")
    return uri_of(named_address(values[0]).uri)


def _contact_or(message: Request | Response, other: URI) -> URI:
    try:
        return contact_of(message)
    except MessageError:
        return other


def _routes(message: Request | Response) -> list[Route]:
    values = [value for field in message.headers.getlist("Record-Route") for value in split_values(field)]
    return [_route(value) for value in values]


def _route(value: str) -> Route:
    text = named_address(value).uri
    return Route(written=value, uri=uri_of(text), loose="lr" in parameters_of(text.partition(";")[2]))
