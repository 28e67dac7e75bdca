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
from tests.support.terminal.console_app import console, piloted
from tui.data.audit import name_resolution

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.support.terminal.console_app import Console
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

    async with audit_log(filled_log) as ui:
        monkeypatch.setattr(name_resolution, "resolve_filter", counted)
        await apply_filter(ui, "status:failed")
        await apply_filter(ui, "type:zoho_mail", "s")
        await press_and_wait(ui, "n", "n", "N")
        assert resolved == ["status:failed", "type:zoho_mail"]
        await press_and_wait(ui, "r")
        assert resolved[2:] == resolved[:2]


async def test_a_filter_is_applied_with_enter_stays_while_others_are_open_and_esc_clears_it(filled_log: str) -> None:
    async with audit_log(filled_log) as ui:
        await press_and_wait(ui, "slash")
        await ui.type("status:failed")
        await wait_until_idle(ui)
        assert current_id(ui) == ids_by_sql(filled_log)[0]
        await press_and_wait(ui, "enter")
        failed = ids_by_sql(filled_log, f"{OF_ACME} and status = 'failed'")
        assert visible_ids(ui) == failed[: body(ui).lines_seen]
        assert "/status:failed" in ui.text
        assert f"{len(failed)} rows" in ui.text
        await press_and_wait(ui, "down", "down", "slash")
        await ui.type(" type:")
        await press_and_wait(ui, "escape")
        assert (current_id(ui), ui.page.filter_text) == (failed[2], "status:failed")
        assert "status:failed type" not in ui.text
        await press_and_wait(ui, "1", "4")
        assert (current_id(ui), ui.page.filter_text) == (failed[2], "status:failed")
        await press_and_wait(ui, "escape")
        assert ui.page.filter_text == ""
        assert visible_ids(ui) == ids_by_sql(filled_log)[: body(ui).lines_seen]


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
    async with audit_log(filled_log) as ui:
        for text, where in QUALIFIERS.items():
            await apply_filter(ui, text)
            expected = ids_by_sql(filled_log, where)
            assert visible_ids(ui) == expected[: body(ui).lines_seen], text
            assert f"{len(expected):,} row" in ui.text
            await press_and_wait(ui, "G")
            assert current_id(ui) == expected[-1], text


async def test_an_error_points_at_its_word_and_the_text_is_kept_to_be_mended(filled_log: str) -> None:
    async with audit_log(filled_log) as ui:
        await apply_filter(ui, "  status:failed acton:call_made")
        await ui.wait_for("acton")
        lines = ui.text.splitlines()
        (at,) = (n for n, line in enumerate(lines) if line.startswith("filter "))
        word = re.search(r"acton(:call_made)?", lines[at])
        carets = re.search(r"\^+", lines[at + 1])
        assert word
        assert carets
        assert carets.start() == word.start()
        assert carets[0] == "^" * len("acton:")
        assert "action" in ui.status
        assert current_id(ui) == ids_by_sql(filled_log)[0]
        # What was typed is still there; the marked word is replaced by what is typed now.
        await ui.type("action:")
        await ui.wait_for(lambda: "^" not in offered_texts(ui))
        await press_and_wait(ui, "enter")
        assert ui.page.filter_text.startswith("status:failed action:call_made")
        expected = ids_by_sql(filled_log, f"{OF_ACME} and status = 'failed' and action = 'call_made'")
        assert visible_ids(ui) == expected[: body(ui).lines_seen]
        await apply_filter(ui, "org:Glubex")
        assert "No organisation has that name. Did you mean Globex?" in ui.status
        await press_and_wait(ui, "escape")
        assert ui.page.filter_text.startswith("status:failed action:call_made")


async def test_what_nobody_is_called_is_looked_for_and_said(filled_log: str) -> None:
    async with audit_log(filled_log) as ui:
        await apply_filter(ui, "user:rvai@acme.example")
        assert "Nobody in the directory is called rvai@acme.example" in ui.status
        assert "Did you mean ravi@acme.example?" in ui.status
        assert "No row of the log is in this filter." in ui.text


