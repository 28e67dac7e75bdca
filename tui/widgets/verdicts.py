"""Short results below one another, each with a sign, a tone and words that wrap under themselves."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui.widgets.frame import STYLES, Tone
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import RenderResult

    from tui.widgets.glyphs import Glyphs

INDENT = "  "
LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """One result. `more` follows on a line of its own, in plain style."""

    tone: Tone
    text: str
    more: str = ""


class Verdicts(Widget):
    """The results that stand now; as high as they need."""

    DEFAULT_CSS = "Verdicts { height: auto; width: 1fr; }"
    verdicts: reactive[tuple[Verdict, ...]] = reactive((), layout=True)

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs

    def say(self, verdicts: Iterable[Verdict]) -> None:
        """Show these results."""
        self.verdicts = tuple(verdicts)

    def clear(self) -> None:
        """Show nothing."""
        self.verdicts = ()

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return sum(len(_lines(verdict, width)) for verdict in self.verdicts)

    def render(self) -> RenderResult:
        lines: list[Content] = []
        for verdict in self.verdicts:
            first, *rest = _lines(verdict, self.size.width)
            style = STYLES[verdict.tone]
            lines.append(Content.assemble((f"{self._sign(verdict.tone)} ", style), (first, _words_style(verdict.tone))))
            lines.extend(Content(INDENT + line) for line in rest)
        return Content("\n").join(lines)

    def _sign(self, tone: Tone) -> str:
        glyphs = self._glyphs
        signs = {"good": glyphs.yes, "warning": glyphs.warning, "bad": glyphs.bad, "quiet": glyphs.busy, "plain": " "}
        return signs[tone]


def _words_style(tone: Tone) -> str:
    return {"bad": "bold", "quiet": "dim"}.get(tone, "")


def _lines(verdict: Verdict, width: int) -> list[str]:
    room = max(10, width - len(INDENT))
    lines = textwrap.wrap(safe_text(verdict.text, LONGEST), room) or [""]
    return lines + textwrap.wrap(safe_text(verdict.more, LONGEST), room)
