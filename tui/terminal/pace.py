"""How far the other end of a slow line has drawn: asked now and then, since what lies between swallows megabytes."""

from __future__ import annotations

import time

QUESTION, ANSWER = "\x1b[5n", "\x1b[0n"
"""ECMA-48, DSR: a terminal answers when it has drawn all that came before."""

ASKS_EVERY = 2_000
"""Bytes between two questions."""

MOST_UNDRAWN = 8_000
"""Bytes that may be under way before the next frame waits."""

PATIENCE_S = 10.0
"""How long a frame waits for an answer."""


class Pace:
    """Counts what is written and what is known to be drawn. A terminal that has never answered is never waited for.

    Over SSH the pty takes everything at once, and seconds of frames wait in buffers behind it.
    """

    def __init__(self) -> None:
        self._undrawn = 0
        self._since_question = 0
        self._asked_at: float | None = None
        self._has_answered = False

    @property
    def is_behind(self) -> bool:
        """Whether the next frame should wait."""
        asked_at = self._asked_at
        is_asked = self._has_answered and asked_at is not None and time.monotonic() - asked_at < PATIENCE_S
        return is_asked and self._undrawn > MOST_UNDRAWN

    @property
    def is_asked(self) -> bool:
        """Whether an answer is under way."""
        return self._has_answered and self._asked_at is not None

    def wrote(self, count: int) -> None:
        """Count characters that are sent to the terminal."""
        self._undrawn += count
        self._since_question += count

    def question(self) -> str:
        """Return what is to be sent behind a frame: a question, or nothing."""
        if self._asked_at is not None or self._since_question < ASKS_EVERY:
            return ""
        self._asked_at, self._since_question = time.monotonic(), 0
        return QUESTION

    def answered(self) -> None:
        """Take an answer: all that was sent before the question has been drawn."""
        if self._asked_at is not None:
            self._has_answered, self._asked_at, self._undrawn = True, None, self._since_question
