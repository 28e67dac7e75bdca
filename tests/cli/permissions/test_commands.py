"""The commands `permissions`: listing, granting, revoking, copying, the leaver report, and what each refuses."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.cli.conftest import on_database
from tests.support.acme import ACME, GLOBEX, PHONE
from tests.support.commands import Shell, contents, execute
from tests.support.database.people import directory_database, integration, person
from tests.support.terminal.forked_terminal import ForkedTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

ANN, BOB = "person1@acme.example", "person2@acme.example"
GONE = UUID(int=0xFF)


@pytest.fixture
def directory(shell: Shell, postgres: TestServer) -> Iterator[Shell]:
    """A shell on a database with three people and two integrations, exotel_phone and exotel_whatsapp."""
    with directory_database(postgres) as conninfo:
        yield on_database(shell, conninfo)


def rows(shell: Shell) -> list[tuple[object, ...]]:
    return execute(
        shell.environment["DATABASE_URL"],
        "select user_id, integration_id, can_view, can_send, can_configure, daily_limit, monthly_limit"
        " from public.user_integration_permissions order by user_id, integration_id",
    )


def actions(shell: Shell) -> list[str]:
    log_rows = execute(
        shell.environment["DATABASE_URL"],
        "select action::text from public.integration_audit_logs where action like 'permission%'"
        " order by created_at, id",
    )
    return [str(action) for (action,) in log_rows]


def test_a_permission_is_granted_changed_listed_and_revoked(directory: Shell) -> None:
    granted = directory.run(
        *("permissions", "grant", ANN, "exotel_phone", "exotel_whatsapp", "--send", "--daily-limit", "20"),
        *("--monthly-limit", "1,000", "--expires", "2099-06-30", "--yes", "--json"),
    ).data
    assert (granted["applied"], granted["grants"], granted["changes"], granted["revokes"]) == (True, 2, 0, 0)
    assert granted["notes"] == ["send implies view: view added."]
    assert granted["cells"][0]["after"]["expires_at"] == "2099-06-30T23:59:59+00:00"
    assert set(rows(directory)) == {(person(1), integration(n), True, True, False, 20, 1000) for n in (1, 2)}

    (first, second) = directory.run("permissions", "list", "--user", ANN, "--json").data
    assert (first["integration_type"], first["allowed"]) == ("exotel_phone", ["view", "send"])
    assert first["refused"]["configure"] == "may not configure"
    assert (first["state"], first["email"], first["used_today"]) == ("active", ANN, 0)
    listed = directory.run("permissions", "list", "--type", "exotel_phone")
    assert listed.out.splitlines()[1].split() == [
        *(
            "Person",
            "000001",
            "exotel_phone",
            "view,",
            "send",
            "2099-06-30",
            "23:59",
            "UTC",
            "0/20",
            "0/1,000",
            "allowed",
        ),
    ]
    assert "It is not known whether any program checks these limits" in listed.err

    changed = directory.run(
        "permissions", "grant", str(person(1)), "exotel_phone", "--daily-limit", "unlimited", "--yes"
    )
    assert changed.out == "Applied: 1 change for 1 person.\n"
    assert changed.err.splitlines() == ["change  Person 000001  exotel_phone: daily limit 20 -> unlimited"]

    again = directory.run("permissions", "grant", ANN, "exotel_phone", "--view", "--yes")
    assert (again.status, again.out) == (0, "Nothing changes.\n")
    revoked = directory.run("permissions", "revoke", ANN, "exotel_phone", second["integration_type"], "--yes", "--json")
    assert revoked.data["revokes"] == 2
    assert rows(directory) == []
    assert actions(directory) == [*["permission_granted"] * 2, "permission_changed", *["permission_revoked"] * 2]


def test_a_dry_run_prints_the_review_and_writes_nothing_even_in_read_only_mode(directory: Shell) -> None:
    before = contents(directory.environment["DATABASE_URL"])
    command = ("permissions", "grant", ANN, "exotel_phone", "--configure", "--dry-run")
    assert directory.run(*command, "--read-only").out.splitlines() == [
        "grant   Person 000001  exotel_phone: +view, +configure",
        "configure implies view: view added.",
        "1 grant for 1 person.",
    ]
    planned = directory.run(*command, "--json").data
    assert (planned["applied"], planned["operation_id"], planned["grants"]) == (False, None, 1)
    assert contents(directory.environment["DATABASE_URL"]) == before
    assert "read-only" in directory.run(*command[:-1], "--yes", "--read-only").refusal(2)


def test_several_people_are_given_and_lose_the_same_in_one_transaction(directory: Shell) -> None:
    users = ("--user", ANN, "--user", BOB, "--user", str(person(1)))
    planned = directory.run("permissions", "grant", *users, "exotel_phone", "--send", "--dry-run", "--json").data
    assert {cell["user_id"] for cell in planned["cells"]} == {str(person(1)), str(person(2))}
    granted = directory.run("permissions", "grant", "exotel_phone", *users, "--send", "--yes")
    assert granted.out == "Applied: 2 grants for 2 people.\n"
    assert {row[0] for row in rows(directory)} == {person(1), person(2)}
    revoked = directory.run("permissions", "revoke", *users, "exotel_phone", "--yes", "--json").data
    assert (revoked["revokes"], rows(directory)) == (2, [])
    operations = execute(
        directory.environment["DATABASE_URL"],
        "select action, count(*), count(distinct details ->> 'operation_id') from public.integration_audit_logs"
        " where action like 'permission%%' group by action order by action",
    )
    assert operations == [("permission_granted", 2, 1), ("permission_revoked", 2, 1)]
    # One who is unknown, and nobody is given anything.
    unknown = ("--user", ANN, "--user", "nobody@acme.example")
    refused = directory.run("permissions", "grant", *unknown, "exotel_phone", "--view", "--yes").refusal(2)
    assert "nobody@acme.example: No person has that id or e-mail." in refused
    assert rows(directory) == []


def test_without_yes_it_asks_and_only_yes_applies(directory: Shell) -> None:
    command = ("permissions", "grant", ANN, "exotel_phone", "--view")
    refused = directory.run(*command)
    assert (refused.status, refused.out) == (2, "")
    assert "Add --yes" in refused.err
    for answer, status in (("n\r", 2), ("\r", 2), ("\x04", 2), ("\x03", 130), (signal.SIGTERM, 143), ("y\r", 0)):
        assert rows(directory) == []
        with ForkedTerminal(*command, environment=directory.environment, cwd=directory.folder) as terminal:
            terminal.wait_for("[y/N]")
            if isinstance(answer, str):
                terminal.type(answer)
            else:
                terminal.signal(answer)
            assert terminal.wait_for_exit() == status
            assert "Traceback" not in terminal.text
    assert rows(directory) == [(person(1), integration(1), True, False, False, None, None)]


def test_a_limit_that_somebody_else_changed_meanwhile_is_named_and_nothing_is_written(directory: Shell) -> None:
    directory.run("permissions", "grant", ANN, "exotel_phone", "--view", "--daily-limit", "5", "--yes")
    command = ("permissions", "revoke", ANN, "exotel_phone")
    with ForkedTerminal(*command, environment=directory.environment, cwd=directory.folder) as terminal:
        terminal.wait_for("[y/N]")
        directory.run("permissions", "grant", ANN, "exotel_phone", "--daily-limit", "7", "--yes")
        terminal.type("y\r")
        terminal.wait_for("has view, 7 a day now, had view, 5 a day")
        assert terminal.wait_for_exit() == 1
    assert [row[5] for row in rows(directory)] == [7]


def test_one_person_gets_exactly_what_another_has(directory: Shell) -> None:
    directory.run("permissions", "grant", ANN, "exotel_phone", "--send", "--daily-limit", "5", "--yes")
    directory.run("permissions", "grant", BOB, "exotel_whatsapp", "--view", "--yes")
    outcome = directory.run("permissions", "copy", ANN, BOB, "--yes")
    assert outcome.out == "Applied: 1 grant and 1 revoke for 1 person.\n"
    assert outcome.err.splitlines() == [
        "grant   Person 000002  exotel_phone: +view, +send, daily limit unlimited -> 5",
        "revoke  Person 000002  exotel_whatsapp: -view",
    ]
    assert [row[0] for row in rows(directory)] == sorted([person(1), person(2)])
    assert "same person" in directory.run("permissions", "copy", ANN, str(person(1)), "--yes").refusal(2)


def test_bad_input_is_one_sentence_and_writes_nothing(directory: Shell) -> None:
    before = contents(directory.environment["DATABASE_URL"])
    for arguments, status, words in (
        (("grant", "nobody@acme.example", "exotel_phone", "--view"), 2, "No person"),
        (("grant", str(GONE), "exotel_phone", "--view"), 2, "No person"),
        (("grant", ANN, "exotel_fax", "--view"), 2, "exotel_fax"),
        (("grant", ANN, "zoho_mail", "--view"), 1, "not set up"),
        (("grant", ANN, "exotel_phone"), 2, "nothing to grant"),
        (("grant", ANN, "exotel_phone", "--view", "--expires", "2001-01-01"), 2, "has passed"),
        (("grant", ANN, "exotel_phone", "--view", "--expires", "whenever"), 2, "not understood"),
        (("grant", ANN, "exotel_phone", "--view", "--daily-limit", "-1"), 2, "negative"),
        (("grant", ANN, "exotel_phone", "--view", "--daily-limit", "lots"), 2, "whole number"),
        (("grant", ANN, "exotel_phone", "--view", "--daily-limit", "9", "--monthly-limit", "8"), 2, "below the daily"),
        (("grant", ANN, "exotel_phone", "--view", "--label", "Ann"), 2, "directory"),
        (("grant", ANN, "exotel_phone", "--daily-limit", "9"), 2, "no right yet"),
        (("grant", ANN), 2, "TYPE"),
        (("grant", BOB, "exotel_phone", "--user", ANN, "--view"), 2, "With --user every other word is a TYPE"),
        (("grant", "exotel_phone", "--user", ANN, "--user", BOB, "--view", "--label", "A"), 2, "names one person"),
        (("revoke", "exotel_phone"), 2, "USER or TYPE is missing"),
        (("revoke",), 2, "USER or TYPE is missing"),
        (("revoke", "--user", "asha@acme.example"), 2, "TYPE is missing. Give one TYPE"),
        (("revoke", "nobody@acme.example", "exotel_phone"), 2, "No person"),
        (("revoke", ANN, "exotel_fax"), 2, "exotel_fax"),
        (("copy", ANN, str(GONE)), 2, "No person"),
        (("report", str(GONE)), 2, "No person"),
        (("list", "--user", "nobody@acme.example"), 2, "No person"),
        (("list", "--type", "zoho_mail"), 1, "not set up"),
    ):
        assert words in directory.run("permissions", *arguments, "--yes").refusal(status), arguments
    assert contents(directory.environment["DATABASE_URL"]) == before


def test_a_limit_is_judged_with_the_one_that_is_there(directory: Shell) -> None:
    directory.run("permissions", "grant", ANN, "exotel_phone", "--send", "--monthly-limit", "10", "--yes")
    refused = directory.run("permissions", "grant", ANN, "exotel_phone", "--daily-limit", "11", "--yes")
    assert "monthly limit (10) is below the daily one (11)" in refused.refusal(2)
    both = ("--daily-limit", "11", "--monthly-limit", "11")
    assert directory.run("permissions", "grant", ANN, "exotel_phone", *both, "--yes").status == 0


def test_a_type_that_an_adopted_table_has_twice_is_listed_given_and_revoked_as_a_whole(directory: Shell) -> None:
    database = directory.environment["DATABASE_URL"]
    execute(
        database,
        "do $$ declare one name; begin for one in select conname from pg_constraint where contype = 'u' and conrelid = "
        "'public.integration_credentials'::regclass loop execute format("
        "'alter table public.integration_credentials drop constraint %I', one); end loop; end $$",
    )
    execute(database, "update public.integration_credentials set integration_type = 'exotel_phone'")
    assert directory.run("permissions", "grant", ANN, "exotel_phone", "--view", "--yes", "--json").data["grants"] == 2
    assert len(directory.run("permissions", "list", "--type", "exotel_phone", "--json").data) == 2
    assert directory.run("permissions", "revoke", ANN, "exotel_phone", "--yes").status == 0
    assert rows(directory) == []


def test_who_left_the_directory_keeps_the_row_marked_and_can_only_be_revoked(directory: Shell) -> None:
    database = directory.environment["DATABASE_URL"]
    directory.run("permissions", "grant", ANN, "exotel_phone", "--view", "--yes")
    directory.run("permissions", "grant", BOB, "exotel_phone", "--view", "--yes")
    execute(database, "delete from public.users where id = %s", person(1))
    execute(database, "update public.users set is_active = false where id = %s", person(2))
    execute(
        database,
        "insert into public.users (id, email, organization_id) values (%s, 'gil@globex.example', %s)",
        *(UUID(int=7), GLOBEX),
    )
    listed = {one["user_id"]: one["standing"] for one in directory.run("permissions", "list", "--json").data}
    assert listed == {str(person(1)): "not in the directory", str(person(2)): "inactive"}
    for user, words in (
        (str(person(1)), "no longer in the directory"),
        (BOB, "inactive"),
        ("gil@globex.example", "another organisation"),
    ):
        assert words in directory.run("permissions", "grant", user, "exotel_phone", "--send", "--yes").refusal(2)
    for user in (str(person(1)), BOB):
        assert directory.run("permissions", "revoke", user, "exotel_phone", "--yes").status == 0
    assert rows(directory) == []


def test_without_a_directory_an_id_is_given_a_label(phone_shell: Shell) -> None:
    someone = str(UUID(int=5))
    refused = phone_shell.run("permissions", "grant", someone, "exotel_phone", "--view", "--yes").refusal(2)
    assert "No person" in refused
    assert "UUID" in phone_shell.run("permissions", "grant", "e@x", "exotel_phone", "--view", "--label", "E").refusal(2)
    for label, rights in (("Eve", "--view"), ("Eve Adams", "--send")):
        outcome = phone_shell.run("permissions", "grant", someone, "exotel_phone", rights, "--label", label, "--yes")
        assert outcome.status == 0, outcome.err
    (only,) = phone_shell.run("permissions", "list", "--json").data
    assert (only["name"], only["standing"], only["can_send"]) == ("Eve Adams", "active", True)


def test_the_report_names_what_they_could_reach_and_the_secrets_that_were_not_changed_since(phone_shell: Shell) -> None:
    database = phone_shell.environment["DATABASE_URL"]
    execute(database, "insert into switchboard.people_labels values (%s, 'Ann'), (%s, 'Bob')", person(1), person(2))
    phone_shell.run("permissions", "grant", str(person(1)), "exotel_phone", "--send", "--expires", "30d", "--yes")
    insert = (
        "insert into public.integration_audit_logs"
        " (organization_id, user_id, integration_type, action, status, details)"
        " values (%s, %s, 'exotel_phone', %s, 'success', %s::jsonb)"
    )
    for action, field in (("revealed", "api_key"), ("copied", "api_key"), ("revealed", "api_token")):
        execute(database, insert, ACME, person(1), f"credential_{action}", json.dumps({"fields": [field]}))
    execute(database, insert, ACME, None, "credential_revealed", json.dumps({"fields": ["api_key"]}))
    phone_shell.run("integrations", "configure", "exotel_phone", stdin=json.dumps({**PHONE, "api_token": "new" * 9}))

    report = phone_shell.run("permissions", "report", str(person(1)), "--json").data
    assert [one["integration_type"] for one in report["permissions"]] == ["exotel_phone"]
    key, token = report["secrets"]
    assert (key["field"], key["how"], key["times"], key["to_be_rotated"]) == (
        "api_key",
        ["revealed", "copied"],
        2,
        True,
    )
    assert (token["field"], token["how"], token["to_be_rotated"]) == ("api_token", ["revealed"], False)
    assert datetime.fromisoformat(token["changed_at"]) <= datetime.now(UTC)
    assert report["unattributed_openings"] == 1
    text = phone_shell.run("permissions", "report", str(person(1))).out
    assert "to be rotated" in text
    assert "exotel_phone, api_key: revealed and copied" in text
    other = phone_shell.run("permissions", "report", str(person(2))).out
    assert "none seen, as far as the log says" in other


def test_offboard_takes_everything_after_a_dry_run_that_takes_nothing(directory: Shell) -> None:
    database = directory.environment["DATABASE_URL"]
    directory.run("permissions", "grant", ANN, "exotel_phone", "--view", "--yes")
    execute(
        database,
        "insert into public.organization_phone_numbers (organization_id, phone_number, assigned_to_user_id) "
        "values (%s, '+911', %s)",
        *(ACME, person(1)),
    )
    planned = directory.run("permissions", "offboard", ANN, "--dry-run", "--json").data
    assert (planned["revokes"], planned["phone_numbers"], planned["applied"]) == (1, ["+911"], False)
    lines = directory.run("permissions", "offboard", ANN, "--dry-run").out.splitlines()
    assert lines[0] == "revoke  exotel_phone: -view"
    assert lines[-1] == "1 revoke, 1 number returned."
    assert len(rows(directory)) == 1
    unasked = directory.run("permissions", "offboard", ANN)
    assert (unasked.status, "Nothing was written yet. Add --yes" in unasked.err) == (2, True)
    done = directory.run("permissions", "offboard", ANN, "--yes", "--json").data
    assert (done["applied"], done["logins"], done["left_to_do"]) == (True, [], [])
    assert rows(directory) == []
    report = directory.run("permissions", "report", ANN, "--json").data
    assert (report["phone_numbers"], report["elsewhere"], report["logins"], report["sees_everything"]) == (
        *([], [], [], True),
    )
    again = directory.run("permissions", "offboard", ANN, "--yes")
    assert again.out == "There is no permission to revoke, no number to return and no login to remove.\n"
