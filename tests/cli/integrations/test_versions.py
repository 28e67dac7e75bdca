"""The commands on earlier credentials and deleted integrations: what they print, ask and refuse."""

from __future__ import annotations

import json

from tests.support.acme import ACME, PHONE
from tests.support.commands import Shell, execute
from tests.support.servers.exotel import ExotelServer
from tests.support.terminal.forked_terminal import ForkedTerminal


def database_of(shell: Shell) -> str:
    return shell.environment["DATABASE_URL"]


def test_an_earlier_credential_is_listed_compared_and_put_back(phone_shell: Shell) -> None:
    shell = phone_shell
    assert shell.run("integrations", "history", "exotel_phone").err == "No earlier credential is kept of it.\n"
    assert "no earlier credential" in shell.run("integrations", "rollback", "exotel_phone", "--yes").refusal(1)
    change = json.dumps({"api_token": "another", "caller_id": "08033755555", "api_key": "k" * 32})
    assert shell.run("integrations", "configure", "exotel_phone", stdin=change).status == 0

    listed = shell.run("integrations", "history", "exotel_phone")
    head, row = listed.out.splitlines()
    assert head.split() == ["VERSION", "REPLACED", "BY", "CHANGED", "CONTENT", "THEN", "LOGIN"]
    (kept,) = shell.run("integrations", "history", "exotel_phone", "--json").data
    assert row.split()[0] == str(kept["version"])
    assert "api_key, api_token, caller_id" in row and kept["fingerprint"] in row
    assert "another" not in listed.out + json.dumps(kept)

    compared = shell.run("integrations", "rollback", "exotel_phone", "--dry-run").out.splitlines()
    assert compared[0].startswith(f"Exotel phone back to version {kept['version']}, not verified until it was replaced")
    assert compared[1:] == [
        *(f"  {name} gets its earlier value" for name in ("api_key", "api_token")),
        "  caller_id is removed",
    ]
    asked = shell.run("integrations", "rollback", "exotel_phone")
    assert (asked.status, asked.out) == (2, "") and "  caller_id is removed\n" in asked.err and "Add --yes" in asked.err
    done = shell.run("integrations", "rollback", "exotel_phone", "--yes")
    assert done.out == f"Exotel phone is back at version {kept['version']}, not tested yet.\n"
    assert "permissions report" in done.err
    again = shell.run("integrations", "rollback", "exotel_phone", "--to", str(kept["version"]), "--yes")
    assert "holds what is stored already" in again.refusal(2)
    assert "no version 999" in shell.run("integrations", "rollback", "exotel_phone", "--to", "999").refusal(1)
    assert shell.run("integrations", "show", "exotel_phone", "--json").data["credential"]["caller_id"] is None
    (log,) = shell.run("audit", "list", "action:credential_rolled_back", "--json").data
    assert log["details"]["version"] == kept["version"]


def test_a_version_that_no_key_opens_is_put_back_only_by_its_number_or_name(phone_shell: Shell) -> None:
    shell = phone_shell
    execute(database_of(shell), "update integration_credentials set credentials_encrypted = 'no envelope'")
    saved = shell.run("integrations", "configure", "exotel_phone", "--yes", stdin=json.dumps(PHONE))
    assert saved.status == 0, saved.err
    newest, _ = shell.run("integrations", "history", "exotel_phone", "--json").data
    assert (newest["unreadable"], newest["fingerprint"]) == ("malformed", None)
    line = ("integrations", "rollback", "exotel_phone")
    assert "neither an sb2 nor a legacy envelope" in shell.run(*line, "--yes").err
    assert shell.run(*line, "--yes").status == 1
    assert "does not open with any key" in shell.run(*line, "--to", str(newest["version"])).err
    assert execute(
        database_of(shell),
        "select count(*)::int from integration_credentials where credentials_encrypted = 'no envelope'",
    ) == [(0,)]
    assert shell.run(*line, "--to", str(newest["version"]), "--yes").status == 0
    assert shell.run("integrations", "list", "--json").data[0]["unreadable"] == "malformed"


