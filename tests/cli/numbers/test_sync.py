"""The command `phone-numbers sync`, the whole way: the credential opened, Exotel asked over TLS, the plan written."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.support.acme import ACME
from tests.support.commands import Shell, contents, execute
from tests.support.database.number_rows import BANGALORE, DELHI, OLD, RAVI, add_row, create_people, log_rows
from tests.support.servers.exotel import API_KEY, API_TOKEN, AUTH_TOKEN, FAULTS, ExotelServer, exophone, exophones
from tests.support.terminal.forked_terminal import ForkedTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = "select phone_number, is_active, is_primary from organization_phone_numbers order by phone_number"


@pytest.fixture
def exotel() -> Iterator[ExotelServer]:
    """An Exotel account with two numbers."""
    with ExotelServer(numbers=[exophone(DELHI, sms=False), exophone(BANGALORE, name="Night line")]) as server:
        yield server


def database_of(shell: Shell) -> str:
    return shell.environment["DATABASE_URL"]


def integration_of(shell: Shell) -> UUID:
    ((found,),) = execute(database_of(shell), "select id from integration_credentials")
    assert isinstance(found, UUID)
    return found


def numbers_of(shell: Shell) -> str:
    return contents(database_of(shell))["public.organization_phone_numbers"]


def test_a_sync_shows_its_plan_and_writes_it(exotel_shell: Shell) -> None:
    create_people(database_of(exotel_shell))
    own = {"integration_id": integration_of(exotel_shell)}
    add_row(database_of(exotel_shell), OLD, **own)
    add_row(database_of(exotel_shell), "08040000000", assigned_to_user_id=RAVI, is_primary=True, **own)
    add_row(database_of(exotel_shell), "08040000001")
    outcome = exotel_shell.run("phone-numbers", "sync", "--yes")
    assert outcome.status == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].split() == ["SYNC", "NUMBER", "NAME", "WHAT"]
    assert lines[1] == "new      +91 80 3375 5555  Night line  local, can call sms"
    assert lines[2].startswith("changed  +91 11 4116 9368")
    assert lines[2].endswith("number_type: none -> local; can_sms: yes -> no; is_primary: no -> yes")
    assert "is no longer primary; stays assigned to Ravi Kumar <ravi@acme.example>" in lines[3]
    assert lines[3].startswith("gone     +91 80 4000 0000")
    assert lines[4] == "Synced: 2 listed, 1 new, 1 changed, 1 deactivated."
    assert "+91 80 4000 0001 is not listed and stays as it is: it was added by hand." in outcome.err
    assert execute(database_of(exotel_shell), ROWS) == [
        *((BANGALORE, True, False), (OLD, True, True), ("08040000000", False, False), ("08040000001", True, False)),
    ]
    again = exotel_shell.run("phone-numbers", "sync")
    assert (again.status, again.out) == (0, "Synced: 2 listed, 0 new, 0 changed, 0 deactivated.\n")
    assert "the numbers agree" in again.err


def test_as_json_the_plan_and_the_counts_are_one_object(exotel_shell: Shell) -> None:
    add_row(database_of(exotel_shell), OLD, number_type="local", can_sms=False, is_primary=True)
    before = numbers_of(exotel_shell)
    plan = exotel_shell.run("phone-numbers", "sync", "--dry-run", "--json").data
    assert numbers_of(exotel_shell) == before
    outcome = exotel_shell.run("phone-numbers", "sync", "--yes", "--json").data
    for told, dry in ((plan, True), (outcome, False)):
        assert (told["dry_run"], told["integration_type"], told["deactivates_all"]) == (dry, "exotel_phone", False)
        counts = ("synced_numbers", "new_numbers", "updated_numbers", "deactivated_numbers")
        assert [told[name] for name in counts] == [2, 1, 0, 0]
        assert [one["phone_number"] for one in told["new"]] == [BANGALORE]


def test_a_dry_run_in_read_only_mode_writes_only_the_log_where_each_sync_is_one_operation_without_a_secret(
    exotel_shell: Shell, exotel: ExotelServer
) -> None:
    before = contents(database_of(exotel_shell))
    shown = exotel_shell.run("phone-numbers", "sync", "--dry-run", "--read-only")
    assert shown.status == 0, shown.err
    assert shown.out.splitlines()[-1] == "2 new, 0 changed, 0 the same, 0 no longer listed; nothing was written."
    after = contents(database_of(exotel_shell))
    written = {name for name in after if after[name] != before[name]}
    assert written == {"public.integration_audit_logs", "switchboard.open_tickets"}
    exotel.numbers[0]["voice_url"] = ""
    flows = "select number, value from switchboard.observations"
    exotel_shell.run("phone-numbers", "sync", "--dry-run")
    assert execute(database_of(exotel_shell), flows) == []
    exotel_shell.run("phone-numbers", "sync", "--yes")
    assert execute(database_of(exotel_shell), flows) == [(exotel.numbers[0]["phone_number"], "none")]
    rows = log_rows(database_of(exotel_shell), "numbers_synced", "number_added")
    assert [(row["action"], row["status"]) for row in rows] == [
        *[("numbers_synced", "pending"), ("numbers_synced", "success")] * 2,
        *(("numbers_synced", "pending"), ("number_added", "success"), ("number_added", "success")),
        ("numbers_synced", "success"),
    ]
    operations = [row["details"]["operation_id"] for row in rows]
    assert len(set(operations[:2])) == len(set(operations[4:])) == 1
    assert operations[0] != operations[4]
    assert rows[1]["details"]["outcome"] == "dry run"
    for secret in (API_KEY, API_TOKEN, AUTH_TOKEN):
        assert secret not in json.dumps(rows, default=str)


def test_without_an_answer_nothing_is_written_and_the_log_says_so(exotel_shell: Shell) -> None:
    before = numbers_of(exotel_shell)
    assert exotel_shell.run("phone-numbers", "sync", "--json").status == 2
    command = ["phone-numbers", "sync"]
    with ForkedTerminal(*command, environment=exotel_shell.environment, cwd=exotel_shell.folder) as terminal:
        terminal.wait_for("Apply it? [y/N]")
        terminal.type("n\r")
        assert terminal.wait_for_exit() == 2
    assert numbers_of(exotel_shell) == before
    outcomes = [row["details"].get("outcome") for row in log_rows(database_of(exotel_shell), "numbers_synced")]
    assert outcomes == [None, "not confirmed", None, "not confirmed"]
    with ForkedTerminal(*command, environment=exotel_shell.environment, cwd=exotel_shell.folder) as terminal:
        terminal.wait_for("Apply it? [y/N]")
        text = terminal.bytes_since().decode()
        assert max(map(len, text.splitlines())) <= 80, text
        terminal.type("y\r")
        assert terminal.wait_for_exit() == 0
    assert numbers_of(exotel_shell) != before


def test_a_list_without_our_numbers_takes_more_than_yes(exotel_shell: Shell, exotel: ExotelServer) -> None:
    assert exotel_shell.run("phone-numbers", "sync", "--yes").status == 0
    exotel.numbers = []
    before = numbers_of(exotel_shell)
    refused = exotel_shell.run("phone-numbers", "sync", "--yes", "--json").refusal(2)
    assert "none of the 2 active numbers" in refused
    assert "--deactivate-all does it" in refused
    assert "Add --yes" not in refused
    command = ["phone-numbers", "sync"]
    with ForkedTerminal(*command, environment=exotel_shell.environment, cwd=exotel_shell.folder) as terminal:
        terminal.wait_for("Type exotel_phone to continue:")
        terminal.type("yes\r")
        assert terminal.wait_for_exit() == 2
    assert numbers_of(exotel_shell) == before
    outcome = exotel_shell.run("phone-numbers", "sync", "--yes", "--deactivate-all", "--json").data
    assert (outcome["deactivated_numbers"], outcome["deactivates_all"]) == (2, True)
    assert {row[1] for row in execute(database_of(exotel_shell), ROWS)} == {False}


def test_where_exotel_does_not_list_them_nothing_is_written_and_the_log_says_failed(
    exotel_shell: Shell, exotel: ExotelServer
) -> None:
    add_row(database_of(exotel_shell), OLD, integration_id=integration_of(exotel_shell))
    exotel.numbers = exophones(120)
    before = numbers_of(exotel_shell)
    for fault in ("401", "cut"):
        exotel.answer("numbers", FAULTS[fault], page=1)
        failed = exotel_shell.run("phone-numbers", "sync", "--yes")
        assert (failed.status, failed.out) == (1, ""), fault
        assert AUTH_TOKEN not in failed.err
        assert numbers_of(exotel_shell) == before
        pending, outcome = log_rows(database_of(exotel_shell), "numbers_synced")[-2:]
        assert (pending["status"], outcome["status"], outcome["organization_id"]) == ("pending", "failed", ACME)
        assert outcome["details"]["failure"] == "provider"
        assert AUTH_TOKEN not in json.dumps(outcome, default=str)


def test_five_hundred_numbers_over_ten_pages(exotel_shell: Shell, exotel: ExotelServer) -> None:
    exotel.numbers = exophones(500)
    exotel.most_per_page = 50
    begun = time.monotonic()
    outcome = exotel_shell.run("phone-numbers", "sync", "--yes")
    taken = time.monotonic() - begun
    assert outcome.status == 0, outcome.err
    assert outcome.out.splitlines()[-1] == "Synced: 500 listed, 500 new, 0 changed, 0 deactivated."
    assert "500 numbers so far." in outcome.err
    assert {request.method for request in exotel.requests} == {"GET"}
    assert len([request for request in exotel.requests if request.path.endswith("IncomingPhoneNumbers")]) == 10
    assert execute(database_of(exotel_shell), "select count(*) from organization_phone_numbers") == [(500,)]
    assert taken < 30
    print(f"500 numbers over 10 pages: {taken:.1f} s")


def test_only_a_type_that_lists_numbers_and_is_set_up_can_be_synced(exotel_shell: Shell) -> None:
    before = contents(database_of(exotel_shell))
    for name, status, words in (
        ("zoho_mail", 2, "exotel_phone"),
        ("exotel_sms", 1, "not set up"),
        ("exotl", 2, "There is no integration type"),
    ):
        assert words in exotel_shell.run("phone-numbers", "sync", "--integration", name).refusal(status)
    assert contents(database_of(exotel_shell)) == before


def test_of_two_rows_of_a_type_the_account_is_chosen_by_its_id(exotel_shell: Shell) -> None:
    database = database_of(exotel_shell)
    execute(database, "alter table integration_credentials drop constraint unique_org_integration")
    copy = """insert into integration_credentials (organization_id, integration_type, credentials_encrypted)
              select organization_id, integration_type, 'not an envelope' from integration_credentials"""
    first = integration_of(exotel_shell)
    execute(database, copy)
    line = exotel_shell.run("phone-numbers", "sync", "--dry-run").refusal(2)
    assert "2 rows of exotel_phone" in line
    assert str(first) in line
    assert exotel_shell.run("phone-numbers", "sync", "--dry-run", "--integration", str(first)).status == 0
    execute(database, "update integration_credentials set is_active = false where id <> %s", first)
    assert exotel_shell.run("phone-numbers", "sync", "--dry-run").status == 0


def test_a_disabled_integration_is_not_used_and_without_its_key_it_is_not_opened(exotel_shell: Shell) -> None:
    without = exotel_shell.without("ENCRYPTION_MASTER_KEY").run("phone-numbers", "sync", "--yes")
    assert (without.status, "ENCRYPTION_MASTER_KEY" in without.err) == (4, True), without.err
    exotel_shell.run("integrations", "disable", "exotel_phone")
    assert "disabled" in exotel_shell.run("phone-numbers", "sync", "--yes").refusal(2)
    assert [row["status"] for row in log_rows(database_of(exotel_shell), "numbers_synced")] == ["pending", "failed"]
