"""What the groups' logins may do from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.commands import contents

if TYPE_CHECKING:
    from tests.support.commands import Shell
    from tests.support.servers.postgres import TestServer


def login(shell: Shell, postgres: TestServer, group: str) -> Shell:
    """The same shell as a person of that group."""
    assert shell.run("setup", "--yes", "--roles").status == 0
    postgres.create_role("eve", f"login in role {group}")
    return shell.with_(DATABASE_URL=shell.environment["DATABASE_URL"].replace("postgres@", "eve@"))


def test_support_lists_and_disables_and_sees_that_credentials_are_not_for_it(
    phone_shell: Shell, postgres: TestServer
) -> None:
    eve = login(phone_shell, postgres, "switchboard_support")
    listed = eve.run("integrations", "list")
    assert listed.status == 0, listed.err
    assert "hidden" in listed.out.splitlines()[1]
    shown = eve.run("integrations", "show", "exotel_phone")
    assert (shown.status, "not visible to your role" in shown.out) == (0, True)
    assert eve.run("integrations", "disable", "exotel_phone").status == 0
    assert eve.run("audit", "list").status == 0
    before = contents(phone_shell.environment["DATABASE_URL"])
    line = eve.run("integrations", "delete", "exotel_phone", "--yes").refusal(3)
    assert "eve" in line
    line = eve.run("integrations", "configure", "exotel_phone", stdin='{"caller_id": "08033755555"}').refusal(3)
    assert "eve" in line
    assert contents(phone_shell.environment["DATABASE_URL"]) == before


def test_an_auditor_reads_the_log_and_changes_nothing(phone_shell: Shell, postgres: TestServer) -> None:
    eve = login(phone_shell, postgres, "switchboard_auditor")
    logged = eve.run("audit", "list")
    assert logged.status == 0, logged.err
    assert "credential_created" in logged.out
    before = contents(phone_shell.environment["DATABASE_URL"])
    for command in ("disable", "delete"):
        assert "eve" in eve.run("integrations", command, "exotel_phone", "--yes").refusal(3)
    assert contents(phone_shell.environment["DATABASE_URL"]) == before
