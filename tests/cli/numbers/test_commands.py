"""The commands `phone-numbers` on single numbers: what each prints, asks and refuses."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import shell_on_clone
from tests.support.acme import ACME, ASHA, GLOBEX
from tests.support.commands import Shell, contents, execute
from tests.support.database.number_rows import BANGALORE, DELHI, MEENA, OLD, RAVI, add_row, create_people
from tests.support.hostile_strings import UNSAFE, hostile_strings
from tests.support.terminal.forked_terminal import ForkedTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

COLUMNS = {
    *("id", "organization_id", "integration_id", "phone_number", "display_name", "number_type", "is_active"),
    *("assigned_to_user_id", "is_primary", "can_call", "can_sms", "created_at", "updated_at"),
}


@contextmanager
def shell_with_numbers(postgres: TestServer, template: str, shell: Shell) -> Iterator[Shell]:
    """The shell with people, Ravi's old number 011-4116 9368, and another organisation that has a number too."""
    with shell_on_clone(postgres, template, shell) as on_clone:
        database = database_of(on_clone)
        create_people(database)
        add_row(
            database, OLD, display_name="Front desk", assigned_to_user_id=RAVI, is_primary=True, number_type="local"
        )
        add_row(database, BANGALORE, organization_id=GLOBEX)
        yield on_clone


@pytest.fixture
def numbers_shell(postgres: TestServer, keyed_template: str, shell: Shell) -> Iterator[Shell]:
    """A shell with numbers."""
    with shell_with_numbers(postgres, keyed_template, shell) as on_clone:
        yield on_clone


