"""`integrations configure`: what it accepts on standard input, and that a refusal writes nothing."""

from __future__ import annotations

import json

from tests.support.acme import ACME, KEY, OTHER_KEY, PHONE
from tests.support.commands import Shell, contents, execute
from tests.support.terminal.forked_terminal import ForkedTerminal

SECRET = "sk-CANARY-5f0c1e2d"


def phone(**changes: object) -> str:
    return json.dumps({**PHONE, "api_token": SECRET, **changes})


def test_what_is_no_credential_is_refused_in_one_line_and_not_written(acme_shell: Shell) -> None:
    before = contents(acme_shell.environment["DATABASE_URL"])
    for given, words in (
        ("", "Standard input is empty"),
        (f'["{SECRET}"]', "not a JSON object"),
        (f'{{"api_token": "{SECRET}"', "not JSON"),
        (f'{{"api_token": "{SECRET}", "api_token": "x"}}', "the same name twice"),
        (b'{"api_token": "\xff"}', "UTF-8"),
        (b" " * 1_000_001, "larger"),
        (json.dumps({"api_token": SECRET}), "account_sid: It is required"),
        (phone(display_name="n" * 256), "display_name: At most 255 characters; there are 256."),
        (phone(display_name=7), "display_name"),
        (phone(virtual_number="not a number"), "virtual_number:"),
    ):
        line = acme_shell.run("integrations", "configure", "exotel_phone", stdin=given).refusal(2)
        assert words in line
        assert SECRET not in line
    assert contents(acme_shell.environment["DATABASE_URL"]) == before


def test_an_unknown_type_is_refused_before_standard_input_is_read(acme_shell: Shell) -> None:
    with acme_shell.start("integrations", "configure", "exotel_fone", waits=True) as process:
        assert process.wait(timeout=30) == 2
        assert process.stderr is not None
        assert b"Did you mean exotel_phone?" in process.stderr.read()


def test_a_terminal_on_standard_input_is_refused_with_the_form(acme_shell: Shell) -> None:
    command = ["integrations", "configure", "exotel_sms"]
    with ForkedTerminal(*command, environment=acme_shell.environment, cwd=acme_shell.folder) as terminal:
        assert terminal.wait_for_exit() == 2
        shown = "".join(terminal.lines)
    assert "which is a terminal" in shown
    assert '"sms_number": "..."' in shown


def test_a_field_nobody_knows_is_kept_with_a_warning(acme_shell: Shell) -> None:
    saved = acme_shell.run("integrations", "configure", "exotel_phone", stdin=phone(virtual_numbr="1"))
    assert saved.status == 0
    assert saved.err == (
        "Warning: virtual_numbr: Exotel phone has no field of this name; it is kept as it is. "
        "Did you mean virtual_number?\n"
    )
    assert "virtual_numbr" in acme_shell.run("integrations", "show", "exotel_phone").out


def test_an_unreadable_credential_is_replaced_only_when_that_is_confirmed(acme_shell: Shell) -> None:
    database = acme_shell.environment["DATABASE_URL"]
    acme_shell.run("integrations", "configure", "exotel_phone", stdin=phone())
    execute(database, "update integration_credentials set credentials_encrypted = 'broken'")
    before = contents(database)
    line = acme_shell.run("integrations", "configure", "exotel_phone", stdin=phone()).refusal(2)
    assert "unreadable (malformed)" in line
    assert "--yes" in line
    assert "It is required" in acme_shell.run(
        "integrations", "configure", "exotel_phone", "--yes", stdin='{"virtual_number": "01141169368"}'
    ).refusal(2)
    assert contents(database) == before
    assert acme_shell.run("integrations", "configure", "exotel_phone", "--yes", stdin=phone()).status == 0
    assert acme_shell.run("integrations", "show", "exotel_phone").status == 0


