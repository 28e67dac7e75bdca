"""Section 4's filter and search driven by keys: typing, completing, errors, matches, and looking through windows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.screens.audit.driver import (
    OF_ACME,
    apply,
    asked,
    body,
    current,
    log,
    of_sql,
    offers,
    open_log,
    pane,
    press,
    seen,
    settled,
    typed,
)
from tests.support.commands import execute
from tests.support.log_rows import slow_log_of_eve
from tests.support.sitting import ASHA, GLOBEX
from tests.support.terminal.console_app import console, piloted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.terminal.console_app import Console

DELETED = "action = 'credential_deleted'"
RUNNING = """
select query from pg_stat_activity
 where state = 'active' and usename = 'eve' and datname = current_database()
"""


@pytest.fixture
def slow_log(keyed_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """600 rows of which those of n <= 560 take the server a while each; windows are small."""
    return slow_log_of_eve(keyed_database, monkeypatch, 600, "<= 560")


async def test_a_filter_is_applied_with_enter_stays_while_others_are_open_and_esc_clears_it(filled_log: str) -> None:
    async with log(filled_log) as it:
        await press(it, "slash")
        await it.type("status:failed")
        await settled(it)
        assert current(it) == of_sql(filled_log)[0]
        await press(it, "enter")
        failed = of_sql(filled_log, f"{OF_ACME} and status = 'failed'")
        assert seen(it) == failed[: body(it).lines_seen]
        assert "/status:failed" in it.text
        assert f"{len(failed)} rows" in it.text
        await press(it, "down", "down", "slash")
        await it.type(" type:")
        await press(it, "escape")
        assert (current(it), it.page.filter_text) == (failed[2], "status:failed")
        assert "status:failed type" not in it.text
        await press(it, "1", "4")
        assert (current(it), it.page.filter_text) == (failed[2], "status:failed")
        await press(it, "escape")
        assert it.page.filter_text == ""
        assert seen(it) == of_sql(filled_log)[: body(it).lines_seen]


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
    async with log(filled_log) as it:
        for text, where in QUALIFIERS.items():
            await apply(it, text)
            expected = of_sql(filled_log, where)
            assert seen(it) == expected[: body(it).lines_seen], text
            assert f"{len(expected):,} row" in it.text
            await press(it, "G")
            assert current(it) == expected[-1], text


async def test_an_error_points_at_its_word_and_the_text_is_kept_to_be_mended(filled_log: str) -> None:
    async with log(filled_log) as it:
        await apply(it, "  status:failed acton:call_made")
        await it.wait_for("acton")
        lines = it.text.splitlines()
        (at,) = (n for n, line in enumerate(lines) if line.startswith("filter "))
        word = re.search(r"acton(:call_made)?", lines[at])
        carets = re.search(r"\^+", lines[at + 1])
        assert word
        assert carets
        assert carets.start() == word.start()
        assert carets[0] == "^" * len("acton:")
        assert "action" in it.status
        assert current(it) == of_sql(filled_log)[0]
        # What was typed is still there; the marked word is replaced by what is typed now.
        await it.type("action:")
        await it.wait_for(lambda: "^" not in offers(it))
        await press(it, "enter")
        assert it.page.filter_text.startswith("status:failed action:call_made")
        expected = of_sql(filled_log, f"{OF_ACME} and status = 'failed' and action = 'call_made'")
        assert seen(it) == expected[: body(it).lines_seen]
        await apply(it, "org:Glubex")
        assert "No organisation has that name. Did you mean Globex?" in it.status
        await press(it, "escape")
        assert it.page.filter_text.startswith("status:failed action:call_made")


async def test_what_nobody_is_called_is_looked_for_and_said(filled_log: str) -> None:
    async with log(filled_log) as it:
        await apply(it, "user:rvai@acme.example")
        assert "Nobody in the directory is called rvai@acme.example" in it.status
        assert "Did you mean ravi@acme.example?" in it.status
        assert "No row of the log is in this filter." in it.text


async def test_tab_puts_in_what_exists_and_up_and_down_choose_among_it(filled_log: str) -> None:
    async with log(filled_log, size=(120, 24)) as it:
        await press(it, "slash")
        await it.wait_for("[action:] what was done")
        await it.type("act")
        await it.wait_for(lambda: offers(it).startswith("tab [action:]"))
        await press(it, "tab")
        assert typed(it) == "action:"
        await it.wait_for(lambda: "[call_made]" in offers(it))
        assert "credential_deleted" in offers(it)
        await press(it, "down")
        assert "[credential_deleted]" in offers(it)
        await press(it, "up", "down", "down")
        assert "[email_sent]" in offers(it)
        await press(it, "tab")
        assert typed(it) == "action:email_sent "
        for start, found in (
            ("status:p", "status:pending "),
            ("-type:exo", "-type:exotel_phone "),
            ("user:rav", "user:ravi@acme.example "),
            ("org:glo", "org:Globex "),
            ("org:acme", 'org:"Acme Foods" '),
            ("since:yes", "since:yesterday "),
            ("details.err", "details.error_code:"),
        ):
            await it.press("ctrl+u")
            await it.type(start)
            await it.wait_for(
                lambda wanted=found: f"[{wanted.partition(':')[2].strip() or 'error_code:'}]" in offers(it)
            )
            await press(it, "tab")
            assert typed(it) == found
        await it.press("ctrl+u")
        await it.type("action:nothing_like_it")
        await settled(it)
        await press(it, "tab")
        assert typed(it) == "action:nothing_like_it"


async def test_only_like_this_adds_what_the_row_has_to_the_filter(filled_log: str) -> None:
    async with log(filled_log) as it:
        await apply(it, "status:failed")
        await it.press("w")
        await asked(it)
        assert "Show only rows that are like this one in" in it.text
        ((kind,),) = execute(
            filled_log, "select integration_type from integration_audit_logs where id = %s", current(it)
        )
        await press(it, "t")
        assert it.page.filter_text == f"status:failed type:{kind}"
        expected = of_sql(filled_log, f"{OF_ACME} and status = 'failed' and integration_type = '{kind}'")
        assert seen(it) == expected[: body(it).lines_seen]
        before = it.page.filter_text
        await press(it, "w", "escape")
        assert it.page.filter_text == before


async def test_a_search_marks_its_rows_and_goes_from_one_to_the_next_both_ways(filled_log: str) -> None:
    matches = of_sql(filled_log, f"{OF_ACME} and {DELETED}")
    assert len(matches) == 3
    async with log(filled_log) as it:
        await apply(it, "action:credential_deleted", "s")
        assert current(it) == matches[0]
        assert marked(it) == [matches[0]]
        assert "s action:credential_deleted" in it.text
        await press(it, "n")
        assert (current(it), marked(it)) == (matches[1], [matches[1]])
        await press(it, "n", "n")
        assert current(it) == matches[2]
        assert "No older row matches; N looks the other way." in it.status
        await press(it, "N", "N", "N")
        assert current(it) == matches[0]
        assert "No newer row matches; n looks the other way." in it.status
        # A row that matches is the first one from the cursor on.
        await apply(it, "type:exotel_phone,zoho_mail action:credential_deleted", "s")
        assert (current(it), it.status) == (matches[0], "")
        # Round a match the log goes on both ways as it is.
        expected = of_sql(filled_log)
        place = expected.index(matches[0])
        await press(it, "down", "down", "pageup", "pagedown")
        assert current(it) == expected[place + 2]
        await press(it, "escape")
        assert marked(it) == []
        assert current(it) == expected[place + 2]
        await press(it, "n", "escape")
        assert "s action" not in it.text
        await apply(it, "action:nonsense_", "s")
        assert current(it) == expected[place + 2]
        assert "No older row matches" in it.status


async def test_a_search_looks_within_the_filter_and_ends_with_it(filled_log: str) -> None:
    async with log(filled_log) as it:
        await apply(it, "status:failed")
        await apply(it, "ip:10.0.7.0/24", "s")
        matches = of_sql(filled_log, f"{OF_ACME} and status = 'failed' and ip_address <<= '10.0.7.0/24'")
        assert matches
        assert current(it) == matches[0]
        await apply(it, "statu:x", "s")
        assert "status" in it.status
        await press(it, "escape")
        assert current(it) == matches[0]
        await apply(it, "action:call_made")
        assert marked(it) == []
        assert "s ip:" not in it.text


async def test_marks_follow_to_another_organisation(filled_log: str) -> None:
    async with log(filled_log) as it:
        await apply(it, "status:failed", "s")
        await it.press("o")
        await it.wait_for("Globex")
        await it.type("globex")
        await it.press("enter")
        globex = of_sql(filled_log, f"organization_id = '{GLOBEX}'")
        await it.wait_for(lambda: pane(it).current and current(it) == globex[0])
        await settled(it)
        failed = set(of_sql(filled_log, "status = 'failed'"))
        assert set(marked(it)) == set(seen(it)) & failed
        assert marked(it)


def marked(it: Console) -> list[object]:
    """The ids of the rows in view whose line begins with the mark of a match."""
    return [
        identifier for identifier, line in zip(seen(it), it.text.splitlines()[3:], strict=False) if line.startswith("*")
    ]


async def test_hits_come_one_by_one_and_esc_stops_the_search_on_the_server_until_one_moves_on(slow_log: str) -> None:
    hits = of_sql(slow_log.replace("eve@", "postgres@"), f"{OF_ACME} and ip_address <<= '10.0.7.0/24'")
    assert len(hits) == 3
    async with piloted(console(slow_log)) as it:
        await open_log(it)
        await it.wait_for("too many rows to count quickly")
        await it.press("slash")
        await it.type("ip:10.0.7.0/24")
        await it.press("enter")
        await it.wait_for(lambda: pane(it).window.entries)
        assert re.search(r"searched back to 2025-12-31 \d\d:\d\d UTC \.\.\. esc stops", it.text)
        assert [line.row.id for line in pane(it).window.lines()] == hits[:1]
        await it.press("escape")
        await it.wait_for("; down searches on")
        await settled(it)
        assert execute(slow_log.replace("eve@", "postgres@"), RUNNING) == []
        assert it.page.filter_text
        assert [line.row.id for line in pane(it).window.lines()] == hits[:1]
        await it.press("down")
        await it.wait_for("the log has no older row in this filter")
        assert [line.row.id for line in pane(it).window.lines()] == hits


async def test_a_search_without_a_hit_goes_on_too_where_it_was_stopped(slow_log: str) -> None:
    async with piloted(console(slow_log)) as it:
        await open_log(it)
        await it.press("slash")
        await it.type("ip:192.0.2.1")
        await it.press("enter")
        await it.wait_for("... esc stops")
        await it.press("escape")
        await it.wait_for("; down searches on")
        await settled(it)
        reached = pane(it).window.searched_to
        assert reached is not None
        await it.press("down")
        await it.wait_for(lambda: (pane(it).window.searched_to or reached) < reached)
        # Another filter takes its place at once, and nothing of the one before comes after it.
        await it.press("slash", "ctrl+u")
        await it.type("ip:10.0.7.0/24")
        await it.press("enter", "slash", "ctrl+u")
        await it.type("since:2025-12-31T23:50")
        await it.press("enter")
        await settled(it)
        owner = slow_log.replace("eve@", "postgres@")
        expected = of_sql(owner, f"{OF_ACME} and created_at >= '2025-12-31 23:50+00'")
        assert seen(it) == expected[: body(it).lines_seen]
