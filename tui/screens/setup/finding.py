"""How the wizard and the doctor show a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.notices import Notice

if TYPE_CHECKING:
    from tui.data.setup.findings import Finding, FindingState
    from tui.widgets.frame import Tone

TONES: dict[FindingState, Tone] = {"ok": "good", "warning": "warning", "problem": "bad"}


def notice_of(finding: Finding) -> Notice:
    """Return the finding as a result to be drawn."""
    return Notice(TONES[finding.state], finding.sentence, finding.what_to_do)
