"""What the doctor says of the definition files in a person's own folder: whether they may open stored credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.integrations.definitions import read_recorded, why_closed_to
from tui.data.setup.findings import Finding, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.data.postgres.database import Database
    from tui.providers.declared.definition import Definition

IN_USE = "select distinct c.integration_type as name from public.integration_credentials as c"


async def type_findings(database: Database, definitions: Sequence[Definition]) -> list[Finding]:
    """Name the definitions that an integration waits for, and those that were changed since they were recorded.

    Nothing of those that may open credentials anyway, nor of one that nobody uses yet. Raises PermissionDenied and its
    like.
    """
    own = [definition for definition in definitions if definition.origin == "user"]
    if not own:
        return []
    recorded = await read_recorded(database)
    in_use = {row["name"] for row in await database.fetch_all(IN_USE)} | recorded.keys()
    findings = []
    for definition in own:
        refusal = why_closed_to(definition, recorded)
        if refusal is not None and definition.name in in_use:
            findings.append(
                Finding(Subject.TYPE, "warning", refusal.sentence, refusal.what_to_do, name=definition.name)
            )
    return findings or [Finding(Subject.TYPE, "ok", "Every definition of yours that is in use is recorded.")]
