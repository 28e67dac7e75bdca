"""The commands `audit archive` and `audit retention`, and what the others say once a month is gone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.commands import execute
from tests.support.database.archives import JANUARY, seal_acts, sealed_january
from tests.support.database.seal_tampering import HOURS, LOG, as_owner, row_id

if TYPE_CHECKING:
    from tests.support.commands import Shell

ROWS = sum(HOURS.values())
ARCHIVE = ("audit", "archive", "--before", "2026-02")
FILE = f"out/{JANUARY.file}"
LATE = (
    f"insert into {LOG} (organization_id, integration_type, action, status, created_at) "
    "values (gen_random_uuid(), 'x', 'late', 'success', '{}')"
)


def test_a_month_goes_to_a_file_and_out_of_the_log_and_every_reader_says_so(acme_shell: Shell) -> None:
    shell, conninfo = acme_shell, acme_shell.environment["DATABASE_URL"]
    asyncio.run(sealed_january(conninfo))
    assert "is not a folder to write to" in shell.run(*ARCHIVE, "--output", "out").refusal(2)
    assert "no --output" in shell.run(*ARCHIVE).refusal(2)
    assert "not a month" in shell.run("audit", "archive", "--before", "2026-1", "--output", ".").refusal(2)
    assert "stay in the log" in shell.run("audit", "archive", "--before", "2999-01", "--dry-run").refusal(2)
    assert shell.run("audit", "retention", "--json").data == {"log_months": 0, "due_before": None}
    assert "always stay" in shell.run("audit", "retention", "--months", "1").refusal(2)
    kept = shell.run("audit", "retention", "--months", "3")
    assert kept.out.startswith("The log is to be kept for 3 months. It has rows before 20")
    assert "`switchboard audit archive --before 20" in kept.err
    (shell.folder / "out").mkdir()
    (planned,) = shell.run(*ARCHIVE, "--dry-run", "--json").data
    assert (planned["month"], planned["state"], planned["rows"]) == ("2026-01", "to archive", None)
    written = shell.run(*ARCHIVE, "--output", "out")
    assert written.status == 0 and f"2026-01: {ROWS} rows in {FILE}." in written.err
    assert "its rows can be removed once the log is sealed until" in written.out
    asyncio.run(seal_acts(conninfo))
    asked = shell.run(*ARCHIVE, "--output", "out")
    assert (asked.status, f"Up to {ROWS} rows of 2026-01 would be removed" in asked.err) == (2, True)
    (removed,) = shell.run(*ARCHIVE, "--output", "out", "--yes", "--json").data
    assert (removed["state"], removed["removed"], removed["hours_left"]) == ("removed", ROWS, [])
    assert shell.run(*ARCHIVE, "--output", "out").out.splitlines()[1].endswith("archived, and its rows removed")

    nothing = shell.run("audit", "list", "action:email_sent", "until:2026-02-01")
    assert "Before 2026-02 the log is archived: --archive FILE reads a month of it." in nothing.err
    assert "archived" not in shell.run("audit", "list", "action:email_sent", "since:2026-02-01").err
    assert shell.run("audit", "stats", "--json").data["archived_before"] == "2026-02-01T00:00:00+00:00"
    exported = shell.run("audit", "export", "--output", "log.jsonl")
    assert "Of months before 2026-02 nothing: they are archived." in exported.out
    verified = shell.run("audit", "verify", "--archive", "out", "--json").data
    assert [(month["rows_removed"], month["file_checked"]) for month in verified["archived"]] == [(ROWS, True)]
    assert "--archive DIR finds out" in shell.run("audit", "verify").err
    alone = shell.without("DATABASE_URL")
    listed = alone.run("audit", "list", "--archive", FILE, "--json").data
    assert [row["id"] for row in listed[-2:]] == [str(row_id(8, 2)), str(row_id(8, 1))] and len(listed) == ROWS
    assert f"{ROWS} rows, all of the filter." in alone.run("audit", "stats", "--archive", FILE).out
    assert len(alone.run("audit", "export", "--archive", FILE).out.splitlines()) == ROWS
    assert "jsonl alone" in alone.run("audit", "export", "--archive", FILE, "--format", "csv").refusal(2)

    file = shell.folder / FILE
    content = bytearray(file.read_bytes())
    content[40] ^= 1
    file.write_bytes(content)
    assert alone.run("audit", "list", "--archive", FILE).status == 5
    tampered = shell.run("audit", "verify", "--archive", "out")
    assert tampered.status == 5 and str(row_id(8, 1)) in tampered.out


def test_hours_that_stay_end_it_with_5_and_only_the_owner_removes(acme_shell: Shell) -> None:
    shell, conninfo = acme_shell, acme_shell.environment["DATABASE_URL"]
    asyncio.run(sealed_january(conninfo))
    (shell.folder / "out").mkdir()
    assert shell.run("setup", "--yes", "--roles").status == 0
    execute(conninfo, "create role ann login in role switchboard_admin")
    execute(conninfo, "create role saul login in role switchboard_support")
    for login, status in (("saul", 3), ("ann", 0)):
        url = conninfo.replace("postgres@", f"{login}@")
        outcome = shell.with_(DATABASE_URL=url).run(*ARCHIVE, "--output", "out")
        assert outcome.status == status, outcome.err
        assert (shell.folder / FILE).exists() is (status == 0)
    asyncio.run(seal_acts(conninfo))
    ann = shell.with_(DATABASE_URL=conninfo.replace("postgres@", "ann@"))
    assert "by the owner of the log alone" in ann.run(*ARCHIVE, "--output", "out", "--yes").err
    # Of the first day that there is no datetime is loaded.
    for moment in ("2026-01-01 09:30+00", "2001-01-01 09:30+00", "0001-01-01 09:30+00"):
        execute(conninfo, LATE.format(moment))
    left = shell.run(*ARCHIVE, "--output", "out", "--yes")
    assert left.status == 5
    # What a wrong clock has dated keeps no other month.
    assert "No row of 2001-01 is under a seal. It was not archived" in left.err
    assert execute(conninfo, f"select count(*) from {LOG} where created_at < '2026-02-01'") == [(HOURS[9] + 3,)]
    asyncio.run(as_owner(conninfo, f"delete from {LOG} where created_at < '2002-01-01'"))
    left = shell.run(*ARCHIVE, "--output", "out", "--yes")
    assert left.status == 5
    assert "1 hour is not as sealed, and stayed whole in the log: 2026-01-01 09:00 UTC." in left.err
