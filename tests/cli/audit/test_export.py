"""The command `audit export`: a file with a manifest or standard output, and how it ends when it does not end well."""

from __future__ import annotations

import csv
import hashlib
import json
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.commands import execute
from tests.support.database.log_rows import fill_log, log_row
from tests.support.database.number_rows import create_people
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.waiting import wait_until
from tui.data.audit.counts import Count
from tui.data.audit.export.run import Progress
from tui.words.log.rows import progress_line

if TYPE_CHECKING:
    from tests.support.commands import Shell

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
def logged_shell(acme_shell: Shell) -> Shell:
    """A few rows of the log."""
    database = acme_shell.environment["DATABASE_URL"]
    create_people(database)
    with psycopg.connect(database) as connection:
        for day in range(1, 6):
            log_row(connection, action="call_made", created_at=f"2026-01-0{day} 20:00+00")
        log_row(connection, status="failed", user_agent="=1+1", details={"error": "\x1b]52;c;x\x07 é"})
    return acme_shell


def acts(shell: Shell) -> list[str]:
    return [status for (status,) in execute(shell.environment["DATABASE_URL"], ACTS)]


def files_in(shell: Shell) -> list[str]:
    return sorted(path.name for path in shell.folder.iterdir())


class TestAFile:
    def test_is_made_with_its_manifest_and_described_csv_where_its_name_says_so(self, logged_shell: Shell) -> None:
        outcome = logged_shell.run("audit", "export", "action:call_made", "--output", "calls.jsonl")
        assert (outcome.status, outcome.err) == (0, "")
        assert outcome.out == ("Exported 5 rows as jsonl to calls.jsonl; the manifest is beside it.\n")
        assert files_in(logged_shell) == ["calls.jsonl", "calls.jsonl.manifest.json"]
        manifest = json.loads((logged_shell.folder / "calls.jsonl.manifest.json").read_text())
        content = (logged_shell.folder / "calls.jsonl").read_bytes()
        assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
        assert manifest["filter_as_typed"] == "action:call_made"
        assert (manifest["rows"], content.count(b"\n")) == (5, 5)
        assert acts(logged_shell) == ["pending", "success"]
        outcome = logged_shell.run("audit", "export", "status:failed", "--output", "failed.csv")
        assert "1 row as csv, altered so that no field is a formula" in outcome.out
        with (logged_shell.folder / "failed.csv").open(newline="") as file:
            (row,) = csv.DictReader(file)
        assert row["user_agent"] == "'=1+1"
        record = logged_shell.run("audit", "export", "--output", "log.csv", "--format", "jsonl", "--json").data
        assert (record["file"], record["format"], record["altered"]) == ("log.csv", "jsonl", False)
        assert record["rows"] == 10

    def test_that_exists_or_cannot_be_made_is_refused_and_nothing_is_logged(self, logged_shell: Shell) -> None:
        (logged_shell.folder / "log").write_text("kept")
        for name, status, words in (
            ("log", 2, "an export replaces nothing"),
            (".", 2, "folder"),
            ("/", 2, "folder"),
            ("..", 2, "There is .. already"),
            ("nowhere/log", 1, "No such file or directory"),
        ):
            assert words in logged_shell.run("audit", "export", "--output", name).refusal(status)
        assert (logged_shell.folder / "log").read_text() == "kept"
        for arguments, words in (
            (("--format", "xml"), "--format is neither csv nor jsonl."),
            (("--output", ""), "--output is empty."),
            (("colour:red",), "colour"),
        ):
            outcome = logged_shell.run("audit", "export", *arguments)
            assert (outcome.status, outcome.out) == (2, "")
            assert words in outcome.err
        assert acts(logged_shell) == []

    def test_never_has_the_row_about_itself_but_those_of_earlier_exports(self, logged_shell: Shell) -> None:
        for number, filter_ in enumerate(("", "action:log_exported", "action:log_exported status:pending")):
            outcome = logged_shell.run("audit", "export", *filter_.split(), "--output", f"{number}.jsonl", "--json")
            lines = (logged_shell.folder / f"{number}.jsonl").read_text().splitlines()
            exported = [row for row in map(json.loads, lines) if row["action"] == "log_exported"]
            manifest = json.loads((logged_shell.folder / outcome.data["manifest"]).read_text())
            assert manifest["operation_id"] not in {row["details"]["operation_id"] for row in exported}
            assert [row["status"] for row in exported] == [["success", "pending"] * number, ["pending"] * number][
                "status" in filter_
            ]

    def test_is_not_named_by_a_word_of_the_filter(self, logged_shell: Shell) -> None:
        for name in ("all.csv", "calls.JSONL", "a b.json"):
            refused = logged_shell.run("audit", "export", "status:failed", name).refusal(2)
            assert f"Did you mean --output {name}?" in refused
        refused = logged_shell.run("audit", "export", "all.csv", "--output", "some.csv").refusal(2)
        assert "Did you mean --output all.csv in place of some.csv?" in refused
        assert acts(logged_shell) == []
        for word in ('"all.csv"', "details.file:all.csv"):
            assert logged_shell.run("audit", "export", word).status == 0

    def test_is_checked_against_its_manifest_by_whoever_has_both(self, logged_shell: Shell) -> None:
        for name, organizations in (("log.csv", []), ("log.jsonl", ["org:*"])):
            logged_shell.run("audit", "export", "--output", name, *organizations)
        offline = logged_shell.without("DATABASE_URL", "ENCRYPTION_MASTER_KEY")
        for name, rows in (("log.csv", 6), ("log.jsonl", 8)):
            checked = offline.run("audit", "verify", "--file", name, "--json").data
            assert (checked["ok"], checked["rows"], checked["findings"]) == (True, rows, [])
            said = offline.run("audit", "verify", "--file", name)
            assert said.out.startswith("file    as its manifest says\n")
            (command,) = [line for line in said.err.splitlines() if line.startswith("switchboard audit list")]
            (row,) = [row for row in logged_shell.run(*shlex.split(command)[1:]).data if row["status"] == "success"]
            assert row["details"]["sha256"] == checked["sha256"]
        manifest = logged_shell.folder / "log.csv.manifest.json"
        genuine = json.loads(manifest.read_text())
        for forged in ("$(touch x)", 7, None, ["x"]):
            manifest.write_text(json.dumps(genuine | {"operation_id": forged}))
            assert "details.operation_id:ID --json" in offline.run("audit", "verify", "--file", "log.csv").err
        file = logged_shell.folder / "log.csv"
        content = file.read_bytes()
        for changed, kinds in (
            (content.replace(b"failed", b"faileD"), ["sha256"]),
            (content[: content.rindex(b"\r\n", 0, -2) + 2], ["bytes", "sha256", "rows"]),
            (b"", ["bytes", "sha256", "rows"]),
        ):
            file.write_bytes(changed)
            outcome = offline.run("audit", "verify", "--file", "log.csv", "--json")
            assert outcome.status == 5
            assert [finding["kind"] for finding in json.loads(outcome.out)["findings"]] == kinds
        for name, words in (("nothing.csv", "nothing.csv.manifest.json beside"), ("log.csv.manifest.json", "beside")):
            assert words in offline.run("audit", "verify", "--file", name).refusal(2)
        for broken in ("{}", "[", '{"sha256": 1}', "[" * 100_000):
            (logged_shell.folder / "log.csv.manifest.json").write_text(broken)
            assert "not the manifest of an export" in offline.run("audit", "verify", "--file", "log.csv").refusal(2)
        both = ("--file", "log.csv", "--manifest", "log.csv.manifest.json")
        assert "alone" in offline.run("audit", "verify", *both).refusal(2)

    def test_of_many_people_has_a_manifest_that_list_and_verify_take(self, logged_shell: Shell) -> None:
        people = (
            "insert into switchboard.people_labels (id, label) select gen_random_uuid(), 'team' || n % 9 || ' ' || n"
        )
        execute(logged_shell.environment["DATABASE_URL"], "drop view if exists switchboard.people cascade")
        execute(logged_shell.environment["DATABASE_URL"], "drop table if exists public.users, public.staff cascade")
        assert logged_shell.run("setup", "--yes").status in (0, 5)
        execute(logged_shell.environment["DATABASE_URL"], f"{people} from generate_series(1, 1700) as n")
        names = ",".join(f"team{n}" for n in range(9))
        logged_shell.run("audit", "seal", "--new-key", "seal.pem")
        shell = logged_shell.with_(SWITCHBOARD_SEAL_KEY_FILE=str(logged_shell.folder / "seal.pem"))
        sealed = shell.run("audit", "seal", "--json").data
        assert logged_shell.run("audit", "export", f"-user:{names}", "--output", "log").status == 0
        manifest = json.loads((logged_shell.folder / "log.manifest.json").read_text())
        assert len(manifest["filter"]) > 60_000
        assert logged_shell.run("audit", "list", manifest["filter"], "--json").status == 0
        assert manifest["seals"]["newest_seal"] == sealed["newest_seal"]
        report = logged_shell.run("audit", "verify", "--manifest", "log.manifest.json", "--json").data
        assert report["keys"][0]["given"] is True


