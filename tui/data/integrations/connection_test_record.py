"""What the tables and the log keep of a connection test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tui.data.checks.store import note_outcome
from tui.data.integrations.credentials import binding
from tui.data.log_act import log_act
from tui.errors import NotFound
from tui.words.integrations.description import LIST_AGAIN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from tui.data.postgres.database import Connection, Database
    from tui.models import Json
    from tui.models.integrations import Integration

SEEN = """
select c.updated_at::text as stamp, c.is_verified
  from public.integration_credentials as c where c.id = %(id)s {lock}
"""
SET_VERIFIED = """
update public.integration_credentials
   set is_verified = %(verified)s,
       last_verified_at = case when %(verified)s then clock_timestamp() else last_verified_at end
 where id = %(id)s
"""
LOGGED_AT = "select l.created_at from public.integration_audit_logs as l where l.id = %(id)s"

CredentialStanding = Literal["verified", "refused", "unknown"]
"""verified: the provider said yes. refused: it said no, or the credential is not complete. unknown: it was not reached,
which says nothing about the credential."""

RowResult = Literal["kept", "changed meanwhile", "read-only"]
"""Whether the row says what the test found."""


@dataclass(frozen=True, slots=True)
class ConnectionTestOutcome:
    """What a test came to: the judgement, the highest level reached, the whole time, and the provider's code.

    `why` says in our own words why the provider was not reached.
    """

    judgement: CredentialStanding
    level: str | None
    milliseconds: int
    code: str
    verdicts: tuple[Json, ...] = ()
    why: str = ""

    def details(self) -> Json:
        """Return what the log row says; never a secret, nor a text of the provider."""
        details: Json = {
            "judgement": self.judgement,
            "level": self.level,
            "milliseconds": self.milliseconds,
            "code": self.code,
            "why": self.why,
            "verdicts": list(self.verdicts),
        }
        return {name: value for name, value in details.items() if value not in (None, "", [])}

    @property
    def status(self) -> str:
        """The status of the log row."""
        return "success" if self.judgement == "verified" else "failed"


async def record_test(
    database: Database, integration: Integration, outcome: ConnectionTestOutcome, stamp: str | None, operation_id: UUID
) -> RowResult:
    """Keep the outcome in the row and in the log, in one transaction.

    The row keeps it only where it is still the one that was opened (`stamp`); a test that did not reach the provider
    leaves is_verified as it was. What a check remembers of it (tui/data/checks/) changes with it. In read-only mode
    only the log is written. Raises NotFound and PermissionDenied.
    """
    row = binding(integration)

    async def unit(connection: Connection) -> RowResult:
        query = SEEN.format(lock="" if database.read_only else "for update")
        stored = await (await connection.execute(query, {"id": row.row_id})).fetchone()
        if stored is None:
            raise NotFound(f"The integration {row.integration_type} was deleted while it was tested.", LIST_AGAIN)
        result: RowResult = "read-only" if database.read_only else "kept"
        if stored["stamp"] != stamp:
            result = "changed meanwhile"
        if result == "kept":
            is_verified = outcome.judgement == "verified"
            if is_verified or (outcome.judgement == "refused" and stored["is_verified"]):
                await connection.execute(SET_VERIFIED, {"id": row.row_id, "verified": is_verified})
        details = {**outcome.details(), "integration_id": str(row.row_id), "result": result}
        if result == "changed meanwhile":
            # What was tested is not what is stored: as with a draft, the row's state is not told by it.
            details["draft"] = True
        await log_act(
            connection,
            "connection_tested",
            row.organization_id,
            row.integration_type,
            status=outcome.status,
            details=details,
        )
        if result != "read-only":
            is_stale = result == "changed meanwhile"
            await note_outcome(connection, row.row_id, outcome.judgement, is_stale=is_stale)
        return result

    return await database.write(unit, operation_id=operation_id, log_only=True)


async def log_draft_test(
    database: Database,
    organization_id: UUID,
    integration_type: str,
    outcome: ConnectionTestOutcome,
    strange_hosts: Mapping[str, str] | None = None,
) -> datetime | str | None:
    """Log the test of a credential that is not saved; returns the time of the log row, by the server's clock.

    `strange_hosts` are those that it was sent to and that are neither stored nor the provider's, by the field's name.
    """
    hosts = {"hosts": dict(strange_hosts)} if strange_hosts else {}

    async def unit(connection: Connection) -> datetime | str | None:
        log_id = await log_act(
            connection,
            "connection_tested",
            organization_id,
            integration_type,
            status=outcome.status,
            details={**outcome.details(), **hosts, "draft": True},
        )
        logged = await (await connection.execute(LOGGED_AT, {"id": log_id})).fetchone()
        return logged["created_at"] if logged else None

    return await database.write(unit, log_only=True)