async def test_tab_puts_in_what_exists_and_up_and_down_choose_among_it(filled_log: str) -> None:
    async with audit_log(filled_log, size=(120, 24)) as ui:
        await press_and_wait(ui, "slash")
        await ui.wait_for("[action:] what was done")
        await ui.type("act")
        await ui.wait_for(lambda: offered_texts(ui).startswith("tab [action:]"))
        await press_and_wait(ui, "tab")
        assert typed_text(ui) == "action:"
        await ui.wait_for(lambda: "[call_made]" in offered_texts(ui))
        assert "credential_deleted" in offered_texts(ui)
        await press_and_wait(ui, "down")
        assert "[credential_deleted]" in offered_texts(ui)
        await press_and_wait(ui, "up", "down", "down")
        assert "[email_sent]" in offered_texts(ui)
        await press_and_wait(ui, "tab")
        assert typed_text(ui) == "action:email_sent "
        for start, found in (
            ("status:p", "status:pending "),
            ("-type:exo", "-type:exotel_phone "),
            ("user:rav", "user:ravi@acme.example "),
            ("org:glo", "org:Globex "),
            ("org:acme", 'org:"Acme Foods" '),
            ("since:yes", "since:yesterday "),
            ("details.err", "details.error_code:"),
        ):
            await ui.press("ctrl+u")
            await ui.type(start)
            await ui.wait_for(
                lambda wanted=found: f"[{wanted.partition(':')[2].strip() or 'error_code:'}]" in offered_texts(ui)
            )
            await press_and_wait(ui, "tab")
            assert typed_text(ui) == found
        await ui.press("ctrl+u")
        await ui.type("action:nothing_like_it")
        await wait_until_idle(ui)
        await press_and_wait(ui, "tab")
        assert typed_text(ui) == "action:nothing_like_it"


async def test_only_like_this_adds_what_the_row_has_to_the_filter(filled_log: str) -> None:
    async with audit_log(filled_log) as ui:
        await apply_filter(ui, "status:failed")
        await ui.press("w")
        await wait_for_question(ui)
        assert "Show only rows that are like this one in" in ui.text
        ((kind,),) = execute(
            filled_log, "select integration_type from integration_audit_logs where id = %s", current_id(ui)
        )
        await press_and_wait(ui, "t")
        assert ui.page.filter_text == f"status:failed type:{kind}"
        expected = ids_by_sql(filled_log, f"{OF_ACME} and status = 'failed' and integration_type = '{kind}'")
        assert visible_ids(ui) == expected[: body(ui).lines_seen]
        before = ui.page.filter_text
        await press_and_wait(ui, "w", "escape")
        assert ui.page.filter_text == before


async def test_a_search_marks_its_rows_and_goes_from_one_to_the_next_both_ways(filled_log: str) -> None:
    matches = ids_by_sql(filled_log, f"{OF_ACME} and {DELETED}")
    assert len(matches) == 3
    async with audit_log(filled_log) as ui:
        await apply_filter(ui, "action:credential_deleted", "s")
        assert current_id(ui) == matches[0]
        assert marked(ui) == [matches[0]]
        assert "s action:credential_deleted" in ui.text
        await press_and_wait(ui, "n")
        assert (current_id(ui), marked(ui)) == (matches[1], [matches[1]])
        await press_and_wait(ui, "n", "n")
        assert current_id(ui) == matches[2]
        assert "No older row matches; N looks the other way." in ui.status
        await press_and_wait(ui, "N", "N", "N")
        assert current_id(ui) == matches[0]
        assert "No newer row matches; n looks the other way." in ui.status
        # A row that matches is the first one from the cursor on.
        await apply_filter(ui, "type:exotel_phone,zoho_mail action:credential_deleted", "s")
        assert (current_id(ui), ui.status) == (matches[0], "")
        # Round a match the log goes on both ways as it is.
        expected = ids_by_sql(filled_log)
        place = expected.index(matches[0])
        await press_and_wait(ui, "down", "down", "pageup", "pagedown")
        assert current_id(ui) == expected[place + 2]
        await press_and_wait(ui, "escape")
        assert marked(ui) == []
        assert current_id(ui) == expected[place + 2]
        await press_and_wait(ui, "n", "escape")
        assert "s action" not in ui.text
        await apply_filter(ui, "action:nonsense_", "s")
        assert current_id(ui) == expected[place + 2]
        assert "No older row matches" in ui.status


