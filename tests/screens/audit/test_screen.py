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
    apply,
    body,
    current,
    log,
    of_sql,
    open_log,
    pane,
    press,
    seen,
    settled,
)
from tests.support.commands import execute
from tests.support.log_rows import log_row
from tests.support.sitting import ACME, ASHA, GLOBEX
from tests.support.terminal.console_app import console, piloted
from tui.screens.audit.row import AuditRowScreen
from tui.screens.audit.screen import AuditScreen
from tui.widgets.filter_line import FilterLine

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer


async def test_it_opens_on_the_newest_rows_with_who_when_and_how_many(filled_log: str) -> None:
    async with log(filled_log) as it:
        expected = of_sql(filled_log)
        assert seen(it) == expected[: body(it).lines_seen]
        assert f"{len(expected):,} rows" in it.text
        assert "Time (UTC)" in it.text
        assert "2025-12-31 23:58:00" in it.text
        ((action, kind, agent, address),) = execute(
            filled_log,
            "select action, integration_type, user_agent, host(ip_address) from integration_audit_logs where id = %s",
            current(it),
        )
        lines = it.text.splitlines()[3 : 3 + body(it).lines_seen]
        clock = "to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
        query = f"select {clock} from integration_audit_logs where {OF_ACME} {IN_ORDER} limit {len(lines)}"
        assert [line[2:21] for line in lines] == [text for (text,) in execute(filled_log, query)]
        first = lines[0]
        assert action in first
        assert kind in first
        assert f"{address}   {agent}" in it.text


async def test_every_row_is_reached_by_pages_down_and_up_and_by_both_ends(filled_log: str) -> None:
    async with log(filled_log, size=(60, 60)) as it:
        await apply(it, "type:zoho_mail")
        expected = of_sql(filled_log, f"{OF_ACME} and integration_type = 'zoho_mail'")
        step = body(it).lines_seen - 1
        place = 0
        while place < len(expected) - 1 - step:
            place += step
            await press(it, "pagedown")
            assert current(it) == expected[place]
            assert seen(it) == expected[body_top(it, expected) :][: step + 1]
        assert len(pane(it).window.lines()) < 1_000
        await press(it, "pagedown", "pagedown")
        assert current(it) == expected[-1]
        assert "without a time" in it.text
        place = len(expected) - 1
        while place > step:
            place -= step
            await press(it, "pageup")
            assert current(it) == expected[place]
            assert seen(it) == expected[body_top(it, expected) :][: step + 1]
        await press(it, "G")
        assert (current(it), seen(it)[-1]) == (expected[-1], expected[-1])
        await press(it, "up", "up", "pageup")
        assert current(it) == expected[-3 - step]
        await press(it, "g")
        assert (current(it), seen(it)[0]) == (expected[0], expected[0])
        await press(it, "end", "home", "down", "j", "k")
        assert current(it) == expected[1]


def body_top(it: object, expected: list[object]) -> int:
    """Where what is seen begins among all rows."""
    lines = pane(it).window.lines()  # type: ignore[arg-type]
    return expected.index(lines[body(it).top].row.id)  # type: ignore[arg-type]


async def test_a_jump_to_a_date_asks_until_it_is_one_and_goes_to_its_last_row(filled_log: str) -> None:
    async with log(filled_log) as it:
        await it.press("ctrl+g")
        await it.wait_for("Go to which date or time (UTC)?")
        await it.type("yesterdy")
        await it.press("enter")
        await it.wait_for('“yesterdy” is no date or time. Did you mean "yesterday"?')
        for text, condition in (
            ("2025-12-31 16:30", "created_at <= '2025-12-31 16:30+00'"),
            ("2025-12-31", "created_at < '2026-01-01 00:00+00'"),
            ("2025-12-31 12:00:30", "created_at < '2025-12-31 12:00:30+00'"),
        ):
            if not it.page.prompt.is_asking:
                await it.press("ctrl+g")
            await it.press("ctrl+u")
            await it.type(text)
            await it.press("enter")
            await settled(it)
            expected = of_sql(filled_log, f"{OF_ACME} and {condition}")
            assert current(it) == expected[0], text
            await press(it, "up")
            timed = of_sql(filled_log, f"{OF_ACME} and not ({condition})")
            assert current(it) == (timed[-1] if timed else expected[0])
        await it.press("ctrl+g")
        await it.type("2024-02-29")
        await it.press("enter")
        await settled(it)
        # There is no row as old, but there are rows without a time behind the oldest.
        assert current(it) == of_sql(filled_log, f"{OF_ACME} and created_at is null")[0]
        await apply(it, "until:2025-12-31")
        await it.press("ctrl+g")
        await it.type("2024-02-29")
        await it.press("enter")
        await it.wait_for("The log begins later than that: this is its oldest row.")
        assert current(it) == of_sql(filled_log, f"{OF_ACME} and created_at < '2026-01-01'")[-1]
        before = current(it)
        await press(it, "ctrl+g", "escape")
        assert current(it) == before


