"""Shows notices below one another, each with a sign, a tone and a text that wraps under itself."""

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
class Notice:
    """A short text with a tone. `more` follows on a line of its own, in plain style."""

    tone: Tone
    text: str
    more: str = ""


class NoticeList(Widget):
    """A list of notices, as high as it needs."""

    DEFAULT_CSS = "NoticeList { height: auto; width: 1fr; }"
    notices: reactive[tuple[Notice, ...]] = reactive((), layout=True)

    def __init__(self, glyphs: Glyphs, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._glyphs = glyphs

    def say(self, notices: Iterable[Notice]) -> None:
        """Replace the notices."""
        self.notices = tuple(notices)

    def clear(self) -> None:
        """Show nothing."""
        self.notices = ()

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return sum(len(_lines(notice, width)) for notice in self.notices)

    def render(self) -> RenderResult:
        lines: list[Content] = []
        for notice in self.notices:
            first, *rest = _lines(notice, self.size.width)
            style = STYLES[notice.tone]
            lines.append(Content.assemble((f"{self._sign(notice.tone)} ", style), (first, _words_style(notice.tone))))
            lines.extend(Content(INDENT + line) for line in rest)
        return Content("\n").join(lines)

    def _sign(self, tone: Tone) -> str:
        glyphs = self._glyphs
        signs = {"good": glyphs.yes, "warning": glyphs.warning, "bad": glyphs.bad, "quiet": glyphs.busy, "plain": " "}
        return signs[tone]


def _words_style(tone: Tone) -> str:
    return {"bad": "bold", "quiet": "dim"}.get(tone, "")


def _lines(notice: Notice, width: int) -> list[str]:
    room = max(10, width - len(INDENT))
    lines = textwrap.wrap(safe_text(notice.text, LONGEST), room) or [""]
    return lines + textwrap.wrap(safe_text(notice.more, LONGEST), room)
