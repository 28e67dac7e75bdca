"""What protects the log and its seals from being changed, and writes the log: what of it is off, altered or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.schema.state import schema_state
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
select format('The table %s is missing: every %s was removed.', t.name, t.row) as sentence
  from (values ('switchboard.seals', 'seal'), ('switchboard.keys', 'key')) as t (name, row)
 where to_regclass(t.name) is null
union all
select format('The column %s.%s is missing or of another type, so nothing can be checked.', w.relation, w.name)
  from (values ('switchboard.seals', 'id', 'bigint'), ('switchboard.seals', 'hour', 'timestamp with time zone'),
               ('switchboard.seals', 'row_count', 'bigint'), ('switchboard.seals', 'digest', 'bytea'),
               ('switchboard.seals', 'row_list', 'bytea'), ('switchboard.seals', 'xid', 'xid8'),
               ('switchboard.seals', 'previous', 'bytea'), ('switchboard.seals', 'key_id', 'text'),
               ('switchboard.seals', 'sealed_at', 'timestamp with time zone'),
               ('switchboard.seals', 'sealed_by', 'text'),
               ('switchboard.seals', 'operator', 'text'), ('switchboard.seals', 'signature', 'bytea'),
               ('switchboard.keys', 'key_id', 'text'), ('switchboard.keys', 'purpose', 'text'),
               ('switchboard.keys', 'public_key', 'bytea'), ('switchboard.keys', 'state', 'text'),
               ('switchboard.keys', 'created_at', 'timestamp with time zone'),
               ('public.integration_audit_logs', 'id', 'uuid'),
               ('public.integration_audit_logs', 'organization_id', 'uuid'),
               ('public.integration_audit_logs', 'user_id', 'uuid'),
               ('public.integration_audit_logs', 'integration_type', null),
               ('public.integration_audit_logs', 'action', null), ('public.integration_audit_logs', 'status', null),
               ('public.integration_audit_logs', 'details', 'jsonb'),
               ('public.integration_audit_logs', 'ip_address', 'inet'),
               ('public.integration_audit_logs', 'user_agent', null),
               ('public.integration_audit_logs', 'created_at', 'timestamp with time zone')) as w (relation, name, type)
  left join pg_attribute as a
    on a.attrelid = to_regclass(w.relation) and a.attname = w.name and not a.attisdropped
 where to_regclass(w.relation) is not null
   and (a.attname is null or format_type(a.atttypid, null) <> w.type)
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
OF_A_NEWER = (
    "A newer Switchboard has set this database up, so this one cannot tell whether the log is protected: "
    "verify it with that one."
)


async def missing(connection: Connection) -> list[str]:
    """Say in a sentence each which tables and columns are not there without which seals cannot be read."""
    return [row["sentence"] for row in await (await connection.execute(MISSING)).fetchall()]


async def unprotected(connection: Connection) -> list[str]:
    """Say in a sentence each what protects or writes the log and is missing, switched off, altered or in the way.

    Of a newer version's schema it is said that this cannot be told: silence would let its owner claim one.
    """
    if await schema_state(connection) == "newer":
        return [OF_A_NEWER]
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
