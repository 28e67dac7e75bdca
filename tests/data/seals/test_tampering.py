"""Every way of tampering with a sealed log is found, and said in words that name the hour and the row."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, TypeVar

import psycopg
import pytest

from tests.support.acme import opened, operator
from tests.support.commands import execute
from tests.support.database.seal_tampering import (
    HOURS,
    KEY,
    LOG,
    TAMPERINGS,
    Tampering,
    as_owner,
    check,
    row_id,
    seal,
    tamper_and_check,
    write_log,
)
from tui.data.postgres.database import Database
from tui.data.seals import hour_findings
from tui.data.seals import hours as seal_hours
from tui.data.seals.changed_rows import ChangedRows
from tui.data.seals.proofs.checkpoints import read_seal_evidence
from tui.data.seals.sealing import seal_log
from tui.data.seals.verify import verify_log
from tui.data.setup.seal_findings import seal_findings
from tui.errors import CheckFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Unit

T = TypeVar("T")


class SealedMeanwhile(Database):
    """A database whose log is sealed by somebody else after so many reads."""

    reads_left = 0

    async def read(self, unit: Unit[T]) -> T:
        result = await super().read(unit)
        self.reads_left -= 1
        if self.reads_left == 0:
            await seal_log(self, KEY)
        return result


@pytest.fixture(scope="module")
def sealed_log(postgres: TestServer, installed_template: str) -> tuple[str, str]:
    """Name of a database with a sealed log, and its newest seal."""
    name = postgres.create_database(template=installed_template, prefix="template_sealed")
    write_log(postgres.conninfo(name))
    return name, asyncio.run(seal(postgres.conninfo(name)))


@pytest.fixture
def sealed(postgres: TestServer, sealed_log: tuple[str, str]) -> Iterator[str]:
    """Connection URI of a copy of it."""
    name = postgres.create_database(template=sealed_log[0], prefix="sealed")
    yield postgres.conninfo(name)
    postgres.drop_database(name)


async def test_a_log_that_nobody_touched_is_as_it_was_sealed(sealed: str, sealed_log: tuple[str, str]) -> None:
    report = await check(sealed, public_keys=(KEY.public_key,), newest=sealed_log[1])
    assert report.findings == []
    assert report.is_well
    # Of the rows without a time, of each hour with rows, and of the last hour that can be sealed.
    assert (report.seals, report.rows) == (len(HOURS) + 2, sum(HOURS.values()))
    assert report.newest_seal == sealed_log[1]
    assert [(key.key_id, key.given) for key in report.keys] == [(KEY.key_id, True)]


async def test_a_digest_that_is_another_one_is_a_finding_though_the_list_names_no_row(
    sealed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await as_owner(sealed, f"update {LOG} set status = 'failed' where id = '{row_id(8, 1)}'")

    async def nothing_named(*_: object) -> ChangedRows:
        # Two texts of a row whose leaves begin with the same eight bytes take 2^32 hashes to find.
        return ChangedRows((), {"altered": 0, "removed": 0, "moved": 0, "added": 0})

    monkeypatch.setattr(hour_findings, "changed_rows", nothing_named)
    (finding,) = (await check(sealed)).findings
    assert "The rows of 2026-01-01 08:00 UTC are not as they were sealed" in finding.sentence


async def test_many_rows_are_counted_for_what_became_of_them(installed_database: str) -> None:
    with psycopg.connect(installed_database) as connection:
        connection.execute(
            f"insert into {LOG} (organization_id, integration_type, action, status, created_at)"
            " select gen_random_uuid(), 'zoho_mail', 'email_sent', 'success',"
            " timestamptz '2026-01-01 08:00+00' + n * interval '1 second' from generate_series(1, 1500) as n"
        )
    await seal(installed_database)
    first = f"select id from {LOG} where action = 'email_sent' order by created_at limit"
    await as_owner(
        installed_database,
        f"update {LOG} set status = 'failed' where action = 'email_sent'",
        f"update {LOG} set created_at = created_at - interval '1 hour', status = 'success' where id in ({first} 50)",
    )
    text = "\n".join(finding.sentence for finding in (await check(installed_database)).findings)
    assert "1450 altered, 50 moved; 1500 sealed, 1450 there" in text


async def test_the_time_of_a_keys_record_that_is_missing_is_a_finding(sealed: str) -> None:
    await as_owner(sealed, "alter table switchboard.keys drop column created_at cascade")
    assert "switchboard.keys.created_at is missing" in "\n".join(
        finding.sentence for finding in (await check(sealed)).findings
    )


@pytest.mark.parametrize(
    "tampering",
    [pytest.param(way, marks=pytest.mark.long if way.like else (), id=way.name) for way in TAMPERINGS],
)
async def test_each_way_of_tampering_is_found(tampering: Tampering, sealed: str, sealed_log: tuple[str, str]) -> None:
    alone, with_evidence = await tamper_and_check(tampering, sealed, sealed_log[1])
    text = "\n".join(finding.sentence for finding in with_evidence.findings)
    for sentence in tampering.sentences:
        assert sentence in text
    assert not with_evidence.is_well
    # What has to be kept elsewhere for it is what docs/seals.md says it is.
    assert alone.is_well is bool(tampering.needs)


async def test_only_the_hour_that_was_touched_is_named(sealed: str) -> None:
    await as_owner(sealed, f"delete from public.integration_audit_logs where id = '{row_id(9, 1)}'")
    report = await check(sealed)
    assert [(finding.kind, finding.row) for finding in report.findings] == [("removed", row_id(9, 1))]
    assert report.finding_count == 1


async def test_the_rows_of_an_emptied_hour_are_named_too(sealed: str) -> None:
    await as_owner(sealed, "delete from public.integration_audit_logs where created_at < '2026-01-01 09:00+00'")
    every, *rows = (await check(sealed)).findings
    assert every.sentence == "Every row of 2026-01-01 08:00 UTC was removed after sealing (5 sealed, 0 there)."
    assert {(row.kind, row.row) for row in rows} == {("removed", row_id(8, n)) for n in range(1, HOURS[8] + 1)}


async def test_a_hundred_rows_of_an_hour_are_counted_where_twenty_are_named(sealed: str) -> None:
    await as_owner(
        sealed,
        "insert into public.integration_audit_logs (organization_id, integration_type, action, status, created_at) "
        "select gen_random_uuid(), 'x', 'call_made', 'success', '2026-01-01 08:30+00' from generate_series(1, 100)",
    )
    report = await check(sealed)
    assert report.finding_count == 21
    assert report.findings[-1].sentence == (
        "80 more rows of 2026-01-01 08:00 UTC are not as they were sealed (100 added; 5 sealed, 105 there)."
    )


async def test_two_rows_that_have_the_same_content_are_told_apart_by_their_ids(sealed: str) -> None:
    """One is deleted and the other takes its time and its content."""
    first, second = row_id(8, 1), row_id(8, 2)
    await as_owner(
        sealed,
        f"update public.integration_audit_logs as l set details = o.details, created_at = o.created_at "
        f"from public.integration_audit_logs as o where l.id = '{second}' and o.id = '{first}'",
        f"delete from public.integration_audit_logs where id = '{first}'",
    )
    findings = {(finding.kind, finding.row) for finding in (await check(sealed)).findings}
    assert findings == {("altered", second), ("removed", first)}


async def test_a_row_that_commits_late_is_told_from_one_that_was_added_later(installed_database: str) -> None:
    write_log(installed_database)
    with psycopg.connect(installed_database) as late:
        late.execute(
            "insert into public.integration_audit_logs (id, organization_id, integration_type, action, status, "
            "created_at) values (%s, gen_random_uuid(), 'x', 'call_made', 'success', '2026-01-01 08:30+00')",
            (row_id(8, 50),),
        )
        await seal(installed_database)
        late.commit()
    (finding,) = (await check(installed_database)).findings
    assert finding.sentence == (
        f"In 2026-01-01 08:00 UTC row {row_id(8, 50)} was added after sealing (5 sealed, 6 there); its transaction was "
        "under way when the hour was sealed, so it may only have committed late."
    )


async def test_rows_are_not_judged_by_a_seal_that_is_not_genuine(sealed: str) -> None:
    await as_owner(
        sealed,
        "update switchboard.seals set digest = decode(repeat('00', 32), 'hex') where hour = '2026-01-01 08:00+00'",
    )
    report = await check(sealed)
    assert [finding.kind for finding in report.findings] == ["seal"]


async def test_no_part_of_a_seal_can_be_changed(sealed: str) -> None:
    changes = {
        "08": "row_list = row_list || row_list, row_count = row_count * 2",
        "09": "operator = 'somebody else'",
        "11": "previous = digest",
    }
    for hour, change in changes.items():
        await as_owner(sealed, f"update switchboard.seals set {change} where hour = '2026-01-01 {hour}:00+00'")
    assert [finding.sentence for finding in (await check(sealed)).findings] == [
        f"The seal of 2026-01-01 {hour}:00 UTC was altered: its signature is not that of its key." for hour in changes
    ]


async def test_a_key_that_is_not_trusted_signs_for_nothing(sealed: str) -> None:
    report = await check(sealed, public_keys=(bytes(32),))
    assert [finding.kind for finding in report.findings] == ["key"]
    assert f"{report.seals} seals are signed with the key {KEY.key_id}" in report.findings[0].sentence


@pytest.mark.parametrize(
    "changes",
    [
        # Each of another seal.
        (
            "alter column signature drop not null; update {} set signature = null where id = 2",
            "alter column row_count drop not null; update {} set row_count = null where id = 3",
            "alter column key_id drop not null; update {} set key_id = null where id = 4",
            "drop constraint seals_hour_check; update {} set hour = 'infinity' where id = 5",
        ),
        (
            "drop constraint seals_signature_check; update {} set signature = '' where id = 2",
            "drop constraint seals_check; update {} set row_list = '' where id = 3",
            "alter column sealed_by drop not null; update {} set sealed_by = null where id = 4",
        ),
        (
            "alter id drop identity; alter table {} drop constraint seals_pkey; alter table {} alter id drop not null; "
            "update {} set id = null where id = 5",
        ),
    ],
    ids=["null or infinite", "empty", "without an id"],
)
async def test_a_check_comes_to_its_end_whatever_is_in_a_seal(sealed: str, changes: tuple[str, ...]) -> None:
    seals = "switchboard.seals"
    await as_owner(sealed, *(f"alter table {seals} {change.replace('{}', seals)}" for change in changes))
    report = await check(sealed)
    assert {finding.kind for finding in report.findings} <= {"seal", "chain", "checkpoint", "key", "protection"}
    assert not report.is_well
    # One of another kind for a key that nobody knows, and for what is behind a seal without an id.
    assert len({(finding.kind, finding.hour) for finding in report.findings}) >= len(changes)


async def test_columns_that_are_not_there_or_of_another_type_are_said(sealed: str) -> None:
    changes = {
        "switchboard.seals.digest": "drop constraint seals_digest_check, alter digest type text using digest::text",
        "switchboard.seals.row_list": "drop column row_list",
        "switchboard.seals.checkpoint": "drop column checkpoint",
        "switchboard.settings.text_value": "drop column text_value",
        "switchboard.keys.state": "drop column state",
        "public.integration_audit_logs.details": "rename column details to particulars",
        "public.integration_audit_logs.created_at": "alter column created_at type timestamp",
    }
    await as_owner(
        sealed,
        # The index of uses holds the log's column to its type.
        "drop index public.idx_integration_audit_logs_uses",
        *(f"alter table {column.rpartition('.')[0]} {change}" for column, change in changes.items()),
    )
    assert {finding.sentence for finding in (await check(sealed)).findings} == {
        f"The column {column} is missing or of another type, so nothing can be checked." for column in changes
    }


async def test_a_log_whose_reveals_are_called_something_else_is_neither_checked_nor_sealed(sealed: str) -> None:
    """The digests stay equal: a cast of the column's own type to json says what was sealed."""
    execute(sealed, "create type public.act as enum ('email_sent', 'log_sealed')")
    execute(
        sealed,
        "create function public.said(public.act) returns json language sql immutable as "
        "$$select case when $1 = 'log_sealed' then '\"log_sealed\"' else '\"call_made\"' end::json$$",
    )
    execute(sealed, "create cast (public.act as json) with function public.said(public.act)")
    execute(
        sealed,
        f"alter table {LOG} alter column action type public.act using "
        "case action when 'log_sealed' then action else 'email_sent' end::public.act",
    )
    (finding,) = (await check(sealed)).findings
    assert finding.sentence == f"The column {LOG}.action is missing or of another type, so nothing can be checked."
    with pytest.raises(CheckFailed, match="is missing or of another type"):
        await seal(sealed)


