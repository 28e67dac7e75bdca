"""Checking the log against its seals from sections 4 and 5, and what lists show of it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from tests.screens.audit.driver import audit_log, press_and_wait
from tests.support.database.seal_tampering import LOG, as_owner, row_id, seal, write_log
from tui.screens import log_verification

if TYPE_CHECKING:
    import pytest

    from tests.support.terminal.console_driver import ConsoleDriver


async def test_a_check_tells_what_it_found_and_marks_it_until_the_next(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_verification, "PROGRESS_EVERY_S", 0.0)
    write_log(keyed_database)
    async with audit_log(keyed_database) as console:
        await console.press("v")
        await console.wait_for(lambda: "The log has no seal" in console.status)
        assert "!" not in lines_of_calls(console)
        await seal(keyed_database)
        await console.press("v")
        await console.wait_for(lambda: "The log is as it was sealed: " in console.status)
        assert "!" not in lines_of_calls(console)
        await as_owner(keyed_database, f"update {LOG} set status = 'failed' where id = '{row_id(8, 2)}'")
        await console.press("5")
        await console.wait_for("v verify the log")
        await console.press("v")
        await console.wait_for(lambda: "NOT as it was sealed, or not protected: 1 finding." in console.status)
        await console.press("4")
        await press_and_wait(console, "r", "G")
        assert lines_of_calls(console).count("! altered: ") == 1
        with psycopg.connect(keyed_database) as holder:
            holder.execute("lock table switchboard.seals")
            await console.press("v")
            await console.wait_for("Comparing the log with its seals ... esc stops")
            await console.press("escape")
            await console.wait_for(lambda: "Stopped before the end" in console.status)
        await console.press("v")
        await console.wait_for(lambda: "1 finding" in console.status)


async def test_a_row_in_full_says_when_its_seal_cannot_be_looked_at(keyed_database: str) -> None:
    write_log(keyed_database)
    async with audit_log(keyed_database) as console:
        with psycopg.connect(keyed_database) as connection:
            connection.execute("alter table switchboard.seals rename to not_there")
        await console.press("enter")
        await console.wait_for("not known: this database has no seals yet")
        assert console.status == ""
        with psycopg.connect(keyed_database) as connection:
            connection.execute(
                "create view switchboard.seals as select 1 / 0 as id, null::timestamptz as hour, *"
                " from switchboard.not_there as t (a, b)"
            )
        await console.press("right")
        await console.wait_for("not known: its hour could not be compared")
        assert console.status


def lines_of_calls(console: ConsoleDriver) -> str:
    return "\n".join(line for line in console.text.splitlines() if " call" in line)
