"""A wish of the operator that cannot be granted."""

from __future__ import annotations


class Refusal(Exception):
    """Says why, and what to do, in one sentence; *cause* is a number of :mod:`sandf.causes`, None if none fits."""

    def __init__(self, sentence: str, cause: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.cause = cause
