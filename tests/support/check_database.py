"""The database as the store of a simulation: its clock is moved by setting back what it remembers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from tests.support.check_memory import Noticed
from tests.support.check_world import START
from tui.data.checks import store
from tui.data.checks.state import Change, CheckState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from tests.support.check_world import Credential, World
    from tui.data.checks.due import Pace
    from tui.data.checks.state import Outcome
    from tui.data.postgres.database import Connection, Database

ADD = """
insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted)
values (%(id)s, %(id)s, 'zoho_mail', '1')
"""
REPLACE = """
update public.integration_credentials set credentials_encrypted = %(content)s where id = %(id)s
"""
SET_BACK = """
with c as (update switchboard.checks set begun_at = begun_at - %(by)s::interval, ended_at = ended_at - %(by)s::interval,
    standing_since = standing_since - %(by)s::interval, refused_at = refused_at - %(by)s::interval,
    changed_at = changed_at - %(by)s::interval)
update switchboard.changes set noticed_at = noticed_at - %(by)s::interval, claimed_at = claimed_at - %(by)s::interval
"""


class WatchedRow(NamedTuple):
    """A credential as a run sees it, with the times of the simulation; `stored` has those of the server."""

    id: UUID
    state: CheckState
    pace: Pace
    credential: Credential
    stored: CheckState


class DatabaseStore:
    """A CheckStore; `step` is called before and after each transaction, and may end the process there."""

    def __init__(self, world: World, database: Database, step: Callable[[], None]) -> None:
        self.world = world
        self.database = database
        self.step = step
        self.moved = timedelta()
        self.clock = START
        self.contents: dict[UUID, int] = {}

    async def set_up(self) -> None:
        for credential in self.world.credentials:
            await self.database.execute(ADD, {"id": credential.id})
        self.moved = START - await store.read_now(self.database)

    async def move_to(self, moment: datetime) -> None:
        """Let the server's time be that moment, for what is remembered."""
        by = moment - await self.now()
        await self.database.execute(SET_BACK, {"by": by})
        self.moved += by
        await self.replace_contents()

    async def touch(self, integration_id: UUID) -> None:
        await self.replace_contents()

    async def all_noticed(self) -> set[UUID]:
        rows = await self.database.fetch_all("select c.id from switchboard.changes as c")
        return {row["id"] for row in rows}

    async def now(self) -> datetime:
        self.clock = await store.read_now(self.database) + self.moved
        return self.clock

    async def replace_contents(self) -> None:
        """Store what people have changed, which the database then notices by itself."""
        for credential in self.world.credentials:
            if self.contents.setdefault(credential.id, 1) != len(credential.contents):
                self.contents[credential.id] = len(credential.contents)
                await self.database.execute(REPLACE, {"id": credential.id, "content": str(len(credential.contents))})

    async def monitored(self) -> list[WatchedRow]:
        states = await store.read_states(self.database, [credential.id for credential in self.world.credentials])
        rows = []
        for credential in self.world.credentials:
            stored = states.get(credential.id, CheckState())
            moved = {
                name: value + self.moved
                for name, value in stored._asdict().items()
                if name.endswith(("_at", "_since")) and value is not None
            }
            rows.append(WatchedRow(credential.id, stored._replace(**moved), credential.pace, credential, stored))
        return rows

    async def begin(self, integration: WatchedRow) -> bool:
        self.step()
        has_begun = await store.begin_check(self.database, integration.id, integration.stored)
        self.step()
        return has_begun

    async def note_outcome(
        self,
        integration_id: UUID,
        outcome: Outcome,
        observed: dict[tuple[str, str], str],
        *,
        is_stale: bool = False,
    ) -> None:
        self.step()
        await self.replace_contents()

        async def unit(connection: Connection) -> None:
            values = observed if outcome == "verified" else {}
            await store.note_outcome(connection, integration_id, outcome, values, is_stale=is_stale)

        await self.database.write(unit)
        self.step()

    async def note_cut_off(self, integration: WatchedRow) -> None:
        self.step()
        is_asked_again = integration.pace.refused_again_after is not None
        await store.note_cut_off(self.database, integration.id, integration.stored, is_asked_again=is_asked_again)
        self.step()

    async def note_expiring(self) -> None:
        await store.note_expiring(self.database, [credential.id for credential in self.world.credentials])

    async def claim_untold(self) -> Noticed | None:
        self.step()
        change = await store.claim_change(self.database, None)
        self.step()
        if change is None:
            return None
        at = change.noticed_at + self.moved
        return Noticed(change.id, change.integration_id, Change(change.kind, change.number, change.value), at)

    async def note_told(self, change: Noticed) -> None:
        self.step()
        await self.database.execute(store.TOLD, {"id": change.id})
        self.step()