class TestStandardOutput:
    def test_has_the_rows_alone_and_standard_error_the_rest_unless_json_is_asked_for(self, logged_shell: Shell) -> None:
        outcome = logged_shell.run("audit", "export", "action:call_made")
        assert (outcome.status, len(outcome.out.splitlines())) == (0, 5)
        assert [*json.loads(outcome.out.splitlines()[0])][:2] == ["id", "organization_id"]
        assert outcome.err == (
            f"Exported 5 rows as jsonl. SHA-256 {hashlib.sha256(outcome.out.encode()).hexdigest()}. "
            "No manifest: --output writes one.\n"
        )
        assert files_in(logged_shell) == []
        outcome = logged_shell.run("audit", "export", "--json")
        assert (outcome.status, outcome.err, len(outcome.out.splitlines())) == (0, "", 8)
        assert outcome.out.isascii() and "\x1b" not in outcome.out
        assert "do not go together" in logged_shell.run("audit", "export", "--json", "--format", "csv").refusal(2)

    def test_that_is_closed_early_ends_it_quietly(self, logged_shell: Shell) -> None:
        fill_log(logged_shell.environment["DATABASE_URL"], 5_000, padding=1_000)
        with logged_shell.start("audit", "export") as process:
            assert process.stdout is not None and process.stderr is not None
            assert process.stdout.readline()
            process.stdout.close()
            assert process.wait(timeout=30) == 141
            assert process.stderr.read() == b""
        assert acts(logged_shell) == ["pending", "failed"]

    def test_that_is_full_is_no_success(self, logged_shell: Shell) -> None:
        outcome = logged_shell.run_into(Path("/dev/full"), "audit", "export")
        assert outcome.status == 1
        assert outcome.err.startswith("The output could not be written: No space left on device.")