def test_a_changed_host_needs_each_secret_again(phone_shell: Shell) -> None:
    before = contents(phone_shell.environment["DATABASE_URL"])
    for given in ({"api_host": "evil.example"}, {"api_host": "evil.example", "api_key": "", "api_token": SECRET}):
        line = phone_shell.run("integrations", "configure", "exotel_phone", stdin=json.dumps(given)).refusal(2)
        assert "api_key: It was stored for api.exotel.com; type it again, so that it is not sent to evil.exam" in line
        assert ("api_token:" in line) == ("api_token" not in given) and SECRET not in line
    assert contents(phone_shell.environment["DATABASE_URL"]) == before
    whole = phone(api_host="gateway.example.com")
    assert phone_shell.run("integrations", "configure", "exotel_phone", stdin=whole).status == 0


def test_a_master_key_that_is_missing_or_wrong_ends_with_4_and_writes_nothing(phone_shell: Shell) -> None:
    before = contents(phone_shell.environment["DATABASE_URL"])
    for keys, words in (
        ({}, "ENCRYPTION_MASTER_KEY not configured"),
        ({"ENCRYPTION_MASTER_KEY": OTHER_KEY}, "is not the one in use"),
        ({"ENCRYPTION_MASTER_KEY": KEY, "ENCRYPTION_MASTER_KEY_FILE": "key.txt"}, "more than one source"),
        ({"ENCRYPTION_MASTER_KEY_FILE": "missing.txt"}, "ENCRYPTION_MASTER_KEY_FILE"),
        ({"ENCRYPTION_MASTER_KEY_COMMAND": "/bin/false"}, "failed (exit status 1)"),
    ):
        shell = phone_shell.without("ENCRYPTION_MASTER_KEY").with_(**keys)
        line = shell.run("integrations", "configure", "exotel_phone", stdin=phone()).refusal(4)
        assert words in line
        assert KEY not in line
        assert OTHER_KEY not in line
    assert phone_shell.without("ENCRYPTION_MASTER_KEY").run("keys", "status").status == 4
    assert contents(phone_shell.environment["DATABASE_URL"]) == before


def test_a_master_key_that_is_too_weak_to_write_with_ends_with_4_and_writes_nothing(new_acme_shell: Shell) -> None:
    before = contents(new_acme_shell.environment["DATABASE_URL"])
    key = "short-Vb3!kQ9z"
    shell = new_acme_shell.with_(ENCRYPTION_MASTER_KEY=key)
    line = shell.run("integrations", "configure", "exotel_phone", stdin=phone()).refusal(4)
    assert "shorter than 32 characters" in line
    assert key not in line
    assert shell.run("keys", "status").status == 4
    assert contents(new_acme_shell.environment["DATABASE_URL"]) == before


def test_in_read_only_mode_nothing_is_written(phone_shell: Shell) -> None:
    before = contents(phone_shell.environment["DATABASE_URL"])
    by_variable = phone_shell.with_(SWITCHBOARD_READ_ONLY="1")
    for command in (["configure", "exotel_phone"], ["disable", "exotel_phone"], ["delete", "exotel_phone", "--yes"]):
        assert "read-only mode" in phone_shell.run("--read-only", "integrations", *command, stdin=phone()).refusal(2)
        assert "read-only mode" in by_variable.run("integrations", *command, stdin=phone()).refusal(2)
    assert by_variable.run("integrations", "list").status == 0
    assert contents(phone_shell.environment["DATABASE_URL"]) == before


def test_a_legacy_row_makes_the_next_new_row_legacy_too(acme_shell: Shell) -> None:
    sms = json.dumps({**PHONE, "sms_number": "EXOTEL"})
    acme_shell.with_(SWITCHBOARD_CREDENTIAL_FORMAT="legacy").run("integrations", "configure", "exotel_sms", stdin=sms)
    acme_shell.run("integrations", "configure", "exotel_phone", stdin=phone())
    formats = "select distinct credentials_encrypted ~ '^[0-9a-f]{32}:[0-9a-f]{32}:' from integration_credentials"
    assert execute(acme_shell.environment["DATABASE_URL"], formats) == [(True,)]
    assert execute(
        acme_shell.environment["DATABASE_URL"], "select distinct organization_id from integration_credentials"
    ) == [(ACME,)]
