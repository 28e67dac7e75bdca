"""What commands say of who it was, and what a mapped login is told and shown."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.cli.conftest import on_database
from tests.support.acme import ACME, GLOBEX
from tests.support.database.logins import create_login
from tests.support.database.people import directory_database, fill, person
from tests.support.database.schema import run_files_with_roles

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.commands import Shell
    from tests.support.servers.postgres import TestServer

THESE = "action:email_sent,credential_enabled,credential_disabled"
INSERT = """
insert into public.integration_audit_logs (organization_id, user_id, integration_type, action, status, details)
values (%s, %s, 'zoho_mail', 'email_sent', 'success', %s)
"""


@pytest.fixture
async def shells(postgres: TestServer, shell: Shell) -> AsyncIterator[dict[str, Shell]]:
    """Shells as the owner, a login that is person 1, and one that speaks for others; both of one organisation."""
    with directory_database(postgres) as conninfo:
        await run_files_with_roles(conninfo)
        with psycopg.connect(conninfo) as connection:
            fill(connection, people=0, integrations=1, organization=GLOBEX)
        logins = {"owner": conninfo, "sb_one": "", "sb_bot": ""}
        logins["sb_one"] = create_login(postgres, conninfo, "sb_one", person(1), organizations=[ACME])
        logins["sb_bot"] = create_login(postgres, conninfo, "sb_bot", organizations=[ACME])
        yield {name: on_database(shell, login) for name, login in logins.items()}


def test_a_proven_name_has_no_mark_and_every_other_has_one(shells: dict[str, Shell]) -> None:
    owner, one = shells["owner"].with_(SWITCHBOARD_OPERATOR=str(person(2))), shells["sb_one"]
    bot = shells["sb_bot"].with_(SWITCHBOARD_OPERATOR="person2@acme.example")
    assert one.run("integrations", "disable", "exotel_phone").status == 0
    assert bot.run("integrations", "disable", "exotel_whatsapp").status == 0
    assert owner.run("integrations", "enable", "exotel_phone").status == 0
    with psycopg.connect(owner.environment["DATABASE_URL"]) as connection:
        forged = {"operator_from": "login", "session_user": "sb_one", "source": "switchboard", "operator": "x"}
        connection.execute(INSERT, [ACME, person(1), Jsonb(forged)])
        connection.execute(INSERT, [GLOBEX, person(1), None])

    proven, vouched, claim = "Person 000001", "Person 000002 (vouched by sb_bot)", "~Person 000002"
    expected = ["~Person 000001", claim, vouched, proven]
    rows = one.run("audit", "list", "--json", THESE).data
    assert [row["operator_from"] for row in rows] == ["claim", "claim", "vouched", "login"]
    table = one.run("audit", "list", THESE).out.splitlines()[1:]
    for line, name in zip(table, expected, strict=True):
        assert f" {name} " in line.replace(str(ACME), ""), (line, name)
    for line, names in (
        ("proven:yes", ["login"]),
        ("proven:vouched", ["vouched"]),
        ("-proven:yes", ["claim", "claim", "vouched"]),
    ):
        found = one.run("audit", "list", "--json", f"{line} {THESE}").data
        assert [row["operator_from"] for row in found] == names, line

    counted = one.run("audit", "stats", "--by", "user", "--json", THESE).data
    by_user = {row["user_id"]: (row["rows"], row["proven"]) for row in counted["by_user_id"]}
    assert by_user == {str(person(1)): (2, 1), str(person(2)): (2, 0)}
    assert "~Person 000001 <person1@acme.example> (1 proven)" in one.run("audit", "stats", "--by", "user", THESE).out
    assert "\nPerson 000001 <" in one.run("audit", "stats", "--by", "user", f"proven:yes {THESE}").out

    assert one.run("audit", "export", f"org:* {THESE}", "--output", "log.csv").status == 0
    with (one.folder / "log.csv").open(encoding="utf-8", newline="") as file:
        assert [row["operator_from"] for row in csv.DictReader(file)][-4:] == ["claim", "claim", "vouched", "login"]
    manifest = json.loads((one.folder / "log.csv.manifest.json").read_text())
    assert (manifest["exported_by"]["operator_from"], manifest["organizations"]) == ("login", [str(ACME)])

    # An integration's own columns name nobody who is proven, unless the log proves that they changed them.
    shown = one.run("integrations", "show", "exotel_phone").out
    assert "by ~Person 000002" in shown
    assert one.run("integrations", "disable", "exotel_phone").status == 0
    assert "by Person 000001" in one.run("integrations", "show", "exotel_phone").out

    # The doctor counts the claims that Switchboard wrote, the row that says it is one of these among them.
    told = {(row["title"], row["state"]): row["sentence"] for row in json.loads(one.run("doctor", "--json").out)}
    assert told["Operator", "ok"] == "The operator is person1@acme.example (login sb_one, proven)."
    assert told["Claims", "warning"] == (
        "2 acts of the last 30 days in the organisations that your login sees carry a name that is only claimed."
    )
    told = {(row["title"], row["state"]): row["sentence"] for row in json.loads(bot.run("doctor", "--json").out)}
    assert told["Operator", "ok"] == "The operator is person2@acme.example (vouched by sb_bot)."


def test_a_mapped_login_is_told_whose_it_is(shells: dict[str, Shell]) -> None:
    one = shells["sb_one"]
    other = one.with_(SWITCHBOARD_OPERATOR=str(person(2)))
    for command in ("integrations list", "audit list", "permissions list", "keys status"):
        assert "another operator is named" in other.run(*command.split()).refusal(2), command
        assert one.run(*command.split()).status == 0, command
    assert one.run("audit", "list", "--operator", "PERSON1@acme.example").status == 0
    # Everything that this login may read is said as the organisations that it sees.
    everything = one.run("audit", "list", "--json", "org:*").data
    assert {row["organization_id"] for row in everything} == {str(ACME)}
    refused = one.run("audit", "list", f"org:{GLOBEX}")
    assert (refused.status, "sees no organisation of that id" in refused.err) == (2, True)
    # The only one that it sees needs no name.
    alone = one.with_(SWITCHBOARD_ORGANIZATION="").run("integrations", "list", "--json")
    assert {row["organization_id"] for row in alone.data} == {str(ACME)}
