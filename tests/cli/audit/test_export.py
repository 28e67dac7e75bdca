"""The command `audit export`: a file with a manifest or standard output, and how it ends when it does not end well."""

from __future__ import annotations

import csv
import hashlib
import json
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.cli.test_roles import login
from tests.support.commands import PROGRAM, execute
from tests.support.database.log_rows import fill_log, log_row
from tests.support.database.number_rows import create_people
from tests.support.waiting import wait_until
from tui.data.audit.counts import Count
from tui.data.audit.export import Progress
from tui.words.audit import progress_line

if TYPE_CHECKING:
    from tests.support.commands import Shell
    from tests.support.servers.postgres import TestServer

ACTS = "select status from integration_audit_logs where action = 'log_exported' order by created_at"


# The peak of this process alone: what getrusage says a child has inherited from whoever started it.
MEMORY = """
import sys
from tui.__main__ import main

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

for words in (["since:2026-01-01", "--output", "small"], ["--output", "large"]):
    sys.argv = ["switchboard", "audit", "export", *words, *sys.argv[-2:]]
    assert main() == 0
    print(peak())
"""


@pytest.fixture
def logged(acme: Shell) -> Shell:
    """A few rows of the log."""
    database = acme.environment["DATABASE_URL"]
    create_people(database)
    with psycopg.connect(database) as connection:
        for day in range(1, 6):
            log_row(connection, action="call_made", created_at=f"2026-01-0{day} 20:00+00")
        log_row(connection, status="failed", user_agent="=1+1", details={"error": "\x1b]52;c;x\x07 é"})
    return acme


def acts(shell: Shell) -> list[str]:
    return [status for (status,) in execute(shell.environment["DATABASE_URL"], ACTS)]


def files_in(shell: Shell) -> list[str]:
    return sorted(path.name for path in shell.folder.iterdir())


class TestAFile:
    def test_is_made_with_its_manifest_and_said_to_be_there(self, logged: Shell) -> None:
        done = logged.run("audit", "export", "action:call_made", "--output", "calls.jsonl")
        assert (done.status, done.err) == (0, "")
        assert done.out == ("Exported 5 rows as jsonl to calls.jsonl; the manifest is beside it.\n")
        assert files_in(logged) == ["calls.jsonl", "calls.jsonl.manifest.json"]
        manifest = json.loads((logged.folder / "calls.jsonl.manifest.json").read_text())
        content = (logged.folder / "calls.jsonl").read_bytes()
        assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
        assert manifest["filter_as_typed"] == "action:call_made"
        assert (manifest["rows"], content.count(b"\n")) == (5, 5)
        assert acts(logged) == ["pending", "success"]

    def test_is_csv_where_its_name_says_so_and_the_sentence_says_that_it_is_altered(self, logged: Shell) -> None:
        done = logged.run("audit", "export", "status:failed", "--output", "failed.csv")
        assert "1 row as csv, altered so that no field is a formula" in done.out
        with (logged.folder / "failed.csv").open(newline="") as file:
            (row,) = csv.DictReader(file)
        assert row["user_agent"] == "'=1+1"

    def test_is_described_as_an_object_with_json(self, logged: Shell) -> None:
        record = logged.run("audit", "export", "--output", "log.csv", "--format", "jsonl", "--json").data
        assert (record["file"], record["format"], record["altered"]) == ("log.csv", "jsonl", False)
        assert record["rows"] == 7

    def test_that_exists_is_refused_and_kept(self, logged: Shell) -> None:
        (logged.folder / "log").write_text("kept")
        assert "an export replaces nothing" in logged.run("audit", "export", "--output", "log").refusal(2)
        assert (logged.folder / "log").read_text() == "kept"
        assert acts(logged) == []

    @pytest.mark.parametrize("name", [".", "/", ".."])
    def test_that_is_a_folder_is_refused(self, logged: Shell, name: str) -> None:
        assert ("folder" if name != ".." else "There is .. already") in logged.run(
            "audit", "export", "--output", name
        ).refusal(2)
        assert acts(logged) == []

    def test_of_many_people_has_a_manifest_that_can_be_used_again(self, logged: Shell) -> None:
        people = (
            "insert into switchboard.people_labels (id, label) select gen_random_uuid(), 'team' || n % 9 || ' ' || n"
        )
        execute(logged.environment["DATABASE_URL"], "drop view if exists switchboard.people cascade")
        execute(logged.environment["DATABASE_URL"], "drop table if exists public.users, public.staff cascade")
        assert logged.run("setup", "--yes").status in (0, 5)
        execute(logged.environment["DATABASE_URL"], f"{people} from generate_series(1, 1700) as n")
        names = ",".join(f"team{n}" for n in range(9))
        logged.run("audit", "seal", "--new-key", "seal.pem")
        shell = logged.with_(SWITCHBOARD_SEAL_KEY_FILE=str(logged.folder / "seal.pem"))
        assert shell.run("audit", "seal").status == 0
        assert logged.run("audit", "export", f"-user:{names}", "--output", "log").status == 0
        manifest = json.loads((logged.folder / "log.manifest.json").read_text())
        assert len(manifest["filter"]) > 60_000
        assert logged.run("audit", "list", manifest["filter"], "--json").status == 0
        assert logged.run("audit", "verify", "--manifest", "log.manifest.json").status == 0

    def test_in_a_folder_that_is_not_there_is_refused(self, logged: Shell) -> None:
        line = logged.run("audit", "export", "--output", "nowhere/log").refusal(1)
        assert "No such file or directory" in line

    def test_is_what_verify_takes_its_keys_from(self, logged: Shell) -> None:
        logged.run("audit", "seal", "--new-key", "seal.pem")
        shell = logged.with_(SWITCHBOARD_SEAL_KEY_FILE=str(logged.folder / "seal.pem"))
        sealed = shell.run("audit", "seal", "--json").data
        assert logged.run("audit", "export", "--output", "log").status == 0
        manifest = json.loads((logged.folder / "log.manifest.json").read_text())
        assert manifest["seals"]["newest_seal"] == sealed["newest_seal"]
        report = logged.run("audit", "verify", "--manifest", "log.manifest.json", "--json").data
        assert report["keys"][0]["given"] is True


