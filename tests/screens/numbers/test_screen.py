"""Section 3 driven by keys on a real database: whose a number is, handing it on, adding, syncing."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from tests.support.acme import ASHA, GLOBEX
from tests.support.commands import execute
from tests.support.database.number_rows import BANGALORE, OLD, RAVI, add_row, create_people, log_rows
from tests.support.servers.exotel import FAULTS, ExotelServer, exophone
from tests.support.terminal.console_driver import add, new_app, run_headless
from tui.screens.numbers.form import NumberForm
from tui.screens.numbers.sync import NumberSyncScreen

if TYPE_CHECKING:
    from tests.support.terminal.console_driver import ConsoleDriver


@pytest.fixture
def numbers(keyed_database: str) -> str:
    """Acme has an old number of Asha's and a free one; Globex has one."""
    create_people(keyed_database)
    add_row(keyed_database, OLD, assigned_to_user_id=ASHA, display_name="Delhi desk", number_type="virtual")
    add_row(keyed_database, BANGALORE, is_primary=True, number_type="local")
    add_row(keyed_database, "+912248971500", organization_id=GLOBEX)
    return keyed_database


async def open_numbers(console: ConsoleDriver) -> None:
    await console.wait_for("connected")
    await console.press("3")
    await console.wait_for("by number")


def holder(conninfo: str, text: str) -> UUID | None:
    ((person,),) = execute(
        conninfo, "select assigned_to_user_id from organization_phone_numbers where phone_number = %s", text
    )
    assert person is None or isinstance(person, UUID)
    return person


async def go_back(console: ConsoleDriver, rows: int) -> None:
    """Clear the filter and go to the first row."""
    await console.press("escape")
    await console.wait_for(lambda: len(console.row_keys) == rows)
    await console.press("g")


async def find(console: ConsoleDriver, text: str) -> None:
    await console.press("slash")
    await console.type(text)
    await console.press("enter")


async def test_numbers_are_found_handed_on_added_and_edited(numbers: str) -> None:
    async with run_headless(new_app(numbers)) as console:
        await open_numbers(console)
        await console.wait_for("Asha Rao")
        await whose_number_is_answered_in_any_notation_and_across_organisations(console, numbers)
        await the_words_of_a_filter_are_looked_for_in_everything_a_number_says(console)
        await a_number_goes_from_one_person_to_another_and_back_to_the_pool(console, numbers)
        await who_was_second_is_told_who_has_the_number_now(console, numbers)
        await held_keys_give_nobody_a_free_number_and_switch_none_on(console, numbers)
        await a_number_is_added_edited_made_primary_and_deactivated(console, numbers)


async def whose_number_is_answered_in_any_notation_and_across_organisations(
    console: ConsoleDriver, conninfo: str
) -> None:
    await console.wait_for(lambda: len(console.row_keys) == 2)
    await find(console, "011-4116 9368")
    await console.wait_for("in every organi")
    await console.wait_for(lambda: len(console.row_keys) == 1)
    assert "Asha Rao" in console.text
    assert "stored as 01141169368" in console.text
    await console.press("escape")
    await find(console, "022 4897 1500")
    await console.wait_for("Globex")
    await console.press("enter")
    await console.wait_for("switch to that organisation first")
    # On the smallest window a number of others says its state, and no act is offered.
    execute(conninfo, "update organization_phone_numbers set is_active = false where organization_id = %s", GLOBEX)
    await console.press("r")
    await console.pilot.resize_terminal(60, 20)
    await console.wait_for(lambda: console.text.splitlines()[3].split()[-1:] == ["off"])
    assert console.text.splitlines()[2].split()[-1] == "State"
    assert not any(word in console.text for word in ("assign  ", "activate  ", "e edit"))
    await console.press("escape")
    await console.wait_for("enter assign")
    await console.pilot.resize_terminal(80, 24)
    await find(console, "099999999")
    await console.wait_for("No number in any organisation that you may read")
    await go_back(console, 2)


async def the_words_of_a_filter_are_looked_for_in_everything_a_number_says(console: ConsoleDriver) -> None:
    for words, shown in (("free", "+91 80"), ("delhi virtual", "+91 11")):
        await find(console, words)
        await console.wait_for(lambda: len(console.row_keys) == 1)
        assert shown in console.text
        await go_back(console, 2)
    await console.press("v")
    await console.wait_for(lambda: len(console.row_keys) == 1)
    assert "free" in console.text
    while len(console.row_keys) != 2:
        await console.press("v")


