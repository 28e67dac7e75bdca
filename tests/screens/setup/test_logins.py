"""Logins on the screen: one is made, its password shown once, changed and removed; and what is left to others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support.acme import ASHA
from tests.support.commands import contents, execute
from tests.support.database.number_rows import create_people
from tests.support.database.schema import run_files_with_roles
from tests.support.terminal.console_driver import ConsoleDriver, new_app, run_headless
from tui.screens import secret_page
from tui.screens.setup.logins.form import LoginForm
from tui.screens.setup.logins.screen import LoginsScreen

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

PASSWORD = re.compile(r"(?:[A-Za-z2-9]{5}-){4}[A-Za-z2-9]{5}")


@pytest.fixture
async def office(keyed_database: str) -> str:
    """A database with people and the groups."""
    create_people(keyed_database)
    await run_files_with_roles(keyed_database)
    return keyed_database


async def open_logins(console: ConsoleDriver) -> None:
    await console.wait_for("● connected")
    await console.press("5")
    await console.wait_for("r check again")
    await console.press("l")
    await console.wait_for(lambda: isinstance(console.page, LoginsScreen) and "a add" in console.text)


async def fill(console: ConsoleDriver, name: str) -> None:
    """Fill the form for a new login of Asha's; the cursor is on its role then."""
    await console.press("a")
    await console.wait_for("make the login")
    await console.type(name)
    await console.press("tab")
    await console.type("asha@acme.example")
    await console.press("tab")


async def test_a_login_is_made_shown_with_its_password_once_changed_and_removed(
    office: str, postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert secret_page.SHOWN_FOR_S == 30
    monkeypatch.setattr(secret_page, "SHOWN_FOR_S", 3.0)
    async with run_headless(new_app(office)) as console:
        await open_logins(console)
        assert "whoever logs in claims who they are" in console.text
        await fill(console, "eve")
        await console.press("space", "f2")
        await console.wait_for("its password, shown only now:")
        await console.wait_for("works")
        assert console.status == "eve is Asha Rao <asha@acme.example>: support, sees Acme Foods."
        password = PASSWORD.search(console.text)
        assert password is not None
        await console.wait_for(lambda: not PASSWORD.search(console.text))
        assert "y copy eve's password" in console.text
        await console.press("y")
        await console.wait_for("Other programs there can read it.")
        assert "the new password of eve" in console.text
        await console.press("enter")
        await console.wait_for(lambda: console.app.clipboard == password[0])
        url = postgres.conninfo(str(conninfo_to_dict(office)["dbname"]), user="eve", password=password[0])
        assert execute(url, "select user_id from switchboard.my_login()") == [(ASHA,)]

        await console.press("e")
        await console.wait_for("Who it is cannot be changed")
        # Opening the form left the list: what was shown there is gone.
        await console.press("tab", "space", "f2")
        await console.wait_for("sees all organisations.")
        await console.wait_for(lambda: isinstance(console.page, LoginsScreen) and "all organisations" in console.text)
        assert not PASSWORD.search(console.text)
        assert "y copy" not in console.text

        before = contents(office)
        for typed, words in (("ev", "Nothing was written."), ("eve", "nobody logs in with it")):
            await console.press("d")
            await console.wait_for("can no longer log in to any database of this server")
            assert contents(office) == before
            await console.type(typed)
            await console.press("enter")
            await console.wait_for(lambda words=words: words in console.status)
        await console.wait_for("removed")
        assert "d remove" not in console.text
        with pytest.raises(Exception, match="not permitted to log in"):
            execute(make_conninfo(office, user="eve"), "select 1")
        await console.press("escape")
        await console.wait_for("r check again")


async def test_what_is_refused_or_left_to_others_is_said_before_anything_is_saved(
    office: str, postgres: TestServer
) -> None:
    for name in ("ann", "eve"):
        postgres.create_role(name)
    execute(office, "grant switchboard_admin to ann")
    execute(office, f"select switchboard.map_login('ann', '{ASHA}', 'admin', '{{}}', true, false, null, session_user)")
    before = contents(office), postgres.roles()
    async with run_headless(new_app(make_conninfo(office, user="ann"))) as console:
        await open_logins(console)
        await fill(console, "newer")
        await console.press("f2")
        await console.wait_for(lambda: "may not make logins" in console.status)
        await console.press("escape")
        await console.wait_for("This login is not saved yet.")
        await console.press("d")
        await fill(console, "eve")
        await console.press("tab", "space", "tab", "tab", "space", "f2")
        await console.wait_for('grant "switchboard_auditor" to "eve"')
        assert (contents(office), postgres.roles()) == before
        await console.press("exclamation_mark")
        await console.press("y")
        await console.wait_for("Somebody who may has to run: (1 statement)")
        assert "A part of it is left to somebody else" in console.status
        assert "not in its group" in console.text
        assert 'grant "switchboard_auditor" to "eve" with inherit true;' in console.text
        await console.press("d")
        await console.wait_for("Until somebody who may has run")
        assert ("it can still log in" in console.text, "can no longer log in" in console.text) == (True, False)
        # The list stays in sight behind the question.
        assert "not in its group" in console.text
        await console.press("escape")


async def test_the_form_says_itself_as_a_command_and_makes_no_login_in_the_locked_console(office: str) -> None:
    async with run_headless(new_app(office)) as console:
        await open_logins(console)
        await fill(console, "eve")
        await console.press("f8")
        await console.wait_for(lambda: "sent to your terminal's clipboard" in console.status)
        assert console.app.clipboard == (
            "switchboard access add eve --person asha@acme.example --role auditor --organization 'Acme Foods' --create"
        )
    async with run_headless(new_app(office, locked=True)) as console:
        await open_logins(console)
        await console.press("a")
        await console.wait_for(lambda: isinstance(console.page, LoginForm))
        await console.wait_for("The login is there already.")
        assert "make the login" not in console.text


async def test_who_is_nobody_is_named_before_the_first_login_and_offered_nothing(
    office: str, postgres: TestServer
) -> None:
    postgres.create_role("helper", "login in role switchboard_support")
    before = contents(office)
    async with run_headless(new_app(office)) as console:
        await open_logins(console)
        await fill(console, "eve")
        await console.press("f2")
        await console.wait_for("helper is in the groups, is nobody here")
        await console.press("escape")
        assert contents(office) == before
    async with run_headless(new_app(make_conninfo(office, user="helper"))) as console:
        await console.wait_for("● connected")
        await console.press("5")
        await console.wait_for("r check again")
        await console.press("l")
        await console.wait_for("The role helper may not see logins.")
        assert console.text.count("may not see logins") == 1
        assert "That needs switchboard_admin." in console.text
        assert ("a add" in console.text, "0 logins" in console.text, console.status) == (False, False, "")
