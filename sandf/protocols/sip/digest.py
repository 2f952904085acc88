"""Digest authentication as a client answers it (RFC 3261 22, RFC 7616, RFC 8760).

One :class:`DigestClient` serves a trunk.  It answers challenges, and remembers nonces and how often each was used, so
that later requests carry credentials at once.  Of several challenges of one realm it answers that of the strongest
algorithm, whatever their order: RFC 8760 2.4 lets local policy choose, and nobody on the way can talk us down.

What this module does not do: count CSeq or send the request again (whoever owns the request does), copy credentials
into an ACK (RFC 3261 22.1 wants those of the INVITE unchanged), verify a server (rspauth), challenge anybody, hash user
names (userhash).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sipmessage import Request, Response

_ALGORITHMS = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
"""Names of RFC 8760 and of hashlib, the strongest first."""

_SESSION = "-SESS"
_CREDENTIALS = {False: "Authorization", True: "Proxy-Authorization"}
_CHALLENGES = {"WWW-Authenticate": False, "Proxy-Authenticate": True}

_MOST_REALMS = 16
_MOST_NONCES = 256
_MOST_REQUESTS = 2_000
"""Requests under way of which is known what they were tried with; more than a trunk has calls."""
_MOST_STALE = 1
"""Times that one and the same request is begun anew because its nonce is said to be stale."""

_SpaceName = tuple[bool, str]
"""Whether it is that of a proxy, and the realm."""

_TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]+"
_SCHEME = re.compile(rf"\s*({_TOKEN})(?:\s+|$)(?!=)")
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",\s]*))\s*(?:,|$)')


class DigestError(ValueError):
    """The response has Digest challenges, and none of them can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What one WWW-Authenticate or Proxy-Authenticate asks for.

    Texts are what stood between the quotation marks, backslashes and all: so they are hashed and sent back.
    """

    realm: str
    nonce: str
    opaque: str | None = None
    algorithm: str = ""
    """As the server spells it; empty where it names none, which means MD5."""
    qop: tuple[str, ...] = ()
    """Empty: the server is of RFC 2069."""
    stale: bool = False
    proxy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who we are to the servers of *realm*, or to any (empty).  Raises ValueError for control characters."""

    username: str
    password: str = field(repr=False)
    realm: str = ""

    def __post_init__(self) -> None:
        if any(ord(char) < 32 or ord(char) == 127 for char in self.username + self.realm):
            raise ValueError("control characters in a user name or realm")


def parse_challenges(response: Response) -> list[Challenge]:
    """The Digest challenges of *response* in their order; other schemes, and bad ones beside good ones, are skipped.

    Raises DigestError if there are only bad ones.
    """
    found: list[Challenge] = []
    fault = ""
    for header, proxy in _CHALLENGES.items():
        for value in response.headers.getlist(header):
            for scheme, parameters in _read_challenges(value):
                if scheme != "digest":
                    continue
                try:
                    found.append(_challenge(parameters, proxy))
                except DigestError as error:
                    fault = f"{header}: {error}"
    if fault and not found:
        raise DigestError(fault)
    return found


def _challenge(parameters: dict[str, str], proxy: bool) -> Challenge:
    if not parameters.get("nonce") or "realm" not in parameters:
        raise DigestError("a challenge without realm or nonce")
    return Challenge(
        realm=parameters["realm"],
        nonce=parameters["nonce"],
        opaque=parameters.get("opaque"),
        algorithm=parameters.get("algorithm", ""),
        qop=tuple(option.strip().lower() for option in parameters.get("qop", "").split(",") if option.strip()),
        stale=parameters.get("stale", "").lower() == "true",
        proxy=proxy,
    )


def _read_challenges(value: str) -> list[tuple[str, dict[str, str]]]:
    """Schemes (lower case) with their parameters; several challenges may stand in one header field (RFC 7235 4.1)."""
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while at < len(value):
        if parameter := _PARAMETER.match(value, at):
            if found:
                text = parameter[3] if parameter[2] is None else parameter[2]
                found[-1][1].setdefault(parameter[1].lower(), text)
            at = parameter.end()
        elif scheme := _SCHEME.match(value, at):
            found.append((scheme[1].lower(), {}))
            at = scheme.end()
        else:
            comma = value.find(",", at)
            at = len(value) if comma < 0 else comma + 1
    return found


