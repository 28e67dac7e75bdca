"""Section 4 driven by keys on a real database: opening, moving, jumping, the row in full, sizes and states."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
from textual.binding import Binding

from tests.screens.audit.driver import (
    IN_ORDER,
    OF_ACME,
    apply_filter,
    audit_log,
    body,
    choose_organization,
    current_id,
    ids_by_sql,
    open_audit_log,
    pane,
    press_and_wait,
    visible_ids,
    wait_for_question,
    wait_for_rows,
    wait_until_idle,
)
from tests.support.acme import ASHA, GLOBEX
from tests.support.commands import execute
from tests.support.database.log_rows import let_eve_read, log_row
from tests.support.database.seal_tampering import KEY, seal
from tests.support.terminal.console_driver import new_app, run_headless
from tui.data.seals.proofs.proof import check_proof, read_proof
from tui.screens.audit.histogram import AuditHistogram
from tui.screens.audit.row import AuditRowScreen
from tui.screens.audit.screen import AuditScreen
from tui.widgets.filter_line import FilterLine
from tui.widgets.time_ruler import BARS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.terminal.console_driver import ConsoleDriver


async def test_the_log_is_opened_moved_through_and_seen_at_any_size(filled_log: str) -> None:
    async with run_headless(new_app(filled_log, SWITCHBOARD_ORGANIZATION="")) as console:
        await an_organisation_is_chosen_first(console, filled_log)
        await it_opens_on_the_newest_rows_with_who_when_and_how_many(console, filled_log)
        await keys_lead_over_pages_and_to_both_ends(console, filled_log)
        await a_date_is_asked_for_until_it_is_one(console, filled_log)
        await a_question_that_takes_the_place_of_another_gives_the_list_its_keys_back(console)
        await the_histogram_draws_what_sql_counts_with_the_failed_apart(console, filled_log)
        await narrow_and_wide_terminals_show_what_fits_and_stay_where_they_are(console)
        await help_lists_every_key_and_each_can_be_remapped(console)


async def an_organisation_is_chosen_first(console: ConsoleDriver, conninfo: str) -> None:
    await console.wait_for("Globex")
    await console.press("escape", "4")
    await console.wait_for("No organisation is chosen.")
    for name, where in (("globex", f"organization_id = '{GLOBEX}'"), ("acme", OF_ACME)):
        await choose_organization(console, name)
        await console.wait_for(lambda where=where: current_id(console) == ids_by_sql(conninfo, where)[0])
        await wait_until_idle(console)
        assert visible_ids(console) == ids_by_sql(conninfo, where)[: body(console).lines_seen]


async def it_opens_on_the_newest_rows_with_who_when_and_how_many(console: ConsoleDriver, conninfo: str) -> None:
    text, expected = console.text, ids_by_sql(conninfo)
    assert f"{len(expected):,} rows" in text
    assert "Time (UTC)" in text
    ((action, agent, address),) = execute(
        conninfo,
        "select action, user_agent, host(ip_address) from integration_audit_logs where id = %s",
        expected[0],
    )
    lines = text.splitlines()[3 : 3 + body(console).lines_seen]
    clock = "to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    query = f"select {clock} from integration_audit_logs where {OF_ACME} {IN_ORDER} limit {len(lines)}"
    assert [line[2:21] for line in lines] == [text for (text,) in execute(conninfo, query)]
    assert action == "call_made" and lines[0].endswith("  call")
    assert f"{address}   {agent}" in text


async def keys_lead_over_pages_and_to_both_ends(console: ConsoleDriver, conninfo: str) -> None:
    expected, step = ids_by_sql(conninfo), body(console).lines_seen - 1
    await press_and_wait(console, "pagedown", "pagedown", "pageup")
    assert current_id(console) == expected[step]
    for last, first in (("G", "g"), ("end", "home")):
        await press_and_wait(console, last)
        assert (current_id(console), visible_ids(console)[-1]) == (expected[-1], expected[-1])
        assert "without a time" in console.text
        await press_and_wait(console, first)
        assert (current_id(console), visible_ids(console)[0]) == (expected[0], expected[0])
    await press_and_wait(console, "down", "j", "k")
    assert current_id(console) == expected[1]


async def a_date_is_asked_for_until_it_is_one(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("ctrl+g")
    await console.wait_for("Go to which date or time (UTC)?")
    await console.type("yesterdy")
    await console.press("enter")
    await console.wait_for('“yesterdy” is not a date or time. Did you mean "yesterday"?')
    expected = ids_by_sql(conninfo, f"{OF_ACME} and created_at <= '2025-12-31 16:30+00'")
    await press_and_wait(console, "ctrl+u")
    await go_to(console, "2025-12-31 16:30")
    assert current_id(console) == expected[0]
    await press_and_wait(console, "up")
    assert current_id(console) == ids_by_sql(conninfo, f"{OF_ACME} and created_at > '2025-12-31 16:30+00'")[-1]
    await press_and_wait(console, "ctrl+g")
    await go_to(console, "2024-02-29")
    # There is no row as old, but there are rows without a time behind the oldest.
    assert current_id(console) == ids_by_sql(conninfo, f"{OF_ACME} and created_at is null")[0]
    await apply_filter(console, "until:2025-12-31")
    await press_and_wait(console, "ctrl+g")
    await go_to(console, "2024-02-29")
    assert console.status == "The log begins later than that: this is its oldest row."
    oldest = ids_by_sql(conninfo, f"{OF_ACME} and created_at < '2026-01-01'")[-1]
    assert current_id(console) == oldest
    await press_and_wait(console, "ctrl+g", "escape")
    assert current_id(console) == oldest
    await press_and_wait(console, "escape")


async def go_to(console: ConsoleDriver, text: str) -> None:
    await console.type(text)
    await press_and_wait(console, "enter")


async def a_question_that_takes_the_place_of_another_gives_the_list_its_keys_back(console: ConsoleDriver) -> None:
    before = current_id(console)
    await console.press("x")
    await wait_for_question(console)
    # What the palette does, which opens over a question too.
    await console.app.screen.run_action("jump")
    await console.wait_for("Go to which date or time")
    await console.pilot.pause()
    assert "Export the rows" not in console.text
    await go_to(console, "2025-12-31 17:30")
    assert not console.page.prompt.is_asking
    reached = current_id(console)
    assert reached != before
    await press_and_wait(console, "up")
    assert current_id(console) != reached


PER_HOUR = """
select count(*), count(*) filter (where status = 'failed')
  from integration_audit_logs where {where}
 group by extract(hour from created_at) order by extract(hour from created_at)
