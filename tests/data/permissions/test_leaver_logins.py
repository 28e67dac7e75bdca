"""A leaver's logins: removed with all the rest, or left to whoever may; and what somebody who sees a part is told."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.support.acme import ACME, GLOBEX, opened
from tests.support.commands import execute
from tests.support.database.people import directory_database, integration, person
from tests.support.servers.postgres import run_schema_files
from tests.support.waiting import wait_until
from tui.data.permissions.leaver import leaver_report
from tui.data.permissions.leaving import left_to_others, take_everything, undo_departure
from tui.data.permissions.listing import Holder
from tui.data.schema.expected import GRANTED_ROLES
from tui.errors import InvalidInput
from tui.models.people import Organization
from tui.words.people.leavers import about_logins, closes_all, departure_words, login_in_full, nothing_to_take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

HERE = Organization(ACME, "Acme")
LEAVER, NOBODY = Holder(person(1), None, "Ann", "active"), Holder(person(9), None, "Bo", "not in the directory")
BOSS = Holder(person(3), None, "Cy", "active")
LOGINS = {
    "ann_admin": (1, "admin", None),
    "ann_support": (1, "support", ACME),
    "scoped_admin": (2, "admin", ACME),
    "boss": (3, "admin", None),
}
HELD = """
select (select count(*) from user_integration_permissions where user_id = %s),
       (select count(*) from organization_phone_numbers where assigned_to_user_id = %s)
