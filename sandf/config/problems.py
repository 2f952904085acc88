"""What is wrong with a configuration, one value for each thing."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

_SECRET = re.compile(r"password|passwd|secret|token", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(//[^/@:]*):[^@]*@")


class Severity(enum.Enum):
    """Whether the gateway can start all the same."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, or looks wrong."""

    key_path: str
    """Where: ``smtp.server.listen[0]``; empty for the file as a whole."""
    value: str
    """What stands there, as TOML would write it, passwords masked; empty if nothing does."""
    message: str
    """What is wrong with it and what is allowed."""
    severity: Severity = Severity.ERROR
    line: int | None = None
    """Line in the file, from 1; None if it is not known."""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        key = f"{self.key_path}: " if self.key_path else ""
        value = f"{self.value}: " if self.value else ""
        return f"{self.severity.value}: {place}{key}{value}{self.message}"


class ConfigurationError(Exception):
    """A configuration that cannot be used; ``problems`` are all of them, warnings too, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def shown(key_path: str, value: object) -> str:
    """*value* for people: shortened, and masked where the key or a URL in it speaks of a secret."""
    if isinstance(value, (dict, list)):
        return "[]" if value == [] else "a table" if isinstance(value, dict) else "a list"
    if _SECRET.search(key_path.rpartition(".")[2]):
        return "***"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return str(value)
    text = _PASSWORD_IN_URL.sub(r"\1:***@", value)
    return f'"{text[:57]}..."' if len(text) > 60 else f'"{text}"'
