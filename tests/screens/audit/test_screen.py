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
from tests.support.terminal.console_app import console, piloted
from tui.screens.audit.row import AuditRowScreen
from tui.screens.audit.screen import AuditScreen
from tui.widgets.filter_line import FilterLine

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer


async def test_it_opens_on_the_newest_rows_with_who_when_and_how_many(filled_log: str) -> None:
    async with audit_log(filled_log) as ui:
        expected = ids_by_sql(filled_log)
        assert visible_ids(ui) == expected[: body(ui).lines_seen]
        assert f"{len(expected):,} rows" in ui.text
        assert "Time (UTC)" in ui.text
        assert "2025-12-31 23:58:00" in ui.text
        ((action, kind, agent, address),) = execute(
            filled_log,
            "select action, integration_type, user_agent, host(ip_address) from integration_audit_logs where id = %s",
            current_id(ui),
        )
        lines = ui.text.splitlines()[3 : 3 + body(ui).lines_seen]
        clock = "to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
        query = f"select {clock} from integration_audit_logs where {OF_ACME} {IN_ORDER} limit {len(lines)}"
        assert [line[2:21] for line in lines] == [text for (text,) in execute(filled_log, query)]
        first = lines[0]
        assert action in first
        assert kind in first
        assert f"{address}   {agent}" in ui.text


async def test_every_row_is_reached_by_pages_down_and_up_and_by_both_ends(filled_log: str) -> None:
    async with audit_log(filled_log, size=(60, 60)) as ui:
        await apply_filter(ui, "type:zoho_mail")
        expected = ids_by_sql(filled_log, f"{OF_ACME} and integration_type = 'zoho_mail'")
        step = body(ui).lines_seen - 1
        place = 0
        while place < len(expected) - 1 - step:
            place += step
            await press_and_wait(ui, "pagedown")
            assert current_id(ui) == expected[place]
            assert visible_ids(ui) == expected[body_top(ui, expected) :][: step + 1]
        assert len(pane(ui).window.lines()) < 1_000
        await press_and_wait(ui, "pagedown", "pagedown")
        assert current_id(ui) == expected[-1]
        assert "without a time" in ui.text
        place = len(expected) - 1
        while place > step:
            place -= step
            await press_and_wait(ui, "pageup")
            assert current_id(ui) == expected[place]
            assert visible_ids(ui) == expected[body_top(ui, expected) :][: step + 1]
        await press_and_wait(ui, "G")
        assert (current_id(ui), visible_ids(ui)[-1]) == (expected[-1], expected[-1])
        await press_and_wait(ui, "up", "up", "pageup")
        assert current_id(ui) == expected[-3 - step]
        await press_and_wait(ui, "g")
        assert (current_id(ui), visible_ids(ui)[0]) == (expected[0], expected[0])
        await press_and_wait(ui, "end", "home", "down", "j", "k")
        assert current_id(ui) == expected[1]


def body_top(ui: object, expected: list[object]) -> int:
    """Where what is seen begins among all rows."""
    lines = pane(ui).window.lines()  # type: ignore[arg-type]
    return expected.index(lines[body(ui).top].row.id)  # type: ignore[arg-type]


async def test_a_jump_to_a_date_asks_until_it_is_one_and_goes_to_its_last_row(filled_log: str) -> None:
    async with audit_log(filled_log) as ui:
        await ui.press("ctrl+g")
        await ui.wait_for("Go to which date or time (UTC)?")
        await ui.type("yesterdy")
        await ui.press("enter")
        await ui.wait_for('“yesterdy” is no date or time. Did you mean "yesterday"?')
        for text, condition in (
            ("2025-12-31 16:30", "created_at <= '2025-12-31 16:30+00'"),
            ("2025-12-31", "created_at < '2026-01-01 00:00+00'"),
            ("2025-12-31 12:00:30", "created_at < '2025-12-31 12:00:30+00'"),
        ):
            if not ui.page.prompt.is_asking:
                await ui.press("ctrl+g")
            await ui.press("ctrl+u")
            await ui.type(text)
            await ui.press("enter")
            await wait_until_idle(ui)
            expected = ids_by_sql(filled_log, f"{OF_ACME} and {condition}")
            assert current_id(ui) == expected[0], text
            await press_and_wait(ui, "up")
            timed = ids_by_sql(filled_log, f"{OF_ACME} and not ({condition})")
            assert current_id(ui) == (timed[-1] if timed else expected[0])
        await ui.press("ctrl+g")
        await ui.type("2024-02-29")
        await ui.press("enter")
        await wait_until_idle(ui)
        # There is no row as old, but there are rows without a time behind the oldest.
        assert current_id(ui) == ids_by_sql(filled_log, f"{OF_ACME} and created_at is null")[0]
        await apply_filter(ui, "until:2025-12-31")
        await ui.press("ctrl+g")
        await ui.type("2024-02-29")
        await ui.press("enter")
        await ui.wait_for("The log begins later than that: this is its oldest row.")
        assert current_id(ui) == ids_by_sql(filled_log, f"{OF_ACME} and created_at < '2026-01-01'")[-1]
        before = current_id(ui)
        await press_and_wait(ui, "ctrl+g", "escape")
        assert current_id(ui) == before


