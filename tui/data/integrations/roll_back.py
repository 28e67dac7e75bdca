"""Going back to a kept version of a credential: its envelope is copied, and nothing is encrypted again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.integrations.credentials import (
    CredentialConflict,
    Draft,
    binding,
    changed_fields,
    load_credential,
    log_passed_test,
    set_logged_fields,
)
from tui.data.integrations.versions import KEPT_SINCE
from tui.data.keys.gate import check_gate, confirm_gate
from tui.errors import Conflict, InvalidInput, NotFound, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from tui.data.integrations.credentials import PassedTest, StoredCredential
    from tui.data.keys.encryption import Keyring
    from tui.data.postgres.database import Connection, Database
    from tui.models.integrations import Integration

LIST_VERSIONS = "`switchboard integrations history {}` lists what is kept."

# An sb2 envelope is bound to its row, organisation and type; a legacy one is bound to nothing and is held to the same.
FIND = f"""
select v.id, v.envelope, v.replaced_at, v.was_verified
  from switchboard.credential_versions as v
 where v.credential_id = %(id)s and v.organization_id = %(organization_id)s
   and v.integration_type = %(integration_type)s and v.envelope is not null
   and v.replaced_at >= {KEPT_SINCE}
   and case when %(version)s::bigint is null then v.kind = 'updated' and v.envelope is distinct from %(seen)s
            else v.id = %(version)s::bigint end
 order by v.id desc limit 1
"""
ROLL_BACK = """
update public.integration_credentials as c
   set credentials_encrypted = v.envelope, updated_by = %(operator)s,
       is_verified = %(tested_at)s::timestamptz is not null, last_verified_at = %(tested_at)s::timestamptz
  from switchboard.credential_versions as v
 where c.id = %(id)s and c.credentials_encrypted is not distinct from %(seen)s
   and v.id = %(version)s and v.envelope = %(envelope)s and v.credential_id = c.id
   and v.organization_id = c.organization_id and v.integration_type = c.integration_type
returning c.id
"""


@dataclass(frozen=True, slots=True)
class RollBackPlan:
    """A way back that was looked at: what is stored now, and the version that would take its place.

    `changed` are the names of the fields in which the two differ, None where one of them does not open; `problem` then
    says why the version does not.
    """

    stored: StoredCredential
    version: int
    envelope: str
    replaced_at: datetime
    was_verified: bool
    credential: Mapping[str, Any] | None
    changed: tuple[str, ...] | None
    problem: Unreadable | None

    def __repr__(self) -> str:
        return f"RollBackPlan({self.stored.integration.integration_type}, version {self.version})"

    def draft(self) -> Draft:
        """Return what would be stored, for a test that asks the provider before it is. The version must open."""
        if self.credential is None:
            raise ValueError("a version that does not open cannot be tested")
        integration = self.stored.integration
        return Draft(
            integration.organization_id, integration.integration_type, self.credential, integration.display_name
        )


@dataclass(frozen=True, slots=True)
class RolledBack:
    """A roll-back that went through, and whether what is stored now is verified."""

    integration_id: UUID
    version: int
    changed: tuple[str, ...] | None
    verified: bool


async def plan_roll_back(
    database: Database, keyring: Keyring, integration: Integration, version: int | None = None
) -> RollBackPlan:
    """Compare what is stored with a version, by default the last one that an update replaced; writes nothing.

    Raises NotFound where there is no such version of this integration, InvalidInput where it holds what is stored
    already, and PermissionDenied where this role may not read envelopes.
    """
    type_ = integration.integration_type
    row = binding(integration)
    stored = await load_credential(database, keyring, row.organization_id, type_, integration_id=row.row_id)
    if stored is None:
        raise NotFound(
            f"The integration {type_} was deleted meanwhile.",
            "`switchboard integrations restore` brings back what was deleted.",
        )
    values = {
        "id": row.row_id,
        "organization_id": row.organization_id,
        "integration_type": type_,
        "version": version,
        "seen": stored.envelope,
    }
    found = await database.fetch_one(FIND, values)
    if found is None:
        which = "no earlier credential" if version is None else f"no version {version}"
        raise NotFound(f"There is {which} of {type_} to go back to.", LIST_VERSIONS.format(type_))
    credential, problem = await asyncio.to_thread(_open, keyring, found["envelope"], stored)
    changed = None
    if credential is not None and stored.credential is not None:
        changed = changed_fields(stored.credential, credential)
    if found["envelope"] == stored.envelope or changed == ():
        raise InvalidInput(
            f"Version {found['id']} of {type_} holds what is stored already.", LIST_VERSIONS.format(type_)
        )
    return RollBackPlan(
        stored,
        found["id"],
        found["envelope"],
        found["replaced_at"],
        bool(found["was_verified"]),
        credential,
        changed,
        problem,
    )


async def roll_back(
    database: Database,
    keyring: Keyring,
    plan: RollBackPlan,
    *,
    test: PassedTest | None = None,
    unread: bool = False,
) -> RolledBack:
    """Put the version in the place of what is stored, provided that both are what was looked at.

    What is stored afterwards is not verified, unless the provider accepted exactly it (`test`) a moment ago. `unread`
    lets a version through that no configured key opens. Raises MasterKeyError at the gate, Unreadable,
    CredentialConflict where somebody else saved meanwhile, and Conflict where the version is not kept any more.
    """
    if plan.problem is not None and not unread:
        raise plan.problem
    if test is not None and (plan.credential is None or dict(test.credential) != dict(plan.credential)):
        test = None
    row = binding(plan.stored.integration)
    gate = await check_gate(database, keyring)
    gate.require_write()
    values = {
        "id": row.row_id,
        "seen": plan.stored.envelope,
        "version": plan.version,
        "envelope": plan.envelope,
        "operator": database.operator.user_id,
        "tested_at": test.tested_at if test else None,
    }

    async def unit(connection: Connection) -> bool:
        await confirm_gate(connection, gate)
        if plan.changed is not None:
            await set_logged_fields(connection, plan.changed)
        written = await (await connection.execute(ROLL_BACK, values)).fetchone() is not None
        if written and test:
            await log_passed_test(connection, row, test)
        return written

    if not await database.write(unit):
        current = await load_credential(
            database, keyring, row.organization_id, row.integration_type, integration_id=row.row_id
        )
        if current is None or current.envelope != plan.stored.envelope:
            raise CredentialConflict(current)
        raise Conflict(
            f"Version {plan.version} of {row.integration_type} is not kept any more; nothing was written.",
            LIST_VERSIONS.format(row.integration_type),
        )
    return RolledBack(row.row_id, plan.version, plan.changed, test is not None)


def _open(
    keyring: Keyring, envelope: str, stored: StoredCredential
) -> tuple[Mapping[str, Any] | None, Unreadable | None]:
    try:
        return keyring.open(envelope, binding(stored.integration)).credential, None
    except Unreadable as problem:
        return None, problem
