"""Sealing: what is sealed and when, what the digest is, and who may seal."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.acme import opened
from tests.support.commands import contents, execute
from tests.support.database.schema import installed, run_files_with_roles
from tests.support.database.seal_tampering import HOURS, KEY, OTHER_KEY, as_owner, check, seal, write_log
from tests.support.servers.postgres import run_schema_files
from tui.data.seals import chain as seals
from tui.data.seals import hour_digest, sealing
from tui.data.seals import hours as seal_hours
from tui.data.seals.proofs.checkpoints import read_seal_evidence
from tui.data.seals.sealing import seal_log
from tui.errors import PermissionDenied, ReadOnlyMode, SealKeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

ADD = (
    "insert into public.integration_audit_logs (organization_id, integration_type, action, status, created_at) "
    "values (gen_random_uuid(), 'x', 'call_made', 'success', {})"
)
SEALS = "select hour, row_count, digest, row_list, previous from switchboard.seals order by id"
DOCUMENT = (Path(__file__).parents[3] / "docs" / "seals.md").read_text(encoding="utf-8")
# What docs/seals.md gives to people who check by hand: the hours that differ, and what each seal signs.
DIFFERING, STATEMENTS = re.findall(r"^```sql\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)


def sealed_hours(conninfo: str) -> dict[str, int]:
    """Rows under each seal, by its hour in UTC."""
    query = (
        "select coalesce(to_char(hour at time zone 'UTC', 'DD HH24'), 'none'), row_count from switchboard.seals "
        "order by id"
    )
    return dict(execute(conninfo, query))


def leaf(row: dict[str, Any]) -> bytes:
    """The leaf of a row as an auditor would compute it: the text of a JSON array, and its hash as RFC 6962 has it."""
    texts = ("id", "organization_id", "user_id", "integration_type", "action", "status")
    parts = [json.dumps(None if row[name] is None else str(row[name]), ensure_ascii=False) for name in texts]
    parts.append(row["details"] or "null")
    parts += [json.dumps(row[name], ensure_ascii=False) for name in ("address", "user_agent", "microseconds")]
    return hashlib.sha256(f"\0[{', '.join(parts)}]".encode()).digest()


def cut_at_eleven(_: int, hour: int) -> None:
    """Break off where that hour has been read."""
    if hour % 86400 == 11 * 3600:
        raise KeyboardInterrupt


@pytest.fixture(scope="module")
def sealed(postgres: TestServer, installed_template: str) -> Iterator[tuple[str, str]]:
    """Connection URI of a database with a sealed log that no test changes, and its newest seal."""
    name = postgres.create_database(template=installed_template, prefix="sealed")
    write_log(postgres.conninfo(name))
    yield postgres.conninfo(name), asyncio.run(seal(postgres.conninfo(name)))
    postgres.drop_database(name)


def test_an_auditor_gets_the_same_digest_without_switchboard(installed_database: str) -> None:
    write_log(installed_database)
    execute(
        installed_database,
        "insert into public.integration_audit_logs (organization_id, integration_type, action, status, details, "
        "ip_address, user_agent, created_at) values (gen_random_uuid(), E'a\"b\\\\c\\td', 'x', 'failed', "
        """'{"zz": [1.50, 1e3, null, true], "b": "\\u00e9\\n\\u2028"}', '2001:db8::1/64', E'\\x7f ü 😀', """
        "'2026-01-01 08:59:59.999999+00')",
    )
    asyncio.run(seal(installed_database))
    with psycopg.connect(installed_database, row_factory=dict_row) as connection:
        rows = connection.execute(
            "select id, organization_id, user_id, integration_type, action, status, details::text, "
            "host(ip_address) as address, user_agent, "
            "(extract(epoch from created_at) * 1000000)::bigint as microseconds "
            "from public.integration_audit_logs where created_at >= '2026-01-01 08:00+00' "
            "and created_at < '2026-01-01 09:00+00' order by created_at, id"
        ).fetchall()
        (stored,) = connection.execute(f"{SEALS} offset 1 limit 1").fetchall()
    leaves = [leaf(row) for row in rows]
    assert len(leaves) == stored["row_count"] == HOURS[8] + 1
    assert hashlib.sha256(b"".join(leaves)).digest() == stored["digest"]
    assert stored["row_list"] == b"".join(
        row["id"].bytes + digest[:8] for row, digest in zip(rows, leaves, strict=True)
    )


async def test_what_is_signed_is_what_postgres_makes_of_the_columns(sealed: tuple[str, str]) -> None:
    async with opened(sealed[0]) as database:
        newest = await seals.newest_seal(database)
        assert newest is not None
        chain = [link async for link in seals.seals_of(database, newest.id)]
    texts = [text.encode() for _, text in execute(sealed[0], STATEMENTS)]
    assert [link.statement() for link in chain] == texts
    assert [link.previous for link in chain] == [None, *(hashlib.sha256(text).digest() for text in texts[:-1])]


async def test_the_query_of_the_readme_finds_the_hours_that_differ(installed_database: str) -> None:
    write_log(installed_database)
    await seal(installed_database)
    assert execute(installed_database, DIFFERING) == []
    await as_owner(
        installed_database,
        "update public.integration_audit_logs set status = 'failed' where created_at < '2026-01-01 09:00+00'",
        "delete from public.integration_audit_logs where created_at > '2026-01-01 11:00+00'",
    )
    differing = [(hour.hour, sealed, present) for hour, sealed, present in execute(installed_database, DIFFERING)]
    assert differing == [(8, 5, 5), (11, 3, 0)]


def test_each_hour_with_rows_is_sealed_and_the_last_one_in_any_case(sealed: tuple[str, str]) -> None:
    hours = sealed_hours(sealed[0])
    assert list(hours.items())[:4] == [("none", 0), *((f"01 {hour:02}", rows) for hour, rows in HOURS.items())]
    assert list(hours.values())[4:] == [0]


@pytest.mark.parametrize("minutes", [seal_hours.SETTLED_MIN, 60 + seal_hours.SETTLED_MIN, 40])
async def test_an_hour_is_sealed_when_it_has_been_over_for_a_while(
    installed_database: str, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    monkeypatch.setattr(seal_hours, "SETTLED_MIN", minutes)
    end = f"date_trunc('hour', now() - interval '{minutes} minutes', 'UTC')"
    for moment in ("now()", end, f"{end} - interval '1 microsecond'"):
        execute(installed_database, ADD.format(moment))
    async with opened(installed_database) as database:
        sealed = await seal_log(database, KEY)
    assert [sealed.rows, sealed.sealed_until] == [1, execute(installed_database, f"select {end}")[0][0]]


def test_an_hour_waits_for_15_minutes() -> None:
    assert seal_hours.SETTLED_MIN == 15


async def test_a_second_run_has_nothing_to_do_and_writes_nothing(sealed: tuple[str, str]) -> None:
    conninfo, newest = sealed
    before = contents(conninfo)
    async with opened(conninfo) as database:
        again = await seal_log(database, KEY)
    assert (again.seals, again.rows, again.newest_seal) == (0, 0, newest)
    assert contents(conninfo) == before


def test_the_log_has_one_row_about_it(sealed: tuple[str, str]) -> None:
    conninfo, newest = sealed
    ((details,),) = execute(conninfo, "select details from public.integration_audit_logs where action = 'log_sealed'")
    assert (details["seals"], details["rows"]) == (len(HOURS) + 2, sum(HOURS.values()))
    assert (details["newest_seal"], details["key_id"]) == (newest, KEY.key_id)
    assert details["operator"] == "asha@acme.example"


async def test_rows_without_a_time_have_a_seal_of_their_own(installed_database: str) -> None:
    for moment in ("null", "null", "'infinity'", "'-infinity'", "'2026-01-01'"):
        execute(installed_database, ADD.format(moment))
    await seal(installed_database)
    assert list(sealed_hours(installed_database).items())[:2] == [("none", 4), ("01 00", 1)]
    assert (await check(installed_database)).is_well
    execute(installed_database, ADD.format("null"))
    (finding,) = (await check(installed_database)).findings
    assert "Among the rows without a time row" in finding.sentence
    assert "(4 sealed, 5 there)" in finding.sentence


async def test_rows_of_any_age_are_sealed(installed_database: str) -> None:
    moments = ("'4714-11-24 00:00+00 BC'", "'4713-01-02 BC'", "'0001-01-01 00:00+00'", "'1969-12-31 23:30+00'")
    for moment in moments:
        execute(installed_database, ADD.format(moment))
    await seal(installed_database)
    assert (await check(installed_database)).is_well
    for moment in moments:
        execute(installed_database, ADD.format(moment))
    assert [finding.kind for finding in (await check(installed_database)).findings] == ["added"] * len(moments)


async def test_it_is_the_same_on_an_older_server(empty_database16: str) -> None:
    run_schema_files(empty_database16)
    write_log(empty_database16)
    await seal(empty_database16)
    assert (await check(empty_database16)).is_well
    assert execute(empty_database16, DIFFERING) == []
    execute(empty_database16, ADD.format("'2026-01-01 08:30+00'"))
    assert [finding.kind for finding in (await check(empty_database16)).findings] == ["added"]


async def test_an_empty_log_can_be_sealed(installed_database: str) -> None:
    await seal(installed_database)
    assert (await check(installed_database)).is_well
    execute(installed_database, ADD.format("'2026-01-01'"))
    assert [finding.kind for finding in (await check(installed_database)).findings] == ["added"]


async def test_two_jobs_at_once_make_one_chain(installed_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "SEALS_PER_COMMIT", 3)
    execute(
        installed_database,
        "insert into public.integration_audit_logs (organization_id, integration_type, action, status, created_at) "
        "select gen_random_uuid(), 'x', 'call_made', 'success', timestamptz '2026-01-01' + n * interval '20 minutes' "
        "from generate_series(0, 89) n",
    )
    async with opened(installed_database) as database, opened(installed_database) as second:
        runs = await asyncio.gather(seal_log(database, KEY), seal_log(second, KEY), seal_log(database, KEY))
    assert sum(sealed.seals for sealed in runs) == 32
    assert sum(sealed.rows for sealed in runs) == 90
    assert len({sealed.newest_seal for sealed in runs}) == 1
    report = await check(installed_database)
    assert (report.findings, report.seals, report.rows) == ([], 32, 90)


async def test_what_was_sealed_before_a_break_is_gone_on_from(
    installed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEALS_PER_COMMIT", 2)
    write_log(installed_database)
    async with opened(installed_database) as database:
        with pytest.raises(KeyboardInterrupt):
            await seal_log(database, KEY, on_progress=cut_at_eleven)
        assert list(sealed_hours(installed_database)) == ["none", "01 08"]
        resumed = await seal_log(database, KEY)
    assert resumed.seals == 3
    assert (await check(installed_database)).is_well


async def test_an_hour_of_many_rows_has_the_digest_it_would_have_at_once(
    installed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of one moment stay together, also without a primary key, where ids may be null or equal."""
    with psycopg.connect(installed_database) as owner:
        owner.execute("alter table public.integration_audit_logs drop constraint integration_audit_logs_pkey")
        owner.execute("alter table public.integration_audit_logs alter column id drop not null")
        owner.execute(
            "insert into public.integration_audit_logs (id, organization_id, integration_type, action, status, "
            "details, created_at) select case n %% 4 when 0 then null when 1 then md5('same')::uuid "
            "else gen_random_uuid() end, gen_random_uuid(), 'x', 'call_made', 'success', to_jsonb(n), "
            "timestamptz '2026-01-01 08:00+00' + n / 13 * interval '1 microsecond' from generate_series(1, 100) n",
            [],
        )
    async with opened(installed_database) as database:
        (whole,) = [row async for row in seal_hours.hours_with_rows(database, 1767250800, 1767258000, 2, listed=True)]
        monkeypatch.setattr(seal_hours, "ROWS_OF_A_PAGE", 7)
        assert await seal_hours.digest_in_pages(database, whole.hour, 2, listed=True) == whole
        monkeypatch.setattr(hour_digest, "LARGEST_LISTED", 50)
        (large,) = [row async for row in seal_hours.hours_with_rows(database, 1767250800, 1767258000, 2, listed=True)]
    assert (large.digest, large.row_count, large.row_list) == (whole.digest, 100, None)


