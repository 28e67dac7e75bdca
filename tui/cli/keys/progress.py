"""How far a pass over all envelopes is, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.keys import Pace

if TYPE_CHECKING:
    from tui.cli.output import Output


class ProgressLines:
    """Says now and then how far it is."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._pace = Pace()
        self.is_saving = False
        """Whether nothing but COMMIT is left."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Say it of what was `stage` so far."""
        self.is_saving = stage == "saving"
        self._out.progress(self._pace.words(stage, done, total))
