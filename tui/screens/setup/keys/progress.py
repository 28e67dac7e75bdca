"""How far a pass over all envelopes is, on the status line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.words.keys import Pace

if TYPE_CHECKING:
    from tui.data.keys.envelope_count import Progress
    from tui.screens.page import Page
    from tui.widgets.frame import Part

SAID_EVERY_S = 1.0


def progress_on(page: Page, shown: Part, way_out: str = "") -> Progress:
    """Return what says how far it is, at most once a second, over what is `shown`; `way_out` stands behind it."""
    pace, said_at = Pace(), time.monotonic()

    def report(stage: str, done: int, total: int) -> None:
        nonlocal shown, said_at
        words = pace.words(stage, done, total) + ("" if stage == "saving" else way_out)
        if page.is_mounted and time.monotonic() - said_at >= SAID_EVERY_S:
            said_at = time.monotonic()
            shown = page.status.say(words, over=shown)

    return report
