"""Who the operator of a session is: the person of the login, whatever is configured, or who is claimed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.acme import ACME, GLOBEX
from tests.support.database.logins import create_login, map_login
from tests.support.database.people import directory_database, fill, person
from tests.support.database.schema import run_files_with_roles
from tui.data.keys.encryption import Keyring
from tui.data.login import HAVE_LEFT_OUT, HAVE_NAMED, LEAVE_OUT
from tui.errors import ConnectionLost, InvalidInput, PermissionDenied, SwitchboardError, UnknownOrganization
from tui.models.people import Organization
from tui.session.session import Session
from tui.settings.settings import load_settings
from tui.words.people.names import CLAIM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

ONE, TWO = person(1), person(2)
ANOTHER = "The login sb_one is Person 000001 <person1@acme.example>, and another operator is named."


@pytest.fixture(scope="module")
def template(postgres: TestServer) -> Iterator[str]:
    """Name of a database with a directory, to be cloned; the groups are there as long as it is."""
    with directory_database(postgres) as conninfo:
        asyncio.run(run_files_with_roles(conninfo))
        with psycopg.connect(conninfo) as connection:
            fill(connection, people=0, integrations=1, organization=GLOBEX)
        with postgres.keeping_roles():
            yield str(conninfo_to_dict(conninfo)["dbname"])


@pytest.fixture
def directory(postgres: TestServer, template: str) -> Iterator[str]:
    """A database with a directory and the groups, whose logins are a test's own."""
    with postgres.own_database(template=template, prefix="login") as name:
        yield postgres.conninfo(name)


async def connected(conninfo: str, operator: str | None = None, *, locked: bool = False) -> Session:
    """A session that has connected."""
    environ = {"DATABASE_URL": conninfo, "SWITCHBOARD_OPERATOR": operator or ""}
    settings = load_settings(environ, cwd=Path("/proc"), locked=locked, root_file=Path("/proc/of_root"))
    session = Session(settings, {}, Keyring(None))
    await session.connect()
    return session


async def refusal(conninfo: str, operator: str | None = None, *, locked: bool = False) -> SwitchboardError:
    """Why a session is refused; none is left open."""
    session = None
    with pytest.raises(SwitchboardError) as failure:
        session = await connected(conninfo, operator, locked=locked)
    assert session is None
    return failure.value


async def test_a_mapped_login_is_the_person_and_nobody_else(directory: str, postgres: TestServer) -> None:
    """Checked red without require_admitted: the session went on as person 2."""
    conninfo = create_login(postgres, directory, "sb_one", ONE, organizations=[ACME])
    for operator in (None, str(ONE), str(ONE).upper(), ONE.hex, "person1@acme.example", " Person1@ACME.example "):
        session = await connected(conninfo, operator)
        mine = session.operator
        assert (mine.user_id, mine.label) == (ONE, "person1@acme.example"), operator
        assert mine.origin == ("login", "sb_one")
        assert session.database.operator == mine
        assert session.database.login and session.database.login.organizations == (ACME,)
        await session.close()
    for operator in (str(TWO), "person2@acme.example", "Person 000001", "nobody@nowhere"):
        failure = await refusal(conninfo, operator)
        assert (type(failure), failure.sentence) == (InvalidInput, ANOTHER), operator
        assert (failure.exit_status, failure.what_to_do) == (2, LEAVE_OUT)
    assert (await refusal(conninfo, str(TWO), locked=True)).what_to_do == HAVE_LEFT_OUT
    session = await connected(conninfo, locked=True)
    assert session.operator.origin.is_proven
    await session.close()


async def test_a_login_that_speaks_for_others_says_for_whom(directory: str, postgres: TestServer) -> None:
    conninfo = create_login(postgres, directory, "sb_bot", organizations=[ACME])
    failure = await refusal(conninfo)
    assert (failure.exit_status, failure.sentence) == (2, "The login sb_bot speaks for others, and nobody is named.")
    assert (await refusal(conninfo, locked=True)).what_to_do == HAVE_NAMED
    for operator in (str(TWO), "person2@acme.example"):
        session = await connected(conninfo, operator)
        mine = session.operator
        assert (mine.user_id, mine.label) == (TWO, "person2@acme.example")
        assert mine.origin == ("vouched", "sb_bot")
        # Reads say for whom they are as well: without that they are shown nothing.
        seen = await session.database.fetch_value("select switchboard.visible_organizations()")
        assert seen == [ACME]
        await session.close()
    assert (await refusal(conninfo, "nobody@nowhere")).exit_status == 2


