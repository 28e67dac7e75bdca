"""Section 4's filter and search driven by keys: typing, completing, errors, matches, and looking through windows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.screens.audit.driver import (
    OF_ACME,
    apply_filter,
    audit_log,
    body,
    current_id,
    ids_by_sql,
    offered_texts,
    open_audit_log,
    pane,
    press_and_wait,
    typed_text,
    visible_ids,
    wait_for_question,
    wait_until_idle,
)
from tests.support.acme import ASHA, GLOBEX
from tests.support.commands import execute
from tests.support.database.log_rows import slow_log_of_eve
from tests.support.terminal.console_driver import new_app, run_headless
from tui.data.audit import name_resolution

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.support.terminal.console_driver import ConsoleDriver
    from tui.data.audit.filter import AuditFilter
    from tui.data.audit.name_resolution import ResolvedFilter
    from tui.data.postgres.database import Database

DELETED = "action = 'credential_deleted'"
RUNNING = """
select query from pg_stat_activity
 where state = 'active' and usename = 'eve' and datname = current_database()
"""


@pytest.fixture
def slow_log(keyed_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """600 rows of which those of n <= 560 take the server a while each; windows are small."""
    return slow_log_of_eve(keyed_database, monkeypatch, 600, "<= 560")


async def test_what_is_typed_is_resolved_once_until_it_is_read_again(
    filled_log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved: list[str] = []
    resolve_filter = name_resolution.resolve_filter

    async def counted(database: Database, audit_filter: AuditFilter, organization_id: UUID) -> ResolvedFilter:
        resolved.append(audit_filter.text)
        return await resolve_filter(database, audit_filter, organization_id)

    async with audit_log(filled_log) as console:
        monkeypatch.setattr(name_resolution, "resolve_filter", counted)
        await apply_filter(console, "status:failed")
        await apply_filter(console, "type:zoho_mail", "s")
        await press_and_wait(console, "n", "n", "N")
        assert resolved == ["status:failed", "type:zoho_mail"]
        await press_and_wait(console, "r")
        assert resolved[2:] == resolved[:2]


async def test_a_filter_is_applied_with_enter_stays_while_others_are_open_and_esc_clears_it(filled_log: str) -> None:
    async with audit_log(filled_log) as console:
        await press_and_wait(console, "slash")
        await console.type("status:failed")
        await wait_until_idle(console)
        assert current_id(console) == ids_by_sql(filled_log)[0]
        await press_and_wait(console, "enter")
        failed = ids_by_sql(filled_log, f"{OF_ACME} and status = 'failed'")
        assert visible_ids(console) == failed[: body(console).lines_seen]
        assert "/status:failed" in console.text
        assert f"{len(failed)} rows" in console.text
        await press_and_wait(console, "down", "down", "slash")
        await console.type(" type:")
        await press_and_wait(console, "escape")
        assert (current_id(console), console.page.filter_text) == (failed[2], "status:failed")
        assert "status:failed type" not in console.text
        await press_and_wait(console, "1", "4")
        assert (current_id(console), console.page.filter_text) == (failed[2], "status:failed")
        await press_and_wait(console, "escape")
        assert console.page.filter_text == ""
        assert visible_ids(console) == ids_by_sql(filled_log)[: body(console).lines_seen]


QUALIFIERS = {
    "type:zoho_mail -status:success": f"{OF_ACME} and integration_type = 'zoho_mail' and status <> 'success'",
    "user:asha": f"{OF_ACME} and user_id = '{ASHA}'",
    "user:none": f"{OF_ACME} and user_id is null",
    "org:Globex": f"organization_id = '{GLOBEX}'",
    "org:*": "true",
    "ip:10.0.7.0/24": f"{OF_ACME} and ip_address <<= '10.0.7.0/24'",
    "details.n:2996": f"{OF_ACME} and details ->> 'n' = '2996'",
    '"agent/3"': f"{OF_ACME} and user_agent = 'agent/3'",
    "since:2025-12-31T20:00 until:2025-12-31T21:00": f"{OF_ACME} and created_at >= '2025-12-31 20:00+00'"
    " and created_at < '2025-12-31 21:00+00'",
}


async def test_every_qualifier_shows_the_rows_that_sql_has(filled_log: str) -> None:
    async with audit_log(filled_log) as console:
        for text, where in QUALIFIERS.items():
            await apply_filter(console, text)
            expected = ids_by_sql(filled_log, where)
            assert visible_ids(console) == expected[: body(console).lines_seen], text
            assert f"{len(expected):,} row" in console.text
            await press_and_wait(console, "G")
            assert current_id(console) == expected[-1], text


async def test_an_error_points_at_its_word_and_the_text_is_kept_to_be_mended(filled_log: str) -> None:
    async with audit_log(filled_log) as console:
        await apply_filter(console, "  status:failed acton:call_made")
        await console.wait_for("acton")
        lines = console.text.splitlines()
        (at,) = (n for n, line in enumerate(lines) if line.startswith("filter "))
        word = re.search(r"acton(:call_made)?", lines[at])
        carets = re.search(r"\^+", lines[at + 1])
        assert word
        assert carets
        assert carets.start() == word.start()
        assert carets[0] == "^" * len("acton:")
        assert "action" in console.status
        assert current_id(console) == ids_by_sql(filled_log)[0]
        # What was typed is still there; the marked word is replaced by what is typed now.
        await console.type("action:")
        await console.wait_for(lambda: "^" not in offered_texts(console))
        await press_and_wait(console, "enter")
        assert console.page.filter_text.startswith("status:failed action:call_made")
        expected = ids_by_sql(filled_log, f"{OF_ACME} and status = 'failed' and action = 'call_made'")
        assert visible_ids(console) == expected[: body(console).lines_seen]
        await apply_filter(console, "org:Glubex")
        assert "No organisation has that name. Did you mean Globex?" in console.status
        await press_and_wait(console, "escape")
        assert console.page.filter_text.startswith("status:failed action:call_made")


async def test_what_nobody_is_called_is_looked_for_and_said(filled_log: str) -> None:
    async with audit_log(filled_log) as console:
        await apply_filter(console, "user:rvai@acme.example")
        assert "Nobody in the directory is called rvai@acme.example" in console.status
        assert "Did you mean ravi@acme.example?" in console.status
        assert "No row of the log is in this filter." in console.text


async def test_tab_puts_in_what_exists_and_up_and_down_choose_among_it(filled_log: str) -> None:
    async with audit_log(filled_log, size=(120, 24)) as console:
        await press_and_wait(console, "slash")
        await console.wait_for("[action:] what was done")
        await console.type("act")
        await console.wait_for(lambda: offered_texts(console).startswith("tab [action:]"))
        await press_and_wait(console, "tab")
        assert typed_text(console) == "action:"
        await console.wait_for(lambda: "[call_made]" in offered_texts(console))
        assert "credential_deleted" in offered_texts(console)
        await press_and_wait(console, "down")
        assert "[credential_deleted]" in offered_texts(console)
        await press_and_wait(console, "up", "down", "down")
        assert "[email_sent]" in offered_texts(console)
        await press_and_wait(console, "tab")
        assert typed_text(console) == "action:email_sent "
        for start, completed in (
            ("status:p", "status:pending "),
            ("-type:exo", "-type:exotel_phone "),
            ("user:rav", "user:ravi@acme.example "),
            ("org:glo", "org:Globex "),
            ("org:acme", 'org:"Acme Foods" '),
            ("since:yes", "since:yesterday "),
            ("details.err", "details.error_code:"),
        ):
            await console.press("ctrl+u")
            await console.type(start)
            await console.wait_for(
                lambda offer=completed: (
                    f"[{offer.partition(':')[2].strip() or 'error_code:'}]" in offered_texts(console)
                )
            )
            await press_and_wait(console, "tab")
            assert typed_text(console) == completed
        await console.press("ctrl+u")
        await console.type("action:nothing_like_it")
        await wait_until_idle(console)
        await press_and_wait(console, "tab")
        assert typed_text(console) == "action:nothing_like_it"


async def test_only_like_this_adds_what_the_row_has_to_the_filter(filled_log: str) -> None:
    async with audit_log(filled_log) as console:
        await apply_filter(console, "status:failed")
        await console.press("w")
        await wait_for_question(console)
        assert "Show only rows that are like this one in" in console.text
        ((kind,),) = execute(
            filled_log, "select integration_type from integration_audit_logs where id = %s", current_id(console)
        )
        await press_and_wait(console, "t")
        assert console.page.filter_text == f"status:failed type:{kind}"
        expected = ids_by_sql(filled_log, f"{OF_ACME} and status = 'failed' and integration_type = '{kind}'")
        assert visible_ids(console) == expected[: body(console).lines_seen]
        before = console.page.filter_text
        await press_and_wait(console, "w", "escape")
        assert console.page.filter_text == before


async def test_a_search_marks_its_rows_and_goes_from_one_to_the_next_both_ways(filled_log: str) -> None:
    matches = ids_by_sql(filled_log, f"{OF_ACME} and {DELETED}")
    assert len(matches) == 3
    async with audit_log(filled_log) as console:
        await apply_filter(console, "action:credential_deleted", "s")
        assert current_id(console) == matches[0]
        assert marked(console) == [matches[0]]
        assert "s action:credential_deleted" in console.text
        await press_and_wait(console, "n")
        assert (current_id(console), marked(console)) == (matches[1], [matches[1]])
        await press_and_wait(console, "n", "n")
        assert current_id(console) == matches[2]
        assert "No older row matches; N looks the other way." in console.status
        await press_and_wait(console, "N", "N", "N")
        assert current_id(console) == matches[0]
        assert "No newer row matches; n looks the other way." in console.status
        # A row that matches is the first one from the cursor on.
        await apply_filter(console, "type:exotel_phone,zoho_mail action:credential_deleted", "s")
        assert (current_id(console), console.status) == (matches[0], "")
        # Round a match the log goes on both ways as it is.
        expected = ids_by_sql(filled_log)
        place = expected.index(matches[0])
        await press_and_wait(console, "down", "down", "pageup", "pagedown")
        assert current_id(console) == expected[place + 2]
        await press_and_wait(console, "escape")
        assert marked(console) == []
        assert current_id(console) == expected[place + 2]
        await press_and_wait(console, "n", "escape")
        assert "s action" not in console.text
        await apply_filter(console, "action:nonsense_", "s")
        assert current_id(console) == expected[place + 2]
        assert "No older row matches" in console.status


async def test_a_search_looks_within_the_filter_and_ends_with_it(filled_log: str) -> None:
    async with audit_log(filled_log) as console:
        await apply_filter(console, "status:failed")
        await apply_filter(console, "ip:10.0.7.0/24", "s")
        matches = ids_by_sql(filled_log, f"{OF_ACME} and status = 'failed' and ip_address <<= '10.0.7.0/24'")
        assert matches
        assert current_id(console) == matches[0]
        await apply_filter(console, "statu:x", "s")
        assert "status" in console.status
        await press_and_wait(console, "escape")
        assert current_id(console) == matches[0]
        await apply_filter(console, "action:call_made")
        assert marked(console) == []
        assert "s ip:" not in console.text


async def test_marks_follow_to_another_organisation(filled_log: str) -> None:
    async with audit_log(filled_log) as console:
        await apply_filter(console, "status:failed", "s")
        await console.press("o")
        await console.wait_for("Globex")
        await console.type("globex")
        await console.press("enter")
        globex = ids_by_sql(filled_log, f"organization_id = '{GLOBEX}'")
        await console.wait_for(lambda: pane(console).current and current_id(console) == globex[0])
        await wait_until_idle(console)
        failed = set(ids_by_sql(filled_log, "status = 'failed'"))
        assert set(marked(console)) == set(visible_ids(console)) & failed
        assert marked(console)


def marked(console: ConsoleDriver) -> list[object]:
    """The ids of the rows in view whose line begins with the mark of a match."""
    return [
        identifier
        for identifier, line in zip(visible_ids(console), console.text.splitlines()[3:], strict=False)
        if line.startswith("*")
    ]


async def test_hits_come_one_by_one_and_esc_stops_the_search_on_the_server_until_one_moves_on(slow_log: str) -> None:
    hits = ids_by_sql(slow_log.replace("eve@", "postgres@"), f"{OF_ACME} and ip_address <<= '10.0.7.0/24'")
    assert len(hits) == 3
    async with run_headless(new_app(slow_log)) as console:
        await open_audit_log(console)
        await console.wait_for("too many rows to count quickly")
        await console.press("slash")
        await console.type("ip:10.0.7.0/24")
        await console.press("enter")
        await console.wait_for(lambda: pane(console).window.entries)
        assert re.search(r"searched back to 2025-12-31 \d\d:\d\d UTC \.\.\. esc stops", console.text)
        assert [line.row.id for line in pane(console).window.lines()] == hits[:1]
        await console.press("escape")
        await console.wait_for("; down searches on")
        await wait_until_idle(console)
        assert execute(slow_log.replace("eve@", "postgres@"), RUNNING) == []
        assert console.page.filter_text
        assert [line.row.id for line in pane(console).window.lines()] == hits[:1]
        await console.press("down")
        await console.wait_for("the log has no older row in this filter")
        assert [line.row.id for line in pane(console).window.lines()] == hits


async def test_a_search_without_a_hit_goes_on_too_where_it_was_stopped(slow_log: str) -> None:
    async with run_headless(new_app(slow_log)) as console:
        await open_audit_log(console)
        await console.press("slash")
        await console.type("ip:192.0.2.1")
        await console.press("enter")
        await console.wait_for("... esc stops")
        await console.press("escape")
        await console.wait_for("; down searches on")
        await wait_until_idle(console)
        reached = pane(console).window.searched_to
        assert reached is not None
        await console.press("down")
        await console.wait_for(lambda: (pane(console).window.searched_to or reached) < reached)
        # Another filter takes its place at once, and nothing of the one before comes after it.
        await console.press("slash", "ctrl+u")
        await console.type("ip:10.0.7.0/24")
        await console.press("enter", "slash", "ctrl+u")
        await console.type("since:2025-12-31T23:50")
        await console.press("enter")
        await wait_until_idle(console)
        owner = slow_log.replace("eve@", "postgres@")
        expected = ids_by_sql(owner, f"{OF_ACME} and created_at >= '2025-12-31 23:50+00'")
        assert visible_ids(console) == expected[: body(console).lines_seen]
