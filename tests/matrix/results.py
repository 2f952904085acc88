"""What is kept of a run, and the summary of the covering set for the documentation.

What this module does not do: it decides nothing; :mod:`.laws` and :mod:`.permitted` do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from sandf.protocols.t30.outcomes import Outcome

from . import documents
from .calls import Call, Run
from .impairments import Kind
from .laws import broken, is_good
from .sets import covering_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run went."""

    run: Run
    wrong: tuple[str, ...]
    """The laws that were broken, in words."""
    transmitter: str
    receiver: str
    """Names of the outcomes."""
    exact: bool
    """Whether the receiver has every page as it was sent, and the transmitter knows."""

    def __str__(self) -> str:
        return f"{self.run}: {self.transmitter}, {self.receiver}: {'; '.join(self.wrong) or 'as it must be'}"


def result_of(run: Run) -> Result:
    """Make *run*."""
    call = Call(run)
    transmitter, receiver = call.outcomes
    received = [page.octets.rstrip(b"\0") for page in call.receiving.received if is_good(page)]
    return Result(
        run=run,
        wrong=tuple(broken(call)),
        transmitter=transmitter.name if transmitter else "no end",
        receiver=receiver.name if receiver else "no end",
        exact=transmitter is Outcome.COMPLETED and received == list(documents.expected(run.case)),
    )


@cache
def covering_results() -> tuple[Result, ...]:
    """All runs of the covering set."""
    return tuple(map(result_of, covering_runs()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The runs with one kind of damage."""

    kind: str
    runs: int = 0
    exact: int = 0
    """Those in which every page arrived as it was sent, and the transmitter knows."""
    wrong: int = 0
    """Those in which a law was broken."""
    others: dict[str, int] = field(default_factory=dict)
    """How the transmitter ended in the others: the name of its outcome, and how often."""


def summary(results: Iterable[Result] | None = None) -> list[Summary]:
    """The *results* (those of the covering set, if none are given) by kind of damage."""
    found = covering_results() if results is None else tuple(results)
    return [_summary(kind, [result for result in found if result.run.impairment.kind is kind]) for kind in Kind]


def _summary(kind: Kind, results: list[Result]) -> Summary:
    others = Counter(result.transmitter for result in results if not result.exact)
    return Summary(
        kind=kind.value,
        runs=len(results),
        exact=sum(result.exact for result in results),
        wrong=sum(bool(result.wrong) for result in results),
        others=dict(sorted(others.items())),
    )