async def a_number_goes_from_one_person_to_another_and_back_to_the_pool(console: ConsoleDriver, conninfo: str) -> None:
    await console.wait_for("Asha Rao")
    await console.press("enter")
    await console.wait_for("Ravi Kumar")
    await console.type("ravi@")
    await console.wait_for(lambda: len(console.row_keys) == 1)
    await console.press("enter")
    await console.wait_for("is assigned to Asha Rao")
    await console.press("n")
    assert holder(conninfo, OLD) == ASHA
    await console.press("enter")
    await console.wait_for("Ravi Kumar")
    await console.type("ravi@")
    await console.wait_for(lambda: len(console.row_keys) == 1)
    await console.press("enter")
    await console.wait_for("would be reassigned to")
    await console.press("y")
    await console.wait_for("is assigned to Ravi Kumar")
    assert holder(conninfo, OLD) == RAVI
    await console.press("p")
    await console.wait_for("return it to the pool?")
    await console.press("y")
    await console.wait_for("is in the pool; ")
    assert holder(conninfo, OLD) is None
    actions = ("number_assigned", "number_unassigned")
    assert [row["action"] for row in log_rows(conninfo, *actions)] == ["number_assigned", "number_unassigned"]


async def who_was_second_is_told_who_has_the_number_now(console: ConsoleDriver, conninfo: str) -> None:
    given = "update organization_phone_numbers set assigned_to_user_id = %s where phone_number = %s"
    execute(conninfo, given, ASHA, OLD)
    await console.press("r")
    await console.wait_for("Asha Rao")
    execute(conninfo, given, RAVI, OLD)
    await console.press("p")
    await console.wait_for("return it to the pool?")
    await console.press("y")
    await console.wait_for("was assigned to Ravi Kumar")
    assert "ravi@acme.example" in console.text
    assert holder(conninfo, OLD) == RAVI


async def held_keys_give_nobody_a_free_number_and_switch_none_on(console: ConsoleDriver, conninfo: str) -> None:
    execute(conninfo, "update organization_phone_numbers set is_active = false where phone_number = %s", OLD)
    await console.press("r")
    await console.wait_for(" off")
    await console.press(*["d"] * 5)
    await console.wait_for("Activate +91 11 4116 9368?")
    await console.press("y")
    await console.wait_for("is active.")
    await console.press("j")
    await console.wait_for("nobody: it is free")
    await console.press("enter")
    await console.wait_for("Ravi Kumar")
    await console.press(*["enter"] * 5)
    await console.wait_for("+91 80 3375 5555 is free. Assign it to Asha Rao <asha@acme.example>?")
    assert holder(conninfo, BANGALORE) is None
    await console.press("y")
    await console.wait_for("is assigned to Asha Rao")
    assert holder(conninfo, BANGALORE) == ASHA


async def a_form_has_its_own_styles_and_the_list_below_it_keeps_its(console: ConsoleDriver) -> None:
    """Checked red with eager tasks: the form was two lines lower; and the list was styled anew each time."""
    # As Textual runs a console from Python 3.12 on, and not its tests.
    asyncio.get_running_loop().set_task_factory(getattr(asyncio, "eager_task_factory", None))
    page, styled = console.page, []
    page.update_node_styles = lambda **_: styled.append(page)  # type: ignore[method-assign]
    await console.press("a")
    await console.wait_for(lambda: isinstance(console.app.screen, NumberForm))
    assert str(console.app.screen.query_one("#help").styles.height) == "4"
    await console.press("escape")
    await console.wait_for(lambda: console.app.screen is page)
    await console.pilot.pause()
    assert not styled
    del page.update_node_styles
    asyncio.get_running_loop().set_task_factory(None)


async def a_number_is_added_edited_made_primary_and_deactivated(console: ConsoleDriver, conninfo: str) -> None:
    await console.wait_for("Asha Rao")
    await a_form_has_its_own_styles_and_the_list_below_it_keeps_its(console)
    await console.press("a")
    await console.wait_for(lambda: isinstance(console.app.screen, NumberForm))
    await console.type("nonsense")
    await console.press("f2")
    await console.wait_for("is not a phone number")
    await console.press(*["backspace"] * len("nonsense"))
    await console.type("1800 202 0145")
    await console.wait_for("= +9118002020145")
    await console.press("f2")
    await console.wait_for("is added to the pool")
    await find(console, "toll-free")
    await console.wait_for(lambda: len(console.row_keys) == 1)
    await console.press("e")
    await console.wait_for(lambda: isinstance(console.app.screen, NumberForm))
    await console.type("Care")
    await console.press("f2")
    await console.wait_for("is changed")
    await console.press("m")
    await console.wait_for("instead of +91 80 3375 5555?")
    await console.press("y")
    await console.wait_for("is primary; +91 80 3375 5555 was before.")
    await console.press("d")
    await console.wait_for("left without a primary number")
    await console.press("y")
    await console.wait_for("is deactivated; it is kept.")
    query = """select display_name, number_type, is_active, is_primary from organization_phone_numbers
            where phone_number = '+9118002020145'"""
    assert execute(conninfo, query) == [("Care", "toll-free", False, False)]


