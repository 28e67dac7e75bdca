"""H on a thing opens what the log says of it, and esc goes back to where one was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.screens.audit.driver import wait_until_idle
from tests.support.commands import execute
from tests.support.database.number_rows import RAVI, add_integration, add_row, create_people
from tests.support.terminal.console_driver import new_app, run_headless
from tui.screens.logged_detail import HEADING, LoggedDetail

if TYPE_CHECKING:
    from tests.support.terminal.console_driver import ConsoleDriver


async def test_the_history_of_a_thing_is_left_to_where_it_was_asked_for(keyed_database: str) -> None:
    create_people(keyed_database)
    phone, mail = add_integration(keyed_database), add_integration(keyed_database, "zoho_mail")
    assign = "update organization_phone_numbers set assigned_to_user_id = %s where id = %s"
    for n in (3, 4):
        number = add_row(keyed_database, f"+91804718010{n}", integration_id=phone.id)
        execute(keyed_database, assign, RAVI, number)
    grant = "insert into user_integration_permissions (user_id, integration_id, can_view) values (%s, %s, true)"
    execute(keyed_database, grant, RAVI, mail.id)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● connected")
        await console.press("3")
        await console.wait_for("+91 80 4718 0104")
        await console.press("j")
        told = await history(console)
        assert "+91 80 4718 0104 to Ravi Kumar" in told and "0103" not in told
        assert "History of +91 80 4718 0104" in console.text and "/details" not in console.text
        await back(console, "3 ", "phone_numbers")
        assert console.page.current.phone_number == "+918047180104"  # type: ignore[attr-defined]
        # The same once more: the screen is there by now.
        assert await history(console) == told
        await back(console, "3 ", "phone_numbers")
        await console.press("2")
        await console.wait_for("Ravi Kumar")
        await console.press("G")
        told = await history(console)
        assert "History of Ravi Kumar" in console.text
        assert "Ravi Kumar: view on Zoho Mail" in told and "0104 to Ravi Kumar" in told
        await back(console, "2 ", "permissions")
        await console.press("1")
        await console.wait_for("Zoho Mail")
        await console.press("j", "j", "j")
        told = await history(console)
        assert "History of Zoho Mail" in console.text
        assert "Zoho Mail set up" in told and "0104" not in told
        await back(console, "1 ", "integrations")
        await the_newest_rows_stand_beside_each_thing(console)
        await console.press("1", "4")
        await console.wait_for(lambda: console.page.section == "audit")
        await wait_until_idle(console)
        assert console.page.filter_text == ""


async def the_newest_rows_stand_beside_each_thing(console: ConsoleDriver) -> None:
    """From 110 columns and 40 lines on, for where the cursor comes to rest, and read again with the page."""
    await console.wait_for(lambda: HEADING not in console.text)
    await console.pilot.resize_terminal(120, 40)
    await console.wait_for(lambda: told(console).endswith("Zoho Mail set up"))
    # The cursor does not rest where it was.
    console.send("3")
    await console.press("g")
    await console.wait_for(lambda: told(console).count("0103 to Ravi Kumar") == 1 and "0104" not in told(console))
    asked = console.page.query_one(LoggedDetail)._asked
    assert len(asked) == 1
    await console.press(*["j", "k"] * 4, "j")
    await console.wait_for(lambda: "0104 to Ravi Kumar" in told(console))
    assert len(asked) == 2
    await console.press("2", "G")
    await console.wait_for(
        lambda: told(console).startswith(HEADING) and "Ravi Kumar: view on Zoho Mail" in told(console)
    )
    await console.pilot.resize_terminal(120, 39)
    await console.wait_for(lambda: HEADING not in console.text)


def told(console: ConsoleDriver) -> str:
    """What the pane says of the log, in one line."""
    lines = [line.text for line in console.page.query_one(LoggedDetail)._lines]
    return " ".join(" ".join(lines[lines.index(HEADING) :] if HEADING in lines else ()).split())


async def history(console: ConsoleDriver) -> str:
    """Press H; returns what section 4 shows."""
    await console.press("H")
    await console.wait_for(lambda: console.page.section == "audit")
    await console.wait_for("esc back")
    await wait_until_idle(console)
    return "\n".join(line for line in console.text.splitlines() if line.startswith("  20"))


async def back(console: ConsoleDriver, key: str, section: str) -> None:
    await console.press("escape")
    await console.wait_for(lambda: console.page.section == section)
    await console.wait_for(f"[{key.strip()} ")
