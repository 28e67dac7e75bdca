"""What the doctor says of seals: whether the log is sealed, and how far."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from psycopg.rows import tuple_row

from tui.data.archive.retention import due_sentence, due_what_to_do, read_retention
from tui.data.seals.chain import newest_seal, sealed_until
from tui.data.seals.sealing import FROM_THE_FUTURE
from tui.data.seals.whole_log import may_seal
from tui.data.setup.findings import Finding, Subject
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

# A nightly job that ran late is no news; one that did not run is.
OLDEST_H = 36
SEAL = "`switchboard audit seal --new-key FILE` makes a key; run `switchboard audit seal` every night."

AGE = """
select case when isfinite(s.sealed_at) then extract(epoch from now() - s.sealed_at)::bigint / 3600 else 0 end as hours,
       coalesce(s.hour > now(), false) as ahead
  from switchboard.seals as s where s.id is not null order by s.id desc limit 1
"""


async def seal_findings(database: Database) -> list[Finding]:
    """Say how far the log is sealed, and which months of it are due to be archived.

    Whether it still is as it was sealed only `audit verify` can say. Raises PermissionDenied and its like.
    """
    findings = [await _newest_seal(database)]
    retention = await read_retention(database)
    if due := retention.due_before:
        sentence = due_sentence(due, retention.months)
        findings.append(Finding(Subject.SEALS, "warning", sentence, due_what_to_do(due)))
    return findings


async def _newest_seal(database: Database) -> Finding:
    newest = await newest_seal(database)
    if newest is None:
        sentence = "The log is not sealed, so nothing proves that its rows are as they were written."
        what_to_do = SEAL if await may_seal(database) else "Whoever may seal the log has to begin with it."
        return Finding(Subject.SEALS, "ok", sentence, what_to_do)
    hours, is_ahead = await database.fetch_one(AGE, row_factory=tuple_row) or (0, False)
    if is_ahead:
        return Finding(Subject.SEALS, "problem", FROM_THE_FUTURE, "Run `switchboard audit verify`.")
    until = sealed_until(newest)
    reach = f"until {to_the_minute(until, UTC)}" if until else "for the rows without a time"
    if hours >= OLDEST_H:
        sentence = f"The log is sealed {reach}, and the newest seal is {hours} hours old."
        return Finding(Subject.SEALS, "warning", sentence, "See why `switchboard audit seal` did not run.")
    return Finding(Subject.SEALS, "ok", f"The log is sealed {reach}; `switchboard audit verify` checks it.")
