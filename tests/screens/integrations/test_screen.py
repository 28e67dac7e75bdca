"""Section 1 driven by keys on a real database: what it lists, filters, switches off and deletes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from tests.support.acme import ACME, GLOBEX, PHONE
from tests.support.database.log_rows import log_row
from tests.support.terminal.console_driver import ConsoleDriver, add, change, new_app, run_headless
from tui.data.schema.install import install
from tui.providers import registry
from tui.screens.choosers.organization import OrganizationChooser
from tui.screens.integrations.screen import IntegrationsScreen

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer


def value_of(conninfo: str, query: str) -> Any:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row and len(row) == 1 else row


def run(conninfo: str, query: str, *values: Any) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(query, values)


async def test_the_list_is_filtered_explained_resized_and_of_one_organisation(keyed_database: str) -> None:
    await add(keyed_database)
    run(keyed_database, "update integration_credentials set display_name = 'Dispatch line'")
    name = "insert into switchboard.organization_labels values (%s, 'Acme'), (%s, 'Globex')"
    run(keyed_database, name, ACME, GLOBEX)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        assert sorted(console.row_keys) == sorted(registry())
        # More than that do not fit on the screen.
        assert console.text.count("not set up") >= 4
        assert "Acme" in console.text
        await filter_it(console)
        await ask_for_help(console)
        await disable_it(console, keyed_database)
        await lose_the_connection(console, keyed_database)
        await change_the_size(console)
        await choose_another_organisation(console)
        await quit_with_ctrl_c(console)


async def test_the_first_rows_wait_for_nothing_that_checks_found(keyed_database: str) -> None:
    await add(keyed_database)
    with psycopg.connect(keyed_database) as other:
        other.execute("lock table switchboard.checks in access exclusive mode")
        async with run_headless(new_app(keyed_database)) as console:
            await console.wait_for("checking")
            assert sorted(console.row_keys) == sorted(registry())
            assert "● connected" in console.text
            first = console.text.splitlines()
            # Nothing is said of what nobody has asked yet.
            assert "not tested" not in console.text
            assert "What checks found is not read yet." in console.text
            other.rollback()
            await console.wait_for("● active")
            assert "not tested" in console.text.splitlines()[3]
            assert "Created" in console.text
            # No column has moved.
            assert [len(word) for word in console.text.splitlines()[2].split("  ") if word] == [
                len(word) for word in first[2].split("  ") if word
            ]


async def filter_it(console: ConsoleDriver) -> None:
    """It follows every key, stays, says why nothing matches, and is cleared by escape."""
    await console.press("slash")
    await console.type("zoho")
    await console.wait_for(lambda: console.row_keys == ["zoho_mail"])
    await console.press("enter")
    assert "/zoho" in console.text
    await console.press("slash")
    await console.type("nothing like this")
    await console.wait_for("No integration matches")
    assert "esc  clear the filter" in console.text
    await console.press("enter", "escape")
    await console.wait_for(lambda: len(console.row_keys) == len(registry()))


async def ask_for_help(console: ConsoleDriver) -> None:
    """Wherever the focus is; it lists the keys of the screen and filters as one types."""
    await console.press("question_mark")
    await console.wait_for("Keys on this screen")
    await console.wait_for("Enable / disable")
    await console.type("sort")
    await console.wait_for(lambda: "Enable / disable" not in console.text and "Sort" in console.text)
    for lose_the_focus in ("filter", "nothing"):
        await console.press("escape")
        await console.wait_for(lambda: isinstance(console.app.screen, IntegrationsScreen))
        if lose_the_focus == "filter":
            await console.press("slash", "z")
        else:
            console.app.screen.set_focus(None)
        await console.press("f1")
        await console.wait_for("Keys on this screen")
        await console.wait_for(lambda: {"up", "pagedown", "enter", "e", "slash"} <= set(console.row_keys))
    await console.press("escape")
    await console.wait_for(lambda: isinstance(console.app.screen, IntegrationsScreen))
    await console.press("slash", "ctrl+u", "escape", "escape")
    await console.wait_for(lambda: len(console.row_keys) == len(registry()))
    console.page.focus_body()


async def disable_it(console: ConsoleDriver, conninfo: str) -> None:
    """Space asks, and no is the default."""
    await console.press("g")
    await console.wait_for("d delete  R reveal")
    await console.press("space")
    await console.wait_for("Disable Dispatch line (Exotel phone)?")
    assert console.shows("Nobody loses access.")
    await console.press("enter", "escape")
    await console.wait_for(lambda: not console.page.prompt.is_asking)
    assert value_of(conninfo, "select is_active from integration_credentials") is True
    await console.press("space")
    await console.wait_for("Disable Dispatch line (Exotel phone)?")
    await console.press("y")
    await console.wait_for("is disabled.")
    await console.wait_for("○ disabled")
    (changed,) = (line for line in console.text.splitlines() if line.startswith(" Changed"))
    assert changed.endswith(f" by ~{console.app.session.operator.label}")
    assert value_of(conninfo, "select is_active from integration_credentials") is False
    log = "select action from integration_audit_logs order by created_at desc limit 1"
    assert value_of(conninfo, log) == "credential_disabled"


async def lose_the_connection(console: ConsoleDriver, conninfo: str) -> None:
    """It comes back by itself."""
    run(
        conninfo,
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()",
    )
    run(conninfo, "update integration_credentials set is_active = true")
    await console.press("r")
    await console.wait_for(lambda: "● connected" in console.text and "● active" in console.text)


async def change_the_size(console: ConsoleDriver) -> None:
    """Below the smallest there is a notice, and nothing is broken."""
    await console.pilot.resize_terminal(50, 10)
    await console.wait_for("too small")
    await console.pilot.resize_terminal(60, 20)
    await console.wait_for("not set up")
    assert ["Integration", "Type", "State", "Connection"] in [line.split() for line in console.text.splitlines()]
    await console.pilot.resize_terminal(120, 40)
    await console.wait_for("Numbers  ")
    assert "too small" not in console.text


async def choose_another_organisation(console: ConsoleDriver) -> None:
    await console.press("o")
    await console.wait_for("Globex")
    await console.type("glob")
    await console.press("enter")
    await console.wait_for(lambda: isinstance(console.app.screen, IntegrationsScreen) and "Globex" in console.text)
    await console.wait_for(lambda: console.text.count("not set up") >= 4)


async def quit_with_ctrl_c(console: ConsoleDriver) -> None:
    """The second time only."""
    await console.press("ctrl+c")
    await console.wait_for("once more")
    assert console.app.is_running
    await console.press("ctrl+c")
    await console.wait_for(lambda: console.app.return_value == 130)


async def test_a_delete_counts_what_goes_with_it_wants_the_type_typed_and_takes_no_more(keyed_database: str) -> None:
    await add(keyed_database)
    await add(keyed_database, "exotel_sms")
    integration = value_of(
        keyed_database, "select id from integration_credentials where integration_type like '%phone'"
    )
    grant = "insert into user_integration_permissions (user_id, integration_id, can_view, expires_at)"
    for can_view, expires_at in ((True, None), (True, "tomorrow"), (True, "yesterday"), (False, None)):
        run(keyed_database, f"{grant} values (%s, %s, %s, %s)", uuid4(), integration, can_view, expires_at)
    number = "insert into organization_phone_numbers (organization_id, integration_id, phone_number)"
    run(keyed_database, f"{number} values (%s, %s, '+911141169368')", ACME, integration)
    with psycopg.connect(keyed_database) as connection:
        sent = {"action": "call_made", "integration_type": "exotel_phone", "user_agent": "crm-backend/2 (node)"}
        log_row(connection, **sent)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("2 people have access; 1 number; crm-backend (just now)")
        await console.wait_for(", call made by crm-backend")
        await console.press("d")
        await console.wait_for(
            "Deleting Exotel phone removes access for 2 people (2 more permissions have expired or grant nothing); "
            "1 number is deleted with it. For 90 days it can be brought back with u."
        )
        for fact in ("call made by crm-backend.", "Numbers: +91 11 4116 9368.", "Programs: crm-backend (just now)."):
            assert console.shows(fact)
        await console.press(*["d"] * 5)
        assert console.shows("[space] disable it instead")
        await console.press("space")
        await console.wait_for("Disable Exotel phone?")
        await console.press("n", "d")
        await console.wait_for("can be brought back with u")
        await console.press("t")
        await console.type("exotel_sms")
        await console.press("enter")
        await console.wait_for("Nothing was deleted.")
        await console.press("d")
        await console.wait_for("can be brought back with u")
        run(keyed_database, f"{grant} values (%s, %s, true, null)", uuid4(), integration)
        await console.press("t")
        await console.wait_for("Type exotel_phone to delete Exotel phone")
        await console.type("exotel_phone")
        await console.press("enter")
        # More would go with it by now than was shown.
        await console.wait_for("changed meanwhile")
        assert value_of(keyed_database, "select count(*) from integration_credentials") == 2
        await console.press("d")
        await console.wait_for("removes access for 3 people")
        await console.press("t")
        await console.type("exotel_phone")
        await console.press("enter")
        await console.wait_for("Exotel phone is deleted")
    counts = "select (select count(*) from integration_credentials), (select count(*) from organization_phone_numbers)"
    assert value_of(keyed_database, counts) == (1, 0)


async def test_the_server_is_asked_for_the_organisation_that_is_typed_and_late_answers_are_dropped(
    keyed_database: str,
) -> None:
    """Beyond what any list holds; enter before the answer takes what it brings, never a row of an earlier text."""
    run(
        keyed_database,
        "insert into switchboard.organization_labels"
        " select ('aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaa' || n)::uuid, 'Clinic ' || n from generate_series(1000, 2500) as n",
    )
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("not set up")
        await console.press("o")
        await console.wait_for("the first 200: type more of the name")
        await console.type("nothing like it")
        await console.wait_for("Nothing matches.")
        await console.press("ctrl+u")
        with psycopg.connect(keyed_database) as other:
            other.execute("lock table switchboard.organization_labels")
            await console.type("1111")
            await console.wait_for("Loading organisations")
            await console.press("backspace")
            await console.press("backspace")
            await console.press("backspace")
            await console.press("backspace")
            await console.type("clinic 2345")
            await console.press("enter")
            other.rollback()
        await console.wait_for(
            lambda: isinstance(console.app.screen, IntegrationsScreen) and "Clinic 2345" in console.text
        )
        run(keyed_database, "insert into switchboard.organization_labels values (gen_random_uuid(), 'Clinic 23')")
        for typed in ("clinic 24", "clinic 23"):
            await console.press("o")
            await console.wait_for("the first 200: type more of the name")
            with psycopg.connect(keyed_database) as other:
                other.execute("lock table switchboard.organization_labels")
                await console.type(typed)
                await console.press("enter")
                other.rollback()
            if typed == "clinic 24":
                await console.wait_for("More than one matches: choose one.")
                assert isinstance(console.app.screen, OrganizationChooser)
                await console.press("escape")
        # Of those that match, one is called exactly that.
        await console.wait_for(lambda: isinstance(console.app.screen, IntegrationsScreen))
        chosen = console.app.session.organization
        assert chosen is not None and chosen.name == "Clinic 23"


async def test_a_support_login_sees_what_it_may_and_is_told_why_not_the_rest(
    postgres: TestServer, empty_database: str
) -> None:
    await install(empty_database, operator_label="a test", roles=True)
    await add(empty_database)
    postgres.create_role("sam", "login in role switchboard_support")
    url = postgres.conninfo(empty_database.rpartition("/")[2].partition("?")[0], user="sam")
    async with run_headless(new_app(url)) as console:
        await console.wait_for("● active")
        assert console.shows("Envelope not visible to your role")
        assert "enter edit" not in console.text
        for key, why in (
            ("enter", "may not write credentials"),
            ("R", "may not read credentials"),
            ("d", "may not delete"),
            ("u", "may not bring back integrations (INSERT)."),
        ):
            await console.press(key)
            await console.wait_for(why)
        await console.press("space")
        await console.wait_for("Disable Exotel phone?")
        await console.press("y")
        await console.wait_for("Exotel phone is disabled.")
        # Of versions it sees when and who, and is offered neither the way back nor a test.
        await change(empty_database, {**PHONE, "caller_id": "08033755555"})
        await console.press("V")
        await console.wait_for("r refresh  esc back")
        assert "go back to it" not in console.text and "test it" not in console.text


async def test_each_row_of_one_type_is_listed_and_acts_are_on_the_row_under_the_cursor(keyed_database: str) -> None:
    await add(keyed_database, policy="legacy")
    run(keyed_database, "alter table integration_credentials drop constraint unique_org_integration")
    run(
        keyed_database,
        "insert into integration_credentials (organization_id, integration_type, credentials_encrypted, display_name) "
        "select organization_id, integration_type, credentials_encrypted, 'Night line' from integration_credentials",
    )
    rows = "select string_agg({}, ',' order by created_at) from integration_credentials"
    before = value_of(keyed_database, rows.format("credentials_encrypted")).split(",")
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("1/2 Exotel phone")
        await console.wait_for("2/2 Night line")
        await console.wait_for("● active")
        assert "Exotel phone (exotel_phone), one of 2 rows of this type" in console.text
        await console.press("j", "enter")
        await console.wait_for("[1 Integrations] Night line (Exotel phone), row 2 of 2")
        await console.wait_for("acme1")
        for _ in range(6):
            await console.press("down")
        await console.type("08033755555")
        await console.press("f2")
        await console.wait_for("Saved: caller_id.")
        after = value_of(keyed_database, rows.format("credentials_encrypted")).split(",")
        assert [old == new for old, new in zip(before, after, strict=True)] == [True, False]
        await console.press("escape")
        await console.wait_for(" by ")
        await console.press("space")
        await console.wait_for("Disable Night line (Exotel phone), row 2 of 2?")
        await console.press("y")
        await console.wait_for("is disabled.")
        assert value_of(keyed_database, rows.format("is_active::text")) == "true,false"
        await console.wait_for("State       disabled")
        await console.press("k")
        await console.wait_for("State       active")
        await console.press("d")
        await console.wait_for("Deleting Exotel phone, row 1 of 2 removes nobody's access")
        await console.press("t")
        await console.type("exotel_phone")
        await console.press("enter")
        await console.wait_for("Exotel phone, row 1 of 2 is deleted")
        await console.wait_for(lambda: "2/2" not in console.text)
    assert value_of(keyed_database, rows.format("display_name")) == "Night line"


async def test_all_that_is_known_of_one_has_room_on_a_low_screen(keyed_database: str) -> None:
    await add(keyed_database, "exotel_phone")
    observe = """insert into switchboard.observations (integration_id, number, name, value)
                 select id, %s, %s, %s from integration_credentials"""
    for values in (
        ("+911141169368", "number_incoming", "major_outage"),
        ("", "balance", "1543.75"),
        ("", "kyc_status", "pending"),
        ("", "templates_approved", "12"),
        (
            "",
            "templates_rejected_reasons",
            "diwali_offer: INCORRECT_CATEGORY\nholi_offer: INVALID_FORMAT\neid_offer: SCAM",
        ),
    ):
        run(keyed_database, observe, *values)
    async with run_headless(new_app(keyed_database), (120, 30)) as console:
        await console.wait_for("Last used   never since")
        assert all(label in console.text for label in ("Next check", "Outage", "Account", "Rejected", "Used by"))
