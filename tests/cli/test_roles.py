"""What the groups' logins may do from the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.acme import ASHA
from tests.support.commands import contents
from tests.support.database.number_rows import OLD, RAVI, add_row, create_people

if TYPE_CHECKING:
    from tests.support.commands import Shell
    from tests.support.servers.postgres import TestServer


def test_each_group_does_what_it_may_and_is_told_what_it_may_not(phone_shell: Shell, postgres: TestServer) -> None:
    database = phone_shell.environment["DATABASE_URL"]
    create_people(database)
    add_row(database, OLD, assigned_to_user_id=RAVI)
    assert phone_shell.run("setup", "--yes", "--roles").status == 0
    shells = []
    for person, group in (("eve", "support"), ("otto", "auditor")):
        postgres.create_role(person, f"login in role switchboard_{group}")
        shells.append(phone_shell.with_(DATABASE_URL=database.replace("postgres@", f"{person}@")))
    use_as_support(shells[0], database)
    use_as_auditor(shells[1], database)


def use_as_support(eve: Shell, database: str) -> None:
    listed = eve.run("integrations", "list")
    assert listed.status == 0, listed.err
    assert "hidden" in listed.out.splitlines()[1]
    shown = eve.run("integrations", "show", "exotel_phone")
    assert (shown.status, "not visible to your role" in shown.out) == (0, True)
    for act in (
        *("integrations disable exotel_phone", "audit list", "permissions list", f"permissions report {ASHA}"),
        *(f"permissions grant {ASHA} exotel_phone --configure --dry-run", "phone-numbers list 9368"),
        *("phone-numbers add 08040000000", f"phone-numbers edit {OLD} --name Desk"),
        *(f"phone-numbers assign {OLD} {ASHA} --yes", f"phone-numbers unassign {OLD}"),
        *("phone-numbers primary 08040000000", "phone-numbers deactivate 08040000000 --yes"),
    ):
        outcome = eve.run(*act.split())
        assert outcome.status == 0, (act, outcome.err)
    before = contents(database)
    assert "eve" in eve.run("integrations", "delete", "exotel_phone", "--yes").refusal(3)
    configured = eve.run("integrations", "configure", "exotel_phone", stdin='{"caller_id": "08033755555"}')
    assert "eve" in configured.refusal(3)
    refused = eve.run("permissions", "grant", str(ASHA), "exotel_phone", "--configure", "--yes")
    assert refused.status == 3
    assert "eve" in refused.err
    assert "switchboard_admin" in refused.err
    assert contents(database) == before


def use_as_auditor(otto: Shell, database: str) -> None:
    logged = otto.run("audit", "list")
    assert logged.status == 0, logged.err
    assert "credential_created" in logged.out
    before = contents(database)
    for command in ("disable", "delete"):
        assert "otto" in otto.run("integrations", command, "exotel_phone", "--yes").refusal(3)
    assert "organization_phone_numbers" in otto.run("phone-numbers", "list").refusal(3)
    assert contents(database) == before
    assert otto.run("audit", "export", "--read-only", "--output", "log").status == 0
    assert json.loads((otto.folder / "log.manifest.json").read_text())["exported_by"]["role"] == "otto"
