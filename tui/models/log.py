"""Rows of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.models import Json


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row of integration_audit_logs. `created_at` is None where it is NULL or does not fit a datetime."""

    id: UUID
    organization_id: UUID
    user_id: UUID | None
    integration_type: str
    action: str
    status: str
    details: Json | None
    ip_address: str | None
    user_agent: str | None
    created_at: datetime | None
    created_at_text: str = ""

    @property
    def evidence(self) -> Json:
        """The details where they are an object, else an empty one: other programs write what they like."""
        return self.details if isinstance(self.details, dict) else {}

    @property
    def is_cut(self) -> bool:
        """Whether the details are longer than a list reads, and only say how much is stored."""
        cut = self.evidence.get("cut")
        return isinstance(cut, dict) and "stored_bytes" in cut
