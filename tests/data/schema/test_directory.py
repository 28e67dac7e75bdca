"""The directory: the views of people and organisations that setup makes of what a database has, and what reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.acme import opened
from tests.support.database.log_rows import resolve_line
from tests.support.database.schema import HOME, add_number, installed, run_files_with_roles
from tests.support.servers.postgres import run_schema_files
from tui.data.directory import (
    find_person,
    has_directory,
    list_organizations,
    name_organization,
    people_are_labelled,
    resolve_organization,
    search_people,
)
from tui.data.keys.encryption import Keyring
from tui.data.setup.doctor import examine
from tui.errors import UnknownOrganization, UnknownPerson
from tui.models.people import Organization

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

    Connection = psycopg.Connection[Any]


def test_without_other_tables_the_directory_is_what_switchboard_keeps(connection: Connection) -> None:
    logged, labelled, person = uuid4(), uuid4(), uuid4()
    connection.execute("insert into switchboard.people_labels values (%s, 'Ann', %s)", [person, HOME])
    connection.execute("insert into switchboard.organization_labels values (%s, 'Home'), (%s, 'New')", [HOME, labelled])
    add_number(connection, None)
    connection.execute("select switchboard.log_act('log_exported', %s, null, 'success', '{}')", [logged])
    connection.execute("select switchboard.log_act('log_exported', null, null, 'success', '{}')")
    assert connection.execute("select * from switchboard.people").fetchall() == [(person, None, "Ann", HOME, True)]
    organizations = connection.execute("select id, name from switchboard.organizations").fetchall()
    assert sorted(organizations, key=str) == sorted([(HOME, "Home"), (labelled, "New"), (logged, None)], key=str)


def test_the_nil_organisation_counts_where_it_has_integrations(connection: Connection) -> None:
    add_number(connection, None, organization_id=UUID(int=0))
    assert connection.execute("select id from switchboard.organizations").fetchall() == [(UUID(int=0),)]


async def test_users_and_organisations_of_another_program_are_the_directory(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "create table public.users (id uuid primary key, email varchar(80), full_name text, is_active bool)"
        )
        connection.execute("create table public.organizations (id uuid primary key, name text)")
        connection.execute("insert into public.users values (%s, 'a@b.c', 'Ann', null)", [HOME])
        connection.execute("insert into public.organizations values (%s, 'Home')", [HOME])
    run_schema_files(empty_database)
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("select * from switchboard.people").fetchall() == [(HOME, "a@b.c", "Ann", None, True)]
        assert connection.execute("select * from switchboard.organizations").fetchall() == [(HOME, "Home")]


async def test_what_a_table_of_users_lacks_is_in_supabases_and_who_is_gone_is_not_active(supabase_like: str) -> None:
    """Another setup follows what the database has by then; where there are no others, Supabase's are the directory."""
    run_schema_files(supabase_like)
    with psycopg.connect(supabase_like) as connection:
        connection.execute(
            "insert into auth.users (id, email, raw_user_meta_data) values (%s, 'a@b.c', '{\"full_name\": \"Ann\"}')",
            [HOME],
        )
        assert connection.execute("select * from switchboard.people").fetchall() == [(HOME, "a@b.c", "Ann", None, True)]
        connection.execute("delete from auth.users")
    names = ("ann", "ben", "cat", "deleted", "banned", "was", "only")
    people = {name: UUID(int=number) for number, name in enumerate(names, 1)}
    deleted, home = UUID(int=20), UUID(int=21)
    with psycopg.connect(supabase_like) as connection:
        connection.execute(
            "create table public.users (id uuid primary key, full_name text, email text, organization_id uuid,"
            " is_active bool, is_deleted bool not null default false, deleted_at timestamp)"
        )
        connection.execute("create table public.organizations (id uuid primary key, name text, deleted_at timestamptz)")
        connection.execute(
            "insert into public.organizations values (%s, 'Home', null), (%s, 'Gone', now())", [home, deleted]
        )
        for name, person in people.items():
            metadata = '{"full_name": {"of": "x"}, "name": "Told"}' if name == "ben" else "{}"
            connection.execute(
                "insert into auth.users (id, email, raw_user_meta_data) values (%s, %s, %s)",
                [person, f"{name}@b.c", metadata],
            )
            if name != "only":
                # Blank is as good as missing.
                full_name = " " if name == "ben" else name.title()
                connection.execute(
                    "insert into public.users (id, full_name, email, organization_id) values (%s, %s, '', %s)",
                    [person, full_name, home],
                )
        connection.execute("insert into public.users values (%s, 'Alone')", [UUID(int=9)])
        for change, name in {
            "public.users set is_active = false": "cat",
            "public.users set deleted_at = now()": "deleted",
            "auth.users set banned_until = now() + interval '1 day'": "banned",
            "auth.users set banned_until = now() - interval '1 day'": "was",
        }.items():
            connection.execute(f"update {change} where id = %s", [people[name]])
    run_schema_files(supabase_like)
    with psycopg.connect(supabase_like) as connection:
        rows = connection.execute("select email, name, organization_id, is_active from switchboard.people order by id")
        assert rows.fetchall() == [
            ("ann@b.c", "Ann", home, True),
            ("ben@b.c", "Told", home, True),
            ("cat@b.c", "Cat", home, False),
            ("deleted@b.c", "Deleted", home, False),
            ("banned@b.c", "Banned", home, False),
            ("was@b.c", "Was", home, True),
            (None, "Alone", None, True),
        ]
        assert connection.execute("select name from switchboard.organizations").fetchall() == [("Home",)]
        connection.execute("update auth.users set deleted_at = now() where email like 'ann%'")
        # A view of users may have them twice.
        connection.execute(
            "create table profiles as table users; drop table users cascade;"
            " create view users as select * from profiles union all select * from profiles"
        )
    run_schema_files(supabase_like)
    with psycopg.connect(supabase_like) as connection:
        rows = connection.execute("select name, is_active from switchboard.people order by name").fetchall()
        assert rows == [
            *(("Alone", True), ("Ann", False), ("Banned", False), ("Cat", False), ("Deleted", False)),
            *(("Told", True), ("Was", True)),
        ]
        connection.execute("drop view public.users cascade")
    run_schema_files(supabase_like)
    with psycopg.connect(supabase_like) as connection:
        active = connection.execute("select email from switchboard.people where is_active order by id").fetchall()
        assert active == [(f"{name}@b.c",) for name in ("ben", "cat", "deleted", "was", "only")]


