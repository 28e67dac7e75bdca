"""What reports say is the same before rows are removed from the log and after."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import ACME, GLOBEX, keyring, opened
from tests.support.commands import execute
from tests.support.database.people import directory_database, integration, person
from tests.support.database.seal_tampering import as_owner
from tui.data.integrations.listing import list_integrations
from tui.data.integrations.usage import usage_of
from tui.data.permissions.leaver import leaver_report
from tui.data.permissions.listing import Holder
from tui.models.people import Organization

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

BEGINS = datetime(2026, 1, 3, tzinfo=UTC)
INSERT = (
    "insert into public.integration_audit_logs "
    "(organization_id, user_id, integration_type, action, status, details, created_at, user_agent) "
    "values (%s, %s, %s, %s, %s, %s, %s, %s)"
)
TYPES = ("exotel_phone", "exotel_whatsapp")
FIELDS = ("api_key", "api_token", "api_id")
HOURS = (
    "select distinct date_trunc('hour', created_at) from public.integration_audit_logs where created_at < %s order by 1"
)


@pytest.fixture
def directory(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres) as conninfo:
        yield conninfo


def random_rows(chance: random.Random, count: int) -> Iterator[tuple[Any, ...]]:
    """Rows of every kind that reports read, with the roll-backs that make old secrets live again, and noise."""
    changes: list[datetime] = []
    for number in range(count):
        moment = BEGINS + timedelta(minutes=25 * number, microseconds=number)
        kind = chance.choice(TYPES)
        of = integration(1 + TYPES.index(kind))
        user = chance.choice([person(1), person(1), person(2), None])
        fields = {"fields": chance.sample([*FIELDS, None], chance.randint(1, 3))} if chance.random() < 0.8 else {}
        organization = ACME if chance.random() < 0.9 else GLOBEX
        status = "success" if chance.random() < 0.9 else "failed"
        match chance.choice(["open", "open", "change", "change", "back", "test", "test", "noise"]):
            case "open":
                action = chance.choice(["credential_revealed", "credential_copied", "credential_lent"])
                details = fields | {"operator_from": chance.choice(["login", "claim"]), "integration_id": str(of)}
                details |= {"source": "switchboard", "operator": f"x{number}"} if chance.random() < 0.8 else {}
            case "change":
                action = chance.choice(["credential_created", "credential_updated", "credential_disabled"])
                details = fields | {
                    "source": "trigger",
                    "envelope": {"changed": chance.random() < 0.8},
                    "row": {"id": str(of)},
                }
                details |= {"rotation": True} if chance.random() < 0.1 else {}
                changes.append(moment)
            case "back" if changes:
                action = chance.choice(["credential_rolled_back", "credential_restored"])
                kept = chance.choice(changes) + timedelta(microseconds=chance.choice([-1, 1]))
                version = chance.choice(["updated", "deleted"])
                details = {"source": "trigger", "envelope": {"changed": True}, "kept_at": kept.isoformat()}
                details |= {"version_kind": version, "row": {"id": str(of)}}
                changes.append(moment)
            case "test":
                action, status = "connection_tested", chance.choice(["success", "failed", "pending"])
                judgement = chance.choice(["verified", "refused", "unknown", None])
                details = {"source": "switchboard", "judgement": judgement, "code": "401", "why": f"why {number}"}
                details |= {"integration_id": str(of)} if chance.random() < 0.7 else {}
                details |= {"draft": True} if chance.random() < 0.1 else {}
            case _:
                action, details = "call_made", {"fields": "none"}
        yield organization, user, kind, action, status, json.dumps(details), moment, chance.choice(["a/1", "b", None])


async def reports(conninfo: str) -> list[object]:
    """What everybody reads of these rows: the leaver's report on two people, and the list of integrations."""
    told: list[object] = []
    async with opened(conninfo) as database:
        for number in (1, 2):
            holder = Holder(person(number), None, "Ann", "active")
            report = await leaver_report(database, Organization(ACME, None), holder)
            for held in report.holdings:
                told += [held.organization.id, held.unattributed, *map(asdict, held.secrets)]
        integrations = await list_integrations(database, keyring(), ACME, [])
        told += [usage.last for usage in (await usage_of(database, integrations)).values()]
        told += [each._replace(unreadable=None) for each in integrations]
    return told


async def remove_before(conninfo: str, moment: datetime) -> None:
    """Note what reports need of the rows before a moment, as the removal of a month does, and remove them."""
    with psycopg.connect(conninfo) as connection:
        for (hour,) in connection.execute(HOURS, [moment]).fetchall():
            connection.execute("select switchboard.keep_openings(%s)", [hour])
    await as_owner(conninfo, f"delete from public.integration_audit_logs where created_at < '{moment.isoformat()}'")


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
async def test_reports_are_the_same_when_rows_are_removed(directory: str, seed: int) -> None:
    chance = random.Random(seed)
    rows = [*random_rows(chance, 300)]
    with psycopg.connect(directory) as connection:
        connection.cursor().executemany(INSERT, rows)
    whole = await reports(directory)
    assert sum(type(told) is dict for told in whole) > 6
    for part in (60, 61, 150, 240, 300):
        moment = (BEGINS + timedelta(minutes=25 * part)).replace(minute=0, second=0, microsecond=0)
        await remove_before(directory, moment)
        assert await reports(directory) == whole, part
    ((left,),) = execute(
        directory, "select count(*) from public.integration_audit_logs where created_at < '2026-02-01'"
    )
    assert left < 3
