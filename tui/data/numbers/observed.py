"""What providers said of phone numbers: their call flow, and whether calls come through."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.data.integrations.role_privileges import read_privileges
from tui.models.integrations import Observed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.data.postgres.database import Database
    from tui.models.numbers import PhoneNumber

# By the number, since one that was added by hand belongs to no integration; of several that saw it the newest counts.
# Through the integrations, whose rows are of one organisation and in the scope of the login.
OBSERVED = """
select distinct on (c.organization_id, o.number, o.name) c.organization_id, o.number, o.name, o.value, o.at
  from public.integration_credentials as c join switchboard.observations as o on o.integration_id = c.id
 where c.organization_id = any(%(organizations)s) and o.number = any(%(numbers)s)
 order by c.organization_id, o.number, o.name, o.at desc
"""


async def with_observed(database: Database, numbers: Sequence[PhoneNumber]) -> list[PhoneNumber]:
    """Return the numbers with what was said of each; as they are where this role may not read it."""
    if not numbers or not (await read_privileges(database)).checks:
        return list(numbers)
    values = {
        "organizations": list({number.organization_id for number in numbers}),
        "numbers": list({number.e164 for number in numbers if number.e164 is not None}),
    }
    said: dict[tuple[object, str], dict[str, Observed]] = {}
    for row in await database.fetch_all(OBSERVED, values):
        said.setdefault((row["organization_id"], row["number"]), {})[row["name"]] = Observed(row["value"], row["at"])
    return [replace(number, observed=said.get((number.organization_id, number.e164 or ""), {})) for number in numbers]
