"""Whatever is stored, and wherever: on the command line it is only text, and in JSON it is exactly itself."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.cli.conftest import shell_on_clone
from tests.support.acme import ACME, ASHA, PHONE, keyring, opened
from tests.support.commands import Shell, contents, one_line_of_json
from tests.support.hostile_strings import UNSAFE, hostile_strings
from tests.support.terminal.forked_terminal import ForkedTerminal
from tui.data.integrations.credentials import Draft, save_credential
from tui.providers import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.commands import Outcome
    from tests.support.servers.postgres import TestServer

STRINGS = hostile_strings()
# Postgres stores neither U+0000 nor half of a pair as text; inside an envelope both are possible.
STORABLE = [text for text in STRINGS.values() if "\0" not in text and not re.search("[\ud800-\udfff]", text)]
# Of one text of the log a list has so many characters; only an export is exact without an end.
MOST = 65_536
CREDENTIAL: dict[str, Any] = {
    **PHONE,
    "business_name": " | ".join(STRINGS.values()),
    "auto_reply_message": "\n".join(STRINGS.values()),
    "business_hours": {"strings": list(STRINGS.values())},
    **{f"{text[:60]}_{number}": text for number, text in enumerate(STRINGS.values())},
}


def write_hostile_rows(connection: psycopg.Connection[Any]) -> None:
    for number, text in enumerate(STORABLE):
        connection.execute(
            "insert into integration_credentials (organization_id, integration_type, credentials_encrypted,"
            " display_name) values (%s, %s, %s, %s)",
            (ACME, f"{number}{text}"[:50], text, text[:255]),
        )
        connection.execute(
            "insert into integration_audit_logs (organization_id, user_id, integration_type, action, status, details,"
            " user_agent) values (%s, %s, %s, %s, %s, %s, %s)",
            (ACME, ASHA, text[:50], text[:100], text[:50], Jsonb({text[:60]: [text], "operator": text}), text),
        )
        connection.execute(
            "insert into organization_phone_numbers (organization_id, phone_number, display_name, number_type,"
            " assigned_to_user_id) values (%s, %s, %s, %s, %s)",
            (ACME, f"{number}{text}"[:20], text[:100], text[:50], ASHA),
        )
    everything = "".join(STORABLE)[:5000]
    connection.execute("insert into switchboard.people_labels (id, label) values (%s, %s)", (ASHA, everything))
    connection.execute("insert into switchboard.organization_labels (id, name) values (%s, %s)", (ACME, everything))


async def write_hostile_credential(database: str) -> None:
    async with opened(database) as console:
        await save_credential(console, keyring(), Draft(ACME, "exotel_whatsapp", CREDENTIAL, STORABLE[0]), None, "auto")


@pytest.fixture(scope="module")
def hostile(postgres: TestServer, keyed_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A database in which every text that a command shows is hostile; commands here write nothing."""
    with shell_on_clone(postgres, keyed_template, Shell(tmp_path_factory.mktemp("hostile"))) as shell:
        database = shell.environment["DATABASE_URL"]
        asyncio.run(write_hostile_credential(database))
        with psycopg.connect(database) as connection:
            write_hostile_rows(connection)
        before = contents(database)
        yield shell
        assert contents(database) == before


def safe_lines(outcome: Outcome) -> list[str]:
    """The lines of both streams, which must hold nothing that a terminal would act on."""
    for stream in (outcome.out, outcome.err):
        unsafe = UNSAFE.search(stream.replace("\n", ""))
        assert unsafe is None, ascii(stream[max(0, unsafe.start() - 20) : unsafe.end() + 20])
    assert "Traceback" not in outcome.err
    return outcome.out.splitlines()


def test_every_table_stays_one_line_a_row(hostile: Shell) -> None:
    assert len(safe_lines(hostile.run("integrations", "list"))) == 1 + len(STORABLE) + len(registry())
    assert len(safe_lines(hostile.run("phone-numbers", "list", "--all"))) == 1 + len(STORABLE)
    log = safe_lines(hostile.run("audit", "list", "--limit", "1000"))
    assert len(log) == 1 + 3 * len(STORABLE) + 1