async def test_seals_without_ids_are_no_seals(sealed: str) -> None:
    await as_owner(
        sealed,
        "alter table switchboard.seals alter id drop identity",
        "alter table switchboard.seals drop constraint seals_pkey",
        "alter table switchboard.seals alter id drop not null",
        "update switchboard.seals set id = null",
        "delete from public.integration_audit_logs where action = 'log_sealed'",
    )
    assert "every seal was removed" in (await check(sealed)).findings[-1].sentence


async def test_a_forged_seal_of_the_last_hour_there_is_ends_no_check(sealed: str) -> None:
    await as_owner(
        sealed,
        "insert into switchboard.seals (hour, row_count, digest, root, key_id, signature, previous) "
        "select '294276-12-31 23:00+00', 0, digest, root, key_id, signature, previous from switchboard.seals "
        "where id = 5",
    )
    forged, unsealed = (await check(sealed)).findings
    assert "was altered: its signature is not that of its key" in forged.sentence
    assert "has 1 row, and no seal that can be relied on" in unsealed.sentence


async def test_a_seal_of_an_hour_to_come_does_not_silence_the_nightly_job(sealed: str) -> None:
    """With it there would be nothing to seal, night after night."""
    await as_owner(
        sealed,
        "insert into switchboard.seals (hour, row_count, digest, root, key_id, signature, previous, sealed_at) "
        "select '2126-01-01', 0, digest, root, key_id, signature, previous, 'infinity' from switchboard.seals "
        "where id = 5",
    )
    with pytest.raises(CheckFailed, match="not over yet") as failed:
        await seal(sealed)
    assert failed.value.exit_status == 5
    async with opened(sealed) as database:
        (finding,) = await seal_findings(database)
    assert (finding.state, "not over yet" in finding.sentence) == ("problem", True)