async def test_a_change_of_the_key_leaves_the_chain_whole(
    installed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "SEALS_PER_COMMIT", 2)
    write_log(installed_database)
    async with opened(installed_database) as database:
        with pytest.raises(KeyboardInterrupt):
            await seal_log(database, KEY, on_progress=cut_at_eleven)
        await seal_log(database, OTHER_KEY)
        evidence = await read_seal_evidence(database)
    assert evidence.public_keys == (KEY.public_key.hex(), OTHER_KEY.public_key.hex())
    assert (await check(installed_database)).is_well
    report = await check(installed_database, public_keys=(KEY.public_key,))
    (finding,) = report.findings
    assert finding.sentence.startswith(f"3 seals are signed with the key {OTHER_KEY.key_id}")


async def test_a_retired_key_seals_no_more(installed_database: str) -> None:
    await seal(installed_database)
    execute(installed_database, "update switchboard.keys set state = 'retired' where purpose = 'seal'")
    with pytest.raises(SealKeyError, match="is retired"):
        await seal(installed_database)


async def test_read_only_mode_seals_nothing(installed_database: str) -> None:
    before = contents(installed_database)
    async with opened(installed_database, read_only=True) as database:
        with pytest.raises(ReadOnlyMode):
            await seal_log(database, KEY)
    assert contents(installed_database) == before