"""
IN_GROUPS = "select count(*) from pg_auth_members m where m.member = any (array['ann_admin', 'ann_support']::regrole[])"


@pytest.fixture
def directory(postgres: TestServer) -> Iterator[str]:
    """Ann has a permission and a number in Acme and in Globex, and two logins; the owner is a superuser."""
    with directory_database(postgres) as conninfo:
        for role in GRANTED_ROLES:
            postgres.create_role(role, "nologin")
        run_schema_files(conninfo)
        with psycopg.connect(conninfo) as connection:
            connection.execute(
                "insert into public.integration_credentials (id, organization_id, integration_type, "
                "credentials_encrypted) values (%s, %s, 'zoho_mail', 'x')",
                (person(50), GLOBEX),
            )
            for number, organization, on in ((1, ACME, integration(1)), (2, GLOBEX, person(50))):
                connection.execute(
                    "insert into public.user_integration_permissions (user_id, integration_id, can_view) "
                    "values (%s, %s, true)",
                    (LEAVER.id, on),
                )
                connection.execute(
                    "insert into public.organization_phone_numbers (organization_id, phone_number, "
                    "assigned_to_user_id) values (%s, %s, %s)",
                    (organization, f"+91804718010{number}", LEAVER.id),
                )
        for login, (number, role, organization) in LOGINS.items():
            postgres.create_role(login, f"login password 'x' in role switchboard_{role}")
            execute(
                conninfo,
                "select switchboard.map_login(%s, %s, %s, %s, %s, false, null, 'postgres')",
                *(login, person(number), role, [organization] if organization else None, organization is None),
            )
        yield conninfo


def log_of(conninfo: str, operation: object) -> list[str]:
    query = "select action from integration_audit_logs where details ->> 'operation_id' = %s order by action"
    return [action for (action,) in execute(conninfo, query, str(operation))]


def can_connect(conninfo: str, login: str) -> bool:
    try:
        with psycopg.connect(make_conninfo(conninfo, user=login)):
            return True
    except psycopg.OperationalError:
        return False


def is_over(session: psycopg.Connection) -> bool:
    try:
        session.execute("select 1")
    except psycopg.OperationalError:
        return True
    return False


async def test_logins_go_with_all_the_rest_and_sessions_end_once_it_is_committed(directory: str) -> None:
    with psycopg.connect(make_conninfo(directory, user="ann_support"), autocommit=True) as session:
        async with opened(directory) as database:
            for user, field in (("ann_admin", "api_key"), ("postgres", "api_token")):
                with psycopg.connect(make_conninfo(directory, user=user)) as typing:
                    typing.execute(
                        "select set_config('switchboard.operator_id', %s, true), "
                        "set_config('switchboard.fields', %s, true)",
                        (str(LEAVER.id), field),
                    )
                    typing.execute(
                        "update integration_credentials set credentials_encrypted = %s where id = %s",
                        (field, integration(1)),
                    )
            report = await leaver_report(database, HERE, LEAVER)
            known = {secret.field: (secret.typed, secret.proven) for secret in report.here.secrets}
            assert known == {"api_key": (True, True), "api_token": (True, False)}
            assert [login.login for login in report.logins.to_remove] == ["ann_admin", "ann_support"]
            assert [held.organization.id for held in report.holdings] == [ACME, GLOBEX]
            words = {login.login: login_in_full(login, UTC) for login in report.logins.found}
            assert words == {
                "ann_admin": "admin, sees all organisations",
                "ann_support": f"support, sees {ACME}; 1 open session",
            }
            assert await left_to_others(database, report.logins.to_remove) == ()
            assert can_connect(directory, "ann_admin")
            # What is refused of a login undoes the rest of it.
            execute(directory, "update switchboard.logins set removed_at = now() where login = 'ann_support'")
            with pytest.raises(InvalidInput, match="nobody's here"):
                await take_everything(database, report)
            execute(directory, "update switchboard.logins set removed_at = null")
            assert execute(directory, HELD, LEAVER.id, LEAVER.id) == [(2, 2)]
            done = await take_everything(database, report)
            assert departure_words(done) == (
                "2 revokes, 2 numbers returned to the pool, 2 logins removed, 1 session ended"
            )
            assert done.left_to_do == ()
            both = ["access_changed", "number_unassigned", "permission_revoked"]
            assert log_of(directory, done.operation_id) == [action for action in both for _ in range(2)]
            wait_until(lambda: is_over(session))
            assert not can_connect(directory, "ann_support")
            assert execute(directory, IN_GROUPS) == [(0,)]
            again = await leaver_report(database, HERE, LEAVER)
            assert not again.has_anything_to_take
            assert [login.state for login in again.logins.found] == ["removed", "removed"]
            assert nothing_to_take(again).endswith("no login to remove.")
            # Logins are nobody's for good; the rest comes back.
            undone = await undo_departure(database, done)
            assert departure_words(undone) == "2 grants, 2 numbers given back"
            assert (await leaver_report(database, HERE, LEAVER)).logins.mapped == ()


async def test_what_the_role_may_not_do_is_left_as_sql_and_its_own_login_stays(directory: str) -> None:
    async with opened(make_conninfo(directory, user="boss")) as database:
        own = await leaver_report(database, HERE, BOSS)
        assert ([login.login for login in own.logins.mapped], own.logins.to_remove) == (["boss"], ())
        assert about_logins(own) == [
            "boss is your own login, which nobody removes themselves: ask another administrator."
        ]
        report = await leaver_report(database, HERE, LEAVER)
        before = await left_to_others(database, report.logins.to_remove)
        assert not closes_all(report, before)
        done = await take_everything(database, report)
        assert (done.left_to_do, [login.sessions_ended for login in done.logins]) == (before, [0, 0])
        assert execute(directory, "select count(*) from switchboard.logins where removed_at is null") == [(2,)]
        open_still = (await leaver_report(database, HERE, LEAVER)).logins.found
        assert all(login_in_full(login, UTC).endswith("but its role can still log in") for login in open_still)
    assert can_connect(directory, "ann_admin")
    execute(directory, before[0])
    async with opened(directory) as database:
        # Whoever may finishes what was left: it is no login of anybody, and in the report still.
        report = await leaver_report(database, HERE, LEAVER)
        states = {login.login: login.state for login in report.logins.to_remove}
        assert states == {"ann_admin": "removed_in_group", "ann_support": "removed_open"}
        assert closes_all(report, await left_to_others(database, report.logins.to_remove))
        done = await take_everything(database, report)
        assert done.left_to_do == ()
        assert not (await leaver_report(database, HERE, LEAVER)).has_anything_to_take
    assert not can_connect(directory, "ann_admin")
    assert execute(directory, IN_GROUPS) == [(0,)]


async def test_who_sees_a_part_takes_that_part_and_is_never_told_that_nothing_is_left(directory: str) -> None:
    async with opened(make_conninfo(directory, user="scoped_admin")) as database:
        report = await leaver_report(database, HERE, LEAVER)
        assert (report.is_whole, report.elsewhere, report.logins.to_remove) == (False, (), ())
        assert [login.login for login in report.logins.mapped] == ["ann_support"]
        assert about_logins(report) == [
            "Only somebody whose login sees every organisation removes logins (`switchboard access remove`).",
            "This is what there is in the organisations that your login sees; there may be more in others.",
        ]
        done = await take_everything(database, report)
        assert departure_words(done) == "1 revoke, 1 number returned to the pool"
        assert nothing_to_take(await leaver_report(database, HERE, LEAVER)) == (
            "There is nothing to take in the organisations that your login sees; there may be more in others."
        )
    async with opened(make_conninfo(directory, user="ann_support")) as database:
        told = (await leaver_report(database, HERE, NOBODY)).logins
        assert (told.found, told.is_told, told.has_any) == ((), False, True)
    assert execute(directory, "select count(*) from user_integration_permissions") == [(1,)]
