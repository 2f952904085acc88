"""Prints the summary of the covering set: ``python -m tests.matrix [--json]``."""

from __future__ import annotations

import click
import msgspec

from .results import Summary, summary


def _line(each: Summary) -> str:
    others = ", ".join(f"{count} {name}" for name, count in each.others.items())
    return f"{each.kind:24}{each.runs:6}{each.exact:7}  {others}".rstrip()


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def main(as_json: bool) -> None:
    """Make the runs of the covering set and count how they ended, by kind of damage."""
    found = summary()
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    print(f"{'damage':24}{'runs':>6}{'exact':>7}  others")
    for each in found:
        print(_line(each))


if __name__ == "__main__":
    main()
