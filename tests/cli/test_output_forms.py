"""--format and --json: the same records as a table, as JSON, as JSON lines and as CSV, of every list."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.commands import execute, one_line_of_json
from tests.support.database.number_rows import OLD
from tests.support.terminal.forked_terminal import ForkedTerminal
from tui.cli.csv_text import csv_line
from tui.cli.request import asks_for_json

if TYPE_CHECKING:
    from tests.support.commands import Outcome, Shell

LISTS = ("integrations list", "permissions list --user asha@acme.example", "phone-numbers list", "audit list", "doctor")


def csv_rows(outcome: Outcome) -> list[dict[str, str]]:
    """The rows of standard output, each line of which ends in CR LF."""
    assert outcome.out.count("\n") == outcome.out.count("\r\n")
    return list(csv.DictReader(io.StringIO(outcome.out, newline="")))


def test_every_list_has_the_same_records_in_every_form(office_shell: Shell) -> None:
    for line in LISTS:
        words = line.split()
        records = office_shell.run(*words, "--json").data
        assert records, line
        as_lines = office_shell.run(*words, "-ojsonl")
        as_csv = office_shell.run(*words, "--format=csv")
        assert [json.loads(text) for text in as_lines.out.splitlines()] == records, line
        rows = csv_rows(as_csv)
        assert [list(row) for row in rows] == [list(record) for record in records], line
        assert as_lines.err == ""


def test_a_form_has_two_words_for_it_or_none(office_shell: Shell) -> None:
    words = LISTS[0].split()
    assert office_shell.run("--format", "json", *words).data == office_shell.run(*words, "--json").data
    assert office_shell.run(*words, "--format", "table").out == office_shell.run(*words).out


def test_one_thing_is_one_row_and_what_is_nested_is_json(office_shell: Shell) -> None:
    shown = office_shell.run("integrations", "show", "exotel_phone", "-o", "csv")
    (row,) = csv_rows(shown)
    assert json.loads(row["credential"])["api_token"] == "set"
    assert (row["is_active"], row["last_verified_at"]) == ("true", "")
    (number,) = csv_rows(office_shell.run("phone-numbers", "list", "-o", "csv"))
    assert number["display_name"] == "'=1+1"
    assert number["phone_number"] == OLD
    counts = csv_rows(office_shell.run("audit", "stats", "-o", "csv"))
    actions = {row["value"]: int(row["rows"]) for row in counts if row["by"] == "action"}
    assert actions["credential_created"] == 1
    assert office_shell.run("version", "--format", "jsonl").data.keys() == {"version"}


def test_no_rows_are_an_empty_list_and_nothing_in_the_other_forms(office_shell: Shell) -> None:
    for form, out, says_so in (("json", "[]\n", False), ("jsonl", "", False), ("csv", "", True), ("table", "", True)):
        outcome = office_shell.run("phone-numbers", "list", "--inactive", "-o", form)
        assert (outcome.status, outcome.out, bool(outcome.err)) == (0, out, says_so)


def test_forms_that_contradict_each_other_or_are_none_are_refused(shell: Shell) -> None:
    for words in (["--json", "audit", "list", "--format", "csv"], ["audit", "-o", "jsonl", "list", "--json"]):
        assert one_line_of_json(shell.run(*words).err)["error"].endswith("contradict each other.")
    assert "table, json, jsonl or csv" in shell.run("audit", "list", "-o", "sk-CANARY").refusal(2)
    # JSON fails as JSON, CSV in words.
    assert one_line_of_json(shell.run("keys", "status", "-o", "jsonl").err)["exit"] == 1
    assert "No database is configured." in shell.run("keys", "status", "-o", "csv").refusal(1)


def test_what_has_to_be_exact_is_never_csv(shell: Shell) -> None:
    for words in (["keys", "generate"], ["schema"], ["completion", "bash"], ["demo", "--env"], ["help"]):
        refused = shell.run(*words, "-o", "csv")
        assert "exactly" in refused.refusal(2)
        assert refused.out == ""


def test_an_export_keeps_a_format_of_its_own(office_shell: Shell) -> None:
    for words in (["audit", "export", "-o", "csv"], ["-o", "csv", "audit", "export"], ["audit", "export", "-ocsv"]):
        assert "integration_type" in csv_rows(office_shell.run(*words))[0]
    result = office_shell.run("audit", "export", "--output", "log.csv", "--format", "jsonl", "--json")
    assert result.data["format"] == "jsonl"
    refused = office_shell.run("audit", "export", "--output", "log.csv", "--format", "jsonl")
    assert not refused.err.startswith("{")


def test_json_is_indented_on_a_terminal_alone(office_shell: Shell) -> None:
    words = ("keys", "status", "--json")
    with ForkedTerminal(*words, environment=office_shell.environment, cwd=office_shell.folder, rows=60) as one:
        assert one.wait_for_exit() == 0
        assert one.lines[0] == "{"
        assert one.lines[1].startswith('  "state": "open"')


def test_the_rows_of_a_tail_are_lines_below_one_header(office_shell: Shell) -> None:
    words = ("audit", "tail", "-o", "csv")
    with ForkedTerminal(*words, environment=office_shell.environment, cwd=office_shell.folder, columns=500) as tail:
        tail.wait_for("credential_created")
        execute(office_shell.environment["DATABASE_URL"], "delete from user_integration_permissions")
        office_shell.run("integrations", "disable", "exotel_phone")
        text = tail.wait_for("credential_disabled")
        assert text.count("organization_id,user_id") == 1


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("audit list --json", True),
        ("audit list -o json", True),
        ("audit list --format=jsonl", True),
        ("audit export --format jsonl", False),
        ("audit list -ojson", True),
        ("audit list -o csv", False),
        ("audit list jsonl", False),
    ],
)
def test_json_is_asked_for_before_a_line_is_read(words: str, asks: bool) -> None:
    assert asks_for_json(words.split()) is asks


@given(st.lists(st.text() | st.none(), min_size=2, max_size=4))
@example(["\t=1", " -1", '";+1', "a;\u201c@x", "\x1b[2J\r\n", "", None])
def test_no_field_of_csv_is_a_formula_or_does_anything_to_a_terminal(values: list[str | None]) -> None:
    line = csv_line(values)
    fields = next(csv.reader(io.StringIO(line, newline="")))
    assert len(fields) == len(values)
    assert line.endswith("\r\n")
    assert not any(unicodedata.category(character) in {"Cc", "Cf"} for character in line[:-2])
    for field in fields:
        assert not field.lstrip(" \"'").startswith(("=", "+", "-", "@")) or field.startswith("'")