async def test_ids_that_are_no_uuids_are_said_and_are_no_dead_end(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table public.organizations (id integer primary key, name text)")
        connection.execute("create table public.users (id text primary key, email text)")
        connection.execute("insert into public.organizations values (7, 'Seven')")
    report = await installed(empty_database)
    labels = "are the UUIDs in use there, with names that Switchboard keeps."
    sentences = [
        f"public.{ids}, and the tables of integrations hold UUIDs: {whose} {labels}"
        for ids, whose in (
            ("organizations has ids of type integer", "organisations"),
            ("users has ids of type text", "people"),
        )
    ]
    assert [note[0] for note in report.notes] == sentences
    async with opened(empty_database) as database:
        assert not await has_directory(database)
        assert await people_are_labelled(database)
        for text in (None, "7", "Seven"):
            with pytest.raises(UnknownOrganization) as refused:
                await resolve_organization(database, text)
            assert refused.value.what_to_do.startswith(sentences[0])
            assert "a UUID" in refused.value.what_to_do
        assert await resolve_organization(database, str(HOME)) == Organization(HOME, None)
        with pytest.raises(UnknownPerson) as unknown:
            await find_person(database, "nobody@b.c")
        assert unknown.value.what_to_do.startswith(f"{sentences[1]} Where there is a mapping, replace the view switch")
        assert (await find_person(database, str(HOME))).id == HOME
        await name_organization(database, HOME, "Home")
        assert await resolve_organization(database, None) == Organization(HOME, "Home")
        findings = await examine(database, Keyring(None), connection=None, env_file=Path("/nonexistent/.env"))
        assert [finding.sentence for finding in findings if finding.title == "Organizations"] == [report.notes[0][0]]
        with psycopg.connect(empty_database) as connection:
            connection.execute(
                "create table mapping as select lpad(o.id::text, 32, '0')::uuid as id, o.name from organizations o;"
                "create or replace view switchboard.organizations as select m.id, m.name from mapping m;"
                "create or replace view switchboard.people as select m.id, null::text as email, m.name,"
                " null::uuid as organization_id, true as is_active from mapping m"
            )
        findings = await examine(database, Keyring(None), connection=None, env_file=Path("/nonexistent/.env"))
        assert [
            (finding.state, finding.sentence) for finding in findings if finding.title in ("Organizations", "People")
        ] == [
            ("ok", f"{whose} come from a view that Switchboard did not make, or not in this form.")
            for whose in ("Organisations", "People")
        ]
        assert await has_directory(database)
        assert (await resolve_organization(database, "seven")).name == "Seven"
        with psycopg.connect(empty_database) as connection:
            connection.execute("insert into mapping values (%s, ' ')", [HOME])
        assert [organization.name for organization in await list_organizations(database)] == ["Seven", None]
        assert {person.name for person in await search_people(database, HOME, "")} == {"Seven", None}
    assert (await installed(empty_database)).notes == ()


async def test_an_organisation_is_found_among_more_than_any_list_holds(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table public.organizations (id uuid primary key, name text)")
        connection.execute(
            "insert into public.organizations select ('aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaa' || n)::uuid, 'Clinic ' || n"
            " from generate_series(1000, 2500) as n"
        )
        connection.execute("insert into public.organizations values (%s, 'Zoë_100%%'), (%s, null)", [HOME, UUID(int=5)])
    run_schema_files(empty_database)
    async with opened(empty_database) as database:
        assert (await resolve_organization(database, "zoë_100%")).id == HOME
        assert await resolve_organization(database, str(UUID(int=5))) == Organization(UUID(int=5), None)
        assert [organization.name for organization in await list_organizations(database, "2499 clin")] == [
            "Clinic 2499"
        ]
        assert [organization.name for organization in await list_organizations(database, "ë_100%")] == ["Zoë_100%"]
        assert await list_organizations(database, "ë-100%") == []
        assert [organization.id for organization in await list_organizations(database, str(HOME)[:10])] == [HOME]
        assert len(await list_organizations(database, "", 20)) == 20
        assert (await resolve_line(database, "org:zoë_100%")).terms[0].ids == (HOME,)
        for beginning in ("ZOË", "zoë_", str(HOME)[:12]):
            assert (await resolve_organization(database, beginning, may_be_short=True)).id == HOME
            with pytest.raises(UnknownOrganization, match="No organisation has that"):
                await resolve_organization(database, beginning)
        with pytest.raises(UnknownOrganization, match="More than one organisation begins with that") as ambiguous:
            await resolve_organization(database, "clinic 249", may_be_short=True)
        assert ambiguous.value.what_to_do.count("Clinic 249") == 10
        # A name is taken before a beginning, and what is in the middle is none.
        assert (await resolve_organization(database, "Clinic 1000", may_be_short=True)).name == "Clinic 1000"
        with pytest.raises(UnknownOrganization, match="No organisation has that"):
            await resolve_organization(database, "%oë", may_be_short=True)
        with pytest.raises(UnknownOrganization, match="No organisation has that") as refused:
            await resolve_organization(database, "inic 2500", may_be_short=True)
        assert refused.value.what_to_do.startswith("Like it are: ")
        assert refused.value.what_to_do.count("Clinic ") == refused.value.what_to_do.count("Clinic 2500") == 1
        with pytest.raises(UnknownOrganization) as many:
            await resolve_organization(database, None)
        assert many.value.what_to_do.endswith(" and more")


async def test_an_organisation_that_was_deleted_is_reached_by_the_id_that_is_in_use(
    postgres: TestServer, empty_database: str
) -> None:
    numbered, logged, active = uuid4(), uuid4(), uuid4()
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table organizations (id uuid primary key, name text, deleted_at timestamptz)")
        connection.execute(
            "insert into organizations values (%s, 'Numbered', now()), (%s, 'Logged', now()), (%s, 'Known', null)",
            [numbered, logged, active],
        )
    await run_files_with_roles(empty_database)
    with psycopg.connect(empty_database) as connection:
        add_number(connection, None, organization_id=numbered)
        connection.execute("select switchboard.log_act('log_exported', %s, null, 'success', '{}')", [logged])
    postgres.create_role("looks", "login in role switchboard_auditor")
    async with (
        opened(empty_database) as database,
        opened(psycopg.conninfo.make_conninfo(empty_database, user="looks")) as auditing,
    ):
        for reader in (database, auditing):
            for identifier in (numbered, logged):
                organization = await resolve_organization(reader, str(identifier))
                assert organization == Organization(identifier, "no longer in the directory"), (reader, identifier)
            with pytest.raises(UnknownOrganization) as refused:
                await resolve_organization(reader, str(uuid4()))
            assert "Known" not in refused.value.what_to_do


async def test_a_view_that_an_administrator_replaced_is_left_alone(set_up_database: str) -> None:
    with psycopg.connect(set_up_database) as connection:
        connection.execute(
            f"create or replace view switchboard.people as select '{HOME}'::uuid as id, 'x'::text as email, "
            "null::text as name, null::uuid as organization_id, true as is_active from generate_series(1, 2)"
        )
        connection.execute("create table public.users (id uuid primary key, email text)")
        connection.execute("create table public.organizations (id uuid primary key, name text)")
        connection.execute("insert into public.organizations values (%s, 'Home')", [HOME])
    await installed(set_up_database)
    with psycopg.connect(set_up_database) as connection:
        assert connection.execute("select email from switchboard.people").fetchall() == [("x",)] * 2
        # The other view was not replaced, so it follows what the database has now.
        assert connection.execute("select name from switchboard.organizations").fetchall() == [("Home",)]
    async with opened(set_up_database) as database:
        assert (await find_person(database, str(HOME))).email == "x"
