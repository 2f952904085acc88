"""The commands of ``sandf``.  Exit status: 0 all is well, 1 it failed, 2 the command line is wrong."""

from __future__ import annotations

import functools
import secrets
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from sandf import __version__
from sandf.config import Configuration, ConfigurationError, Severity, embedded, load
from sandf.config import Problem as ConfigurationProblem
from sandf.oam import queries
from sandf.oam.refusal import Refusal
from sandf.passwords import password_line

from .client import Answer, ControlClient, GatewayError
from .documents import LARGEST, describe
from .following import Bars, Follower, Lines, Recipients, final_sentence
from .terminal import ask_password, complain, is_terminal, say, say_json, with_config

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON.")
LONGEST_NAME = 200
"""Characters of an id, number or address that the control socket takes."""
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
Function = Callable[..., None]


Named = TypeVar("Named", str, tuple[str, ...])


def named(context: click.Context, parameter: click.Parameter, value: Named) -> Named:
    """*value*, an id, a number or an address, or several; a matter of usage where one is empty, or too long."""
    for text in (value,) if isinstance(value, str) else value:
        if not text.strip():
            raise click.BadParameter("It is empty.", context, parameter)
        if len(text) > LONGEST_NAME:
            raise click.BadParameter(f"It has more than {LONGEST_NAME} characters.", context, parameter)
    return value


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="sandf", message="%(prog)s %(version)s")
@click.option(
    "--config",
    type=EXISTING,
    help="The configuration of the gateway, which says where its control socket is. Without it: that of a gateway"
    " that was started in this folder without one.",
)
@click.pass_context
def main(context: click.Context, config: Path | None) -> None:
    """Look at a running sandf gateway, hand faxes in, and check configurations."""
    context.obj = config


def asks(function: Function) -> Function:
    """A command that speaks to the gateway: what goes wrong is one sentence and exit status 1.

    The first argument of *function* is the configuration file.
    """

    @functools.wraps(function)
    def asking(*arguments: Any, **keywords: Any) -> None:
        try:
            function(*arguments, **keywords)
        except GatewayError as error:
            if keywords.get("as_json"):
                say_json({"ok": False, "error": str(error), "cause": error.cause})
            else:
                complain(with_config(str(error), arguments[0] if arguments else None))
            raise SystemExit(1)

    return asking


def connect(config: Path | None) -> ControlClient:
    """A connection to the gateway with that configuration.  Raises GatewayError."""
    return ControlClient(_configuration(config).control_path)


def _configuration(config: Path | None) -> Configuration:
    if config is None:
        return embedded()
    try:
        return load(config)
    except ConfigurationError as error:
        errors = sum(problem.severity is Severity.ERROR for problem in error.problems)
        raise GatewayError(f"{config} has {errors} errors. See: sandf check-config {config}")


def _print_answer(answer: Answer, as_json: bool, config: Path | None) -> None:
    if as_json:
        say_json(answer["value"])
    else:
        say(with_config(answer["text"], config))


def _ask(config: Path | None, as_json: bool, command: str, **arguments: object) -> None:
    with connect(config) as gateway:
        _print_answer(gateway.ask(command, **arguments), as_json, config)


# Without a gateway.


@main.command("check-config")
@click.argument("file", type=EXISTING)
@AS_JSON
def check_config(file: Path, as_json: bool) -> None:
    """Say all that is wrong with the configuration FILE, and with the files that it names."""
    try:
        problems, well = load(file, files=True).warnings, True
    except ConfigurationError as error:
        problems, well = error.problems, False
    if as_json:
        say_json({"file": str(file), "ok": well, "problems": [_problem_value(problem) for problem in problems]})
    else:
        for problem in problems:
            say(_problem_text(file, problem))
        say(_verdict(file, problems, well))
    raise SystemExit(0 if well else 1)


def _problem_text(file: Path, problem: ConfigurationProblem) -> str:
    """``FILE:LINE: error: key: value: message``, as compilers write it and editors read it."""
    line = f":{problem.line}" if problem.line else ""
    said = ": ".join(filter(None, (problem.severity.value, problem.key_path, problem.value, problem.message)))
    return f"{file}{line}: {said}"


def _verdict(file: Path, problems: tuple[ConfigurationProblem, ...], well: bool) -> str:
    counts = {severity: sum(problem.severity is severity for problem in problems) for severity in Severity}
    words = [f"{count} {severity.value}{'s' * (count > 1)}" for severity, count in counts.items() if count]
    return f"{file}: {'good' if well else 'cannot be used'}{', ' if words else ''}{', '.join(words)}"


def _problem_value(problem: ConfigurationProblem) -> dict[str, object]:
    return {
        "severity": problem.severity.value,
        "line": problem.line,
        "key": problem.key_path,
        "value": problem.value,
        "message": problem.message,
    }


@main.command(short_help="Make a line for the file of users who may log in.")
@click.argument("name")
def password(name: str) -> None:
    """Print the line for the user NAME to append to the file that smtp.server.users names.

    Asks for the password twice, without echo; where standard input is no terminal, its first line is the password.
    """
    try:
        line = password_line(name, ask_password(), secrets.token_bytes(16))
    except ValueError as error:
        complain(f"{error}.")
        raise SystemExit(2)
    click.echo(line)


# Questions.


@main.command()
@AS_JSON
@click.pass_obj
@asks
def status(config: Path | None, as_json: bool) -> None:
    """See the gateway as a whole."""
    _ask(config, as_json, "status")