class TestStandardOutput:
    def test_has_the_rows_alone_and_standard_error_the_rest(self, logged: Shell) -> None:
        done = logged.run("audit", "export", "action:call_made")
        assert (done.status, len(done.out.splitlines())) == (0, 5)
        assert [*json.loads(done.out.splitlines()[0])][:2] == ["id", "organization_id"]
        assert done.err == (
            f"Exported 5 rows as jsonl. SHA-256 {hashlib.sha256(done.out.encode()).hexdigest()}. "
            "No manifest: --output writes one.\n"
        )
        assert files_in(logged) == []

    def test_gets_json_lines_and_nothing_besides_with_json(self, logged: Shell) -> None:
        done = logged.run("audit", "export", "--json")
        assert (done.status, done.err, len(done.out.splitlines())) == (0, "", 7)
        assert done.out.isascii() and "\x1b" not in done.out
        assert "do not go together" in logged.run("audit", "export", "--json", "--format", "csv").refusal(2)

    def test_that_is_closed_early_ends_it_quietly(self, logged: Shell) -> None:
        fill_log(logged.environment["DATABASE_URL"], 5_000, padding=1_000)
        with logged.start("audit", "export") as process:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.readline()
            process.stdout.close()
            assert process.wait(timeout=30) == 141
            assert process.stderr.read() == b""
        assert acts(logged) == ["pending", "failed"]

    def test_that_is_full_is_no_success(self, logged: Shell) -> None:
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*PROGRAM, "audit", "export"],
                stdout=full,
                stderr=subprocess.PIPE,
                cwd=logged.folder,
                env=logged.environment,
                check=False,
            )
        assert done.returncode == 1
        assert done.stderr.startswith(b"The output could not be written: No space left on device.")


def test_a_signal_leaves_no_file_and_is_in_the_log(logged: Shell) -> None:
    fill_log(logged.environment["DATABASE_URL"], 40_000, padding=1_000)
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        with logged.start("audit", "export", "--output", "log") as process:
            part = logged.folder / "log.part"
            wait_until(lambda part=part: part.exists() and part.stat().st_size)
            process.send_signal(number)
            assert process.wait(timeout=20) == status
            assert process.stderr is not None
            assert b"Traceback" not in process.stderr.read()
        assert files_in(logged) == []
    assert acts(logged) == ["pending", "failed"] * 3


def test_memory_does_not_grow_with_the_rows(logged: Shell) -> None:
    fill_log(logged.environment["DATABASE_URL"], 20_000, padding=1_000)
    for form in ("csv", "jsonl"):
        done = logged.run_script(MEMORY, "--format", form)
        assert done.status == 0, done.err
        small, large = (int(line) for line in done.out.splitlines() if line.isdigit())
        assert (logged.folder / "large").stat().st_size > 10_000_000
        assert (large - small) / 1024 < 8
        for name in ("small", "large"):
            (logged.folder / name).unlink(missing_ok=True)
            (logged.folder / f"{name}.manifest.json").unlink(missing_ok=True)


def test_an_auditor_may_export_also_read_only(logged: Shell, postgres: TestServer) -> None:
    eve = login(logged, postgres, "switchboard_auditor")
    assert eve.run("audit", "export", "--read-only", "--output", "log").status == 0
    assert acts(logged) == ["pending", "success"]
    assert json.loads((logged.folder / "log.manifest.json").read_text())["exported_by"]["role"] == "eve"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "xml"), "--format is neither csv nor jsonl."),
        (("--output", ""), "--output is empty."),
        (("colour:red",), "colour"),
    ],
)
def test_what_is_asked_for_wrongly_is_refused_before_anything_is_done(
    logged: Shell, words: tuple[str, ...], said: str
) -> None:
    done = logged.run("audit", "export", *words)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert acts(logged) == []


@pytest.mark.parametrize(
    ("expected", "rows", "line"),
    [
        (
            Count(10_000_000, "about"),
            1_000_000,
            "1,000,000 rows of about 10.0 M, 50,000 a second, about 3 min left ...",
        ),
        (Count(5_000, "exact"), 4_000, "4,000 rows of 5,000, 200 a second, about 5 s left ..."),
        (Count(10_000, "more than"), 4_000, "4,000 rows, 200 a second ..."),
        (Count(None, "unknown"), 4_000, "4,000 rows, 200 a second ..."),
        (Count(3_000, "about"), 4_000, "4,000 rows, 200 a second ..."),
        (Count(10_000_000, "about"), 0, "waiting for the first row, 20 s ..."),
    ],
)
def test_progress_says_what_is_known_and_no_more(expected: Count, rows: int, line: str) -> None:
    assert progress_line(Progress(expected, rows, 20.0)) == line
