"""The doctor: what it finds, that it never raises for it, and that nothing secret is in what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acme import KEY, MASTER_KEY, OTHER_MASTER_KEY, keyring, opened
from tests.support.commands import contents, execute
from tests.support.terminal.console_driver import add
from tui.data.keys.encryption import Keyring
from tui.data.keys.master_key import MasterKey
from tui.data.postgres.conninfo.settings import ConnectionSettings
from tui.data.setup.doctor import examine
from tui.data.setup.findings import Finding, blocking_finding, env_file_findings, server_findings
from tui.errors import ConnectionFailed
from tui.models.server import ServerInfo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers.postgres import TestServer

LOCAL = ServerInfo(
    host="127.0.0.1",
    port=5432,
    database="db",
    role="app",
    version=160004,
    tls=None,
    is_local=True,
    pooling="direct",
    in_recovery=False,
    read_only=False,
    superuser=False,
    create_role=False,
    create_in_database=True,
    create_in_public=True,
)


async def examine_database(conninfo: str, folder: Path, ring: Keyring | None = None) -> list[Finding]:
    async with opened(conninfo) as database:
        return await examine(database, ring or keyring(), connection=None, env_file=folder / ".env")


def titled(findings: list[Finding], title: str) -> list[Finding]:
    return [finding for finding in findings if finding.title == title]


def not_ok(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.title, finding.state) for finding in findings if finding.state != "ok"]


async def test_a_fresh_installation_is_well_in_every_area(installed_database: str, tmp_path: Path) -> None:
    findings = await examine_database(installed_database, tmp_path)
    assert not_ok(findings) == []
    assert {finding.area for finding in findings} == {"connection", "schema", "access", "key", "files"}
    assert all(finding.sentence.endswith(".") for finding in findings)


async def test_it_changes_nothing(installed_database: str, tmp_path: Path) -> None:
    await add(installed_database)
    before = contents(installed_database)
    await examine_database(installed_database, tmp_path)
    assert contents(installed_database) == before


async def test_without_the_schema_it_names_setup_and_nothing_that_follows_from_it(
    empty_database: str, tmp_path: Path
) -> None:
    findings = await examine_database(empty_database, tmp_path)
    assert not_ok(findings) == [("Schema", "problem")]
    assert "switchboard setup" in titled(findings, "Schema")[0].what_to_do
    assert not titled(findings, "Row security")


async def test_without_a_connection_it_says_why_and_goes_on_with_the_rest(tmp_path: Path) -> None:
    failure = ConnectionFailed("Nobody answers.", "Check the network.")
    findings = await examine(None, keyring(), connection=None, env_file=tmp_path / ".env", failure=failure)
    assert (findings[0].sentence, findings[0].what_to_do, findings[0].state) == (
        "Nobody answers.",
        "Check the network.",
        "problem",
    )
    assert {finding.area for finding in findings} == {"connection", "key", "files"}


@pytest.mark.parametrize(
    "statements",
    [
        {
            "alter table public.integration_credentials disable row level security": "Row security",
            "alter table public.integration_audit_logs disable trigger switchboard_append_only": "Log",
            "alter table public.organization_phone_numbers disable trigger switchboard_log_change": "Triggers",
            "create role anon; grant select on public.integration_credentials to anon": "Grants",
        },
        {
            "drop trigger switchboard_no_truncate on public.integration_audit_logs": "Log",
            "grant truncate on public.integration_audit_logs to public": "Grants",
        },
    ],
    ids=["first", "second"],
)
async def test_what_was_switched_off_or_opened_is_a_problem_with_the_query_that_shows_it(
    keyed_database: str, tmp_path: Path, statements: dict[str, str]
) -> None:
    for statement in statements:
        execute(keyed_database, statement)
    findings = await examine_database(keyed_database, tmp_path)
    for title in statements.values():
        (finding,) = titled(findings, title)
        assert finding.state == "problem"
        assert "switchboard setup" in finding.what_to_do
        assert execute(keyed_database, finding.query) != []


async def test_a_drifted_schema_is_a_problem(keyed_database: str, tmp_path: Path) -> None:
    execute(keyed_database, "alter table public.integration_credentials drop column display_name")
    findings = await examine_database(keyed_database, tmp_path)
    assert ("Drift", "problem") in not_ok(findings)


async def test_keys_are_judged_wrong_weak_missing_and_right(keyed_database: str, tmp_path: Path) -> None:
    await add(keyed_database)
    right = await examine_database(keyed_database, tmp_path)
    assert "is the one in use" in titled(right, "Master key")[0].sentence
    assert titled(right, "Credentials")[0].sentence == "All 1 credentials open (1 sb2)."
    wrong = await examine_database(keyed_database, tmp_path, keyring(OTHER_MASTER_KEY))
    assert not_ok(wrong) == [("Master key", "problem"), ("Credentials", "problem")]
    assert "1 of 1 credentials do not open (other key)." in titled(wrong, "Credentials")[0].sentence
    missing = await examine_database(keyed_database, tmp_path, Keyring(None))
    assert not_ok(missing) == [("Master key", "problem")]
    rotated = await examine_database(keyed_database, tmp_path, keyring(OTHER_MASTER_KEY, MASTER_KEY))
    assert titled(rotated, "Credentials")[0].state == "ok"
    assert KEY not in repr([right, wrong, missing, rotated])


async def test_a_weak_key_is_a_problem_and_the_service_role_key_a_warning(
    installed_database: str, tmp_path: Path
) -> None:
    weak = await examine_database(installed_database, tmp_path, Keyring(MasterKey("'short'", "a test")))
    assert ("Master key", "problem") in not_ok(weak)
    (around,) = titled(weak, "Around the key")
    assert around.sentence.endswith("begins or ends with quotes, and that is part of the key.")
    assert around.what_to_do.startswith("Nothing is stored yet: remove it now")
    service = MasterKey("q0Zr7VxuJd2mWc9LfTnB4hYgKpE8sAi3OvUe5XwR1yM=", "SUPABASE_SERVICE_ROLE_KEY (.env)")
    findings = await examine_database(installed_database, tmp_path, Keyring(service))
    assert not_ok(findings) == [("Service role", "warning")]


async def test_what_a_role_may_not_see_is_said_to_be_invisible(
    postgres: TestServer, installed_database: str, tmp_path: Path
) -> None:
    postgres.create_role("onlooker")
    conninfo = installed_database.replace("postgres@", "onlooker@", 1)
    findings = await examine_database(conninfo, tmp_path)
    assert titled(findings, "Master key")[0].state == "warning"
    assert titled(findings, "Master key")[0].sentence.startswith("Not visible to your role.")
    assert titled(findings, "Hidden rows") == []
    execute(installed_database, "grant select (id) on public.integration_credentials to onlooker")
    (hidden,) = titled(await examine_database(conninfo, tmp_path), "Hidden rows")
    assert (hidden.state, hidden.what_to_do[:4]) == ("warning", "Let ")
    assert hidden.sentence.startswith("Roles without a policy see no rows. onlooker: granted privileges")
    assert execute(installed_database, hidden.query) == [("onlooker", "integration_credentials", "select")]


def test_the_connection_is_judged_by_its_encryption_pooler_version_and_role() -> None:
    remote = LOCAL._replace(is_local=False, host="db.example.com")
    unchecked = ConnectionSettings(host="db.example.com")
    checked = ConnectionSettings(host="db.example.com", parameters={"sslmode": "verify-full", "sslrootcert": "system"})
    cases = [
        (LOCAL, None, []),
        (remote, unchecked, ["TLS"]),
        (remote._replace(tls="TLSv1.3"), unchecked, ["TLS"]),
        (remote._replace(tls="TLSv1.3"), checked, []),
        (LOCAL._replace(pooling="transaction"), None, ["Pooler"]),
        (LOCAL._replace(pooling="session"), None, []),
        (LOCAL._replace(version=130014), None, ["Server"]),
        (LOCAL._replace(in_recovery=True), None, ["Server"]),
        (LOCAL._replace(create_in_public=False), None, ["Role"]),
    ]
    for server, settings, expected in cases:
        assert [finding.title for finding in server_findings(server, settings) if finding.state != "ok"] == expected
        assert (blocking_finding(server) is not None) == (expected == ["Server"])
    standby, reading = LOCAL._replace(in_recovery=True), {"reads_only": True}
    assert {finding.state for finding in server_findings(standby, None, **reading)} == {"ok"}
    assert server_findings(standby._replace(version=130014), None, **reading)[1].state == "problem"


def test_no_encryption_and_no_verification_are_told_apart() -> None:
    remote = LOCAL._replace(is_local=False, host="db.example.com")
    unchecked = ConnectionSettings(host="db.example.com")
    sentences = [server_findings(remote._replace(tls=tls), unchecked)[2].sentence for tls in (None, "TLSv1.3")]
    assert "NOT encrypted" in sentences[0]
    assert "Encrypted (TLSv1.3) but NOT verified" in sentences[1]


def test_the_env_file_is_judged_by_its_mode_and_by_git(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert [finding.state for finding in env_file_findings(file)] == ["ok"]
    file.write_text("ENCRYPTION_MASTER_KEY='canary'\n")
    file.chmod(0o644)
    (open_to_others,) = env_file_findings(file)
    assert open_to_others.state == "problem"
    assert "chmod 600" in open_to_others.what_to_do
    file.chmod(0o600)
    assert [finding.state for finding in env_file_findings(file)] == ["ok", "ok"]
    (tmp_path / ".git").mkdir()
    assert [finding.state for finding in env_file_findings(file)] == ["ok", "problem"]
    (tmp_path / ".gitignore").write_text(".env\n")
    assert [finding.state for finding in env_file_findings(file)] == ["ok", "ok"]
