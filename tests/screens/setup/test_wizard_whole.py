"""The wizard from an empty database to the first credential form, and back and forth through it."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from tests.screens.setup.driver import FIFTH, FIRST, FOURTH, SECOND, SEVENTH, SIXTH, THIRD, wizard
from tests.support.commands import execute
from tui.settings.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path


async def test_it_goes_from_an_empty_database_to_the_first_form_and_leaves_the_settings_saved(
    empty_database: str, tmp_path: Path
) -> None:
    async with wizard(tmp_path) as console:
        await console.connect(empty_database)
        await console.enter("A good key")
        key = re.search(r"^ (\S{43}=)$", console.text, re.MULTILINE)
        assert key is not None
        await console.focus("#k-stored")
        await console.press("space")
        await console.enter(THIRD)
        await console.wait_for("This database has none of the four tables yet")
        assert key[1] not in console.text
        await console.install()
        await console.type("Acme Ltd")
        await console.enter(SEVENTH)
        await console.enter("Account SID")
        assert console.app.session.organization is not None
        assert console.app.session.organization.name == "Acme Ltd"
        await console.press("escape")
        await console.wait_for("Exotel WhatsApp")
        assert "● connected" in console.text
    file = tmp_path / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    saved = load_settings({}, cwd=tmp_path)
    assert not saved.nothing_configured
    assert [variable.value for variable in saved.master_key] == [key[1]]
    assert execute(empty_database, "select id::text, name from switchboard.organizations") == [
        (saved.organization, "Acme Ltd")
    ]


async def test_the_proof_leaves_no_row_behind(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.connect(empty_database)
        await console.take_new_key()
        await console.install()
        for table in (
            "integration_credentials",
            "user_integration_permissions",
            "integration_audit_logs",
            "organization_phone_numbers",
        ):
            await console.press("escape")
            await console.wait_for(FIFTH)
            await console.wait_for(f"{table} is there, and its row security is on.")
            await console.wait_for("Press enter to go on.")
            await console.enter(SIXTH)
    assert execute(empty_database, "select count(*) from public.integration_credentials") == [(0,)]
    assert execute(empty_database, "select distinct action from public.integration_audit_logs") == [("schema_changed",)]
    assert execute(empty_database, "select count(*) from switchboard.keys") == [(0,)]


async def test_escape_goes_back_step_by_step_and_everything_typed_is_still_there(
    empty_database: str, tmp_path: Path
) -> None:
    async with wizard(tmp_path) as console:
        await console.connect(empty_database)
        await console.enter("A good key")
        key = re.search(r"^ (\S{43}=)$", console.text, re.MULTILINE)
        await console.focus("#k-stored")
        await console.press("space", "escape")
        await console.wait_for(FIRST)
        assert "Connected to database" in console.text
        await console.enter(SECOND)
        assert key is not None
        assert key[1] in console.text
        assert "[x] I have stored a copy" in console.text
        await console.enter(THIRD)
        await console.wait_for("will be made")
        await console.enter(FOURTH)
        await console.press("escape")
        await console.wait_for(THIRD)
        await console.press("escape")
        await console.wait_for(SECOND)
        assert key[1] not in console.text
        assert "not shown again" in console.text


async def test_a_step_that_is_settled_is_passed_with_enter_the_second_time(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.connect(empty_database)
        await console.take_new_key()
        await console.install()
        await console.type("Acme")
        await console.enter(SEVENTH)
        await console.press("down", "down", "down", "down")
        await console.enter("Exotel WhatsApp")
        await console.press("5")
        await console.wait_for("w setup wizard")
        await console.press("w")
        await console.wait_for(FIRST)
        await console.wait_for("Connected to database")
        await console.enter("Keep it")
        await console.wait_for("A good key")
        await console.enter(THIRD)
        await console.wait_for("Everything is there: nothing will be changed.")
        await console.enter("It is installed already.")
        await console.enter("A trial credential was encrypted")
        await console.enter(SIXTH)
        await console.wait_for("Acme")
        await console.enter(SEVENTH)


async def test_the_first_step_is_not_left_by_escape_or_by_one_key(tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.wait_for(FIRST)
        await console.wait_for("tab next line  enter go on  ctrl+c twice quits  F1 help")
        await console.press("escape")
        await console.wait_for("This is the first step.")
        await console.focus("#c-demo")
        await console.press("question_mark")
        await console.wait_for("Keys on this screen")
        await console.wait_for(lambda: "question_mark" in console.row_keys)
        assert not {"slash", "r", "w"} & set(console.row_keys)
        await console.press("escape")
        await console.wait_for(FIRST)
        await console.press("q")
        await console.wait_for("press ctrl+c twice")
        assert console.app.is_running


async def test_looking_around_ends_the_console_with_the_wish_for_the_demo(tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.wait_for(FIRST)
        await console.focus("#c-demo")
        await console.press("enter")
        await console.wait_for(lambda: console.app.return_value is not None)
        assert console.app.return_value == 200
    assert not (tmp_path / ".env").exists()
