"""What protects the log and its seals from being changed, and writes the log: what of it is off, altered or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.data.postgres.database import Connection
    from tui.data.schema.verify import Drift, Verification

OUTDATED = (
    "The schema is of an earlier version than this Switchboard, so its functions cannot be compared: "
    "run `switchboard setup`."
)
MISSING = """
select format('The table %s is missing: every %s was removed.', t.name, t.row) as sentence
  from (values ('switchboard.seals', 'seal'), ('switchboard.keys', 'key')) as t (name, row)
 where to_regclass(t.name) is null
union all
select format('The column %s.%s is missing or of another type, so nothing can be checked.', w.relation, w.name)
  from (values ('switchboard.seals', 'id', 'int8'), ('switchboard.seals', 'hour', 'timestamptz'),
               ('switchboard.seals', 'row_count', 'int8'), ('switchboard.seals', 'digest', 'bytea'),
               ('switchboard.seals', 'row_list', 'bytea'), ('switchboard.seals', 'xid', 'xid8'),
               ('switchboard.seals', 'root', 'bytea'), ('switchboard.seals', 'block_roots', 'bytea'),
               ('switchboard.seals', 'checkpoint', 'text'), ('switchboard.seals', 'subtrees', 'bytea'),
               ('switchboard.seals', 'previous', 'bytea'), ('switchboard.seals', 'key_id', 'text'),
               ('switchboard.seals', 'sealed_at', 'timestamptz'), ('switchboard.seals', 'sealed_by', 'text'),
               ('switchboard.seals', 'operator', 'text'), ('switchboard.seals', 'signature', 'bytea'),
               ('switchboard.keys', 'key_id', 'text'), ('switchboard.keys', 'purpose', 'text'),
               ('switchboard.keys', 'public_key', 'bytea'), ('switchboard.keys', 'state', 'text'),
               ('switchboard.keys', 'created_at', 'timestamptz'),
               ('public.integration_audit_logs', 'id', 'uuid'),
               ('public.integration_audit_logs', 'organization_id', 'uuid'),
               ('public.integration_audit_logs', 'user_id', 'uuid'),
               ('public.integration_audit_logs', 'integration_type', 'varchar text'),
               ('public.integration_audit_logs', 'action', 'varchar text'),
               ('public.integration_audit_logs', 'status', 'varchar text'),
               ('public.integration_audit_logs', 'details', 'jsonb'),
               ('public.integration_audit_logs', 'ip_address', 'inet'),
               ('public.integration_audit_logs', 'user_agent', 'text varchar'),
               ('public.integration_audit_logs', 'created_at', 'timestamptz')) as w (relation, name, types)
  left join pg_attribute as a
    on a.attrelid = to_regclass(w.relation) and a.attname = w.name and not a.attisdropped
 where to_regclass(w.relation) is not null
   and (a.attname is null
        or a.atttypid <> all (array(select ('pg_catalog.' || n.name)::regtype
                                      from unnest(string_to_array(w.types, ' ')) as n (name))))
"""
OF_A_NEWER = (
    "A newer Switchboard has set this database up, so this one cannot tell whether the log is protected: "
    "verify it with that one."
)


async def missing_relations(connection: Connection) -> list[str]:
    """Return a sentence for each table or column that is missing and without which seals cannot be read."""
    return [row["sentence"] for row in await (await connection.execute(MISSING)).fetchall()]


def protection_problems(schema: Verification) -> list[str]:
    """Return a sentence for each thing that protects or writes the log and is off or altered, and for each of others.

    A newer version's schema gets one sentence that this cannot be told: silence would let its owner claim one.
    """
    match schema.state:
        case "newer":
            return [OF_A_NEWER]
        case "outdated":
            # What setup will bring differs for that reason alone; whether a trigger is on does not.
            drifts = [drift for drift in schema.drifts if drift.expected is None or drift.expected.kind == "trigger"]
            return [OUTDATED, *(drift.sentence for drift in drifts)]
        case _:
            return [drift.sentence for drift in schema.drifts if _protects(drift)]


def _protects(drift: Drift) -> bool:
    """Whether it may be that the log is not what was written: not where there is too little of what others may do."""
    if drift.expected is None or drift.actual is not None:
        return True
    if drift.expected.kind in ("grant", "view"):
        return False
    # An adopted log may have no primary key, and an index that is missing makes the log slow.
    return drift.expected.kind not in ("constraint", "index") or drift.expected.name.startswith("switchboard.")
