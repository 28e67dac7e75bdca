"""No secret comes out of any command, in any form, whatever goes wrong, nor stands in the list of processes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import ACME, SALT
from tests.support.canaries import forms, found_in
from tests.support.commands import execute
from tests.support.waiting import wait_until
from tui.data.keys.master_key import MasterKey

if TYPE_CHECKING:
    from tests.support.commands import Shell
    from tests.support.servers.postgres import TestServer

PASSWORD = "canary-Pw/7#d@4"
MASTER_KEY = "canary-mK9x Vb3!kQ9z-Lm7_Xw2-pR5tYc8 Jd1"
OTHER_KEY = "canary-oK2y other-Zq8Wn2Ls5Tv7Hx1Bk4 Mf9"
API_KEY = "canary-aK-5f0c1e2d3b4a5968"
API_TOKEN = "canary-aT-99887766554433221"
APP_PASSWORD = "canary-aP-zoho12letters"
UNKNOWN = "canary-uF-of-another-program"
SECRETS = (PASSWORD, MASTER_KEY, OTHER_KEY, API_KEY, API_TOKEN, APP_PASSWORD, UNKNOWN)

PHONE = {
    **{"account_sid": "acme1", "api_key": API_KEY, "api_token": API_TOKEN, "virtual_number": "01141169368"},
    "refresh_token": UNKNOWN,
}
ZOHO = {"email": "support@acme.example", "app_password": APP_PASSWORD}
COMMANDS = (
    *("integrations list", "integrations show exotel_phone", "integrations show zoho_mail", "audit list"),
    *("keys status", "doctor", "setup --dry-run", "--organization nobody integrations list"),
    *("integrations disable exotel_phone", "--read-only integrations disable exotel_phone"),
    *("integrations show exotel_sms", "integrations delete exotel_phone"),
)


def leaks(text: str) -> list[str]:
    return found_in(text, SECRETS)


WITH_A_KEY = ("integrations show exotel_phone", "keys status", "integrations configure exotel_phone")
MISTAKES = (
    ({"ENCRYPTION_MASTER_KEY": OTHER_KEY}, WITH_A_KEY),
    ({"ENCRYPTION_MASTER_KEY": OTHER_KEY, "ENCRYPTION_MASTER_KEY_PREVIOUS": MASTER_KEY}, WITH_A_KEY[:2]),
    ({"ENCRYPTION_MASTER_KEY": PASSWORD}, WITH_A_KEY),
    ({"ENCRYPTION_MASTER_KEY_FILE": MASTER_KEY}, WITH_A_KEY),
    ({"ENCRYPTION_MASTER_KEY": "", "SUPABASE_SERVICE_ROLE_KEY": MASTER_KEY}, ("keys status", "doctor --json")),
    ({"DATABASE_URL": f"postgresql://canary:{PASSWORD}@127.0.0.1:1/x"}, ("doctor --json", "setup --yes")),
    ({"DATABASE_URL": f"host=127.0.0.1 port=1 password={PASSWORD}"}, ("doctor", "integrations list")),
)


@pytest.fixture
def canary_shell(shell: Shell, postgres: TestServer, installed_database: str) -> Shell:
    """A shell in which every secret is a canary, on a server that asks for the password."""
    key_id = MasterKey(MASTER_KEY, "a test").key_id(SALT)
    postgres.create_role("canary", f"superuser login password '{PASSWORD}'")
    record = "insert into switchboard.keys (key_id, purpose, salt) values (%s, 'master', %s)"
    execute(installed_database, record, key_id, SALT)
    name = str(psycopg.conninfo.conninfo_to_dict(installed_database)["dbname"])
    configured = shell.with_(
        DATABASE_URL=postgres.conninfo(name, user="canary", password=PASSWORD),
        ENCRYPTION_MASTER_KEY=MASTER_KEY,
        SWITCHBOARD_ORGANIZATION=str(ACME),
    )
    for kind, credential, style in (("exotel_phone", PHONE, []), ("zoho_mail", ZOHO, ["--json"])):
        saved = configured.run("integrations", "configure", kind, *style, stdin=json.dumps(credential))
        assert saved.status == 0, saved.err
        assert not leaks(saved.out + saved.err)
    return configured


def test_the_forms_are_found_where_they_are() -> None:
    for secret in SECRETS:
        for text in forms(secret):
            assert leaks(f"x{text}y")
        for offset in range(3):
            assert leaks(base64.b64encode(b"." * offset + secret.encode() + b"...").decode())


def test_no_secret_comes_out_whatever_is_wrong_nor_reaches_processes_files_or_logs(
    canary_shell: Shell, postgres: TestServer
) -> None:
    """In one story, since each part wants the same canaries; what deletes them comes last."""
    name = str(psycopg.conninfo.conninfo_to_dict(canary_shell.environment["DATABASE_URL"])["dbname"])
    postgres.log_every_statement(name)
    mark = postgres.log_size()
    try_what_is_refused(canary_shell)
    look_at_processes(canary_shell)
    try_what_is_configured_wrongly(canary_shell)
    for command in (*COMMANDS, *(f"{command} --json" for command in COMMANDS[:5])):
        ended = canary_shell.run(*command.split())
        assert ended.status != 70, ended.err
        assert not leaks(ended.out + ended.err), command
    look_at_files_and_logs(canary_shell, postgres, name, mark)


def try_what_is_refused(canary_shell: Shell) -> None:
    for given in (
        json.dumps([API_KEY]),
        json.dumps({**PHONE, "virtual_number": API_TOKEN}),
        json.dumps({**PHONE, "api_key": [API_KEY]}),
        json.dumps({**PHONE, "api_key": f"{API_KEY}:{API_TOKEN}"}),
        json.dumps({**PHONE, "api_key": f"{API_KEY}\n{API_TOKEN}"}),
        json.dumps({**PHONE, "api_host": API_KEY + "!"}),
        json.dumps({**PHONE, "display_name": [API_KEY]}),
        json.dumps(PHONE)[:-1],
        json.dumps(PHONE).replace("{", f'{{"api_key": "{API_KEY}",'),
    ):
        ended = canary_shell.run("integrations", "configure", "exotel_phone", stdin=given)
        assert ended.status == 2, (ended, given)
        assert not leaks(ended.out + ended.err), given


def look_at_processes(canary_shell: Shell) -> None:
    with canary_shell.start_afresh("integrations", "configure", "exotel_phone") as process:
        assert process.stdin is not None
        # While it is executed, a process has no command line.
        wait_until((Path("/proc") / str(process.pid) / "cmdline").read_bytes)
        seen = [
            file.read_text(errors="replace").replace("\0", " ")
            for file in Path("/proc").glob("[0-9]*/cmdline")
            if file.parent.name == str(process.pid) or "tui" in file.read_text(errors="replace")
        ]
        process.stdin.write(json.dumps({**PHONE, "caller_id": "08033755555"}).encode())
        process.stdin.close()
        assert process.wait(timeout=30) == 0
    assert any("configure exotel_phone" in line for line in seen)
    assert not leaks("\n".join(seen))


def try_what_is_configured_wrongly(canary_shell: Shell) -> None:
    edit = json.dumps({**PHONE, "virtual_number": "01140000000"})
    for environment, commands in MISTAKES:
        configured = canary_shell.with_(**environment)
        for command in commands:
            ended = configured.run(*command.split(), stdin=edit if "configure" in command else "")
            assert ended.status != 70, ended.err
            assert not leaks(ended.out + ended.err), (environment, command)


def look_at_files_and_logs(canary_shell: Shell, postgres: TestServer, name: str, mark: int) -> None:
    assert not [
        file for file in canary_shell.folder.rglob("*") if file.is_file() and leaks(file.read_text(errors="replace"))
    ]
    logged = postgres.log_since(mark)
    assert "update public.integration_credentials" in logged
    assert not leaks(logged)
    with psycopg.connect(postgres.conninfo(name)) as connection:
        rows = connection.execute("select l::text from integration_audit_logs l").fetchall()
    assert rows
    assert not leaks("\n".join(text for (text,) in rows))