async def test_a_day_ends_before_the_first_moment_of_the_next(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, created_at="2026-01-02 00:00+05:30")
        last = log_row(connection, created_at="2026-01-01 23:59:59.999999+05:30")
        log_row(connection, created_at="2026-01-01 00:00+05:30")
    async with log(keyed_database, SWITCHBOARD_TIMEZONE="Asia/Kolkata") as it:
        assert "Time (Asia/Kolkata)" in it.text
        assert "2026-01-02 00:00:00" in it.text
        await it.press("ctrl+g")
        await it.wait_for("(Asia/Kolkata)?")
        await it.type("2026-01-01")
        await it.press("enter")
        await settled(it)
        assert current(it) == last
        await it.press("enter")
        await it.wait_for("2026-01-01 23:59:59.999999 IST")


async def test_narrow_and_wide_terminals_show_what_fits_and_stay_where_they_are(filled_log: str) -> None:
    async with log(filled_log, size=(60, 20)) as it:
        await press(it, *["pagedown"] * 3)
        before = current(it)
        heading = it.text.splitlines()[2]
        assert heading.split()[:2] == ["Time", "(UTC)"]
        assert "Action" in heading
        assert "Address" not in heading
        await it.pilot.resize_terminal(200, 50)
        await settled(it)
        assert current(it) == before
        heading, *lines = it.text.splitlines()[2:]
        for title in ("Who", "Action", "Type", "Status", "Address", "Organisation", "Details"):
            assert title in heading
        assert any("Acme Foods" in line and "n: " in line for line in lines)
        assert len(set(seen(it))) == body(it).lines_seen
        await it.pilot.resize_terminal(80, 24)
        await settled(it)
        assert current(it) == before


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
    async with log(keyed_database, size=(120, 60)) as it:
        await press(it, "down")
        assert r"203.0.113.9   \x1b]52;c;cm0gLXJm\x07\x9b31m" in it.text
        assert r"is_active: true -> false; display_name: Old\nname -> \u202egpj.exe; daily_limit:  -> 5" in it.text
        await it.press("enter")
        await it.wait_for(lambda: isinstance(it.app.screen, AuditRowScreen))
        for wanted in (
            "credential_updated: success",
            "2026-01-02 10:11:12.000345 UTC",
            f"~{ASHA}, not in the directory, operator asha@jump (claimed; login app)",
            r"- display_name: Old\nname",
            r"+ display_name: \u202egpj.exe",
            "+ daily_limit: 5",
            "- envelope: sb1",
            r'"text": "\u001b]52;c;cm0gLXJm\u0007\u202egpj.exe\u009b31m"',
        ):
            assert wanted in it.text, it.text
        assert "- daily_limit" not in it.text
        await it.press("y")
        copied = json.loads(it.app.clipboard)
        assert copied["user_agent"] == osc + c1
        assert copied["details"]["after"]["display_name"] == bidi
        assert (copied["id"], copied["created_at"]) == (str(middle), "2026-01-02T10:11:12.000345+00:00")
        assert not any(hidden in it.app.clipboard for hidden in "\x1b\x9b\u202e")
        await it.press("left")
        await it.wait_for("newer_one: success")
        await it.press("left")
        await it.wait_for("There is no newer row here yet.")
        await it.press("right", "right")
        await it.wait_for("older_one: success")
        await it.press("right")
        await it.wait_for("There is no older row")
        await it.press("escape")
        await settled(it)
        assert it.page.section == "audit"
        assert "older_one" in it.text.splitlines()[5]
        assert current(it) == of_sql(keyed_database)[-1]
        await it.press("y")
        assert it.app.clipboard.split("\t")[0].strip() == "2026-01-01 00:00:00"
        assert "cannot be confirmed" in it.status


