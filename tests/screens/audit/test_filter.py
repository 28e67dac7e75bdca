"""Section 4's filter and search driven by keys: typing, completing, errors and matches, on a log that is only read."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

from tests.screens.audit.driver import (
    OF_ACME,
    apply_filter,
    audit_log,
    body,
    choose_organization,
    current_id,
    ids_by_sql,
    offered_texts,
    pane,
    press_and_wait,
    typed_text,
    visible_ids,
    wait_for_question,
    wait_until_idle,
)
from tests.support.acme import GLOBEX
from tests.support.commands import execute
from tui.data.audit import name_resolution
from tui.data.audit.pages import AuditReader

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    import pytest

    from tests.support.terminal.console_driver import ConsoleDriver
    from tui.data.audit.filter import AuditFilter
    from tui.data.audit.name_resolution import ResolvedFilter
    from tui.data.postgres.database import Database

FAILED = f"{OF_ACME} and status = 'failed'"


async def test_the_log_is_filtered_and_searched(
    filled_log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    resolved: list[str] = []
    resolve_filter = name_resolution.resolve_filter

    async def counted(database: Database, audit_filter: AuditFilter, organization_id: UUID) -> ResolvedFilter:
        resolved.append(audit_filter.text)
        return await resolve_filter(database, audit_filter, organization_id)

    async with audit_log(filled_log, size=(120, 24)) as console:
        monkeypatch.setattr(name_resolution, "resolve_filter", counted)
        await a_filter_is_applied_with_enter_and_stays_while_others_are_open(console, filled_log)
        await only_like_this_adds_what_the_row_has_to_the_filter(console, filled_log)
        await a_search_looks_within_the_filter_and_ends_with_it(console, filled_log, resolved)
        await an_error_points_at_its_word_and_the_text_is_kept_to_be_mended(console, filled_log)
        await tab_puts_in_what_exists_and_up_and_down_choose_among_it(console)
        await what_nobody_is_called_is_looked_for_and_said(console)
        await press_and_wait(console, "escape")
        assert console.page.filter_text == ""
        assert visible_ids(console) == ids_by_sql(filled_log)[: body(console).lines_seen]
        await filters_are_kept_by_name_and_as_they_were_applied(console, filled_log, tmp_path)
        await a_search_goes_from_one_match_to_the_next_both_ways(console, filled_log)
        await marks_that_were_broken_off_come_with_the_next_match(console, filled_log, monkeypatch)
        await marks_follow_to_another_organisation(console, filled_log)


async def a_filter_is_applied_with_enter_and_stays_while_others_are_open(console: ConsoleDriver, conninfo: str) -> None:
    await press_and_wait(console, "slash")
    await console.type("status:failed")
    await wait_until_idle(console)
    assert current_id(console) == ids_by_sql(conninfo)[0]
    await press_and_wait(console, "enter")
    failed = ids_by_sql(conninfo, FAILED)
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


async def only_like_this_adds_what_the_row_has_to_the_filter(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("w")
    await wait_for_question(console)
    assert "Show only rows with the same" in console.text
    query = "select integration_type from integration_audit_logs where id = %s"
    ((kind,),) = execute(conninfo, query, current_id(console))
    await press_and_wait(console, "t")
    assert console.page.filter_text == f"status:failed type:{kind}"
    expected = ids_by_sql(conninfo, f"{FAILED} and integration_type = '{kind}'")
    assert visible_ids(console) == expected[: body(console).lines_seen]
    await press_and_wait(console, "w", "escape")
    assert console.page.filter_text == f"status:failed type:{kind}"


async def a_search_looks_within_the_filter_and_ends_with_it(
    console: ConsoleDriver, conninfo: str, resolved: list[str]
) -> None:
    resolved.clear()
    await apply_filter(console, "status:failed")
    await apply_filter(console, "ip:10.0.7.0/24", "s")
    matches = ids_by_sql(conninfo, f"{FAILED} and ip_address <<= '10.0.7.0/24'")
    assert matches
    assert current_id(console) == matches[0]
    await press_and_wait(console, "n", "N")
    # What is typed is resolved once, until it is read again.
    assert resolved == ["status:failed", "ip:10.0.7.0/24"]
    await press_and_wait(console, "r")
    assert resolved[2:] == resolved[:2]
    await apply_filter(console, "statu:x", "s")
    assert "status" in console.status
    await press_and_wait(console, "escape")
    assert current_id(console) == matches[0]
    await apply_filter(console, "action:call_made")
    assert marked(console) == []
    assert "s ip:" not in console.text


async def an_error_points_at_its_word_and_the_text_is_kept_to_be_mended(console: ConsoleDriver, conninfo: str) -> None:
    before = current_id(console)
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
    assert current_id(console) == before
    # What was typed is still there; the marked word is replaced by what is typed now.
    await console.type("action:")
    await console.wait_for(lambda: "^" not in offered_texts(console))
    await press_and_wait(console, "enter")
    assert console.page.filter_text.startswith("status:failed action:call_made")
    expected = ids_by_sql(conninfo, f"{FAILED} and action = 'call_made'")
    assert visible_ids(console) == expected[: body(console).lines_seen]
    await apply_filter(console, "org:Glubex")
    assert "No organisation has that name. Did you mean Globex?" in console.status
    await press_and_wait(console, "escape")
    assert console.page.filter_text.startswith("status:failed action:call_made")


async def tab_puts_in_what_exists_and_up_and_down_choose_among_it(console: ConsoleDriver) -> None:
    await press_and_wait(console, "slash", "ctrl+u")
    await console.wait_for("[action:] what was done")
    await console.type("act")
    await console.wait_for(lambda: offered_texts(console).startswith("tab [action:]"))
    await press_and_wait(console, "tab")
    assert typed_text(console) == "action:"
    await console.wait_for(lambda: "[call_made]" in offered_texts(console))
    assert "credential_deleted" in offered_texts(console)
    await press_and_wait(console, "down")
    assert "[credential_deleted]" in offered_texts(console)
    await press_and_wait(console, "up", "down", "down", "tab")
    assert typed_text(console) == "action:email_sent "
    await console.press("ctrl+u")
    await console.type("org:acme")
    await console.wait_for(lambda: '["Acme Foods"]' in offered_texts(console))
    await press_and_wait(console, "tab")
    assert typed_text(console) == 'org:"Acme Foods" '
    await press_and_wait(console, "escape")


async def what_nobody_is_called_is_looked_for_and_said(console: ConsoleDriver) -> None:
    await apply_filter(console, "user:rvai@acme.example")
    assert "Nobody in the directory is called rvai@acme.example" in console.status
    assert "Did you mean ravi@acme.example?" in console.status
    assert "No row of the log is in this filter." in console.text


async def filters_are_kept_by_name_and_as_they_were_applied(
    console: ConsoleDriver, conninfo: str, folder: Path
) -> None:
    await apply_filter(console, "status:failed")
    await press_and_wait(console, "escape", "slash")
    assert "up earlier filters" in console.text
    await press_and_wait(console, "up", "up")
    assert typed_text(console) == "user:rvai@acme.example"
    await press_and_wait(console, "down")
    assert typed_text(console) == "status:failed"
    await press_and_wait(console, "enter", "m")
    await wait_for_question(console)
    await console.type("failures")
    await press_and_wait(console, "enter")
    assert console.status == "Saved as “failures”: it is in the palette (:)."
    file = folder / "switchboard" / "filters.json"
    assert json.loads(file.read_bytes())["saved"] == {"failures": "status:failed"}
    await press_and_wait(console, "escape", "1", "colon")
    await console.type("failur")
    await console.wait_for("status:failed")
    await press_and_wait(console, "enter")
    await wait_until_idle(console)
    assert (console.page.section, console.page.filter_text) == ("audit", "status:failed")
    assert visible_ids(console) == ids_by_sql(conninfo, FAILED)[: body(console).lines_seen]
    await press_and_wait(console, "escape", "m")
    await wait_for_question(console)
    assert "Delete which saved filter? failures." in console.text
    await console.type("failures")
    await press_and_wait(console, "enter")
    assert json.loads(file.read_bytes())["saved"] == {}
    file.write_bytes(b"{")
    await press_and_wait(console, "m")
    assert "does not hold filters as Switchboard writes them" in console.status
    await apply_filter(console, "status:failed")
    assert console.status.startswith("Filters are not kept: ")
    await press_and_wait(console, "escape")
    assert file.read_bytes() == b"{"


async def a_search_goes_from_one_match_to_the_next_both_ways(console: ConsoleDriver, conninfo: str) -> None:
    matches = ids_by_sql(conninfo, f"{OF_ACME} and action = 'credential_deleted'")
    assert len(matches) == 3
    await apply_filter(console, "action:credential_deleted", "s")
    assert current_id(console) == matches[0]
    assert marked(console) == [matches[0]]
    assert "s action:credential_deleted" in console.text
    await press_and_wait(console, "n")
    assert (current_id(console), marked(console)) == (matches[1], [matches[1]])
    await press_and_wait(console, "n", "n")
    assert current_id(console) == matches[2]
    assert "No older row matches; N searches the other way." in console.status
    await press_and_wait(console, "N", "N", "N")
    assert current_id(console) == matches[0]
    assert "No newer row matches; n searches the other way." in console.status
    # A row that matches is the first one from the cursor on.
    await apply_filter(console, "type:exotel_phone,zoho_mail action:credential_deleted", "s")
    assert (current_id(console), console.status) == (matches[0], "")
    # Round a match the log goes on both ways as it is.
    expected = ids_by_sql(conninfo)
    place = expected.index(matches[0])
    await press_and_wait(console, "down", "down", "pageup", "pagedown")
    assert current_id(console) == expected[place + 2]
    await press_and_wait(console, "escape")
    assert marked(console) == []
    assert current_id(console) == expected[place + 2]
    assert "s action" not in console.text


async def marks_that_were_broken_off_come_with_the_next_match(
    console: ConsoleDriver, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, among = asyncio.Event(), AuditReader.among

    async def at_length(reader: AuditReader, ids: list[UUID]) -> set[UUID]:
        await go_on.wait()
        return await among(reader, ids)

    with monkeypatch.context() as slowly:
        slowly.setattr(AuditReader, "among", at_length)
        await console.press("s", "ctrl+u")
        await console.type("status:failed")
        await console.press("enter")
        await console.wait_for(lambda: not console.page.is_filtering)
        await console.press("n")
        go_on.set()
        await wait_until_idle(console)
    failed = {*ids_by_sql(conninfo, FAILED)} & {*visible_ids(console)}
    assert failed
    assert {*marked(console)} == failed


async def marks_follow_to_another_organisation(console: ConsoleDriver, conninfo: str) -> None:
    await choose_organization(console, "globex")
    globex = ids_by_sql(conninfo, f"organization_id = '{GLOBEX}'")
    await console.wait_for(lambda: pane(console).current and current_id(console) == globex[0])
    await wait_until_idle(console)
    failed = set(ids_by_sql(conninfo, "status = 'failed'"))
    assert set(marked(console)) == set(visible_ids(console)) & failed
    assert marked(console)


def marked(console: ConsoleDriver) -> list[UUID]:
    """The ids of the rows in view whose line begins with the mark of a match."""
    return [
        identifier
        for identifier, line in zip(visible_ids(console), console.text.splitlines()[3:], strict=False)
        if line.startswith("*")
    ]