def _parameters(value: str) -> dict[str, str]:
    """The parameters of the first scheme in *value*."""
    found = _read_challenges(value)
    return found[0][1] if found else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """The latest credentials of one request in one protection space."""

    nonce: str
    answering: bool
    """They answered the challenge that brought the nonce; else they went out unasked."""
    stale: int = 0
    """Times that the server said stale."""


@dataclass(slots=True)
class _Space:
    """A protection space: the challenge that holds in it."""

    challenge: Challenge
    cnonce: str
    """For -sess, whose key is made once, of the first cnonce (RFC 7616 3.4.2)."""


class DigestClient:
    """Credentials for the requests of one trunk."""

    def __init__(self) -> None:
        self._spaces: dict[_SpaceName, _Space] = {}
        self._counts: dict[str, int] = {}
        self._tried: dict[tuple[str, str], dict[_SpaceName, _Tried]] = {}

    def authorise_known(self, request: Request, credentials: Credentials | None, token: Callable[[], str]) -> None:
        """Put credentials into a new *request* for every realm whose nonce is known; *token* gives a cnonce.

        To be called for each new request, be anything known or not, and never for one that goes out again after a
        challenge: answers to it are counted from here.
        """
        tried = self._trying(request)
        tried.clear()
        for name, space in self._spaces.items():
            if credentials is not None and _suits(credentials, space.challenge):
                self._put(request, space, credentials, token())
                tried[name] = _Tried(nonce=space.challenge.nonce, answering=False)

    def answer(
        self, challenges: Sequence[Challenge], request: Request, credentials: Credentials, *, cnonce: str
    ) -> bool:
        """Put credentials for *challenges* into *request*, which goes out again after 401 or 407.

        So do those for other realms that it had before (RFC 3261 22.3).  It is known by Call-ID and method.

        False, and the request as it was, if there is no sense in sending it again: these credentials were refused
        already, they are for another realm, or the server knows no algorithm that we know.
        """
        names = dict.fromkeys((challenge.proxy, challenge.realm) for challenge in challenges)
        chosen = {name: found for name in names if (found := _strongest(challenges, name))}
        tried = self._trying(request)
        if not chosen or len(chosen) < len(names) or not all(_suits(credentials, one) for one in chosen.values()):
            return False
        if any(name in tried and _refused(challenge, tried[name]) for name, challenge in chosen.items()):
            return False
        for name, challenge in chosen.items():
            stale = tried[name].stale + challenge.stale if name in tried else 0
            tried[name] = _Tried(nonce=challenge.nonce, answering=True, stale=stale)
            self._learn(challenge, cnonce)
        for name in tried:
            if name in self._spaces:
                self._put(request, self._spaces[name], credentials, cnonce)
        return True

    def _trying(self, request: Request) -> dict[_SpaceName, _Tried]:
        """What *request* was sent with so far."""
        key = (request.headers.get("Call-ID") or "", request.method)
        self._tried[key] = tried = self._tried.pop(key, {})
        _forget(self._tried, _MOST_REQUESTS)
        return tried

    def _learn(self, challenge: Challenge, cnonce: str) -> None:
        name = (challenge.proxy, challenge.realm)
        old = self._spaces.pop(name, None)
        if old and old.challenge.nonce == challenge.nonce:
            cnonce = old.cnonce
        self._spaces[name] = _Space(challenge, cnonce)
        _forget(self._spaces, _MOST_REALMS)

    def _put(self, request: Request, space: _Space, credentials: Credentials, cnonce: str) -> None:
        challenge = space.challenge
        if _is_session(challenge):
            space.cnonce = cnonce = space.cnonce or cnonce
        header = _CREDENTIALS[challenge.proxy]
        values = request.headers.getlist(header)
        others = [value for value in values if _parameters(value).get("realm") != challenge.realm]
        count = self._counted(challenge.nonce)
        request.headers.setlist(header, [*others, _authorization(challenge, request, credentials, cnonce, count)])

    def _counted(self, nonce: str) -> int:
        """How many requests *nonce* has served, this one included."""
        self._counts[nonce] = count = self._counts.pop(nonce, 0) + 1
        _forget(self._counts, _MOST_NONCES)
        return count