def test_the_provider_is_asked_first_and_nothing_is_written_where_it_refuses(acme_shell: Shell) -> None:
    with ExotelServer() as exotel:
        shell = acme_shell.with_(**exotel.environment)
        good = exotel.credential(virtual_number="01141169368")
        bad = {**good, "api_token": "wrong"}
        for credential in (good, bad, good, bad):
            saved = shell.run("integrations", "configure", "exotel_phone", stdin=json.dumps(credential))
            assert saved.status == 0, saved.err
        line = ("integrations", "rollback", "exotel_phone", "--test", "--yes")
        passed = shell.run(*line, "--json").data
        assert (passed["is_verified"], passed["applied"], passed["changed"]) == (True, True, ["api_token"])
        assert shell.run("integrations", "list", "--json").data[0]["proven"] is True
        refused = shell.run(*line)
        assert (refused.status, refused.out) == (5, "")
        assert "nothing was written" in refused.err
        unseen = shell.run(*line, "--json")
        assert unseen.status == 5 and "Exotel does not accept" in unseen.err and "stands above" not in unseen.err
        assert shell.run("integrations", "list", "--json").data[0]["proven"] is True


def test_a_deleted_integration_is_listed_and_brought_back(phone_shell: Shell) -> None:
    shell = phone_shell
    assert shell.run("integrations", "restore").err == "Nothing that was deleted is kept.\n"
    execute(
        database_of(shell),
        "insert into organization_phone_numbers (organization_id, integration_id, phone_number) "
        "select organization_id, id, '+918040000000' from integration_credentials",
    )
    with ForkedTerminal(
        "integrations", "delete", "exotel_phone", environment=shell.environment, cwd=shell.folder
    ) as terminal:
        terminal.wait_for(lambda text: "Type exotel_phone" in text)
        terminal.send("exotel_phone\r")
        assert terminal.wait_for_exit() == 0
        asked = terminal.bytes_since().decode()
    assert "For 90 days it can be brought back with `switchboard integrations restore exotel_phone`." in asked
    (listed,) = shell.run("--read-only", "integrations", "restore", "--json").data
    assert "read-only mode" in shell.run("--read-only", "integrations", "restore", "exotel_phone", "--yes").refusal(2)
    assert (listed["integration_type"], listed["phone_numbers"], listed["is_replaced"]) == ("exotel_phone", 1, False)
    execute(
        database_of(shell),
        "insert into organization_phone_numbers (organization_id, phone_number) values (%s, '08040000000')",
        ACME,
    )
    plan = shell.run("integrations", "restore", "exotel_phone", "--dry-run").out.splitlines()
    assert plan == [
        "Exotel phone (exotel_phone) comes back with its id, no permission and no phone number.",
        "  does not come back: The number +918040000000: the organisation has it in another row now.",
    ]
    assert shell.run("integrations", "restore", "exotel_phone").status == 2
    restored = shell.run("integrations", "restore", listed["integration_id"], "--yes", "--json").data
    assert (restored["id"], restored["applied"]) == (listed["integration_id"], True)
    assert len(restored["not_restored"]) == 1
    shown = shell.run("integrations", "show", "exotel_phone", "--json").data
    assert (shown["id"], shown["credential"]["virtual_number"]) == (listed["integration_id"], PHONE["virtual_number"])
    assert "No deleted integration" in shell.run("integrations", "restore", "exotel_phone", "--yes").refusal(1)


def test_how_much_is_kept_is_said_and_changed_and_what_is_kept_forgotten(phone_shell: Shell) -> None:
    shell = phone_shell
    expected = "Of each integration 10 earlier credentials are kept, for 90 days.\n"
    assert shell.run("integrations", "versions").out == expected
    shell.run("integrations", "configure", "exotel_phone", stdin='{"caller_id": "08033755555"}')
    assert "--keep is not a number from 0 to 100." in shell.run("integrations", "versions", "--keep", "101").refusal(2)
    assert shell.run("--read-only", "integrations", "versions", "--keep", "0").status == 2
    for fewer in (("--keep", "0"), ("--days", "1")):
        execute(
            database_of(shell), "update switchboard.credential_versions set replaced_at = now() - interval '9 days'"
        )
        asked = shell.run("integrations", "versions", *fewer).refusal(2)
        assert "1 earlier credential of all organisations would be gone" in asked
    assert shell.run("integrations", "versions", "--keep", "5").out.startswith("Of each integration 5 earlier")
    assert "cannot be undone" in shell.run("integrations", "forget", "exotel_phone").refusal(2)
    forgotten = shell.run("integrations", "forget", "exotel_phone", "--yes", "--json").data
    assert forgotten == {"organization_id": str(ACME), "integration_type": "exotel_phone", "forgotten": 1}
    assert shell.run("integrations", "forget", "exotel_phone").out == "No earlier credential is kept of it.\n"
    changed = shell.run("integrations", "versions", "--keep", "0", "--days", "30", "--json").data
    assert changed == {"versions_kept": 0, "versions_days": 30}
    assert "nothing is kept here" in shell.run("integrations", "delete", "exotel_phone").refusal(2)