async def test_a_day_ends_before_the_first_moment_of_the_next(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, created_at="2026-01-02 00:00+05:30")
        last = log_row(connection, created_at="2026-01-01 23:59:59.999999+05:30")
        log_row(connection, created_at="2026-01-01 00:00+05:30")
    async with audit_log(keyed_database, SWITCHBOARD_TIMEZONE="Asia/Kolkata") as ui:
        assert "Time (Asia/Kolkata)" in ui.text
        assert "2026-01-02 00:00:00" in ui.text
        await ui.press("ctrl+g")
        await ui.wait_for("(Asia/Kolkata)?")
        await ui.type("2026-01-01")
        await ui.press("enter")
        await wait_until_idle(ui)
        assert current_id(ui) == last
        await ui.press("enter")
        await ui.wait_for("2026-01-01 23:59:59.999999 IST")


async def test_narrow_and_wide_terminals_show_what_fits_and_stay_where_they_are(filled_log: str) -> None:
    async with audit_log(filled_log, size=(60, 20)) as ui:
        await press_and_wait(ui, *["pagedown"] * 3)
        before = current_id(ui)
        heading = ui.text.splitlines()[2]
        assert heading.split()[:2] == ["Time", "(UTC)"]
        assert "Action" in heading
        assert "Address" not in heading
        await ui.pilot.resize_terminal(200, 50)
        await wait_until_idle(ui)
        assert current_id(ui) == before
        heading, *lines = ui.text.splitlines()[2:]
        for title in ("Who", "Action", "Type", "Status", "Address", "Organisation", "Details"):
            assert title in heading
        assert any("Acme Foods" in line and "n: " in line for line in lines)
        assert len(set(visible_ids(ui))) == body(ui).lines_seen
        await ui.pilot.resize_terminal(80, 24)
        await wait_until_idle(ui)
        assert current_id(ui) == before


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
    async with audit_log(keyed_database, size=(120, 60)) as ui:
        await press_and_wait(ui, "down")
        assert r"203.0.113.9   \x1b]52;c;cm0gLXJm\x07\x9b31m" in ui.text
        assert r"is_active: true -> false; display_name: Old\nname -> \u202egpj.exe; daily_limit:  -> 5" in ui.text
        await ui.press("enter")
        await ui.wait_for(lambda: isinstance(ui.app.screen, AuditRowScreen))
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
            assert wanted in ui.text, ui.text
        assert "- daily_limit" not in ui.text
        await ui.press("y")
        copied = json.loads(ui.app.clipboard)
        assert copied["user_agent"] == osc + c1
        assert copied["details"]["after"]["display_name"] == bidi
        assert (copied["id"], copied["created_at"]) == (str(middle), "2026-01-02T10:11:12.000345+00:00")
        assert not any(hidden in ui.app.clipboard for hidden in "\x1b\x9b\u202e")
        await ui.press("left")
        await ui.wait_for("newer_one: success")
        await ui.press("left")
        await ui.wait_for("There is no newer row here yet.")
        await ui.press("right", "right")
        await ui.wait_for("older_one: success")
        await ui.press("right")
        await ui.wait_for("There is no older row")
        await ui.press("escape")
        await wait_until_idle(ui)
        assert ui.page.section == "audit"
        assert "older_one" in ui.text.splitlines()[5]
        assert current_id(ui) == ids_by_sql(keyed_database)[-1]
        await ui.press("y")
        assert ui.app.clipboard.split("\t")[0].strip() == "2026-01-01 00:00:00"
        assert "cannot be confirmed" in ui.status