def _refused(challenge: Challenge, tried: _Tried) -> bool:
    """Whether *challenge* refuses the credentials themselves (RFC 3261 22.3), and not their nonce.

    Servers that forget to say stale are not rare: a nonce that went out unasked is taken to be old if another comes.
    """
    if challenge.stale:
        return tried.stale >= _MOST_STALE
    return tried.answering or tried.nonce == challenge.nonce


def _forget(remembered: dict[Any, Any], most: int) -> None:
    """Drop the oldest of what is remembered where it has become too much."""
    if len(remembered) > most:
        del remembered[next(iter(remembered))]


def _strongest(challenges: Sequence[Challenge], name: _SpaceName) -> Challenge | None:
    """The challenge of the strongest algorithm for one space; None if we know none of them."""
    names = list(_ALGORITHMS)
    usable = [
        challenge
        for challenge in challenges
        if (challenge.proxy, challenge.realm) == name
        and _base_name(challenge) in _ALGORITHMS
        and _qop(challenge) is not None
    ]
    return min(usable, key=lambda challenge: names.index(_base_name(challenge)), default=None)


def _suits(credentials: Credentials, challenge: Challenge) -> bool:
    return credentials.realm in ("", challenge.realm)


def _base_name(challenge: Challenge) -> str:
    return (challenge.algorithm or "MD5").upper().removesuffix(_SESSION)


def _is_session(challenge: Challenge) -> bool:
    return challenge.algorithm.upper().endswith(_SESSION)


def _qop(challenge: Challenge) -> str | None:
    """Which quality of protection to answer with: empty for none, None if we know none that is offered."""
    if not challenge.qop:
        return ""
    return next((option for option in ("auth", "auth-int") if option in challenge.qop), None)


def _authorization(challenge: Challenge, request: Request, credentials: Credentials, cnonce: str, count: int) -> str:
    """The value of Authorization or Proxy-Authorization (RFC 3261 25.1: algorithm, qop and nc are not quoted)."""
    uri = str(request.uri)
    qop = _qop(challenge) or ""
    nc = f"{count:08x}"
    parts = [
        f'username="{_escaped(credentials.username)}"',
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{uri}"',
        f'response="{_response(challenge, request, credentials, cnonce, nc)}"',
    ]
    if challenge.algorithm:
        parts.append(f"algorithm={challenge.algorithm}")
    if qop or _is_session(challenge):
        parts.append(f'cnonce="{cnonce}"')
    if challenge.opaque is not None:
        parts.append(f'opaque="{challenge.opaque}"')
    if qop:
        parts += [f"qop={qop}", f"nc={nc}"]
    return "Digest " + ", ".join(parts)


def _response(challenge: Challenge, request: Request, credentials: Credentials, cnonce: str, nc: str) -> str:
    """The request-digest (RFC 7616 3.4.1 to 3.4.3; without qop RFC 2069 2.1.2)."""

    def hashed(*parts: str | bytes) -> str:
        octets = b":".join(part if isinstance(part, bytes) else _octets(part) for part in parts)
        return hashlib.new(_ALGORITHMS[_base_name(challenge)], octets, usedforsecurity=False).hexdigest()

    key = hashed(credentials.username, challenge.realm, credentials.password)
    if _is_session(challenge):
        key = hashed(key, challenge.nonce, cnonce)
    qop = _qop(challenge) or ""
    message = [request.method, str(request.uri)]
    if qop == "auth-int":
        message.append(hashed(request.body))
    between = (nc, cnonce, qop) if qop else ()
    return hashed(key, challenge.nonce, *between, hashed(*message))


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