@pytest.fixture(scope="module")
def kept_shell(postgres: TestServer, keyed_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell with numbers for what writes nothing."""
    with shell_with_numbers(postgres, keyed_template, Shell(tmp_path_factory.mktemp("numbers"))) as shell:
        before = contents(database_of(shell))
        yield shell
        assert contents(database_of(shell)) == before


def database_of(shell: Shell) -> str:
    return shell.environment["DATABASE_URL"]


def numbers(shell: Shell, *arguments: str) -> list[str]:
    return [row["phone_number"] for row in shell.run("phone-numbers", "list", "--json", *arguments).data]


def test_a_number_is_added_edited_assigned_made_primary_and_switched_off(numbers_shell: Shell) -> None:
    def run(*arguments: str) -> str:
        outcome = numbers_shell.run("phone-numbers", *arguments)
        assert (outcome.status, outcome.err) == (0, ""), outcome.err
        return outcome.out

    assert run("add", "080-4000 0000", "--name", "Night", "--no-sms") == "+91 80 4000 0000 is added to the pool.\n"
    assert run("edit", "+918040000000", "--no-name", "--sms", "--type", "virtual") == "+91 80 4000 0000 is changed.\n"
    assert run("edit", "08040000000", "--sms") == "+91 80 4000 0000 is like that already: no changes.\n"
    asha = "Asha Rao <asha@acme.example>"
    assert run("assign", "08040000000", "asha@acme.example") == f"+91 80 4000 0000 is assigned to {asha}.\n"
    assert run("assign", "08040000000", str(ASHA)) == f"+91 80 4000 0000 was assigned to {asha} already.\n"
    assert run("primary", "080 4000 0000") == "+91 80 4000 0000 is primary; +91 11 4116 9368 was before.\n"
    assert run("primary", "080 4000 0000") == "+91 80 4000 0000 was primary already.\n"
    assert run("unassign", "08040000000") == f"+91 80 4000 0000 is in the pool; {asha} had it.\n"
    assert run("unassign", "08040000000") == "+91 80 4000 0000 was in the pool already.\n"
    off = run("deactivate", "08040000000", "--yes")
    assert off == "+91 80 4000 0000 is deactivated; it is kept. The organisation has no primary number now.\n"
    assert run("deactivate", "08040000000") == "+91 80 4000 0000 was deactivated already.\n"
    assert run("edit", "08040000000", "--active") == "+91 80 4000 0000 is changed.\n"
    (row,) = execute(
        database_of(numbers_shell),
        "select display_name, number_type, can_call, can_sms, is_active, is_primary, assigned_to_user_id"
        " from organization_phone_numbers where phone_number = '+918040000000'",
    )
    assert row == (None, "virtual", True, True, True, False, None)


def test_the_list_has_the_columns_of_the_row_and_what_they_mean(kept_shell: Shell) -> None:
    (row,) = kept_shell.run("phone-numbers", "list", "--json").data
    meanings = {"e164", "integration_type", "organization_name", "assigned_to", "warnings", "observed"}
    assert row.keys() == COLUMNS | meanings
    assert (row["warnings"], row["observed"]) == ([], {})
    assert (row["phone_number"], row["e164"], row["assigned_to"], row["organization_name"]) == (
        *(OLD, DELHI, "ravi@acme.example", "Acme Foods"),
    )
    head, line = kept_shell.run("phone-numbers", "list").out.splitlines()
    assert head.split() == ["NUMBER", "NAME", "TYPE", "ASSIGNED", "TO", "CAN", "STATE", "CALLS", "CALL", "FLOW"]
    cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
    assert cells == [
        *("+91 11 4116 9368", "Front desk", "local", "Ravi Kumar", "call sms", "primary", "not known", "not known")
    ]


def test_filters_choose_among_the_numbers_of_the_organisation(numbers_shell: Shell) -> None:
    database = database_of(numbers_shell)
    add_row(database, "08040000001", number_type="virtual", can_call=False)
    add_row(database, "08040000002", number_type="virtual", can_sms=False, is_active=False)
    first, second, off = OLD, "08040000001", "08040000002"
    assert numbers(numbers_shell) == [first, second]
    assert numbers(numbers_shell, "--all") == [first, second, off]
    assert numbers(numbers_shell, "--inactive") == [off]
    assert numbers(numbers_shell, "--free") == [second]
    assert numbers(numbers_shell, "--assigned-to", "ravi@acme.example") == [first]
    assert numbers(numbers_shell, "--assigned-to", str(ASHA)) == []
    assert numbers(numbers_shell, "--type", "virtual", "--all") == [second, off]
    assert numbers(numbers_shell, "--can-call") == [first]
    assert numbers(numbers_shell, "--can-sms", "--free") == [second]
    assert numbers(numbers_shell, "--primary") == [first]
    assert "--all" in numbers_shell.run("phone-numbers", "list", "--type", "toll-free").err


def test_whose_number_it_is_is_asked_of_every_organisation(numbers_shell: Shell) -> None:
    database = database_of(numbers_shell)
    add_row(database, DELHI, organization_id=GLOBEX, is_active=False)
    for notation in ("011-4116 9368", DELHI, "9368"):
        everywhere = numbers_shell.run("phone-numbers", "list", notation, "--json").data
        assert [(row["organization_name"], row["assigned_to"], row["is_active"]) for row in everywhere] == [
            *(("Acme Foods", "ravi@acme.example", True), ("Globex", None, False)),
        ]
    assert numbers(numbers_shell, "9368", "--organization", "Globex") == [DELHI]
    assert numbers(numbers_shell.without("SWITCHBOARD_ORGANIZATION"), "9368") == [OLD, DELHI]
    head, *lines = numbers_shell.run("phone-numbers", "list", DELHI).out.splitlines()
    assert head.split()[:2] == ["NUMBER", "ORGANISATION"]
    assert [word for word in ("Globex", "free", "off") if word in lines[1]] == ["Globex", "free", "off"]


def test_a_number_that_nobody_has_is_an_empty_list_and_a_sentence(kept_shell: Shell) -> None:
    assert numbers(kept_shell, "08099999999") == []
    asked = kept_shell.run("phone-numbers", "list", "08099999999")
    assert (asked.status, asked.out) == (0, "")
    assert "No number in any organisation" in asked.err


def test_on_a_terminal_of_80_columns_no_line_is_longer(numbers_shell: Shell) -> None:
    add_row(database_of(numbers_shell), "08040000001", display_name="A very long name for a line " * 3)
    for arguments in (["list"], ["list", "9368"]):
        command = ["phone-numbers", *arguments]
        with ForkedTerminal(*command, environment=numbers_shell.environment, cwd=numbers_shell.folder) as terminal:
            assert terminal.wait_for_exit() == 0
            text = terminal.bytes_since().decode()
        assert "+91 11 4116 9368" in text
        assert max(map(len, text.splitlines())) <= 80, text


def test_what_cannot_be_done_is_one_line_and_writes_nothing(kept_shell: Shell) -> None:
    for arguments, status, words in (
        (["list", "--free", "--assigned-to", str(ASHA)], 2, "exclude each other"),
        (["list", "--all", "--inactive"], 2, "exclude each other"),
        (["list", "--type", "mobile"], 2, "virtual, toll-free, local"),
        (["list", "368"], 2, "last four digits"),
        (["list", "--assigned-to", "nobody@acme.example"], 2, "No person"),
        (["add", "12345"], 2, "not a phone number"),
        (["add", DELHI], 2, "already, stored as 01141169368, called Front desk"),
        (["add", "08040000000", "--type", "mobile"], 2, "virtual, toll-free, local"),
        (["add", "08040000000", "--integration", "exotel_phone"], 1, "integrations configure exotel_phone"),
        (["add", "08040000000", "--integration", "exotl"], 2, "exotel_phone"),
        (["edit", OLD], 2, "Nothing to change"),
        (["edit", OLD, "--name", "x", "--no-name"], 2, "exclude each other"),
        (["edit", OLD, "--name", "x" * 101], 2, "101 characters"),
        (["assign", OLD, "nobody@acme.example"], 2, "No person"),
        (["assign", OLD, str(MEENA), "--yes"], 2, "meena@acme.example is not active"),
        (["assign", BANGALORE, str(ASHA)], 1, "a number of Globex"),
        (["assign", "9368", str(ASHA)], 1, "Give the whole number"),
        (["unassign", "08099999999"], 1, "no such number"),
        (["primary", str(ASHA)], 1, "no such number"),
        (["assign", OLD], 2, "needs USER"),
    ):
        assert words in kept_shell.run("phone-numbers", *arguments).refusal(status), arguments
    for arguments, status in ((["list", "--type", "mobile"], 2), (["assign", BANGALORE, str(ASHA)], 1)):
        failure = json.loads(kept_shell.run("phone-numbers", *arguments, "--json").refusal(status))
        assert failure["exit"] == status


def test_a_number_is_not_taken_from_somebody_without_being_asked(numbers_shell: Shell) -> None:
    before = contents(database_of(numbers_shell))
    holder = "Ravi Kumar <ravi@acme.example>"
    line = numbers_shell.run("phone-numbers", "assign", OLD, str(ASHA)).refusal(2)
    assert f"is assigned to {holder}; it would be reassigned to Asha Rao <asha@acme.example>. Add --yes" in line
    line = numbers_shell.run("phone-numbers", "deactivate", OLD).refusal(2)
    assert f"{holder} cannot use it until then. The organisation is left without a primary number. Add --yes" in line
    command = ["phone-numbers", "assign", OLD, "asha@acme.example"]
    with ForkedTerminal(*command, environment=numbers_shell.environment, cwd=numbers_shell.folder) as terminal:
        terminal.wait_for("Continue? [y/N]")
        terminal.type("\r")
        assert terminal.wait_for_exit() == 2
    assert contents(database_of(numbers_shell)) == before
    with ForkedTerminal(*command, environment=numbers_shell.environment, cwd=numbers_shell.folder) as terminal:
        terminal.wait_for("Continue? [y/N]")
        terminal.type("y\r")
        assert terminal.wait_for_exit() == 0
    assert numbers_shell.run("phone-numbers", "list", "--json").data[0]["assigned_to"] == "asha@acme.example"
    back = numbers_shell.run("phone-numbers", "assign", OLD, str(RAVI), "--yes", "--json").data
    assert (back["assigned_to"], back["changed"]) == ("ravi@acme.example", ["assigned_to_user_id"])


def test_a_number_in_two_notations_is_addressed_by_its_id_and_the_operator_is_in_the_log(numbers_shell: Shell) -> None:
    second = add_row(database_of(numbers_shell), DELHI)
    line = numbers_shell.run("phone-numbers", "primary", "011-4116 9368").refusal(2)
    assert f"{second} (stored as {DELHI})" in line
    made = numbers_shell.run("phone-numbers", "primary", str(second), "--json").data
    assert [one["phone_number"] for one in made["previous_primary"]] == [OLD]
    unassigned = numbers_shell.run(
        "--operator", "asha@acme.example", "phone-numbers", "unassign", str(made["previous_primary"][0]["id"])
    )
    assert unassigned.status == 0, unassigned.err
    assert execute(
        database_of(numbers_shell),
        "select user_id, organization_id from integration_audit_logs where action = 'number_unassigned'",
    ) == [(ASHA, ACME)]


def test_read_only_mode_lists_and_refuses_every_act(kept_shell: Shell) -> None:
    assert numbers(kept_shell, "--read-only") == [OLD]
    acts = (["add", "08040000000"], ["edit", OLD, "--sms"], ["deactivate", OLD], ["assign", OLD, str(ASHA)])
    for act in (*acts, ["unassign", OLD], ["primary", OLD], ["sync"]):
        assert "read-only mode" in kept_shell.run("phone-numbers", *act, "--read-only", "--yes").refusal(2)


def test_whatever_a_row_holds_is_only_text_on_a_terminal(acme_shell: Shell) -> None:
    everything = "".join(text for text in hostile_strings().values() if not re.search("[\0\ud800-\udfff]", text))
    database = database_of(acme_shell)
    create_people(database, (GLOBEX, everything[:200], everything, ACME, True))
    for number, text in enumerate((everything, everything[500:], "\x1b[2J")):
        columns = {"display_name": text[:100], "number_type": text[:50], "assigned_to_user_id": GLOBEX}
        add_row(database, f"{text[:12]}{number}", **columns)
    add_row(database, OLD, **columns)
    before = contents(database)
    listed = acme_shell.run("phone-numbers", "list")
    outcome_of_search = acme_shell.run("phone-numbers", "list", "9368")
    asked = acme_shell.run("phone-numbers", "assign", OLD, str(ASHA))
    refused = acme_shell.run("phone-numbers", "add", OLD)
    for text in (listed.out, outcome_of_search.out, asked.err, refused.err):
        assert text
        assert not UNSAFE.search(text.replace("\n", "")), ascii(text)
    assert (asked.status, refused.status) == (2, 2)
    assert len(listed.out.splitlines()) == 5
    assert {row["display_name"] for row in acme_shell.run("phone-numbers", "list", "--json").data} == {
        *(everything[:100], everything[500:600], "\x1b[2J"),
    }
    assert contents(database) == before
