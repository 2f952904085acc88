"""Reading a configuration, whole: text to tables to settings to checks, with all problems at once."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from .checks import check
from .embedded import EMBEDDED
from .files import check_files
from .lines import key_lines, line_of
from .problems import ConfigurationError, Problem, Severity
from .reading import Reader
from .settings import Configuration


def load(source: str | Path, *, files: bool = False) -> Configuration:
    """The configuration in the TOML text *source*, or in the file at the path *source*.

    Raises :class:`ConfigurationError` with every problem if there is an error among them; warnings alone are left in
    ``Configuration.warnings``.  With *files* the files that it names are looked into too, as who starts a gateway needs
    them; a relative path is below the working directory.
    """
    text = _text(source)
    raw = _tables(text)
    reader = Reader()
    settings = reader.table(Configuration, {key: raw[key] for key in raw if key != "warnings"}, "")
    if "warnings" in raw:
        reader.problems.append(Problem(key_path="warnings", value="", message="there is no such key"))
    told = {problem.key_path for problem in reader.problems}
    further = [
        problem
        for problem in [*check(settings, raw), *(check_files(settings) if files else [])]
        if problem.key_path not in told
    ]
    problems = _placed(reader.problems + further, text)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ConfigurationError(problems)
    return Configuration(**{**_fields(settings), "warnings": problems})


def embedded() -> Configuration:
    """The configuration of a gateway without a file: loopback only, a store under ``./var/``, a virtual exchange."""
    return load(EMBEDDED)


def _text(source: str | Path) -> str:
    if isinstance(source, str):
        return source
    try:
        return source.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{source}: the file cannot be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        message = f"{source}: not UTF-8, which TOML is written in, from octet {error.start + 1} on"
    raise ConfigurationError((Problem(key_path="", value="", message=message),))


def _tables(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError((Problem(key_path="", value="", message=f"not TOML: {error}"),))


def _placed(problems: list[Problem], text: str) -> tuple[Problem, ...]:
    """*problems* with their lines, in the order of the file; what has no line comes first."""
    lines = key_lines(text)
    found = [replace(problem, line=line_of(problem.key_path, lines)) for problem in problems]
    return tuple(sorted(found, key=lambda problem: problem.line or 0))


def _fields(settings: Configuration) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}
