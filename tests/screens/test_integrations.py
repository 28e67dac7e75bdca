"""Section 1 driven by keys on a real database: what it lists, filters, switches off and deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from tests.support.console_app import add, console, piloted
from tests.support.sitting import ACME, GLOBEX, OTHER_MASTER_KEY, keyring
from tui.data.schema.install import install
from tui.screens.integrations import IntegrationsScreen

if TYPE_CHECKING:
    from tests.support.postgres import TestServer


def one(conninfo: str, query: str) -> Any:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row and len(row) == 1 else row


def run(conninfo: str, query: str, *values: Any) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(query, values)


async def test_every_type_is_listed_configured_or_not(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("active")
        assert sorted(it.row_keys) == ["exotel_phone", "exotel_sms", "exotel_whatsapp", "zoho_mail"]
        assert it.text.count("not set up") == 3
        assert "connected" in it.text


async def test_a_row_that_another_program_verified_is_shown_as_unproven(keyed_database: str) -> None:
    await add(keyed_database)
    run(keyed_database, "update integration_credentials set is_verified = true, last_verified_at = now()")
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("by another program, unproven")


async def test_a_wrong_key_leaves_the_list_readable_and_says_so_in_the_row(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database, ring=keyring(OTHER_MASTER_KEY))) as it:
        await it.wait_for("written with another master key")
        assert "unreadable" in it.text


async def test_the_filter_follows_every_key_stays_and_is_cleared_by_escape(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("active")
        await it.press("slash")
        await it.type("zoho")
        await it.wait_for(lambda: it.row_keys == ["zoho_mail"])
        await it.press("enter")
        assert "/zoho" in it.text
        await it.press("escape")
        await it.wait_for(lambda: len(it.row_keys) == 4)


async def test_a_filter_that_matches_nothing_says_why_and_which_key_changes_it(keyed_database: str) -> None:
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("not set up")
        await it.press("slash")
        await it.type("nothing like this")
        await it.wait_for("No integration matches")
        assert "esc  clear the filter" in it.text


async def test_space_asks_and_no_is_the_default(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("active")
        await it.press("space")
        await it.wait_for("Disable Exotel phone?")
        await it.press("enter", "escape")
        await it.wait_for(lambda: not it.page.prompt.is_asking)
        assert one(keyed_database, "select is_active from integration_credentials") is True
        await it.press("space")
        await it.wait_for("Disable Exotel phone?")
        await it.press("y")
        await it.wait_for("is disabled.")
        await it.wait_for("○ disabled")
    assert one(keyed_database, "select is_active from integration_credentials") is False
    log = "select action from integration_audit_logs order by created_at desc limit 1"
    assert one(keyed_database, log) == "credential_disabled"


async def test_a_delete_counts_what_goes_with_it_and_wants_the_type_typed(keyed_database: str) -> None:
    await add(keyed_database)
    await add(keyed_database, "exotel_sms")
    integration = one(keyed_database, "select id from integration_credentials where integration_type like '%phone'")
    for _ in range(2):
        values = (uuid4(), integration)
        grant = "insert into user_integration_permissions (user_id, integration_id) values (%s, %s)"
        run(keyed_database, grant, *values)
    number = "insert into organization_phone_numbers (organization_id, integration_id, phone_number)"
    run(keyed_database, f"{number} values (%s, %s, '+911141169368')", ACME, integration)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("active")
        await it.press("d")
        await it.wait_for("removes access for 2 people; 1 number is deleted with it")
        await it.press("t")
        await it.type("exotel_sms")
        await it.press("enter")
        await it.wait_for("Nothing was deleted.")
        await it.press("d", "t")
        await it.wait_for("Type exotel_phone to delete it")
        await it.type("exotel_phone")
        await it.press("enter")
        await it.wait_for("Exotel phone is deleted")
    left = "select (select count(*) from integration_credentials), (select count(*) from organization_phone_numbers)"
    assert one(keyed_database, left) == (1, 0)


async def test_a_delete_is_refused_when_more_goes_with_it_than_was_shown(keyed_database: str) -> None:
    await add(keyed_database)
    integration = one(keyed_database, "select id from integration_credentials")
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("active")
        await it.press("d")
        await it.wait_for("removes access for 0 people")
        run(
            keyed_database,
            "insert into user_integration_permissions (user_id, integration_id, can_view) values (%s, %s, true)",
            *(uuid4(), integration),
        )
        await it.press("t")
        await it.type("exotel_phone")
        await it.press("enter")
        await it.wait_for("changed meanwhile")
    assert one(keyed_database, "select count(*) from integration_credentials") == 1


async def test_another_organisation_is_chosen_by_name_and_shows_its_own(keyed_database: str) -> None:
    await add(keyed_database)
    name = "insert into switchboard.organization_labels values (%s, 'Acme'), (%s, 'Globex')"
    run(keyed_database, name, ACME, GLOBEX)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("● active")
        assert "Acme" in it.text
        await it.press("o")
        await it.wait_for("Globex")
        await it.type("glob")
        await it.press("enter")
        await it.wait_for(lambda: isinstance(it.app.screen, IntegrationsScreen) and "Globex" in it.text)
        await it.wait_for(lambda: it.text.count("not set up") >= 4)


async def test_read_only_mode_is_always_on_screen_and_refuses(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database, SWITCHBOARD_READ_ONLY="1")) as it:
        await it.wait_for("● active")
        assert "READ-ONLY" in it.text
        await it.press("space")
        await it.wait_for("Disable Exotel phone?")
        await it.press("y")
        await it.wait_for("read-only mode")
    assert one(keyed_database, "select is_active from integration_credentials") is True


async def test_a_killed_connection_comes_back_by_itself(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("● active")
        run(
            keyed_database,
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()",
        )
        await it.press("r")
        await it.wait_for(lambda: "● connected" in it.text and "● active" in it.text)


async def test_below_the_smallest_size_there_is_a_notice_and_nothing_is_broken(keyed_database: str) -> None:
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("not set up")
        await it.pilot.resize_terminal(50, 10)
        await it.wait_for("too small")
        await it.pilot.resize_terminal(120, 40)
        await it.wait_for("not set up")
        assert "too small" not in it.text


async def test_ctrl_c_quits_only_the_second_time(keyed_database: str) -> None:
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("not set up")
        await it.press("ctrl+c")
        await it.wait_for("once more")
        assert it.app.is_running
        await it.press("ctrl+c")
        await it.wait_for(lambda: it.app.return_value == 130)


async def test_without_a_key_for_the_idle_time_the_content_is_covered_until_any_key(keyed_database: str) -> None:
    async with piloted(console(keyed_database, SWITCHBOARD_IDLE_LOCK="1")) as it:
        await it.wait_for("not set up")
        await it.wait_for("Switchboard is covered")
        assert "not set up" not in it.text
        await it.press("d")
        await it.wait_for("not set up")


async def test_help_lists_the_keys_of_the_screen_and_filters_as_one_types(keyed_database: str) -> None:
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("not set up")
        await it.press("question_mark")
        await it.wait_for("Keys on this screen")
        await it.wait_for("Enable / disable")
        await it.type("sort")
        await it.wait_for(lambda: "Enable / disable" not in it.text and "Sort" in it.text)


async def test_a_support_login_sees_what_it_may_and_is_told_why_not_the_rest(
    postgres: TestServer, empty_database: str
) -> None:
    await install(empty_database, operator_label="a test", roles=True)
    await add(empty_database)
    postgres.create_role("sam", "login in role switchboard_support")
    url = postgres.conninfo(empty_database.rpartition("/")[2].partition("?")[0], user="sam")
    async with piloted(console(url)) as it:
        await it.wait_for("● active")
        assert it.shows("Envelope not visible to your role")
        assert "enter edit" not in it.text
        for key, why in (
            ("enter", "may not write credentials"),
            ("R", "may not read credentials"),
            ("d", "may not delete"),
        ):
            await it.press(key)
            await it.wait_for(why)
        await it.press("space")
        await it.wait_for("Disable Exotel phone?")
        await it.press("y")
        await it.wait_for("Exotel phone is disabled.")
