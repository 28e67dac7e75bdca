"""Section 4 driven by keys on a real database: opening, moving, jumping, the row in full, sizes and states."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest
from textual.binding import Binding

from tests.screens.audit.driver import (
    IN_ORDER,
    OF_ACME,
    apply_filter,
    audit_log,
    body,
    current_id,
    ids_by_sql,
    open_audit_log,
    pane,
    press_and_wait,
    visible_ids,
    wait_until_idle,
)
from tests.support.acme import ACME, ASHA, GLOBEX
from tests.support.commands import execute
from tests.support.database.log_rows import log_row
from tests.support.terminal.console_driver import new_app, run_headless
from tui.screens.audit.row import AuditRowScreen
from tui.screens.audit.screen import AuditScreen
from tui.widgets.filter_line import FilterLine

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer


async def test_it_opens_on_the_newest_rows_with_who_when_and_how_many(filled_log: str) -> None:
    async with audit_log(filled_log) as console:
        expected = ids_by_sql(filled_log)
        assert visible_ids(console) == expected[: body(console).lines_seen]
        assert f"{len(expected):,} rows" in console.text
        assert "Time (UTC)" in console.text
        assert "2025-12-31 23:58:00" in console.text
        ((action, kind, agent, address),) = execute(
            filled_log,
            "select action, integration_type, user_agent, host(ip_address) from integration_audit_logs where id = %s",
            current_id(console),
        )
        lines = console.text.splitlines()[3 : 3 + body(console).lines_seen]
        clock = "to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
        query = f"select {clock} from integration_audit_logs where {OF_ACME} {IN_ORDER} limit {len(lines)}"
        assert [line[2:21] for line in lines] == [text for (text,) in execute(filled_log, query)]
        first = lines[0]
        assert action in first
        assert kind in first
        assert f"{address}   {agent}" in console.text


async def test_every_row_is_reached_by_pages_down_and_up_and_by_both_ends(filled_log: str) -> None:
    async with audit_log(filled_log, size=(60, 60)) as console:
        await apply_filter(console, "type:zoho_mail")
        expected = ids_by_sql(filled_log, f"{OF_ACME} and integration_type = 'zoho_mail'")
        step = body(console).lines_seen - 1
        place = 0
        while place < len(expected) - 1 - step:
            place += step
            await press_and_wait(console, "pagedown")
            assert current_id(console) == expected[place]
            assert visible_ids(console) == expected[body_top(console, expected) :][: step + 1]
        assert len(pane(console).window.lines()) < 1_000
        await press_and_wait(console, "pagedown", "pagedown")
        assert current_id(console) == expected[-1]
        assert "without a time" in console.text
        place = len(expected) - 1
        while place > step:
            place -= step
            await press_and_wait(console, "pageup")
            assert current_id(console) == expected[place]
            assert visible_ids(console) == expected[body_top(console, expected) :][: step + 1]
        await press_and_wait(console, "G")
        assert (current_id(console), visible_ids(console)[-1]) == (expected[-1], expected[-1])
        await press_and_wait(console, "up", "up", "pageup")
        assert current_id(console) == expected[-3 - step]
        await press_and_wait(console, "g")
        assert (current_id(console), visible_ids(console)[0]) == (expected[0], expected[0])
        await press_and_wait(console, "end", "home", "down", "j", "k")
        assert current_id(console) == expected[1]


def body_top(console: object, expected: list[object]) -> int:
    """Where what is seen begins among all rows."""
    lines = pane(console).window.lines()  # type: ignore[arg-type]
    return expected.index(lines[body(console).top].row.id)  # type: ignore[arg-type]


async def test_a_jump_to_a_date_asks_until_it_is_one_and_goes_to_its_last_row(filled_log: str) -> None:
    async with audit_log(filled_log) as console:
        await console.press("ctrl+g")
        await console.wait_for("Go to which date or time (UTC)?")
        await console.type("yesterdy")
        await console.press("enter")
        await console.wait_for('“yesterdy” is no date or time. Did you mean "yesterday"?')
        for text, condition in (
            ("2025-12-31 16:30", "created_at <= '2025-12-31 16:30+00'"),
            ("2025-12-31", "created_at < '2026-01-01 00:00+00'"),
            ("2025-12-31 12:00:30", "created_at < '2025-12-31 12:00:30+00'"),
        ):
            if not console.page.prompt.is_asking:
                await console.press("ctrl+g")
            await console.press("ctrl+u")
            await console.type(text)
            await console.press("enter")
            await wait_until_idle(console)
            expected = ids_by_sql(filled_log, f"{OF_ACME} and {condition}")
            assert current_id(console) == expected[0], text
            await press_and_wait(console, "up")
            timed = ids_by_sql(filled_log, f"{OF_ACME} and not ({condition})")
            assert current_id(console) == (timed[-1] if timed else expected[0])
        await console.press("ctrl+g")
        await console.type("2024-02-29")
        await console.press("enter")
        await wait_until_idle(console)
        # There is no row as old, but there are rows without a time behind the oldest.
        assert current_id(console) == ids_by_sql(filled_log, f"{OF_ACME} and created_at is null")[0]
        await apply_filter(console, "until:2025-12-31")
        await console.press("ctrl+g")
        await console.type("2024-02-29")
        await console.press("enter")
        await console.wait_for("The log begins later than that: this is its oldest row.")
        assert current_id(console) == ids_by_sql(filled_log, f"{OF_ACME} and created_at < '2026-01-01'")[-1]
        before = current_id(console)
        await press_and_wait(console, "ctrl+g", "escape")
        assert current_id(console) == before


async def test_a_day_ends_before_the_first_moment_of_the_next(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, created_at="2026-01-02 00:00+05:30")
        last = log_row(connection, created_at="2026-01-01 23:59:59.999999+05:30")
        log_row(connection, created_at="2026-01-01 00:00+05:30")
    async with audit_log(keyed_database, SWITCHBOARD_TIMEZONE="Asia/Kolkata") as console:
        assert "Time (Asia/Kolkata)" in console.text
        assert "2026-01-02 00:00:00" in console.text
        await console.press("ctrl+g")
        await console.wait_for("(Asia/Kolkata)?")
        await console.type("2026-01-01")
        await console.press("enter")
        await wait_until_idle(console)
        assert current_id(console) == last
        await console.press("enter")
        await console.wait_for("2026-01-01 23:59:59.999999 IST")


async def test_narrow_and_wide_terminals_show_what_fits_and_stay_where_they_are(filled_log: str) -> None:
    async with audit_log(filled_log, size=(60, 20)) as console:
        await press_and_wait(console, *["pagedown"] * 3)
        before = current_id(console)
        heading = console.text.splitlines()[2]
        assert heading.split()[:2] == ["Time", "(UTC)"]
        assert "Action" in heading
        assert "Address" not in heading
        await console.pilot.resize_terminal(200, 50)
        await wait_until_idle(console)
        assert current_id(console) == before
        heading, *lines = console.text.splitlines()[2:]
        for title in ("Who", "Action", "Type", "Status", "Address", "Organisation", "Details"):
            assert title in heading
        assert any("Acme Foods" in line and "n: " in line for line in lines)
        assert len(set(visible_ids(console))) == body(console).lines_seen
        await console.pilot.resize_terminal(80, 24)
        await wait_until_idle(console)
        assert current_id(console) == before


async def test_a_row_in_full_shows_both_sides_what_hides_and_its_neighbours(keyed_database: str) -> None:
    osc, bidi, c1 = "\x1b]52;c;cm0gLXJm\x07", "\u202egpj.exe", "\x9b31m"
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, action="older_one", created_at="2026-01-01 00:00+00")
        middle = log_row(
            connection,
            action="credential_updated",
            user_id=ASHA,
            created_at="2026-01-02 10:11:12.000345+00",
            ip_address="203.0.113.9",
            user_agent=osc + c1,
            details={
                "before": {"display_name": "Old\nname", "is_active": True},
                "after": {"display_name": bidi, "is_active": False, "daily_limit": 5},
                "operator": "asha@jump",
                "session_user": "app",
                "envelope": {"before": "sb1", "after": "sb2"},
                "nested": {"text": f"{osc}{bidi}{c1}"},
            },
        )
        log_row(connection, action="newer_one", created_at="2026-01-03 00:00+00")
    async with audit_log(keyed_database, size=(120, 60)) as console:
        await press_and_wait(console, "down")
        assert r"203.0.113.9   \x1b]52;c;cm0gLXJm\x07\x9b31m" in console.text
        assert r"is_active: true -> false; display_name: Old\nname -> \u202egpj.exe; daily_limit:  -> 5" in console.text
        await console.press("enter")
        await console.wait_for(lambda: isinstance(console.app.screen, AuditRowScreen))
        for text in (
            "credential_updated: success",
            "2026-01-02 10:11:12.000345 UTC",
            f"~{ASHA}, not in the directory, operator asha@jump (claimed; login app)",
            r"- display_name: Old\nname",
            r"+ display_name: \u202egpj.exe",
            "+ daily_limit: 5",
            "- envelope: sb1",
            r'"text": "\u001b]52;c;cm0gLXJm\u0007\u202egpj.exe\u009b31m"',
        ):
            assert text in console.text, console.text
        assert "- daily_limit" not in console.text
        await console.press("y")
        copied = json.loads(console.app.clipboard)
        assert copied["user_agent"] == osc + c1
        assert copied["details"]["after"]["display_name"] == bidi
        assert (copied["id"], copied["created_at"]) == (str(middle), "2026-01-02T10:11:12.000345+00:00")
        assert not any(hidden in console.app.clipboard for hidden in "\x1b\x9b\u202e")
        await console.press("left")
        await console.wait_for("newer_one: success")
        await console.press("left")
        await console.wait_for("There is no newer row here yet.")
        await console.press("right", "right")
        await console.wait_for("older_one: success")
        await console.press("right")
        await console.wait_for("There is no older row")
        await console.press("escape")
        await wait_until_idle(console)
        assert console.page.section == "audit"
        assert "older_one" in console.text.splitlines()[5]
        assert current_id(console) == ids_by_sql(keyed_database)[-1]
        await console.press("y")
        assert console.app.clipboard.split("\t")[0].strip() == "2026-01-01 00:00:00"
        assert "cannot be confirmed" in console.status


async def test_an_empty_log_and_an_empty_filter_say_why_and_which_key_helps(keyed_database: str) -> None:
    async with audit_log(keyed_database) as console:
        await console.wait_for("The log of this organisation is empty.")
        assert "/  org:* looks in all of them" in console.text
        await press_and_wait(console, "down", "enter", "space", "w", "n", "y", "g", "G")
        await apply_filter(console, "status:failed")
        await console.wait_for("No row of the log is in this filter.")
        assert "esc  clear the filter" in console.text
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="first_one")
        await console.press("escape")
        await console.wait_for("first_one")
        await press_and_wait(console, "down", "enter")
        assert isinstance(console.app.screen, AuditRowScreen)


async def test_a_part_of_the_schema_is_called_one_as_the_commands_do(installed_database: str) -> None:
    with psycopg.connect(installed_database) as connection:
        connection.execute("drop table organization_phone_numbers cascade")
    async with run_headless(new_app(installed_database)) as console:
        await console.wait_for(lambda: console.app.session.schema == "partial")
        console.app.action_section("audit")
        await console.wait_for("Only a part of what Switchboard needs is in this database")
        assert "5  set it up" in console.text


async def test_without_a_schema_or_an_organisation_it_says_what_to_do_first(
    empty_database: str, filled_log: str
) -> None:
    async with run_headless(new_app(empty_database)) as console:
        await console.wait_for("Where is your Postgres database?")
        console.app.action_section("audit")
        await console.wait_for("Switchboard is not set up in this database.")
        assert "5  set it up" in console.text
    async with run_headless(new_app(filled_log, SWITCHBOARD_ORGANIZATION="")) as console:
        await console.wait_for("Globex")
        await console.press("escape", "4")
        await console.wait_for("No organisation is chosen.")
        await console.press("o")
        await console.wait_for("Globex")
        await console.type("globex")
        await console.press("enter")
        await console.wait_for("2025-12-31")
        await wait_until_idle(console)
        globex = ids_by_sql(filled_log, f"organization_id = '{GLOBEX}'")
        assert visible_ids(console) == globex[: body(console).lines_seen]
        await console.press("o")
        await console.wait_for("Acme Foods")
        await console.type("acme")
        await console.press("enter")
        await console.wait_for(lambda: current_id(console) == ids_by_sql(filled_log)[0])


async def test_a_role_that_may_not_read_the_log_is_told_so_and_r_reads_it_once_it_may(
    keyed_database: str, postgres: TestServer
) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, action="first_one")
        connection.execute("create role eve login in role switchboard_support" if has_role(connection) else EVE)
        connection.execute("grant usage on schema switchboard to eve")
        connection.execute("grant select on all tables in schema public, switchboard to eve")
        connection.execute("revoke select on integration_audit_logs from eve")
        connection.execute("alter table integration_audit_logs disable row level security")
    async with run_headless(new_app(keyed_database.replace("postgres@", "eve@"))) as console:
        await open_audit_log(console)
        await console.wait_for("r  try again")
        assert "permission" in console.text.lower()
        execute(keyed_database, "grant select on integration_audit_logs to eve")
        await console.press("r")
        await console.wait_for("first_one")


EVE = "create role eve login"


def has_role(connection: psycopg.Connection[object]) -> bool:
    """Whether the role for support staff was installed."""
    return connection.execute("select to_regrole('switchboard_support') is not null").fetchone() == (True,)


async def test_help_lists_every_key_of_the_log_and_each_can_be_remapped(filled_log: str) -> None:
    async with audit_log(filled_log, size=(100, 60)) as console:
        await console.press("question_mark")
        await console.wait_for("Show new rows as they come")
        for binding in (*AuditScreen.BINDINGS, *AuditRowScreen.BINDINGS, *FilterLine.BINDINGS):
            assert isinstance(binding, Binding)
            assert binding.id
            assert (f"{binding.description}  " in console.text) == binding.id.startswith("audit.")
        await console.press("escape", "enter")
        await console.wait_for(lambda: isinstance(console.app.screen, AuditRowScreen))
        await console.press("f1")
        await console.wait_for("The next older row")
        assert "Show new rows" not in console.text


async def test_reading_that_is_stopped_before_anything_came_says_so(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, action="first_one")
    with psycopg.connect(keyed_database) as blocker:
        async with run_headless(new_app(keyed_database)) as console:
            await console.wait_for("● connected")
            blocker.execute("lock table integration_audit_logs in access exclusive mode")
            await console.press("4")
            await console.wait_for("Loading the log")
            await console.press("escape")
            await console.wait_for("r  read it again")
            assert "Loading" not in console.text
            blocker.rollback()
            await console.press("r")
            await console.wait_for("first_one")


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
async def test_times_that_no_clock_here_can_show_are_shown_as_postgres_writes_them(
    keyed_database: str, zone: str
) -> None:
    with psycopg.connect(keyed_database) as connection:
        connection.execute("set timezone to 'UTC'")
        for at in ("infinity", "9999-12-31 23:59:59+00", "0001-01-01 00:00:01+00", "0044-03-15 00:00+00 BC"):
            log_row(connection, created_at=at, organization_id=ACME)
    async with audit_log(keyed_database, SWITCHBOARD_TIMEZONE=zone) as console:
        assert len(seen_rows := console.text.splitlines()[3:7]) == 4
        assert "infinity" in seen_rows[0]
        assert "BC" in seen_rows[3]
        await press_and_wait(console, "b")
        for _ in range(4):
            await press_and_wait(console, "enter", "escape", "w", "escape", "down")
        assert console.app.is_running