def test_json_is_exact(hostile: Shell) -> None:
    listed = hostile.run("integrations", "list", "--json").data
    stored = {row["integration_type"]: row["display_name"] for row in listed[len(registry()) :]}
    assert stored == {f"{number}{text}"[:50]: text[:255] for number, text in enumerate(STORABLE)}
    logged = hostile.run("audit", "list", "--json", "--limit", "1000").data
    written = [row for row in logged if "source" not in (row["details"] or {"source": None})]
    assert {row["user_agent"] for row in written} == {text[:MOST] for text in STORABLE}
    whole = [row["details"]["operator"] for row in written if "operator" in row["details"]]
    assert set(whole) == {text for text in STORABLE if 2 * len(text) < MOST}
    assert len([row for row in written if "cut" in row["details"]]) == len(STORABLE) - len(whole) > 0
    assert {row["action"] for row in written} == {text[:100] for text in STORABLE}


def test_a_credential_full_of_them_is_shown(hostile: Shell) -> None:
    shown = safe_lines(hostile.run("integrations", "show", "exotel_whatsapp"))
    assert len(shown) == 10 + 4 + 9 + 1 + len(STRINGS) + 1
    exact = hostile.run("integrations", "show", "exotel_whatsapp", "--json").data
    for name in ("business_name", "auto_reply_message", "business_hours"):
        assert exact["credential"][name] == CREDENTIAL[name]
    assert exact["credential"].keys() >= CREDENTIAL.keys()


def test_the_other_commands_stay_inert_too(hostile: Shell) -> None:
    for arguments in (["keys", "status"], ["doctor"], ["setup", "--dry-run"]):
        ended = hostile.run(*arguments)
        assert ended.status in (0, 5)
        assert safe_lines(ended)
    one_line_of_json(hostile.run("keys", "status", "--json").out)


def test_hostile_arguments_come_back_inert(hostile: Shell) -> None:
    evil = "\x1b]52;c;ZXZpbA==\x07\u202eevil"
    for command in ("show", "enable", "delete", "configure"):
        ended = hostile.run("integrations", command, evil)
        assert ended.status == 2
        safe_lines(ended)
    safe_lines(hostile.run("integrations", "list", "--organization", evil))
    safe_lines(hostile.run("--operator", evil, "integrations", "list"))
    safe_lines(hostile.run("--env-file", evil, "integrations", "list"))
    safe_lines(hostile.run("audit", "list", "--limit", evil))
    for command in ("list", "add", "deactivate", "unassign", "primary"):
        safe_lines(hostile.run("phone-numbers", command, evil))
    safe_lines(hostile.run("phone-numbers", "assign", "+911141169368", evil))
    safe_lines(hostile.run("integrations", "test", evil))
    safe_lines(hostile.run(evil))
    safe_lines(hostile.run(f"--{evil}"))


def test_hostile_names_of_database_and_role_stay_inert(shell: Shell, postgres: Any) -> None:
    evil = "\x1b[31mevil\u202e"
    with postgres.admin() as admin:
        admin.execute(f'create role "{evil}" superuser login')
        admin.execute(f'create database "{evil}"')
    try:
        url = postgres.conninfo(evil, user=evil)
        installing = shell.with_(DATABASE_URL=url)
        for arguments in (["setup", "--yes"], ["doctor"], ["integrations", "list"]):
            safe_lines(installing.run(*arguments))
    finally:
        postgres.drop_database(evil)
        postgres.drop_new_roles()


def test_no_control_byte_from_data_reaches_a_terminal(hostile: Shell) -> None:
    for arguments in (["integrations", "show", "exotel_whatsapp"], ["audit", "list"]):
        with ForkedTerminal(*arguments, environment=hostile.environment, cwd=hostile.folder) as terminal:
            assert terminal.wait_for_exit(60) == 0
            text = terminal.bytes_since().decode()
        assert UNSAFE.search(text.replace("\r\n", "")) is None
        assert len(text) > 500


def test_a_terminal_that_is_not_utf8_gets_ascii(hostile: Shell) -> None:
    latin = hostile.with_(LANG="C", LC_ALL="en_US.ISO-8859-1", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    listed = latin.run("integrations", "list")
    assert listed.status == 0
    assert listed.out.isascii()
