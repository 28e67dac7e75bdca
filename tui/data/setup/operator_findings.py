"""What the doctor says of who acts: whether the login proves the operator, and how many names in the log are claims."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tui.data.access.members import unmapped_members
from tui.data.audit.qualifiers import OF_OWN_ROWS
from tui.data.setup.findings import Finding, Subject
from tui.errors import PermissionDenied, TimedOut
from tui.words.counts import counted
from tui.words.people.access import unmapped
from tui.words.people.scope import in_sight
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

DAYS = 30
MOST = 10_000
WITHIN_MS = 2_000
MAP = "`switchboard access add` maps a login to a person, whose name is then proven."
MAY_MAP = """
select coalesce(has_function_privilege(
  to_regprocedure('switchboard.map_login(text, uuid, text, uuid[], boolean, boolean, text, text)'), 'execute'), false)
  as may_map
"""
# The time is computed here: of an expression row security would keep the index.
CLAIMS = f"""
select count(*) from (
  select from public.integration_audit_logs as l
   where l.created_at >= %(since)s and {OF_OWN_ROWS}
     and (l.user_id is not null or l.details ->> 'operator' is not null)
     and coalesce(l.details ->> 'operator_from', 'claim') not in ('login', 'vouched')
   limit {MOST + 1}) as claimed
"""


def operator_finding(database: Database) -> Finding:
    """Say who the operator is, and whether the login proves it."""
    operator = database.operator
    return Finding(
        Subject.OPERATOR, "ok", f"The operator is {operator.origin.mark_in_full(safe_text(operator.label, 60))}."
    )


async def login_findings(database: Database) -> list[Finding]:
    """Name the members of the groups who see nothing since one login is a person; nothing where nobody may ask."""
    login = database.login
    if login is None or not login.database_has_logins or login.organizations is not None:
        return []
    try:
        members = await unmapped_members(database)
    except PermissionDenied:
        # Who is nobody here is for administrators to know.
        return []
    if not members:
        return [Finding(Subject.LOGINS, "ok", "Every login in the groups is somebody here.")]
    return [
        Finding(
            Subject.LOGINS,
            "warning",
            unmapped(members),
            "`switchboard access add` says whose a login is; or take it out of its groups.",
        )
    ]


async def claim_findings(database: Database) -> list[Finding]:
    """Count what Switchboard logged in the last DAYS under a name that is only claimed; nothing where that takes long.

    Raises PermissionDenied and its like.
    """
    since = datetime.now(UTC) - timedelta(days=DAYS)
    try:
        (claims,) = (
            row["count"] for row in await database.fetch_all(CLAIMS, {"since": since}, statement_timeout_ms=WITHIN_MS)
        )
    except TimedOut:
        return []
    login = database.login
    seen = in_sight(login)
    where = f" in the organisations{seen}" if seen else ""
    if not claims:
        sentence = f"No act of the last {DAYS} days{where} carries a name that is only claimed."
        return [Finding(Subject.CLAIMS, "ok", sentence)]
    number = f"More than {MOST:,} acts" if claims > MOST else counted(claims, "act")
    carry = "carries" if claims == 1 else "carry"
    return [
        Finding(
            Subject.CLAIMS,
            "warning" if login and login.database_has_logins else "ok",
            f"{number} of the last {DAYS} days{where} {carry} a name that is only claimed.",
            MAP if await _may_map(database) else "Whoever maps logins to people can have names proven.",
        )
    ]


async def _may_map(database: Database) -> bool:
    if in_sight(database.login):
        return False
    row = await database.fetch_one(MAY_MAP)
    return bool(row and row["may_map"])
