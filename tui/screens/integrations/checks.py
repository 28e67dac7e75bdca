"""What tests and checks found of an integration over time, as its row and its detail draw it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.row_list import Cell
from tui.widgets.text_lines import TextLine
from tui.words.integrations.seen_checks import SIGNS, check_facts, strip
from tui.words.numbers.phone_number import display

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.models.integrations import CheckDay, Integration
    from tui.widgets.frame import Tone
    from tui.widgets.glyphs import Glyphs

_TONES: dict[CheckDay, Tone] = {"works": "good", "refused": "bad", "unknown": "warning", "not asked": "quiet"}


def month_cell(integration: Integration, glyphs: Glyphs) -> Cell:
    """Return a sign for each of the last 30 days; none where nobody looked."""
    days = integration.checks.days if integration.checks is not None else ()
    return Cell(strip(days, _signs(glyphs)), "plain", tuple(_TONES[day] for day in days))


def check_lines(integration: Integration, zone: tzinfo, glyphs: Glyphs) -> list[TextLine]:
    """Return what checks found and the provider said besides, a line each."""
    days = integration.checks.days if integration.checks is not None else ()
    signs = tuple(_TONES[day] for day in days)
    found = check_facts(integration, zone, signs=_signs(glyphs), shown=display)
    return [TextLine(fact.text, fact.tone, fact.label, signs if n == 0 else ()) for n, fact in enumerate(found)]


def _signs(glyphs: Glyphs) -> dict[CheckDay, str]:
    return {**SIGNS, "works": glyphs.yes, "refused": glyphs.no}