class TestRoles:
    """An administrator seals; support and auditors check; nobody checks a log that is partly hidden from them."""

    @pytest.fixture(scope="class")
    def sealed_with_roles(self, postgres: TestServer) -> Iterator[tuple[str, str]]:
        """Name of a database to be cloned, whose log the administrator has sealed, and the newest seal."""
        name = postgres.create_database(prefix="template_roles")
        owner = postgres.conninfo(name)
        asyncio.run(run_files_with_roles(owner))
        write_log(owner)
        for role in ("admin", "support", "auditor"):
            postgres.create_role(f"the_{role}", f"login in role switchboard_{role}")
        postgres.create_role("stranger", "login")
        execute(owner, "grant usage on schema switchboard to stranger")
        execute(owner, "grant select on public.integration_audit_logs, switchboard.seals, switchboard.keys to stranger")
        things = ("switchboard", "switchboard.keys", "switchboard.seals", "public.integration_audit_logs")
        asyncio.run(installed(owner, accept=[f"grant {thing} to stranger" for thing in things]))
        yield name, asyncio.run(seal(postgres.conninfo(name, user="the_admin")))
        postgres.drop_database(name)
        postgres.drop_new_roles()

    @pytest.fixture
    def logins(self, postgres: TestServer, sealed_with_roles: tuple[str, str]) -> Iterator[dict[str, str]]:
        name = postgres.create_database(template=sealed_with_roles[0], prefix="roles")
        roles = ("the_admin", "the_support", "the_auditor", "stranger", "postgres")
        yield {role: postgres.conninfo(name, user=role) for role in roles}
        postgres.drop_database(name)

    async def test_who_may_seal_and_who_may_check(
        self, logins: dict[str, str], sealed_with_roles: tuple[str, str]
    ) -> None:
        for role in ("the_support", "the_auditor"):
            with pytest.raises(PermissionDenied, match=f"The role {role} may not seal the log: it lacks INSERT"):
                await seal(logins[role])
        for role in ("the_admin", "the_support", "the_auditor"):
            report = await check(logins[role], newest=sealed_with_roles[1])
            assert (report.findings, report.rows) == ([], sum(HOURS.values()))
        with pytest.raises(PermissionDenied, match="The role stranger does not see every row of the log"):
            await check(logins["stranger"])

    async def test_an_auditor_is_told_the_row(self, logins: dict[str, str]) -> None:
        execute(logins["postgres"], ADD.format("'2026-01-01 08:30+00'"))
        (finding,) = (await check(logins["the_auditor"])).findings
        assert finding.row is not None
        assert "it was written after the hour was sealed" in finding.sentence

    async def test_only_who_may_seal_may_say_in_the_log_that_it_was_done(self, logins: dict[str, str]) -> None:
        claim = (
            "select switchboard.log_act('log_sealed', gen_random_uuid(), 'none', 'success', "
            "jsonb_build_object('newest_seal', repeat('ab', 32)))"
        )
        for role in ("the_support", "the_auditor"):
            with pytest.raises(
                psycopg.errors.InsufficientPrivilege, match=f"the role {role} does not log the act log_sealed"
            ):
                execute(logins[role], claim)
        assert (await check(logins["the_auditor"])).is_well
