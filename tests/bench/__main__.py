"""Runs the benches: ``python -m tests.bench [NAME ...] [--json-only]``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click
import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.task import react

from . import air_time, fax, mail, memory, rendering, storing, t38_packets
from .figures import Result, Skipped, as_json, machine, print_table

Bench = Callable[[], list[Result] | Awaitable[list[Result]]]
BENCHES: dict[str, Bench] = {
    "t30": fax.t30,
    "judging": fax.judging,
    "air": air_time.air,
    "t38": t38_packets.packets,
    "smtp": mail.smtp,
    "store": storing.store,
    "memory": memory.memory,
    "rendering": rendering.rendering,
}


async def _results(name: str) -> list[Result]:
    """What a bench measured; one that fails says why and the others go on."""
    try:
        results = BENCHES[name]()
        return await results if inspect.isawaitable(results) else results
    except Exception as error:
        return [Skipped(name=name, skipped=f"failed: {type(error).__name__}: {error}")]


async def _run(names: tuple[str, ...], json_only: bool) -> None:
    about = machine()
    print(msgspec.json.encode(about).decode(), flush=True)
    results: list[Result] = []
    for name in names or BENCHES:
        if not json_only and sys.stderr.isatty():
            print(f"... {name}", end="\r", file=sys.stderr, flush=True)
        for result in await _results(name):
            print(as_json(result), flush=True)
            results.append(result)
    if not json_only:
        print()
        print_table(about, results)


def _help() -> str:
    lines = ["Measure this gateway on this machine.", "", "\b"]
    return "\n".join(
        lines + [f"{name:11}{(inspect.getdoc(bench) or '').splitlines()[0]}" for name, bench in BENCHES.items()]
    )


@click.command(help=_help())
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)), metavar="[NAME]...")
@click.option("--json-only", is_flag=True, help="Print JSON lines and no table.")
def main(names: tuple[str, ...], json_only: bool) -> None:
    """Run the benches; the exit status does not depend on the figures."""

    def run(reactor: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(_run(names, json_only))

    react(run)


if __name__ == "__main__":
    main()