"""


async def the_histogram_draws_what_sql_counts_with_the_failed_apart(console: ConsoleDriver, conninfo: str) -> None:
    await apply_filter(console, "type:zoho_mail since:2025-12-31T12:00")
    await press_and_wait(console, "b", "g")
    where = f"{OF_ACME} and integration_type = 'zoho_mail' and created_at >= '2025-12-31 12:00+00'"
    counted = execute(conninfo, PER_HOUR.format(where=where))
    width, lines = console.page.query_one(AuditHistogram).track, console.text.splitlines()
    for at, label in ((0, "rows"), (1, "failed")):
        values = [row[at] for row in counted]
        line = next(line for line in lines if line.startswith(f"{label} "))
        expected = [BARS[-(-value * 8 // max(values)) - 1] if value else " " for value in values]
        assert line[12 : 12 + width] == "".join(expected[cell * len(values) // width] for cell in range(width))
        assert f"max {max(values)}/hour" in line
    assert marker(console) == width - 1
    ruler = next(line for line in lines if "▲" in line)
    assert ruler.startswith("12-31 12:00")
    assert ruler.endswith("12-31 23:59")
    await press_and_wait(console, "ctrl+g")
    await go_to(console, "2025-12-31 17:30")
    # The ruler spans the hours from 12 to before 24.
    assert abs(marker(console) - 5.5 / 12 * width) < 1
    await press_and_wait(console, "b")
    assert "max " not in console.text
    await press_and_wait(console, "escape")


def marker(console: ConsoleDriver) -> int:
    """In which cell of the ruler the marker is."""
    return next(line for line in console.text.splitlines() if "▲" in line).index("▲") - 12


async def narrow_and_wide_terminals_show_what_fits_and_stay_where_they_are(console: ConsoleDriver) -> None:
    await press_and_wait(console, *["pagedown"] * 3)
    before = current_id(console)
    for size, shown, hidden in (
        ((60, 20), ("Who", "What happened"), ("Status",)),
        ((290, 50), ("Who", "What happened", "Action", "Type", "Status", "Address"), ("Organisation",)),
        # The detail stands beside the list.
        ((200, 50), ("Who", "What happened", "Status"), ("Organisation",)),
        ((80, 24), ("What happened",), ("Organisation",)),
    ):
        await console.pilot.resize_terminal(*size)
        await wait_until_idle(console)
        assert current_id(console) == before
        heading, *lines = console.text.splitlines()[2:]
        assert heading.split()[:2] == ["Time", "(UTC)"]
        assert all(title in heading for title in shown)
        assert not any(title in heading for title in hidden)
        assert any(" call" in line for line in lines)
        assert len(set(visible_ids(console))) == body(console).lines_seen
        assert not any("Acme Foods" in line and " call" in line for line in lines)


async def help_lists_every_key_and_each_can_be_remapped(console: ConsoleDriver) -> None:
    await console.pilot.resize_terminal(100, 60)
    await console.press("question_mark")
    await console.wait_for("Show new rows as they arrive")
    text = console.text
    for binding in (*AuditScreen.BINDINGS, *AuditRowScreen.BINDINGS, *FilterLine.BINDINGS):
        assert isinstance(binding, Binding)
        assert binding.id
        assert (f"{binding.description}  " in text) == binding.id.startswith("audit.")
    await console.press("escape", "enter")
    await console.wait_for(lambda: isinstance(console.app.screen, AuditRowScreen))
    await console.press("f1")
    await console.wait_for("The next older row")
    assert "Show new rows" not in console.text


async def test_rows_of_any_time_are_opened_in_full_beside_one_another_copied_and_proven(
    keyed_database: str, tmp_path: Path
) -> None:
    hidden = "\x1b]52;c;cm0gLXJm\x07\u202egpj.exe\x9b31m"
    with psycopg.connect(keyed_database) as connection:
        for at in ("infinity", "9999-12-31 23:59:59+00", "0001-01-01 00:00:01+00", "0044-03-15 00:00+00 BC"):
            log_row(connection, created_at=at)
        for at in ("2026-01-02 00:00+05:30", "2026-01-01 00:00+05:30"):
            log_row(connection, created_at=at)
        details = {"before": {"name": "Old"}, "after": {"name": hidden}}
        at = "2026-01-01 23:59:59.999999+05:30"
        last = log_row(connection, created_at=at, user_id=ASHA, user_agent=hidden, details=details, action="of_the_day")
        details = {"a": "x" * 300_000, "operator": "Ann"}
        log_row(connection, created_at="2026-01-01 23:00+05:30", action="huge", details=details)
        log_row(connection, created_at="2026-11-01", action="of_november")
    await seal(keyed_database)
    with psycopg.connect(keyed_database) as connection:
        log_row(connection, created_at="2126-01-01 00:00+00", action="to_come")
    async with audit_log(keyed_database, size=(120, 40), SWITCHBOARD_TIMEZONE="Asia/Kolkata") as console:
        lines = console.text.splitlines()
        assert "Time (Asia/Kolkata)" in lines[2]
        assert "infinity" in lines[3]
        assert "2026-01-02 00:00:00" in console.text
        assert "BC" in lines[3 + 9]
        await press_and_wait(console, "b", "b", "ctrl+g")
        await console.wait_for("(Asia/Kolkata)?")
        # A day ends before the first moment of the next.
        await go_to(console, "2026-01-01")
        assert current_id(console) == last
        await press_and_wait(console, "enter")
        await console.wait_for("2026-01-01 23:59:59.999999 IST")
        assert r"+ name: \x1b]52;c;cm0gLXJm\x07\u202egpj.exe\x9b31m" in console.text
        await console.wait_for("as it was sealed, with every row of its hour")
        await console.press("y")
        copied = json.loads(console.app.clipboard)
        assert (copied["user_agent"], copied["id"]) == (hidden, str(last))
        await console.press("p")
        await console.wait_for("Write the proof of this row to a new file.")
        await console.press("ctrl+u")
        await console.type(str(tmp_path / "a.proof"))
        await console.press("enter")
        await console.wait_for("The proof is in")
        proven = check_proof(read_proof((tmp_path / "a.proof").read_text()), [KEY.public_key])
        assert json.loads(proven.row)[0] == str(last)
        await console.press("right")
        await console.wait_for("First 200,000 characters of 300,028 bytes; x in the list exports all.")
        assert "~operator Ann (claimed)" in console.text
        await console.press("left")
        await console.wait_for("of_the_day: success")
        assert "characters of" not in console.text
        await console.press("left", "left")
        await console.wait_for("of_november: success")
        await console.press("left")
        await console.wait_for("to_come: success")
        await console.wait_for("its hour is not sealed yet")
        await console.press("p")
        await console.wait_for("The row is not under a seal")
        # Two more, at times that only Postgres can tell, are the newest.
        await console.press("left", "left", "left")
        await console.wait_for("There is no newer row here yet.")
        await console.press(*["right"] * 10)
        await console.wait_for("There is no older row here yet.")
        assert "0044-03-15" in console.text
        await press_and_wait(console, "escape")
        assert console.page.section == "audit"
        assert current_id(console) == ids_by_sql(keyed_database)[-1]
        await press_and_wait(console, "w", "escape", "y")
        assert console.app.clipboard.split("\t")[0].strip() == "0044-03-15 BC"
        assert "cannot be confirmed" in console.status


async def test_an_empty_log_and_one_that_may_not_be_read_say_why_and_which_key_helps(keyed_database: str) -> None:
    with psycopg.connect(keyed_database) as connection:
        let_eve_read(connection)
        connection.execute("grant execute on all functions in schema switchboard to eve")
        connection.execute("create policy eve on integration_audit_logs for select to eve using (true)")
        connection.execute("revoke select on integration_audit_logs from eve")
    async with run_headless(new_app(keyed_database.replace("postgres@", "eve@"))) as console:
        await open_audit_log(console)
        await console.wait_for("r  try again")
        assert "permission" in console.text.lower()
        execute(keyed_database, "grant select on integration_audit_logs to eve")
        await console.press("r")
        await console.wait_for("The log of this organisation is empty.")
        assert "/  org:* looks in all of them" in console.text
        await press_and_wait(console, "down", "enter", "space", "w", "n", "y", "g", "G")
        await a_filter_without_a_row_is_said_and_the_list_has_the_keys_again(console, keyed_database)
        await following_an_empty_log_shows_its_first_row_and_ends_where_it_cannot_go_on(console, keyed_database)


async def a_filter_without_a_row_is_said_and_the_list_has_the_keys_again(console: ConsoleDriver, conninfo: str) -> None:
    await apply_filter(console, "action:nothing_like_it")
    await console.wait_for("No row of the log is in this filter.")
    assert "esc  clear the filter" in console.text
    await apply_filter(console, "secret shown")
    await console.wait_for("is in this filter. Try action:credential_revealed")
    await press_and_wait(console, "ctrl+g")
    await go_to(console, "2024-01-01")
    assert "oldest row" not in console.status
    await press_and_wait(console, "slash", "escape")
    await apply_filter(console, "action:nothing_like_it_either")
    with psycopg.connect(conninfo) as connection:
        for n in range(2):
            log_row(connection, action=f"row_{n}", created_at=f"2026-01-01 00:0{n}+00")
    await press_and_wait(console, "escape")
    await wait_for_rows(console, "row_0", "row_1")
    await press_and_wait(console, "down", "enter")
    assert isinstance(console.app.screen, AuditRowScreen)
    assert console.shows("row_0: success")
    await press_and_wait(console, "escape")


async def following_an_empty_log_shows_its_first_row_and_ends_where_it_cannot_go_on(
    console: ConsoleDriver, conninfo: str
) -> None:
    await apply_filter(console, "status:failed")
    await press_and_wait(console, "f")
    assert pane(console).window.entries == []
    with psycopg.connect(conninfo) as connection:
        log_row(connection, action="first_one", status="failed")
    await wait_for_rows(console, "first_one")
    execute(conninfo, "revoke select on integration_audit_logs from eve")
    await console.wait_for(lambda: "permission" in console.status.lower() or "may not" in console.status)
    await console.wait_for(lambda: "following" not in console.text.splitlines()[1])


async def test_a_part_of_the_schema_is_called_one_as_the_commands_do(installed_database: str) -> None:
    with psycopg.connect(installed_database) as connection:
        connection.execute("drop table organization_phone_numbers cascade")
    async with run_headless(new_app(installed_database)) as console:
        await console.wait_for(lambda: console.app.session.schema == "partial")
        console.app.action_section("audit")
        await console.wait_for("Only a part of what Switchboard needs is in this database")
        assert "5  set it up" in console.text


async def test_following_without_a_connection_leaves_what_is_said_of_it(keyed_database: str) -> None:
    async with run_headless(new_app(f"{keyed_database}_that_is_not_there")) as console:
        await console.wait_for("no connection")
        await console.press("4")
        await console.wait_for(lambda: isinstance(console.app.screen, AuditScreen))
        before = console.text
        await press_and_wait(console, "f")
        assert console.text == before