async def test_a_login_that_is_nobodys_any_more_is_told_so(directory: str, postgres: TestServer) -> None:
    conninfo = create_login(postgres, directory, "sb_one", ONE)
    unmapped = conninfo.replace("sb_one", "sb_other")
    postgres.create_role("sb_other", "login in role switchboard_support")
    with psycopg.connect(directory, autocommit=True) as connection:
        connection.execute("update public.users set is_active = false where id = %s", [ONE])
        failure = await refusal(conninfo)
        assert isinstance(failure, PermissionDenied) and "is not active any more" in failure.sentence
        connection.execute("select switchboard.remove_login('sb_one')")
    for login in (conninfo, unmapped):
        failure = await refusal(login, str(TWO))
        assert isinstance(failure, PermissionDenied) and "is nobody's in this database" in failure.sentence
    # The owner is whom they say they are.
    session = await connected(directory, str(TWO))
    assert (session.operator.user_id, session.operator.origin) == (TWO, CLAIM)
    assert session.database.login and session.database.login.organizations is None
    await session.close()


async def test_a_session_follows_what_its_login_becomes(directory: str, postgres: TestServer) -> None:
    """Checked red without follow_login: each went on as who they were."""
    conninfo = create_login(postgres, directory, "sb_one", ONE, organizations=[ACME, GLOBEX])
    session = await connected(conninfo)
    session.organization = Organization(ACME, "Acme")
    with psycopg.connect(directory, autocommit=True) as connection:
        await session.look_at_login()
        assert session.organization is not None and session.operator.origin.is_proven
        connection.execute("select switchboard.edit_login('sb_one', 'admin', %s, false, null)", [[GLOBEX]])
        with pytest.raises(UnknownOrganization, match="sees no organisation of that id"):
            await session.look_at_login()
        # The next one to ask is not to show the organisation again.
        assert session.organization is None and not session.is_refused
        connection.execute("delete from public.users where id = %s", [ONE])
        for _ in range(2):
            with pytest.raises(PermissionDenied) as failure:
                await session.look_at_login()
            who = "The login sb_one is person1@acme.example, who is not in the directory any more."
            assert (failure.value.sentence, session.is_refused) == (who, True)
        assert (await refusal(conninfo)).sentence == who
        connection.execute("select switchboard.remove_login('sb_one')")
        connection.execute("revoke switchboard_admin from sb_one")
        with pytest.raises(PermissionDenied, match="is nobody's in this database"):
            await session.look_at_login()
        # As after an outage.
        refused = await session.until_back()
        assert isinstance(refused, PermissionDenied) and "is nobody's in this database" in refused.sentence
        assert not session.operator.origin.is_proven and session.operator.user_id is None
    await session.close()


async def test_whoever_follows_a_login_while_the_session_connects_anew_is_refused_nothing(
    directory: str, postgres: TestServer
) -> None:
    """Checked red: a RuntimeError, which ended the console, and a refusal, which ended the new attempt."""
    session = await connected(create_login(postgres, directory, "sb_one", ONE, organizations=[ACME]))
    database, login = session.database, session.database.login
    # As `connect` begins.
    await session.close()
    for ask in (session.follow_login(login), database.fetch_value("select 1")):
        with pytest.raises(ConnectionLost):
            await ask
    assert not session.is_refused


async def test_before_any_login_is_mapped_everybody_claims(directory: str, postgres: TestServer) -> None:
    postgres.create_role("sb_other", "login in role switchboard_support")
    session = await connected(
        postgres.conninfo(directory.rpartition("/")[2].partition("?")[0], user="sb_other"), str(TWO)
    )
    assert (session.operator.user_id, session.operator.origin) == (TWO, CLAIM)
    assert session.database.login and not session.database.login.database_has_logins
    # Until one is.
    with psycopg.connect(directory) as connection:
        postgres.create_role("sb_one", "login in role switchboard_admin")
        map_login(connection, "sb_one", ONE)
        connection.commit()
        with pytest.raises(PermissionDenied, match="sb_other is nobody's in this database"):
            await session.look_at_login()
    # What my_login() needs is gone: the doctor says so, once the session has connected.
    await session.close()
    with psycopg.connect(directory) as connection:
        connection.execute("drop table switchboard.logins cascade")
    session = await connected(directory)
    assert session.schema == "installed" and session.database.login is None
    await session.close()
    # As an earlier version leaves it, which is still to be set up.
    with psycopg.connect(directory) as connection:
        connection.execute("drop view switchboard.visible_people; drop function switchboard.my_login()")
        connection.execute("comment on schema switchboard is 'switchboard schema 015'")
    session = await connected(directory, "person2@acme.example")
    assert (session.schema, session.operator.label) == ("outdated", "person2@acme.example")
    await session.close()