@main.command(epilog="\b\n" + queries.GRAMMAR, short_help="Ask the classic way, see show --help.")
@click.argument("words", nargs=-1, required=True)
@AS_JSON
@click.pass_obj
@asks
def show(config: Path | None, words: tuple[str, ...], as_json: bool) -> None:
    """Ask the classic way: show call active fax, show dial-peer voice ..."""
    try:
        queries.parse(words)
    except Refusal as refusal:
        complain(refusal.sentence)
        raise SystemExit(2)
    _ask(config, as_json, "show", words=" ".join(words))


@main.command(short_help="See the ladder of a call, a job or a fax.")
@click.argument("id", callback=named)
@click.option(
    "--pcap",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, allow_dash=True),
    help="Write the SIP and T.38 packets of the call to FILE, for Wireshark or tshark; - is standard output.",
)
@AS_JSON
@click.pass_obj
@asks
def trace(config: Path | None, id: str, pcap: str | None, as_json: bool) -> None:
    """See the ladder of the call, the job or the fax ID: every SIP message and T.30 frame with its time.

    With --pcap the packets of the call (of the last one of a job) go to a file instead.
    """
    if pcap is None:
        _ask(config, as_json, "trace", id=id)
        return
    with connect(config) as gateway:
        value = gateway.ask("capture", id=id)["value"]
    octets = b64decode(value.pop("octets"))
    with click.open_file(pcap, "wb") as file:
        file.write(octets)
    if as_json and pcap != "-":
        say_json({**value, "file": pcap, "size": len(octets)})
    elif pcap != "-":
        command = " ".join(["tshark -r", pcap, *(f"-d {one}" for one in value["decode_as"])])
        say(f"{pcap}: the packets of call {value['call']}, {len(octets)} octets. Read them with: {command}")


# Orders.


@main.command()
@click.argument("fax", callback=named)
@AS_JSON
@click.pass_obj
@asks
def release(config: Path | None, fax: str, as_json: bool) -> None:
    """Mail the received FAX that was withheld."""
    _ask(config, as_json, "release", fax=fax)


@main.command()
@click.argument("call", callback=named)
@AS_JSON
@click.pass_obj
@asks
def hangup(config: Path | None, call: str, as_json: bool) -> None:
    """End the live CALL in the orderly way of T.30."""
    _ask(config, as_json, "hangup", call=call)


@main.command()
@AS_JSON
@click.pass_obj
@asks
def reload(config: Path | None, as_json: bool) -> None:
    """Let the gateway read its configuration again; calls go on."""
    _ask(config, as_json, "reload")


@main.command()
@click.argument("jobs", nargs=-1, required=True, callback=named)
@AS_JSON
@click.pass_obj
@asks
def watch(config: Path | None, jobs: tuple[str, ...], as_json: bool) -> None:
    """Follow the fax JOBS until each has ended or is put off."""
    with connect(config) as gateway:
        _follow(gateway, config, "watch", as_json, jobs=list(jobs))


@main.command(short_help="Fax files and follow them, page by page.")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(dir_okay=False, exists=True, allow_dash=True))
@click.option(
    "--to", required=True, multiple=True, callback=named, metavar="NUMBER|ADDRESS", help="Whom to fax; may be repeated."
)
@click.option("--from", "sender", default="", metavar="ADDRESS", help="Your mail address; notices go there.")
@click.option("--subject", default="", help="For the cover page.")
@click.option("--text", default="", help="Text before the files.")
@click.option("--cover/--no-cover", default=None, help="With or without a cover page, if the gateway lets you say.")
@click.option("--no-wait", is_flag=True, help="Do not follow the fax; exit as soon as it is accepted.")
@AS_JSON
@click.pass_obj
@asks
def send(
    config: Path | None,
    files: tuple[str, ...],
    to: tuple[str, ...],
    sender: str,
    subject: str,
    text: str,
    cover: bool | None,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Fax FILEs (PDF, TIFF, PNG, JPEG, text; - is standard input) and follow them, page by page.

    Exit status 0 if all is delivered (or accepted, with --no-wait), 1 if not.
    """
    if not files and not text:
        raise click.UsageError("Name a FILE to fax, or give --text.")
    contents = [_octets(name) for name in files]
    if sum(map(len, contents)) > LARGEST:
        raise GatewayError(f"These files have more than {LARGEST // 1024 // 1024} MiB. Send them one by one.")
    with connect(config) as gateway:
        _follow(
            gateway,
            config,
            "send",
            as_json,
            to=list(to),
            documents=[describe(name, octets) for name, octets in zip(files, contents, strict=True)],
            sender=sender,
            subject=subject,
            text=text,
            cover=cover,
            wait=not no_wait,
        )


def _octets(name: str) -> bytes:
    with click.open_file(name, "rb") as file:
        octets: bytes = file.read(LARGEST + 1)
    return octets


def _follow(gateway: ControlClient, config: Path | None, command: str, as_json: bool, **arguments: object) -> None:
    """Show what happens to the jobs, then how they stand, and leave with the exit status for it."""
    recipients = Recipients()
    follower = _follower(recipients, as_json)
    try:
        with follower:
            answer = gateway.follow(follower.told, command, arguments)
    except KeyboardInterrupt:
        jobs = " ".join(recipients.by_job)
        hint = f"The gateway goes on with it. Follow it with: sandf watch {jobs}" if jobs else "Interrupted."
        complain(with_config(hint, config))
        raise SystemExit(1)
    jobs = answer["value"]["jobs"]
    if as_json:
        say_json(answer["value"])
    else:
        for job in jobs:
            say(with_config(final_sentence(job, recipients), config))
    well = all(job.get("delivered") or job["step"] == "queued" for job in jobs)
    raise SystemExit(0 if well else 1)


def _follower(recipients: Recipients, as_json: bool) -> Follower:
    if as_json:
        return Lines(recipients, lambda text: None)
    if is_terminal():
        return Bars(recipients, Console(stderr=True, highlight=False))
    return Lines(recipients, lambda text: say(text))
