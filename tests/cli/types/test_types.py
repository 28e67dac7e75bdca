"""The commands `types list`, `show` and `new`, and that a type of a file is like any other on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.definition_files import GOOD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.commands import Shell

SHIPPED = ["plivo", "smtp_imap", "twilio", "whatsapp_cloud"]


@pytest.fixture
def types(shell: Shell) -> Path:
    """The folder of the user's own types."""
    folder = shell.folder / ".config" / "switchboard" / "types"
    folder.mkdir(parents=True)
    return folder


def test_types_of_files_are_listed_with_the_mistakes_of_the_others_below(shell: Shell, types: Path) -> None:
    (types / "acme_voice.toml").write_text(GOOD)
    (types / "wrong.toml").write_text(GOOD.replace("acme_voice", "wrong").replace('kind = "word"', 'kind = "wrod"'))
    listed = shell.run("types", "list")
    assert listed.status == 0
    rows = [line.split() for line in listed.out.splitlines()]
    assert rows[0] == ["TYPE", "TITLE", "ORIGIN", "CHECK"]
    assert [row[0] for row in rows[5:]] == [*SHIPPED, "acme_voice"]
    assert rows[-1] == ["acme_voice", "Acme", "voice", "yours", "unproven"]
    assert listed.err == (
        "Warning: Line 9 of ~/.config/switchboard/types/wrong.toml: kind is one of word, secret, text, multiline, "
        'number, choice, yes_no, host, host_port, port, email, phone, e164 or sender; there is "wrod". Did you mean '
        "word?\n"
    )
    by_name = {row["name"]: row for row in shell.run("types", "list", "--json").data}
    assert by_name["zoho_mail"]["origin"] == by_name["zoho_mail"]["check"] == "built-in"
    assert by_name["acme_voice"]["file"] == str(types / "acme_voice.toml")
    digest = by_name["acme_voice"].pop("sha256")
    # Another one is known at once.
    (types / "acme_voice.toml").write_text(GOOD.replace("is_open", "is_paid"))
    assert shell.run("types", "show", "acme_voice", "--json").data["sha256"] != digest


def test_a_type_is_shown_with_whom_it_speaks_to_and_what_is_a_yes(shell: Shell, types: Path) -> None:
    file = types / "acme_voice.toml"
    check = "[check]\n"
    file.write_text(GOOD.replace(check, f'[[field]]\nname = "kept"\nhidden = true\n\n{check}'))
    shown = shell.run("types", "show", "acme_voice")
    assert (shown.status, shown.err) == (0, "")
    lines = [line.strip() for line in shown.out.splitlines()]
    for line in (
        "file           ~/.config/switchboard/types/acme_voice.toml",
        "field          account_id (Account id): word, required, such as AC123, of the form AC[0-9]{3}",
        "field          auth_token (Token): secret, required",
        "field          kept: kept, and not shown",
        "check          unproven",
        "GET https://api.acme.example/v1/accounts/{account_id}.json with user name {account_id} and password "
        "{auth_token}",
        "yes: status 200, sid is {account_id}, is_open is true",
        "no: status 401: Acme does not accept the token. Copy it again.",
        "shows          Plan (plan.name)",
        "documentation  https://docs.acme.example/auth",
    ):
        assert line in lines
    record = shell.run("types", "show", str(file), "--json").data
    assert record == shell.run("types", "show", "acme_voice", "--json").data
    assert (record["hosts"], record["kept_fields"], record["lists_numbers"]) == (["api.acme.example"], ["kept"], True)
    mailbox = shell.run("types", "show", "smtp_imap").out
    assert "IMAP login at {imap_host} port {imap_port}, as {user_name} with {password}" in mailbox
    assert "unconfirmed    Tried with" in mailbox
    assert "Did you mean twilio?" in shell.run("types", "show", "twillio").refusal(2)


def test_all_mistakes_of_a_file_are_told(shell: Shell) -> None:
    (shell.folder / "acme_voice.toml").write_text(GOOD.replace("label", "lable"))
    shown = shell.run("types", "show", "acme_voice.toml")
    assert (shown.status, shown.out) == (5, "")
    assert shown.err.count("Did you mean label?") == 3
    assert shown.err.endswith("The file declares no type. Correct what is named above, and run this again.\n")
    assert "is not there" in shell.run("types", "show", "./other.toml").err
    as_json = shell.run("types", "show", "acme_voice.toml", "--json").err.splitlines()
    assert len(as_json) == 7


def test_a_new_file_has_no_mistake_and_replaces_none(shell: Shell, types: Path) -> None:
    types.rmdir()
    file = types / "pager.toml"
    written = shell.run("types", "new", "pager", "--output", str(file))
    assert written.out == f"Wrote {file}. Next: switchboard types show {file}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert shell.run("types", "show", "pager").status == 0
    assert shell.run("types", "new", "beeper").out == file.read_text().replace("pager", "beeper").replace(
        "Pager", "Beeper"
    )
    assert shell.run("types", "new", "beeper", "--json").data["name"] == "beeper"
    file.write_text("mine")
    assert "is there already" in shell.run("types", "new", "pager", "--output", str(file)).refusal(2)
    assert file.read_text() == "mine"
    assert "Name it beeper.toml" in shell.run("types", "new", "beeper", "--output", "b.toml").refusal(2)
    assert "There is a type twilio already" in shell.run("types", "new", "twilio").refusal(2)
    assert "no name of a type" in shell.run("types", "new", "Acme").refusal(2)
    assert "No such file" in shell.run("types", "new", "beeper", "--output", "none/beeper.toml").refusal(2)


def test_the_locked_console_knows_no_types_of_the_user(shell: Shell, types: Path) -> None:
    file = types / "acme_voice.toml"
    file.write_text(GOOD)
    locked = shell.with_(SWITCHBOARD_LOCKED="1")
    assert [row["name"] for row in locked.run("types", "list", "--json").data][4:] == SHIPPED
    assert "no integration type" in locked.run("types", "show", "acme_voice").refusal(2)
    assert "is not open in the locked console" in locked.run("types", "show", str(file)).refusal(2)
    assert "is not open in the locked console" in locked.run("types", "new", "pager").refusal(2)


def test_types_of_files_complete(shell: Shell, types: Path) -> None:
    from tui.cli.completion.scripts import LINE, SHELL

    (types / "acme_voice.toml").write_text(GOOD)
    line = "switchboard integrations configure acme"
    assert shell.with_(**{SHELL: "fish", LINE: line}).run().out == "acme_voice\tAcme voice\n"


def test_a_type_of_a_file_is_configured_as_any_other(acme_shell: Shell, types: Path) -> None:
    (types / "acme_voice.toml").write_text(GOOD)
    configure = ("integrations", "configure", "acme_voice")
    refused = acme_shell.run(*configure, stdin='{"account_id": "BC1", "auth_token": "hunter2"}').refusal(2)
    assert "A value of the form AC[0-9]{3}, such as AC123." in refused
    good = '{"account_id": "AC123", "auth_token": "hunter2"}'
    assert acme_shell.run(*configure, "--json", stdin=good).data["created"]
    assert acme_shell.run("types", "record", "acme_voice", "--yes").status == 0
    shown = acme_shell.run("integrations", "show", "acme_voice")
    assert "AC123" in shown.out
    assert "hunter2" not in shown.out
    # Without the file it is a row of an unknown type: listed, nothing more.
    (types / "acme_voice.toml").unlink()
    assert "acme_voice" in acme_shell.run("integrations", "list").out
    assert "no integration type" in acme_shell.run(*configure, stdin="{}").refusal(2)
