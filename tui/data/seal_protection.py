"""What protects the log and its seals from being changed, and writes the log: what of it is off, altered or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.schema.verify import verify

if TYPE_CHECKING:
    from tui.data.database import Connection
    from tui.data.schema.verify import Drift

LOG = "public.integration_audit_logs"
# By the catalogue's lines.
PROTECTING = frozenset(
    {
        *(
            f"{table}.{trigger}"
            for table in (LOG, "switchboard.seals")
            for trigger in ("switchboard_append_only", "switchboard_no_truncate")
        ),
        *(
            f"public.{table}.switchboard_log_change"
            for table in ("integration_credentials", "user_integration_permissions", "organization_phone_numbers")
        ),
        "public.integration_credentials.switchboard_remember",
        "switchboard.refuse_change()",
        "switchboard.log_change()",
        "switchboard.remember_integration()",
        "switchboard.log_act(text,uuid,text,text,jsonb)",
        "switchboard.write_log(uuid,uuid,text,text,text,jsonb)",
        "switchboard.action_of(text,jsonb,text[],text)",
        "switchboard.begin_open(uuid,text)",
        "switchboard.open_envelope(uuid)",
        "switchboard.envelope_format(text)",
        "switchboard.uuid_or_null(text)",
        "switchboard.inet_or_null(text)",
        "switchboard.object_or_empty(text)",
    }
)
MISSING = """
select t.name from unnest(array['switchboard.seals', 'switchboard.keys']) as t (name) where to_regclass(t.name) is null
"""
# tgtype has a bit for BEFORE (2) and one for INSERT (4): https://www.postgresql.org/docs/current/catalog-pg-trigger.html
FOREIGN = """
select format('The rule %s on %s can swallow or change what is written.', r.rulename, r.ev_class::regclass) as sentence
  from pg_rewrite as r
 where r.ev_class in (to_regclass('public.integration_audit_logs'), to_regclass('switchboard.seals'))
   and r.ev_enabled <> 'D'
union all
select format('The trigger %s on %s can swallow or change what is written.', t.tgname, t.tgrelid::regclass)
  from pg_trigger as t
 where t.tgrelid in (to_regclass('public.integration_audit_logs'), to_regclass('switchboard.seals'))
   and not t.tgisinternal and t.tgenabled <> 'D' and t.tgtype & 6 = 6
union all
select format('The policy %s on %s can hide rows.', p.polname, p.polrelid::regclass)
  from pg_policy as p
 where p.polrelid = to_regclass('public.integration_audit_logs') and not p.polpermissive and p.polcmd in ('r', '*')
 order by 1
"""


async def missing_tables(connection: Connection) -> list[str]:
    """Return the names of those of the tables that seals need which are not there."""
    return [row["name"] for row in await (await connection.execute(MISSING)).fetchall()]


async def unprotected(connection: Connection) -> list[str]:
    """Say in a sentence each what protects or writes the log and is missing, switched off, altered or in the way."""
    found = [drift.sentence for drift in (await verify(connection)).drifts if _protects(drift)]
    return found + [row["sentence"] for row in await (await connection.execute(FOREIGN)).fetchall()]


def _protects(drift: Drift) -> bool:
    line = drift.expected or drift.found
    if line is None or line.name in PROTECTING:
        return line is not None
    if drift.expected is None:
        return line.name.startswith(f"{LOG} to ")
    # Without its policy, or with another, a role does not see every row.
    return line.kind == "policy" and line.name.startswith(f"{LOG}.")