async def test_a_row_of_the_first_moment_there_is_stops_no_check(sealed: str) -> None:
    execute(
        sealed,
        "insert into public.integration_audit_logs (organization_id, integration_type, action, status, created_at) "
        "values (gen_random_uuid(), 'x', 'call_made', 'success', '4714-11-24 00:00+00 BC')",
    )
    assert [finding.kind for finding in (await check(sealed)).findings] == ["added"]


@pytest.mark.parametrize("value", ["null", "''", "'\\x0707'"])
async def test_a_record_of_a_key_that_holds_none_is_said_and_not_handed_on(sealed: str, value: str) -> None:
    await as_owner(
        sealed,
        "alter table switchboard.keys drop constraint keys_check1",
        f"update switchboard.keys set public_key = {value} where purpose = 'seal'",
    )
    report = await check(sealed)
    assert f"The record of the sealing key {KEY.key_id} was altered: it holds another public key." in [
        finding.sentence for finding in report.findings
    ]
    async with opened(sealed) as database:
        assert (await read_seal_evidence(database)).public_keys == ()


async def test_a_row_that_claims_a_seal_is_named_with_its_hour(sealed: str) -> None:
    """Whoever may write to the log can raise such an alarm: the row says who did."""
    row = row_id(9, 77)
    execute(
        sealed,
        "insert into public.integration_audit_logs (id, organization_id, integration_type, action, status, details, "
        "created_at) values (%s, gen_random_uuid(), 'none', 'log_sealed', 'success', %s, '2126-01-01 09:30+00')",
        row,
        json.dumps({"newest_seal": "ab" * 32}),
    )
    (finding,) = (await check(sealed)).findings
    assert (finding.kind, finding.row, finding.hour) == ("chain", row, 4922931600)
    assert finding.sentence.startswith(
        f"Row {row} of the log (2126-01-01 09:00 UTC) says that a seal abababababababab..."
    )


@pytest.mark.parametrize(
    "after", [1, 3, 6, *(pytest.param(after, marks=pytest.mark.long) for after in (2, 4, 5, 7, 8))]
)
async def test_a_log_that_is_sealed_meanwhile_is_well(
    installed_database: str, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    write_log(installed_database)
    monkeypatch.setattr(seal_hours, "SETTLED_MIN", 25 * 60)
    await seal(installed_database)
    monkeypatch.undo()
    database = SealedMeanwhile(installed_database, operator())
    database.reads_left = after
    await database.open()
    report = await verify_log(database)
    await database.close()
    assert database.reads_left <= 0
    assert report.findings == []
    assert (await check(installed_database)).seals == len(HOURS) + 3
