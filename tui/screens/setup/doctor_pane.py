"""The doctor's pane: the findings in a list, and what to do about the one under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from tui.screens.setup.finding import TONES, notice_of
from tui.widgets.frame import Part
from tui.widgets.notices import NoticeList
from tui.widgets.row_list import Cell, Column, Row, RowBody, RowList
from tui.widgets.state_switcher import StateSwitcher
from tui.words.counts import counted
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from tui.data.setup.findings import Finding, FindingState
    from tui.widgets.glyphs import Glyphs

COLUMNS = (Column("What", 15), Column("State", 9), Column("Finding", 20, grows=True))
ORDER: tuple[FindingState, ...] = ("problem", "warning", "ok")


class DoctorPane(Vertical):
    """What the doctor found, problems first, and the whole of one finding below the list."""

    DEFAULT_CSS = "DoctorPane #doctor-detail { height: auto; min-height: 4; max-height: 9; }"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._list = RowList(COLUMNS)
        self._switcher = StateSwitcher(self._list)
        self._detail = NoticeList(glyphs, id="doctor-detail", classes="detail")
        self._findings: tuple[Finding, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._switcher
        yield self._detail

    def show_loading(self) -> None:
        self._switcher.show_loading("the doctor's findings")

    def show(self, findings: Sequence[Finding]) -> None:
        self._findings = tuple(sorted(findings, key=lambda finding: ORDER.index(finding.state)))
        self._list.body.show([self._row(index, finding) for index, finding in enumerate(self._findings)])
        self._switcher.show_content()
        self._show_detail()

    @property
    def summary(self) -> Part:
        """How many problems and warnings there are."""
        counts = {state: sum(finding.state == state for finding in self._findings) for state in ORDER}
        words = [counted(number, word) for word, number in counts.items() if number and word != "ok"]
        tone = TONES[next((state for state in ORDER if counts[state]), "ok")]
        return Part(", ".join(words) or ("all ok" if self._findings else ""), tone)

    def focus_list(self) -> None:
        self._list.body.focus()

    def on_row_body_moved(self, event: RowBody.Moved) -> None:
        event.stop()
        self._show_detail()

    def _row(self, index: int, finding: Finding) -> Row:
        tone = TONES[finding.state]
        signs = {"ok": self._glyphs.yes, "warning": self._glyphs.warning, "problem": self._glyphs.bad}
        state = Cell(f"{signs[finding.state]} {finding.state}", tone)
        return Row(str(index), (Cell(safe_text(finding.title)), state, Cell(safe_text(finding.sentence))))

    def _show_detail(self) -> None:
        key = self._list.body.current_key
        self._detail.say(
            [notice_of(self._findings[int(key)])] if key is not None and int(key) < len(self._findings) else []
        )
