"""The rows of the audit log as they are read: their columns, and the details that a list leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row

from tui.models.log import AuditRow

if TYPE_CHECKING:
    from tui.data.postgres.database import Database
    from tui.models import Json

# Switchboard's own rows have at most 16 kB (sql/005_audit.sql); other programs insert what they like, and nobody's list
# reads that. The size in storage is known without fetching what is stored out of line:
# https://www.postgresql.org/docs/current/storage-toast.html
ROW_COLUMNS = """l.id, l.organization_id, l.user_id, left(l.integration_type, 200) as integration_type,
       left(l.action, 200) as action, left(l.status, 200) as status,
       case when pg_column_size(l.details) > 32768 or octet_length(l.details::text) > 65536
            then jsonb_build_object('cut', jsonb_build_object('stored_bytes', pg_column_size(l.details)))
            else l.details end as details,
       host(l.ip_address) as ip_address, left(l.user_agent, 65536) as user_agent, l.created_at,
       l.created_at::text as created_at_text"""
AUDIT_ROW = class_row(AuditRow)
MOST_IN_FULL = 200_000
DETAILS_MS = 10_000
DETAILS = """
select octet_length(l.details::text) as size, left(l.details::text, %(most)s) as text,
       jsonb_strip_nulls(jsonb_build_object({evidence})) as evidence
  from public.integration_audit_logs as l
 where l.id = %(id)s and l.created_at {at}
"""
EVIDENCE = (
    "operator",
    "operator_from",
    "session_user",
    "role",
    "client_address",
    "operation_id",
    "source",
    "user_from",
)

# What somebody had before their eyes; every action, and who may log it, stands in switchboard.actions() (sql/).
OPENINGS = frozenset({"credential_revealed", "credential_copied", "credential_lent"})


@dataclass(frozen=True, slots=True)
class LongDetails:
    """The first MOST_IN_FULL characters of details that a list does not read, of how many bytes, and the evidence."""

    text: str
    size: int
    evidence: Json


async def read_long_details(database: Database, row: AuditRow) -> LongDetails | None:
    """Read what `row.is_cut` leaves out; None where the row is gone. Raises what reading raises."""
    evidence = ", ".join(f"'{name}', left(l.details ->> '{name}', 200)" for name in EVIDENCE)
    at = "= %(at)s::timestamptz" if row.created_at_text else "is null"
    values = {"id": row.id, "at": row.created_at_text, "most": MOST_IN_FULL}
    rows = await database.fetch_all(DETAILS.format(evidence=evidence, at=at), values, statement_timeout_ms=DETAILS_MS)
    return LongDetails(**rows[0]) if rows else None
