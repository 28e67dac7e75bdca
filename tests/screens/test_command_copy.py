"""One key copies what is shown as a command: in each section, in a form, and while an export's file is asked for."""

from __future__ import annotations

from tests.support.acme import ACME, ASHA
from tests.support.database.number_rows import DELHI, add_row, create_people
from tests.support.terminal.console_driver import add, new_app, run_headless


async def test_the_command_of_what_is_shown_is_copied_and_said(keyed_database: str) -> None:
    create_people(keyed_database)
    await add(keyed_database)
    add_row(keyed_database, DELHI, assigned_to_user_id=ASHA)
    of_acme = f"--organization {ACME}"
    async with run_headless(new_app(keyed_database)) as console:

        async def copied(key: str) -> str:
            console.page.status.clear()
            await console.press(key)
            return console.app.clipboard

        await console.wait_for("● active")
        show = f"switchboard integrations show exotel_phone {of_acme}"
        assert await copied("!") == show
        assert console.status == f"Command sent to your terminal's clipboard (cannot be confirmed). {show}"
        await console.press("?")
        await console.type("command")
        await console.wait_for("Copy as command")
        assert "f8 !" in console.text
        await copied("f8")
        assert console.status == "There is no command for what is shown here."
        await console.press("escape", "enter")
        await console.wait_for("stored; leave blank")
        await console.press("tab")
        await console.press("ctrl+p")
        await console.type("copy as")
        assert await copied("enter") == f"switchboard integrations configure exotel_phone {of_acme}"
        assert "no changes" in console.text
        await console.press("escape", "2")
        await console.wait_for("Asha Rao")
        assert await copied("!") == f"switchboard permissions list --user {ASHA} {of_acme}"
        await console.press("v", "c", "A")
        await console.wait_for("1 grant for 1 person")
        assert await copied("!") == f"switchboard permissions grant {ASHA} exotel_phone --view --configure {of_acme}"
        await console.press("escape", "L")
        await console.wait_for("Access to revoke")
        assert await copied("!") == f"switchboard permissions report {ASHA} {of_acme}"
        await console.press("A")
        await console.wait_for("1 number returned")
        assert await copied("!") == f"switchboard permissions offboard {ASHA} {of_acme}"
        await console.press("escape")
        await console.wait_for(lambda: not console.page.reading.is_under_way)
        await console.press("escape", "u", "u", "3")
        await console.wait_for("Asha Rao")
        assert await copied("!") == f"switchboard phone-numbers list {DELHI} {of_acme}"
        await console.press("e")
        await console.wait_for("Edit a number")
        await copied("f8")
        assert console.status == "There is no command for what is shown here."
        await console.press("escape", "a")
        await console.wait_for("Add a number")
        await console.type("12")
        await copied("f8")
        assert "That is not a phone number." in console.status
        await console.press("backspace", "backspace", "escape", "4", "/")
        await console.type("-status:failed since:2d")
        await console.press("enter")
        await console.wait_for("f follow")
        assert await copied("!") == f"switchboard audit list {of_acme} -- -status:failed since:2d"
        await console.press("x")
        await console.wait_for("to a new file")
        await console.type(".csv")
        words = f"{of_acme} -- -status:failed since:2d"
        assert (await copied("f8")).endswith(f".jsonl.csv {words}")
        assert console.page.prompt.is_asking
        await console.type("x")
        await copied("f8")
        assert "must end in .jsonl or .csv." in console.status
        await console.press("escape", "5")
        await console.wait_for("w setup wizard")
        assert await copied("!") == "switchboard doctor"
        await console.press("m")
        await console.wait_for("Key active")
        assert await copied("!") == "switchboard keys status"
        await console.press("c")
        await console.wait_for("Your new key")
        assert await copied("f8") == "switchboard keys rotate --dry-run"