async def test_a_search_looks_within_the_filter_and_ends_with_it(filled_log: str) -> None:
    async with audit_log(filled_log) as ui:
        await apply_filter(ui, "status:failed")
        await apply_filter(ui, "ip:10.0.7.0/24", "s")
        matches = ids_by_sql(filled_log, f"{OF_ACME} and status = 'failed' and ip_address <<= '10.0.7.0/24'")
        assert matches
        assert current_id(ui) == matches[0]
        await apply_filter(ui, "statu:x", "s")
        assert "status" in ui.status
        await press_and_wait(ui, "escape")
        assert current_id(ui) == matches[0]
        await apply_filter(ui, "action:call_made")
        assert marked(ui) == []
        assert "s ip:" not in ui.text


async def test_marks_follow_to_another_organisation(filled_log: str) -> None:
    async with audit_log(filled_log) as ui:
        await apply_filter(ui, "status:failed", "s")
        await ui.press("o")
        await ui.wait_for("Globex")
        await ui.type("globex")
        await ui.press("enter")
        globex = ids_by_sql(filled_log, f"organization_id = '{GLOBEX}'")
        await ui.wait_for(lambda: pane(ui).current and current_id(ui) == globex[0])
        await wait_until_idle(ui)
        failed = set(ids_by_sql(filled_log, "status = 'failed'"))
        assert set(marked(ui)) == set(visible_ids(ui)) & failed
        assert marked(ui)


def marked(ui: Console) -> list[object]:
    """The ids of the rows in view whose line begins with the mark of a match."""
    return [
        identifier
        for identifier, line in zip(visible_ids(ui), ui.text.splitlines()[3:], strict=False)
        if line.startswith("*")
    ]


async def test_hits_come_one_by_one_and_esc_stops_the_search_on_the_server_until_one_moves_on(slow_log: str) -> None:
    hits = ids_by_sql(slow_log.replace("eve@", "postgres@"), f"{OF_ACME} and ip_address <<= '10.0.7.0/24'")
    assert len(hits) == 3
    async with piloted(console(slow_log)) as ui:
        await open_audit_log(ui)
        await ui.wait_for("too many rows to count quickly")
        await ui.press("slash")
        await ui.type("ip:10.0.7.0/24")
        await ui.press("enter")
        await ui.wait_for(lambda: pane(ui).window.entries)
        assert re.search(r"searched back to 2025-12-31 \d\d:\d\d UTC \.\.\. esc stops", ui.text)
        assert [line.row.id for line in pane(ui).window.lines()] == hits[:1]
        await ui.press("escape")
        await ui.wait_for("; down searches on")
        await wait_until_idle(ui)
        assert execute(slow_log.replace("eve@", "postgres@"), RUNNING) == []
        assert ui.page.filter_text
        assert [line.row.id for line in pane(ui).window.lines()] == hits[:1]
        await ui.press("down")
        await ui.wait_for("the log has no older row in this filter")
        assert [line.row.id for line in pane(ui).window.lines()] == hits


async def test_a_search_without_a_hit_goes_on_too_where_it_was_stopped(slow_log: str) -> None:
    async with piloted(console(slow_log)) as ui:
        await open_audit_log(ui)
        await ui.press("slash")
        await ui.type("ip:192.0.2.1")
        await ui.press("enter")
        await ui.wait_for("... esc stops")
        await ui.press("escape")
        await ui.wait_for("; down searches on")
        await wait_until_idle(ui)
        reached = pane(ui).window.searched_to
        assert reached is not None
        await ui.press("down")
        await ui.wait_for(lambda: (pane(ui).window.searched_to or reached) < reached)
        # Another filter takes its place at once, and nothing of the one before comes after it.
        await ui.press("slash", "ctrl+u")
        await ui.type("ip:10.0.7.0/24")
        await ui.press("enter", "slash", "ctrl+u")
        await ui.type("since:2025-12-31T23:50")
        await ui.press("enter")
        await wait_until_idle(ui)
        owner = slow_log.replace("eve@", "postgres@")
        expected = ids_by_sql(owner, f"{OF_ACME} and created_at >= '2025-12-31 23:50+00'")
        assert visible_ids(ui) == expected[: body(ui).lines_seen]
