"""`types check`: what it asks for, what it notes in the file, and what it never shows."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.servers.certificates import authority_file
from tests.support.servers.providers import TWILIO, ProviderServer, Reply
from tests.support.terminal.forked_terminal import ForkedTerminal
from tui.cli.output import Output
from tui.cli.types.check import prove
from tui.errors import CheckFailed
from tui.providers.declared.definition import Definition, HttpsCheck
from tui.providers.declared.files import SHIPPED, read_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.commands import Shell

SECRET = "canary-secret-41d0aa"
LOOPBACK = """\
name = "acme_voice"
title = "Acme voice"
help = "Ask Acme."

[[field]]
name = "api_host"
label = "API host"
kind = "host"
help = "Its name."
example = "api.acme.example"
required = true

[[field]]
name = "token"
label = "Token"
kind = "secret"
help = "It stands there."
required = true

[check]
host_field = "api_host"
auth = "bearer"
secret = "{token}"

[[check.get]]
path = "/account"
yes = { status = 200, values = { "is_active" = true } }
"""


@pytest.fixture
def acme(shell: Shell) -> Shell:
    (shell.folder / "acme_voice.toml").write_text(LOOPBACK)
    return shell


def test_on_a_terminal_each_field_is_asked_and_no_secret_is_seen(acme: Shell) -> None:
    command = ["types", "check", "./acme_voice.toml"]
    with ForkedTerminal(*command, environment=acme.environment, cwd=acme.folder, columns=120) as terminal:
        terminal.wait_for("API host:")
        terminal.type("https://x/\n")
        terminal.wait_for("Only a host name")
        terminal.type("localhost\n")
        terminal.wait_for("Token:")
        os.write(terminal.descriptor, b"\xff\n")
        terminal.wait_for("no UTF-8")
        terminal.type("\n")
        terminal.wait_for("It is required.")
        terminal.type(f"{SECRET}\n")
        assert terminal.wait_for_exit() == 5
        shown = terminal.bytes_since().decode()
    assert "Acme voice is asked at {api_host}" in shown
    assert "localhost is a loopback address" in shown
    assert SECRET not in shown
    assert (acme.folder / "acme_voice.toml").read_text() == LOOPBACK


def test_what_cannot_be_checked_is_refused_in_one_line(acme: Shell) -> None:
    given = json.dumps({"api_host": "localhost", "token": SECRET})
    for argument, stdin, status, words in (
        ("./acme_voice.toml", "", 2, "Standard input is empty"),
        ("./acme_voice.toml", json.dumps({"api_host": "localhost"}), 2, "token: It is required"),
        ("exotel_phone", given, 2, "built-in type"),
        ("acme", given, 2, "There is no integration type"),
        ("missing.toml", given, 5, "is not there"),
    ):
        outcome = acme.run("types", "check", argument, stdin=stdin)
        assert outcome.status == status and words in outcome.err, outcome
        assert outcome.out == "" and SECRET not in outcome.err and "Traceback" not in outcome.err
    locked = acme.with_(SWITCHBOARD_LOCKED="1").run("types", "check", "./acme_voice.toml", stdin=given)
    assert "locked" in locked.refusal(2)


def copy_of_twilio(folder: Path, server: ProviderServer) -> Definition:
    """A file of the user's with Twilio's check, which asks the stand-in."""
    file = folder / "twilio.toml"
    file.write_bytes((SHIPPED / "twilio.toml").read_bytes())
    file.chmod(0o640)
    return read_again(file, server)


def read_again(file: Path, server: ProviderServer) -> Definition:
    read = read_file(file, "user")
    assert isinstance(read, Definition) and isinstance(read.check, HttpsCheck)
    return read._replace(check=read.check._replace(host=server.host, private_network=True))


def test_a_control_is_noted_in_the_file_which_keeps_its_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file()))
    with ProviderServer() as server:
        definition = copy_of_twilio(tmp_path, server)
        before = definition.path.read_bytes()
        assert not definition.is_proven
        prove(definition, TWILIO, Output("json"))
        record = json.loads(capsys.readouterr().out)
        assert (record["credential"], record["made_up_secret"]) == ("yes", "no")
        after = read_again(definition.path, server)
        assert after.is_proven and after.sha256 == definition.sha256
        assert definition.path.read_bytes().startswith(before)
        assert definition.path.stat().st_mode & 0o777 == 0o640
        # What a shipped file would say is printed, and nothing of the package is written.
        prove(definition._replace(origin="shipped"), TWILIO, Output())
        assert f'sha256 = "{definition.check_sha256}"\n' in capsys.readouterr().out
        server.always = Reply(200, {"sid": TWILIO["account_sid"], "status": "active"})
        noted = definition.path.read_bytes()
        with pytest.raises(CheckFailed, match="says yes to a made-up secret") as fooled:
            prove(after, TWILIO, Output())
        assert "Take [control] out of" in fooled.value.what_to_do
        # A credential that does not work says nothing about the check.
        server.always = Reply(401, {})
        with pytest.raises(CheckFailed, match="no control was made") as refused:
            prove(after, TWILIO, Output())
        assert "[control]" not in refused.value.what_to_do
        assert definition.path.read_bytes() == noted
        told = capsys.readouterr()
        assert TWILIO["auth_token"] not in told.out + told.err