def test_a_signal_leaves_no_file_and_is_in_the_log(logged_shell: Shell) -> None:
    fill_log(logged_shell.environment["DATABASE_URL"], 10_000, padding=4_000)
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
        command = ("audit", "export", "--output", "log")
        with ForkedTerminal(*command, environment=logged_shell.environment, cwd=logged_shell.folder) as terminal:
            part = logged_shell.folder / "log.part"
            wait_until(lambda part=part: part.exists() and part.stat().st_size)
            terminal.signal(number)
            assert terminal.wait_for_exit() == status
            assert "Traceback" not in terminal.text
        assert files_in(logged_shell) == []
    assert acts(logged_shell) == ["pending", "failed"] * 3


@pytest.mark.parametrize("form", ["csv", pytest.param("jsonl", marks=pytest.mark.long)])
def test_memory_does_not_grow_with_the_rows(logged_shell: Shell, form: str) -> None:
    fill_log(logged_shell.environment["DATABASE_URL"], 12_000, padding=1_000)
    outcome = logged_shell.run_script(MEMORY, "--format", form)
    assert outcome.status == 0, outcome.err
    small, large = (int(line) for line in outcome.out.splitlines() if line.isdigit())
    assert (logged_shell.folder / "large").stat().st_size > 10_000_000
    assert (large - small) / 1024 < 8


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
