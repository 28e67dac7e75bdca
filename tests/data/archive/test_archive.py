"""Months leave the log: written, proven, recorded, and only then removed; what is not as sealed stays."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import resource
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import ACME, opened
from tests.support.commands import execute
from tests.support.database.archives import (
    BACK_DATE,
    JANUARY,
    archive,
    check_with_files,
    remove,
    seal_acts,
    seal_hours_ago,
    sealed_january,
    states,
)
from tests.support.database.schema import installed, run_files_with_roles
from tests.support.database.seal_tampering import HOURS, LOG, as_owner, check, row_id, write_log
from tests.support.servers.postgres import run_schema_files
from tui.data.archive import remove as archive_remove
from tui.data.archive.check import archive_problems, check_archives
from tui.data.archive.folder import ArchiveFolder
from tui.data.archive.month import Month
from tui.data.archive.plan import plan_months
from tui.data.archive.remove import remove_month
from tui.data.schema.accepted import read_accepted
from tui.data.seals.archived import read_archives
from tui.data.seals.report import SealReport
from tui.errors import CheckFailed, Conflict, ExportFailed, InvalidInput, PermissionDenied

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers.postgres import TestServer
    from tui.data.seals.hour_digest import Version

ROWS = sum(HOURS.values())
ADD = (
    "insert into public.integration_audit_logs (organization_id, integration_type, action, status, details, "
    "ip_address, user_agent, created_at) values (gen_random_uuid(), {}, 'x', 'failed', {}, {}, {}, {})"
)
# Of everything that JSON, an address and a time can be.
ODD = (
    (
        "E'a\"b\\\\c\\td'",
        """'{"zz": [1.50, 1e3, null], "b": "\\u00e9\\n\\u2028"}'""",
        "'2001:db8::1/64'",
        "E'\\x7f ü 😀'",
    ),
    ("'x'", "null", "null", "null"),
    ("''", "'\"a string\"'", "'10.0.0.0/8'", "'\"details\": \\'"),
)
LATE = ADD.format("'x'", "null", "null", "'late'", "'2026-01-01 09:30+00'")


def rows_of(folder: Path) -> list[dict[str, Any]]:
    with gzip.open(folder / JANUARY.file, "rt", encoding="utf-8") as file:
        return list(map(json.loads, file))


def left(conninfo: str) -> int:
    ((rows,),) = execute(conninfo, f"select count(*) from {LOG} where created_at < '2026-02-01 00:00+00'")
    return int(rows)


@pytest.mark.parametrize("version", [1, 2])
async def test_a_month_is_written_proven_sealed_and_removed(
    installed_database: str, tmp_path: Path, version: Version
) -> None:
    with psycopg.connect(installed_database) as connection:
        for setting in ("timezone = 'Asia/Kolkata'", "datestyle = 'German'"):
            connection.execute(f"alter database {connection.info.dbname} set {setting}".encode())
    for values in ODD:
        execute(installed_database, ADD.format(*values, "'2026-01-31 23:59:59.999999+00'"))
    async with opened(installed_database) as database:
        assert await states(database) == {"2026-01": "not sealed"}
        await sealed_january(installed_database, version)
        assert await states(database) == {"2026-01": "to archive"}
        record = await archive(installed_database, tmp_path)
        assert (record.rows, record.left_out) == (ROWS + len(ODD), ())
        stored = execute(
            installed_database,
            f"select id::text, details, abbrev(ip_address), user_agent, integration_type from {LOG} "
            "where created_at < '2026-02-01 00:00+00' order by created_at, id",
        )
        named = ("id", "details", "ip_address", "user_agent", "integration_type")
        assert [tuple(row[name] for name in named) for row in rows_of(tmp_path)] == stored
        assert await states(database) == {"2026-01": "archived"}
        with pytest.raises(Conflict, match="not under a seal yet"):
            await remove_month(database, JANUARY)
        # Once more, as after a kill before the commit: what is there is proven and used.
        assert (await archive(installed_database, tmp_path)).sha256 == record.sha256
        assert execute(installed_database, "select count(*) from switchboard.archives") == [(1,)]
        await seal_acts(installed_database)
        assert await states(database) == {"2026-01": "to remove"}
        removed = await remove(installed_database, tmp_path)
        assert (removed.rows, removed.hours_left) == (record.rows, ())
        assert await states(database) == {"2026-01": "removed"}
    assert left(installed_database) == 0
    report = await check_with_files(installed_database, tmp_path)
    assert (report.findings, report.is_well) == ([], True)
    assert [(month.rows, month.is_file_checked) for month in report.removed.values()] == [(record.rows, True)]
    acts = execute(
        installed_database,
        "select details ->> 'rows', details ->> 'removed' from public.integration_audit_logs "
        "where action = 'log_archived' order by created_at",
    )
    assert acts == [(str(record.rows), None), (None, str(record.rows))]


async def test_months_that_reports_need_stay(installed_database: str) -> None:
    await sealed_january(installed_database)
    async with opened(installed_database) as database:
        ((today,),) = execute(installed_database, "select (now() at time zone 'UTC')::date")
        running = Month.of(today)
        assert [each.month for each in await plan_months(database, running.preceding)] == [JANUARY]
        with pytest.raises(InvalidInput, match=f"The months from {running.preceding} on stay"):
            await plan_months(database, running)
        # Nor does the database let them go, whoever asks.
        for function in ("record_archive(%s, 0, sha256(''), '{}')", "remove_archived(%s, null, 1)"):
            with (
                psycopg.connect(installed_database) as connection,
                pytest.raises(psycopg.Error, match="stays in the log"),
            ):
                connection.execute(f"select switchboard.{function}", [running.preceding.first_day])


async def test_an_hour_that_is_not_as_sealed_stays_whole_and_is_named(installed_database: str, tmp_path: Path) -> None:
    """Late before the file was written, and after."""
    await sealed_january(installed_database)
    execute(installed_database, LATE.replace("09:30", "08:30"))
    # In an hour that was empty, and has no seal.
    execute(installed_database, LATE.replace("09:30", "10:30"))
    record = await archive(installed_database, tmp_path)
    assert (record.rows, len(record.left_out)) == (ROWS - HOURS[8], 2)
    execute(installed_database, LATE)
    await seal_acts(installed_database)
    removed = await remove(installed_database, tmp_path)
    assert (removed.rows, [hour.hour for hour in removed.hours_left]) == (HOURS[11], [9])
    assert left(installed_database) == HOURS[8] + HOURS[9] + 3
    sentences = [finding.sentence for finding in (await check_with_files(installed_database, tmp_path)).findings]
    assert len(sentences) == 3 and all("was added after sealing" in sentence for sentence in sentences)
    # One that comes to an hour that is gone.
    execute(installed_database, LATE.replace("09:30", "11:30"))
    *_, finding = (await check(installed_database)).findings
    assert "In 2026-01-01 11:00 UTC row" in finding.sentence
    assert f"was added after sealing ({HOURS[11]} sealed and archived, 1 there)" in finding.sentence


async def test_rows_are_removed_only_while_a_proven_file_is_there(installed_database: str, tmp_path: Path) -> None:
    await sealed_january(installed_database)
    await archive(installed_database, tmp_path)
    await seal_acts(installed_database)
    file = tmp_path / JANUARY.file
    before = file.read_bytes()
    file.unlink()
    with pytest.raises(CheckFailed, match="has no audit-2026-01"):
        await remove(installed_database, tmp_path)
    rows = gzip.decompress(before).replace(b'"n": 2', b'"n": 9')
    file.write_bytes(gzip.compress(rows))
    with pytest.raises(CheckFailed, match="was altered"):
        await remove(installed_database, tmp_path)
    file.write_bytes(before)
    # Nobody deletes a row of the log in any other way, also not in the transaction that removes.
    for statements in (
        f"delete from {LOG} where created_at < '2026-02-01'",
        "select switchboard.remove_archived('2026-01-01', null, 1); "
        f"delete from {LOG} where created_at >= '2026-01-01 11:00+00' and created_at < '2026-02-01'",
    ):
        with (
            psycopg.connect(installed_database) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
        ):
            connection.execute(statements.encode())
    assert left(installed_database) == ROWS
    assert (await remove(installed_database, tmp_path)).rows == ROWS


@pytest.mark.parametrize("every", [41, pytest.param(1, marks=pytest.mark.long)])
async def test_every_byte_of_a_file_that_is_changed_names_the_row(
    installed_database: str, tmp_path: Path, every: int
) -> None:
    await sealed_january(installed_database)
    await archive(installed_database, tmp_path)
    file = tmp_path / JANUARY.file
    before = file.read_bytes()
    unnamed = 0
    async with opened(installed_database) as database:
        with ArchiveFolder(tmp_path) as folder:
            (recorded,) = await read_archives(database)
            for place in range(0, len(before), every):
                file.write_bytes(before[:place] + bytes([before[place] ^ 4]) + before[place + 1 :])
                problems = await archive_problems(database, folder, recorded)
                assert problems, place
                # The time of a gzip header, say, is of no row.
                unnamed += not any(problem.row for problem in problems)
            assert unnamed < 16 * 9 // every + 2
            for content, words in (
                (before[:-1], "ends too early"),
                (before + b"x", "1 byte behind"),
                (b"", "ends too early"),
            ):
                file.write_bytes(content)
                problems = await archive_problems(database, folder, recorded)
                assert any(words in problem.sentence for problem in problems), (words, problems)
            rows = gzip.decompress(before)
            for old, new in ((b"2026-01-01T08", b"2026-13-01T08"), (b"2026-01-01T08", b"2026-01-01T99")):
                file.write_bytes(gzip.compress(rows.replace(old, new, 1)))
                problems = await archive_problems(database, folder, recorded)
                assert any(problem.row == row_id(8, 1) for problem in problems), problems
            file.write_bytes(before)
            assert await archive_problems(database, folder, recorded) == []
            seals = tmp_path / JANUARY.seals_file
            content = seals.read_text(encoding="utf-8")
            for old, new in (
                ('"rows": 12', '"rows": 11'),
                ("switchboard seal 2", "switchboard seal 3"),
                ('"start": 0', '"start": 1'),
                ('"start": 0', '"start": 0.5'),
                ('"start": 0', f'"start": {2**64}'),
                ('"sha256": "', '"sha256": "0'),
                (r"\"switchboard seal 2\", 17", r"\"switchboard seal 2\", [1], 17"),
            ):
                assert old in content
                seals.write_text(content.replace(old, new, 1), encoding="utf-8")
                report = SealReport()
                await check_archives(database, folder, report)
                assert report.findings or old == '"start": 0', new
    # As a check of the whole log says it.
    assert not (await check_with_files(installed_database, tmp_path)).is_well


async def test_a_hole_is_explained_only_by_an_archive_that_the_log_knows_of(
    installed_database: str, tmp_path: Path
) -> None:
    """The owner removes rows past the trigger, and says in the table that they were archived."""
    await sealed_january(installed_database)
    ((first, last),) = execute(
        installed_database, "select min(id), max(id) from switchboard.seals where hour < '2026-02-01'"
    )
    await as_owner(
        installed_database,
        f"delete from {LOG} where created_at < '2026-02-01'",
        # At a time within the month itself, so that its own record is that of the month in which it was archived.
        "insert into switchboard.archives (month, row_count, sha256, first_seal, last_seal, log_row, archived_at) "
        f"values ('2026-01-01', {ROWS}, sha256('x'), {first}, {last}, '{row_id(8, 1)}', '2026-01-15')",
    )
    report = await check(installed_database)
    sentences = [finding.sentence for finding in report.findings]
    assert "switchboard.archives says that 2026-01 was archived, and the log does not." in sentences
    assert sum("Every row of" in sentence for sentence in sentences) == len(HOURS)


async def test_a_file_that_is_there_already_is_never_replaced(installed_database: str, tmp_path: Path) -> None:
    await sealed_january(installed_database)
    for name in (JANUARY.file, JANUARY.seals_file):
        (tmp_path / name).write_text("somebody's")
        with pytest.raises(InvalidInput, match=f"There is {name} already"):
            await archive(installed_database, tmp_path)
        assert (tmp_path / name).read_text() == "somebody's"
        (tmp_path / name).unlink()
    with ArchiveFolder(tmp_path) as folder:
        writing = folder.begin(JANUARY.file)
        with pytest.raises(InvalidInput, match="Another run is writing"):
            await archive(installed_database, tmp_path)
        writing.discard()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - no waiting for anything
    (tmp_path / f"{JANUARY.file}.part").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="could not be written"):
        await archive(installed_database, tmp_path)
    assert not (tmp_path / "elsewhere").exists()


async def test_what_no_file_would_keep_stays_in_the_log(installed_database: str, tmp_path: Path) -> None:
    """Another program has a column of its own in the log, before the file is written and after."""
    add, drop = (f"alter table {LOG} {change} column request_id" for change in ("add", "drop"))
    await sealed_january(installed_database)
    execute(installed_database, f"{add} text")
    with pytest.raises(InvalidInput, match="columns that no file of an archive has: request_id"):
        await archive(installed_database, tmp_path)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - no waiting for anything
    execute(installed_database, drop)
    await archive(installed_database, tmp_path)
    await seal_acts(installed_database)
    execute(installed_database, f"{add} text")
    with pytest.raises(Conflict, match="columns that no file of an archive has: request_id"):
        await remove(installed_database, tmp_path)
    execute(installed_database, f"{drop}; {add} text generated always as (details ->> 'n') stored")
    assert (await remove(installed_database, tmp_path)).rows == ROWS


async def test_a_full_disk_leaves_nothing_and_whoever_sees_a_part_archives_nothing(
    postgres: TestServer, empty_database: str, tmp_path: Path
) -> None:
    await run_files_with_roles(empty_database)
    await sealed_january(empty_database)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(ExportFailed, match="nothing was removed from the log"):
            await archive(empty_database, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    postgres.create_role("ann", "login in role switchboard_admin")
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "insert into switchboard.logins (login, login_oid, user_id, role) "
            f"select 'ann', oid, '{ACME}', 'admin' from pg_roles where rolname = 'ann'"
        )
        connection.execute(f"insert into switchboard.login_organizations values ('ann', '{ACME}')".encode())
    ann = postgres.conninfo(empty_database.rpartition("/")[2].partition("?")[0], user="ann")
    with pytest.raises(PermissionDenied, match="sees a part of the organisations"):
        await archive(ann, tmp_path)
    # Nor by calling what records it.
    with (
        psycopg.connect(ann) as connection,
        pytest.raises(psycopg.Error, match="sees a part of the organisations"),
    ):
        connection.execute(f"select switchboard.record_archive('2026-01-01', {ROWS}, sha256('x'), '{{}}')".encode())
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - no waiting for anything


async def test_two_at_once_remove_each_hour_once(
    installed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sealed_january(installed_database)
    await archive(installed_database, tmp_path)
    await seal_acts(installed_database)
    monkeypatch.setattr(archive_remove, "ROWS_PER_COMMIT", 1)
    runs = await asyncio.gather(*(remove(installed_database, tmp_path) for _ in range(3)))
    assert sum(run.rows for run in runs) == ROWS and left(installed_database) == 0
    assert (await check_with_files(installed_database, tmp_path)).findings == []


async def test_what_was_accepted_stays_accepted_when_the_row_that_says_so_leaves(
    empty_database: str, tmp_path: Path
) -> None:
    run_schema_files(empty_database)
    execute(
        empty_database,
        "create function public.theirs() returns trigger language plpgsql as 'begin return new; end'; create trigger "
        "theirs before update on public.integration_credentials for each row execute function public.theirs()",
    )
    await installed(empty_database, accept=["trigger public.integration_credentials.theirs"])
    shift = "interval '09:30' + timestamptz '2026-01-01 00:00+00' - date_trunc('minute', now())"
    await as_owner(
        empty_database,
        f"update {LOG} set created_at = created_at + ({shift}) where details ? 'accepted'",
        f"update switchboard.accepted set accepted_at = accepted_at + ({shift})",
    )
    async with await psycopg.AsyncConnection.connect(empty_database) as connection:
        before = await read_accepted(connection)
    assert [acceptance.on for acceptance in before.values()] == ["2026-01-01"]
    await sealed_january(empty_database)
    await archive(empty_database, tmp_path)
    await seal_acts(empty_database)
    await remove(empty_database, tmp_path)
    assert left(empty_database) == 0
    async with await psycopg.AsyncConnection.connect(empty_database) as connection:
        assert await read_accepted(connection) == before
    assert (await check_with_files(empty_database, tmp_path)).findings == []


async def test_an_archive_stays_explained_when_the_row_of_the_log_about_it_is_archived_itself(
    installed_database: str, tmp_path: Path
) -> None:
    """And nobody explains a hole by a row that they say was archived."""
    write_log(installed_database)
    ((minutes,),) = execute(
        installed_database, "select (extract(epoch from now() - timestamptz '2026-02-05 00:00+00') / 60)::int"
    )
    await seal_hours_ago(installed_database, minutes)
    await archive(installed_database, tmp_path)
    in_february = "timestamptz '2026-02-10 10:30+00'"
    with psycopg.connect(installed_database) as connection:
        moved = BACK_DATE.replace("created_at - interval '2 hours'", in_february)
        connection.execute(moved.replace("archived_at - interval '2 hours'", in_february).encode())
    await seal_hours_ago(installed_database)
    await remove(installed_database, tmp_path)
    await archive(installed_database, tmp_path, JANUARY.following)
    await seal_acts(installed_database)
    removed = await remove(installed_database, tmp_path, JANUARY.following)
    assert removed.rows == 1 and left(installed_database) == 0
    first = execute(
        installed_database,
        f"select details -> 'archived_first' ->> 'operator' from {LOG} "
        "where action = 'log_archived' and details ? 'archived_first' and details ->> 'month' = '2026-01'",
    )
    assert first == [("asha@acme.example",)]
    report = await check_with_files(installed_database, tmp_path)
    assert (report.findings, [month.rows for month in report.removed.values()]) == ([], [ROWS, 1])
    execute(
        installed_database,
        "insert into switchboard.archives (month, row_count, sha256, first_seal, last_seal, log_row, archived_at) "
        f"values ('2026-03-01', 0, sha256('x'), 1, 1, gen_random_uuid(), {in_february})",
    )
    (finding,) = (await check(installed_database)).findings
    assert finding.sentence == "switchboard.archives says that 2026-03 was archived, and the log does not."