async def test_an_empty_log_and_an_empty_filter_say_why_and_which_key_helps(keyed_database: str) -> None:
    async with log(keyed_database) as it:
        await it.wait_for("The log of this organisation is empty.")
        assert "/  org:* looks in all of them" in it.text
        await press(it, "down", "enter", "space", "w", "n", "y", "g", "G")
        await apply(it, "status:failed")
        await it.wait_for("No row of the log is in this filter.")
        assert "esc  clear the filter" in it.text
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="first_one")
        await it.press("escape")
        await it.wait_for("first_one")
        await press(it, "down", "enter")
        assert isinstance(it.app.screen, AuditRowScreen)


async def test_without_a_schema_or_an_organisation_it_says_what_to_do_first(
    empty_database: str, filled_log: str
) -> None:
    async with piloted(console(empty_database)) as it:
        await it.wait_for("Where is your Postgres database?")
        it.app.action_section("audit")
        await it.wait_for("Switchboard is not set up in this database.")
        assert "5  set it up" in it.text
    async with piloted(console(filled_log, SWITCHBOARD_ORGANIZATION="")) as it:
        await it.wait_for("Globex")
        await it.press("escape", "4")
        await it.wait_for("No organisation is chosen.")
        await it.press("o")
        await it.wait_for("Globex")
        await it.type("globex")
        await it.press("enter")
        await it.wait_for("2025-12-31")
        await settled(it)
        globex = of_sql(filled_log, f"organization_id = '{GLOBEX}'")
        assert seen(it) == globex[: body(it).lines_seen]
        await it.press("o")
        await it.wait_for("Acme Foods")
        await it.type("acme")
        await it.press("enter")
        await it.wait_for(lambda: current(it) == of_sql(filled_log)[0])


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
    async with piloted(console(keyed_database.replace("postgres@", "eve@"))) as it:
        await open_log(it)
        await it.wait_for("r  try again")
        assert "permission" in it.text.lower()
        execute(keyed_database, "grant select on integration_audit_logs to eve")
        await it.press("r")
        await it.wait_for("first_one")


EVE = "create role eve login"


def has_role(connection: psycopg.Connection[object]) -> bool:
    """Whether the role for support staff was installed."""
    return connection.execute("select to_regrole('switchboard_support') is not null").fetchone() == (True,)


async def test_help_lists_every_key_of_the_log_and_each_can_be_remapped(filled_log: str) -> None:
    async with log(filled_log, size=(100, 60)) as it:
        await it.press("question_mark")
        await it.wait_for("Show new rows as they come")
        for binding in (*AuditScreen.BINDINGS, *AuditRowScreen.BINDINGS, *FilterLine.BINDINGS):
            assert isinstance(binding, Binding)
            assert binding.id
            assert (f"{binding.description}  " in it.text) == binding.id.startswith("audit.")
        await it.press("escape", "enter")
        await it.wait_for(lambda: isinstance(it.app.screen, AuditRowScreen))
        await it.press("f1")
        await it.wait_for("The next older row")
        assert "Show new rows" not in it.text


async def test_reading_that_is_stopped_before_anything_came_says_so(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, action="first_one")
    with psycopg.connect(keyed_database) as blocker:
        async with piloted(console(keyed_database)) as it:
            await it.wait_for("● connected")
            blocker.execute("lock table integration_audit_logs in access exclusive mode")
            await it.press("4")
            await it.wait_for("Loading the log")
            await it.press("escape")
            await it.wait_for("r  read it again")
            assert "Loading" not in it.text
            blocker.rollback()
            await it.press("r")
            await it.wait_for("first_one")


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
async def test_times_that_no_clock_here_can_show_are_shown_as_postgres_writes_them(
    keyed_database: str, zone: str
) -> None:
    with psycopg.connect(keyed_database) as connection:
        connection.execute("set timezone to 'UTC'")
        for at in ("infinity", "9999-12-31 23:59:59+00", "0001-01-01 00:00:01+00", "0044-03-15 00:00+00 BC"):
            log_row(connection, created_at=at, organization_id=ACME)
    async with log(keyed_database, SWITCHBOARD_TIMEZONE=zone) as it:
        assert len(seen_rows := it.text.splitlines()[3:7]) == 4
        assert "infinity" in seen_rows[0]
        assert "BC" in seen_rows[3]
        await press(it, "b")
        for _ in range(4):
            await press(it, "enter", "escape", "w", "escape", "down")
        assert it.app.is_running