async def test_an_empty_log_and_an_empty_filter_say_why_and_which_key_helps(keyed_database: str) -> None:
    async with audit_log(keyed_database) as ui:
        await ui.wait_for("The log of this organisation is empty.")
        assert "/  org:* looks in all of them" in ui.text
        await press_and_wait(ui, "down", "enter", "space", "w", "n", "y", "g", "G")
        await apply_filter(ui, "status:failed")
        await ui.wait_for("No row of the log is in this filter.")
        assert "esc  clear the filter" in ui.text
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="first_one")
        await ui.press("escape")
        await ui.wait_for("first_one")
        await press_and_wait(ui, "down", "enter")
        assert isinstance(ui.app.screen, AuditRowScreen)


async def test_without_a_schema_or_an_organisation_it_says_what_to_do_first(
    empty_database: str, filled_log: str
) -> None:
    async with piloted(console(empty_database)) as ui:
        await ui.wait_for("Where is your Postgres database?")
        ui.app.action_section("audit")
        await ui.wait_for("Switchboard is not set up in this database.")
        assert "5  set it up" in ui.text
    async with piloted(console(filled_log, SWITCHBOARD_ORGANIZATION="")) as ui:
        await ui.wait_for("Globex")
        await ui.press("escape", "4")
        await ui.wait_for("No organisation is chosen.")
        await ui.press("o")
        await ui.wait_for("Globex")
        await ui.type("globex")
        await ui.press("enter")
        await ui.wait_for("2025-12-31")
        await wait_until_idle(ui)
        globex = ids_by_sql(filled_log, f"organization_id = '{GLOBEX}'")
        assert visible_ids(ui) == globex[: body(ui).lines_seen]
        await ui.press("o")
        await ui.wait_for("Acme Foods")
        await ui.type("acme")
        await ui.press("enter")
        await ui.wait_for(lambda: current_id(ui) == ids_by_sql(filled_log)[0])


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
    async with piloted(console(keyed_database.replace("postgres@", "eve@"))) as ui:
        await open_audit_log(ui)
        await ui.wait_for("r  try again")
        assert "permission" in ui.text.lower()
        execute(keyed_database, "grant select on integration_audit_logs to eve")
        await ui.press("r")
        await ui.wait_for("first_one")


EVE = "create role eve login"


def has_role(connection: psycopg.Connection[object]) -> bool:
    """Whether the role for support staff was installed."""
    return connection.execute("select to_regrole('switchboard_support') is not null").fetchone() == (True,)


async def test_help_lists_every_key_of_the_log_and_each_can_be_remapped(filled_log: str) -> None:
    async with audit_log(filled_log, size=(100, 60)) as ui:
        await ui.press("question_mark")
        await ui.wait_for("Show new rows as they come")
        for binding in (*AuditScreen.BINDINGS, *AuditRowScreen.BINDINGS, *FilterLine.BINDINGS):
            assert isinstance(binding, Binding)
            assert binding.id
            assert (f"{binding.description}  " in ui.text) == binding.id.startswith("audit.")
        await ui.press("escape", "enter")
        await ui.wait_for(lambda: isinstance(ui.app.screen, AuditRowScreen))
        await ui.press("f1")
        await ui.wait_for("The next older row")
        assert "Show new rows" not in ui.text


async def test_reading_that_is_stopped_before_anything_came_says_so(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, action="first_one")
    with psycopg.connect(keyed_database) as blocker:
        async with piloted(console(keyed_database)) as ui:
            await ui.wait_for("● connected")
            blocker.execute("lock table integration_audit_logs in access exclusive mode")
            await ui.press("4")
            await ui.wait_for("Loading the log")
            await ui.press("escape")
            await ui.wait_for("r  read it again")
            assert "Loading" not in ui.text
            blocker.rollback()
            await ui.press("r")
            await ui.wait_for("first_one")


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
async def test_times_that_no_clock_here_can_show_are_shown_as_postgres_writes_them(
    keyed_database: str, zone: str
) -> None:
    with psycopg.connect(keyed_database) as connection:
        connection.execute("set timezone to 'UTC'")
        for at in ("infinity", "9999-12-31 23:59:59+00", "0001-01-01 00:00:01+00", "0044-03-15 00:00+00 BC"):
            log_row(connection, created_at=at, organization_id=ACME)
    async with audit_log(keyed_database, SWITCHBOARD_TIMEZONE=zone) as ui:
        assert len(seen_rows := ui.text.splitlines()[3:7]) == 4
        assert "infinity" in seen_rows[0]
        assert "BC" in seen_rows[3]
        await press_and_wait(ui, "b")
        for _ in range(4):
            await press_and_wait(ui, "enter", "escape", "w", "escape", "down")
        assert ui.app.is_running
