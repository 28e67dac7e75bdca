"""The commands `audit seal` and `audit verify`."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import Shell, contents, execute, one_line_of_json
from tests.support.database.seal_tampering import as_owner, row_id, write_log

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sealing_shell(acme_shell: Shell, tmp_path: Path) -> Shell:
    """A shell on a database with a log, and a sealing key."""
    write_log(acme_shell.environment["DATABASE_URL"])
    made = acme_shell.run("audit", "seal", "--new-key", "seal.pem")
    assert made.status == 0, made.err
    return acme_shell.with_(SWITCHBOARD_SEAL_KEY_FILE=str(tmp_path / "seal.pem"))


@pytest.fixture
def sealed_shell(sealing_shell: Shell) -> Shell:
    """The same where the log is sealed."""
    assert sealing_shell.run("audit", "seal").status == 0
    return sealing_shell


class TestNewKey:
    def test_needs_no_database_and_prints_the_public_half_alone(self, shell: Shell) -> None:
        made = shell.run("audit", "seal", "--new-key", "seal.pem", "--json").data
        assert made.keys() == {"key_id", "public_key"}
        assert len(bytes.fromhex(made["public_key"])) == 32
        file = shell.folder / "seal.pem"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        private = file.read_text().splitlines()[1]
        other = shell.run("audit", "seal", "--new-key", "other.pem")
        assert private not in json.dumps(made) + other.out + other.err
        assert "SWITCHBOARD_SEAL_KEY_FILE" in other.err

    def test_never_overwrites_a_file(self, shell: Shell) -> None:
        shell.run("audit", "seal", "--new-key", "seal.pem")
        before = (shell.folder / "seal.pem").read_bytes()
        assert "never overwritten" in shell.run("audit", "seal", "--new-key", "seal.pem").refusal(4)
        assert (shell.folder / "seal.pem").read_bytes() == before


class TestSeal:
    async def test_seals_once_and_verify_keys_and_doctor_say_so(self, acme_shell: Shell) -> None:
        database = acme_shell.environment["DATABASE_URL"]
        write_log(database)
        assert seals_of_the_doctor(acme_shell) == ("ok", "The log is not sealed, s")
        key = acme_shell.run("audit", "seal", "--new-key", "seal.pem", "--json").data["key_id"]
        sealing = acme_shell.with_(SWITCHBOARD_SEAL_KEY_FILE=str(acme_shell.folder / "seal.pem"))
        sealing.run("audit", "seal", "--read-only").refusal(2)
        unsealed = acme_shell.run("audit", "verify")
        assert unsealed.status == 5
        assert "The log has no seal, so nothing can be checked" in unsealed.out
        assert unsealed.out.splitlines()[0].split() == ["log", "not", "sealed", "yet"]
        assert "not sealed yet" in unsealed.err
        # A seal that was noted down, or a trigger that is off, is more than that.
        noted = acme_shell.run("audit", "verify", "--newest-seal", "ab" * 32)
        assert "NOT as it was sealed" in noted.out
        first = sealing.run("audit", "seal", "--json").data
        assert (first["seals"], first["rows"]) == (5, 12)
        again = sealing.run("audit", "seal", "--json").data
        assert (again["seals"], again["rows"], again["newest_seal"]) == (0, 0, first["newest_seal"])
        third = sealing.run("audit", "seal")
        assert third.out.startswith("There was nothing to seal. Sealed until ")
        assert first["newest_seal"] in third.out
        (sealing_key,) = sealing.run("keys", "status", "--json").data["sealing_keys"]
        assert (sealing_key["state"], sealing_key["key_id"]) == ("active", key)
        assert key in sealing.run("keys", "status").out
        before = contents(database)
        report = acme_shell.without("ENCRYPTION_MASTER_KEY").run("audit", "verify", "--json").data
        assert (report["ok"], report["seals"], report["rows"]) == (True, 5, 12)
        assert (report["first_hour"], report["findings"]) == ("2026-01-01T08:00:00+00:00", [])
        verified = sealing.run("audit", "verify", "--read-only")
        assert verified.status == 0
        assert "12 rows under 5 seals" in verified.out
        assert "its owner can replace" in verified.err
        assert contents(database) == before
        assert seals_of_the_doctor(sealing) == ("ok", "The log is sealed until ")
        await as_owner(database, "update switchboard.seals set sealed_at = sealed_at - interval '50 hours'")
        (finding,) = [one for one in sealing.run("doctor", "--json").data if one["title"] == "Seals"]
        assert (finding["state"], "50 hours old" in finding["sentence"]) == ("warning", True)

    def test_without_a_key_ends_with_4_and_verify_refuses_what_is_no_key_no_seal_and_no_manifest(
        self, acme_shell: Shell
    ) -> None:
        before = contents(acme_shell.environment["DATABASE_URL"])
        assert "SWITCHBOARD_SEAL_KEY_FILE is not set" in acme_shell.run("audit", "seal").refusal(4)
        wrong = acme_shell.with_(SWITCHBOARD_SEAL_KEY_FILE="nothing.pem")
        assert "cannot be opened" in wrong.run("audit", "seal").refusal(4)
        for arguments in (
            ("--public-key", "xyz"),
            ("--newest-seal", "12"),
            ("--manifest", "nothing.json"),
            ("--manifest", "nothing.json", "--newest-seal", "ab" * 32),
        ):
            acme_shell.run("audit", "verify", *arguments).refusal(2)
        assert contents(acme_shell.environment["DATABASE_URL"]) == before


def seals_of_the_doctor(shell: Shell) -> tuple[str, str]:
    """The state of what the doctor finds of the seals, and how its sentence begins."""
    (finding,) = [finding for finding in shell.run("doctor", "--json").data if finding["title"] == "Seals"]
    return finding["state"], finding["sentence"][:24]


class TestVerify:
    def test_ends_with_5_and_names_the_row(self, sealed_shell: Shell) -> None:
        database = sealed_shell.environment["DATABASE_URL"]
        execute(
            database,
            "insert into organization_phone_numbers (organization_id, phone_number) values (%s, '1')",
            row_id(1, 1),
        )
        row = row_id(8, 2)
        for statement in (
            f"update integration_audit_logs set status = 'failed' where id = '{row}'",
            f"delete from integration_audit_logs where id = '{row_id(9, 1)}'",
        ):
            execute(database, "alter table integration_audit_logs disable trigger switchboard_append_only")
            execute(database, statement)
            execute(database, "alter table integration_audit_logs enable always trigger switchboard_append_only")
        verified = sealed_shell.run("audit", "verify", "--json")
        assert verified.status == 5
        report = one_line_of_json(verified.out)
        assert not report["ok"]
        assert [(finding["kind"], finding["hour"], finding["row"]) for finding in report["findings"]] == [
            ("altered", "2026-01-01T08:00:00+00:00", str(row)),
            ("removed", "2026-01-01T09:00:00+00:00", str(row_id(9, 1))),
        ]
        assert one_line_of_json(verified.err)["exit"] == 5
        assert f"row {row} was altered after sealing" in sealed_shell.run("audit", "verify").out

    async def test_trusts_what_was_kept_elsewhere(self, sealed_shell: Shell) -> None:
        database = sealed_shell.environment["DATABASE_URL"]
        report = sealed_shell.run("audit", "verify", "--json").data
        key, newest = report["keys"][0]["public_key"], report["newest_seal"]
        (sealed_shell.folder / "manifest.json").write_text(
            json.dumps({"seals": {"public_keys": [key], "newest_seal": newest, "sealed_until": None}})
        )
        ways = (
            ("--public-key", key),
            ("--newest-seal", newest),
            ("--public-key", key, "--newest-seal", newest),
            ("--manifest", "manifest.json"),
        )
        for way in ways:
            assert sealed_shell.run("audit", "verify", *way).status == 0
        # Everything is sealed anew with another key.
        await as_owner(
            database,
            "delete from switchboard.seals",
            "delete from switchboard.keys where purpose = 'seal'",
            "delete from public.integration_audit_logs where action = 'log_sealed'",
        )
        sealed_shell.run("audit", "seal", "--new-key", "forged.pem")
        assert sealed_shell.with_(SWITCHBOARD_SEAL_KEY_FILE="forged.pem").run("audit", "seal").status == 0
        assert sealed_shell.run("audit", "verify").status == 0
        for way in ways:
            assert sealed_shell.run("audit", "verify", *way).status == 5