async def test_a_sync_is_seen_before_it_is_written_and_asked_about_where_all_would_go(
    numbers: str, exotel: ExotelServer
) -> None:
    await add(numbers, credential=exotel.credential(virtual_number="01141169368"))
    exotel.numbers = [exophone("+911141169368", sms=False), exophone("+918047180101", name="Night line")]
    async with run_headless(new_app(numbers)) as console:
        await open_numbers(console)
        await console.wait_for("Asha Rao")
        await its_plan_is_shown_and_nothing_is_written_before_it_is_applied(console, numbers)
        exotel.numbers = []
        await a_list_without_any_of_our_numbers_is_asked_about_before_they_go(console, numbers)
        exotel.answer("numbers", FAULTS["429 for 30 s"])
        await a_listing_that_breaks_off_writes_nothing_and_says_so(console, numbers)
    statuses = [row["status"] for row in log_rows(numbers, "numbers_synced")]
    assert statuses == ["pending", "success"] * 3 + ["pending", "failed"]


async def its_plan_is_shown_and_nothing_is_written_before_it_is_applied(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("S")
    await console.wait_for("1 new, 1 changed, 0 the same, 0 no longer listed")
    assert "Night line" in console.text
    assert "can_sms: yes -> no" in console.text
    await console.press(*["A"] * 5)
    await console.wait_for("Nothing is written yet: press enter to apply all.")
    assert len(execute(conninfo, "select * from organization_phone_numbers")) == 3
    await console.press("enter")
    await console.wait_for("Synced: 2 listed, 1 new, 1 changed, 0 deactivated.")
    await console.wait_for(lambda: len(console.row_keys) == 3)
    await console.press("S")
    await console.wait_for("Nothing to write")
    await console.press("escape")
    await console.wait_for("by number")


async def a_list_without_any_of_our_numbers_is_asked_about_before_they_go(
    console: ConsoleDriver, conninfo: str
) -> None:
    active = "select is_active from organization_phone_numbers where phone_number = '+918047180101'"
    await console.press("S")
    await console.wait_for("1 no longer listed")
    await console.press("enter")
    await console.wait_for("does not list the only active number")
    await console.press("n")
    await console.wait_for("Nothing was written.")
    assert execute(conninfo, active) == [(True,)]
    await console.press("enter")
    await console.wait_for("does not list the only active number")
    await console.press("y")
    await console.wait_for("1 deactivated.")
    assert execute(conninfo, active) == [(False,)]


async def a_listing_that_breaks_off_writes_nothing_and_says_so(console: ConsoleDriver, conninfo: str) -> None:
    before = execute(conninfo, "select * from organization_phone_numbers order by id")
    await console.press("S")
    await console.wait_for(lambda: isinstance(console.app.screen, NumberSyncScreen))
    await console.wait_for("30 s")
    await console.press("escape")
    await console.wait_for("by number")
    assert execute(conninfo, "select * from organization_phone_numbers order by id") == before


async def test_what_the_role_may_not_do_is_said_with_the_privilege_that_is_missing(numbers: str) -> None:
    with psycopg.connect(numbers) as connection:
        connection.execute("create role reader login")
        connection.execute("grant usage on schema switchboard to reader")
        connection.execute("grant select on all tables in schema public, switchboard to reader")
        connection.execute("grant execute on function switchboard.scope() to reader")
        connection.execute("create policy reads on organization_phone_numbers for select to reader using (true)")
    as_reader = re.sub(r"user=\w+|//\w+@", lambda match: match[0].replace("postgres", "reader"), numbers)
    assert as_reader != numbers
    async with run_headless(new_app(as_reader)) as console:
        await open_numbers(console)
        await console.wait_for("+91 80 3375 5555")
        await console.press("p")
        await console.wait_for("UPDATE on organization_phone_numbers")
        await console.press("a")
        await console.wait_for("INSERT on organization_phone_numbers")
