"""What the login of one organisation does from the command line: its own, and no act over the whole database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.acme import ACME, ASHA, GLOBEX, OTHER_KEY
from tests.support.commands import contents, execute
from tests.support.database.number_rows import OLD, add_row

if TYPE_CHECKING:
    from tests.support.commands import Shell
    from tests.support.servers.postgres import TestServer

SEES_A_PART = "the login ann sees a part of the organisations, and only one that sees them all "
ADD = """
insert into integration_credentials (organization_id, integration_type, credentials_encrypted)
values (%s, 'zoho_mail', 'x')
"""
MAP = "select switchboard.map_login('ann', %s, 'admin', array[%s]::uuid[], false, false, null, session_user::text)"


def test_a_login_of_one_organisation(office_shell: Shell, postgres: TestServer) -> None:
    database = office_shell.environment["DATABASE_URL"]
    assert office_shell.run("setup", "--yes", "--roles").status == 0
    postgres.create_role("ann", "login in role switchboard_admin")
    execute(database, ADD, GLOBEX)
    add_row(database, OLD, organization_id=GLOBEX)
    key = office_shell.folder / "seal"
    assert office_shell.run("audit", "seal", "--new-key", str(key)).status == 0
    office_shell = office_shell.with_(SWITCHBOARD_SEAL_KEY_FILE=str(key))
    execute(database, MAP, ASHA, ACME)
    ann = office_shell.with_(DATABASE_URL=database.replace("postgres@", "ann@"))
    new_key = office_shell.folder / "new_key"
    new_key.touch(0o600)
    new_key.write_text(OTHER_KEY)
    before = contents(database)
    for line, act in (
        ("audit seal", "seals or verifies the log"),
        ("audit verify", "seals or verifies the log"),
        ("audit checkpoint", "seals or verifies the log"),
        (f"audit prove {ASHA}", "seals or verifies the log"),
        (f"keys rotate --dry-run --to {new_key}", "changes the master key"),
        ("keys retire x --yes", "changes the master key"),
        ("integrations versions --keep 5", "changes settings"),
    ):
        refused = ann.run(*line.split())
        assert (refused.status, f"{SEES_A_PART}{act}" in refused.err) == (3, True), (line, refused.err)
    # Nobody is told to make a key, or to map a login, who may do nothing with it.
    keyless = ann.with_(SWITCHBOARD_SEAL_KEY_FILE="").run("audit", "seal")
    assert (keyless.status, SEES_A_PART in keyless.err) == (3, True), keyless.err
    # Numbers of a part would read as numbers of all.
    status = ann.run("keys", "status", "--json").data
    assert status["by_format"] is status["keys"] is None
    examined = ann.run("doctor")
    assert "`switchboard access add`" not in examined.out and "Whoever maps logins" in examined.out
    assert "credentials open" not in examined.out and "Traceback" not in examined.err
    elsewhere = ann.run("integrations", "list", "--organization", str(GLOBEX))
    assert "The login ann sees no organisation of that id. It sees Acme" in elsewhere.refusal(2)
    for line, sentence in (
        ("integrations list --organization Globex", "No organisation that your login sees has that id or name."),
        ("audit list org:Globex", "No organisation that your login sees has that name."),
        ("permissions report bob@globex.example", "No person that your login sees has that id or e-mail."),
    ):
        refused = ann.run(*line.split())
        assert (refused.status, sentence in refused.err) == (2, True), (line, refused.err)
    assert "No organisation that your login sees has more than one primary number." in examined.out
    assert contents(database) == before
    listed = ann.run("integrations", "list", "--json").data
    assert {row["organization_id"] for row in listed} == {str(ACME)}
    logged = ann.run("audit", "list", "org:*", "--limit", "200", "--json").data
    assert logged and {row["organization_id"] for row in logged} == {str(ACME)}
    numbers = ann.run("phone-numbers", "list", OLD[-4:], "--json").data
    assert [row["organization_id"] for row in numbers] == [str(ACME)]
    assert ann.run("integrations", "disable", "exotel_phone").status == 0
    (row,) = ann.run("audit", "list", "action:credential_disabled", "--json").data
    assert (row["user_id"], row["details"]["operator_from"]) == (str(ASHA), "login")
