"""Which rows of a list a check of the log has something to say of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.data.seals.hours import hour_of

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.seals.report import FindingKind, SealReport
    from tui.models.log import AuditRow

_OF_A_ROW: dict[FindingKind, str] = {
    "altered": "altered",
    "added": "added later",
    "moved": "moved",
    "chain": "seal gone",
}
_OF_AN_HOUR: dict[FindingKind, str] = {"removed": "hour altered", "hour": "hour altered", "seal": "seal not genuine"}


@dataclass(frozen=True, slots=True)
class SealMarks:
    """What was found, in a word or two: of rows by their ids, and of all rows of an hour (in seconds since 1970)."""

    rows: dict[UUID, str] = field(default_factory=dict)
    hours: dict[int, str] = field(default_factory=dict)

    def of(self, row: AuditRow) -> str:
        """Return what was found of a row or of its hour, "" for nothing."""
        if not self.rows and not self.hours:
            return ""
        hour = hour_of(row.created_at)
        return self.rows.get(row.id) or ("" if hour is None else self.hours.get(hour, ""))


def marks_of(report: SealReport) -> SealMarks:
    """Return the marks of those findings that the report keeps."""
    marks = SealMarks()
    for finding in report.findings:
        if finding.row is not None and finding.kind in _OF_A_ROW:
            marks.rows.setdefault(finding.row, _OF_A_ROW[finding.kind])
        elif finding.row is None and finding.hour is not None and finding.kind in _OF_AN_HOUR:
            marks.hours.setdefault(finding.hour, _OF_AN_HOUR[finding.kind])
    return marks
