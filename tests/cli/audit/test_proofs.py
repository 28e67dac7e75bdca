"""The commands `audit prove`, `audit checkpoint` and `audit cosign`, and what `audit verify` makes of their files."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import contents, execute
from tests.support.database.seal_tampering import row_id, write_log
from tests.support.terminal.forked_terminal import ForkedTerminal

if TYPE_CHECKING:
    from tests.support.commands import Shell

CHECKER = Path(__file__).parents[3] / "docs" / "check_proof.py"
ROW, HOSTILE = row_id(9, 2), row_id(11, 9)


@pytest.fixture
def sealed_shell(acme_shell: Shell) -> tuple[Shell, str]:
    """A shell on a database with a sealed log, and the public key."""
    database = acme_shell.environment["DATABASE_URL"]
    write_log(database)
    execute(
        database,
        "insert into integration_audit_logs (id, organization_id, integration_type, action, status, user_agent, "
        "created_at) values (%s, gen_random_uuid(), 'x', 'x', 'success', E'\\u202egpj.exe', '2026-01-01 11:30+00')",
        HOSTILE,
    )
    key = acme_shell.run("audit", "seal", "--new-key", "seal.pem", "--json").data["public_key"]
    shell = acme_shell.with_(SWITCHBOARD_SEAL_KEY_FILE=str(acme_shell.folder / "seal.pem"))
    assert shell.run("audit", "seal").status == 0
    return shell, key


def test_a_row_is_handed_to_somebody_who_has_the_public_key_alone(sealed_shell: tuple[Shell, str]) -> None:
    shell, key = sealed_shell
    keyless = shell.without("SWITCHBOARD_SEAL_KEY_FILE", "ENCRYPTION_MASTER_KEY")
    before = contents(shell.environment["DATABASE_URL"])
    written = keyless.run("audit", "prove", str(ROW), "--output", "row.proof")
    assert written.status == 0, written.err
    file = shell.folder / "row.proof"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and not (shell.folder / "row.proof.manifest.json").exists()
    assert keyless.run("audit", "prove", str(ROW), "--read-only").out == file.read_text()
    assert keyless.run("audit", "prove", str(ROW), "--json").data["proof"] == file.read_text()
    assert contents(shell.environment["DATABASE_URL"]) == before
    # Neither database nor secret; and the checker that stands in the documents.
    outside = keyless.without("DATABASE_URL")
    proven = outside.run("audit", "verify", "--proof", "row.proof", "--public-key", key)
    assert proven.status == 0, proven.err
    assert "row 2 of the 4 rows of 2026-01-01 09:00 UTC" in proven.out
    record = outside.run("audit", "verify", "--proof", "row.proof", "--public-key", key, "--json").data
    assert (record["ok"], record["place"], record["rows_in_hour"]) == (True, 2, 4)
    assert str(ROW) in record["row"] and record["hour"] == "2026-01-01T09:00:00+00:00"
    script = subprocess.run([sys.executable, CHECKER, file, key], capture_output=True, text=True, check=True)
    assert str(ROW) in script.stdout
    # A file is never replaced, and one that was changed proves nothing.
    keyless.run("audit", "prove", str(ROW), "--output", "row.proof").refusal(2)
    file.write_text(file.read_text().replace("call_made", "call_lost"))
    assert "The row is not one of those that were sealed" in outside.run(
        "audit", "verify", "--proof", "row.proof", "--public-key", key
    ).refusal(5)
    file.write_text("nonsense")
    outside.run("audit", "verify", "--proof", "row.proof", "--public-key", key).refusal(5)
    outside.run("audit", "verify", "--proof", "row.proof").refusal(2)
    assert "no row with that id" in keyless.run("audit", "prove", str(row_id(1, 1))).refusal(1)
    keyless.run("audit", "prove", "x").refusal(2)
    ((new,),) = execute(
        shell.environment["DATABASE_URL"], "select id from integration_audit_logs where action = 'log_sealed'"
    )
    assert "The row is not under a seal" in keyless.run("audit", "prove", str(new)).refusal(1)
    # Where a terminal would not show it as it is, nothing is shown that would not hold.
    for row, status, shown in ((ROW, 0, b"call_made"), (HOSTILE, 2, b"cannot show it exactly")):
        arguments = ("audit", "prove", str(row))
        with ForkedTerminal(*arguments, environment=keyless.environment, cwd=shell.folder, columns=200) as terminal:
            assert terminal.wait_for_exit() == status
            written = terminal.bytes_since()
        assert shown in written and "\u202e".encode() not in written
    locked = keyless.with_(SWITCHBOARD_LOCKED="1", SWITCHBOARD_EXPORT_DIR=str(shell.folder))
    locked.run("audit", "prove", str(ROW), "--output", "../row.proof").refusal(2)
    assert locked.run("audit", "prove", str(ROW), "--output", "again.proof").status == 0


def test_a_checkpoint_is_printed_cosigned_and_required(sealed_shell: tuple[Shell, str]) -> None:
    shell, key = sealed_shell
    keyless = shell.without("SWITCHBOARD_SEAL_KEY_FILE")
    printed = keyless.run("audit", "checkpoint")
    assert printed.out.startswith("switchboard/") and "audit verify --checkpoint" in printed.err
    (shell.folder / "old").write_text(printed.out)
    assert keyless.run("audit", "checkpoint", "--json").data["checkpoint"] == printed.out
    verified = keyless.run("audit", "verify", "--checkpoint", "old", "--public-key", key)
    assert verified.status == 0 and "5 seals, which the log extends" in verified.out
    # A second person's key, which is never the one that seals.
    assert "SWITCHBOARD_COSIGN_KEY_FILE is not set" in shell.run("audit", "cosign", "old").refusal(4)
    own = shell.run("audit", "cosign", "--new-key", "own.pem", "--json").data
    assert own["public_key"].startswith(f"{own['name']}+")
    sealing = shell.with_(SWITCHBOARD_COSIGN_KEY_FILE=str(shell.folder / "seal.pem"))
    assert "a cosigner is somebody else" in sealing.run("audit", "cosign", "old").refusal(4)
    assert "a cosigner is somebody else" in sealing.without("SWITCHBOARD_SEAL_KEY_FILE").run(
        "audit", "cosign", "old"
    ).refusal(4)
    # Nor one that has not sealed yet.
    next_key = str(shell.folder / "own.pem")
    both = shell.with_(SWITCHBOARD_SEAL_KEY_FILE=next_key, SWITCHBOARD_COSIGN_KEY_FILE=next_key)
    assert "a cosigner is somebody else" in both.run("audit", "cosign", "old").refusal(4)
    cosigning = keyless.with_(SWITCHBOARD_COSIGN_KEY_FILE=str(shell.folder / "own.pem"))
    signed = cosigning.run("audit", "cosign", "old")
    assert "It is the first that this key has signed" in signed.err
    assert signed.out.startswith(printed.out) and f"\u2014 {own['name']} " in signed.out
    assert (shell.folder / "own.pem.checkpoint").read_text() == signed.out
    (shell.folder / "signed").write_text(signed.out)
    required = ("audit", "verify", "--cosigner", own["public_key"], "--checkpoint")
    assert f"signed by {own['name']}" in keyless.run(*required, "signed").out
    assert "1 signature of keys that were not given" in keyless.run("audit", "verify", "--checkpoint", "signed").out
    # A proof against it has the second signature too.
    of_signed = keyless.run("audit", "prove", str(ROW), "--checkpoint", "signed")
    (shell.folder / "row.proof").write_text(of_signed.out)
    by_both = ("audit", "verify", "--proof", "row.proof", "--public-key", key, "--cosigner", own["public_key"])
    assert own["name"] in keyless.without("DATABASE_URL").run(*by_both, "--json").data["cosigned_at"]
    (shell.folder / "row.proof").write_text(keyless.run("audit", "prove", str(ROW)).out)
    assert f"Its checkpoint is not signed by {own['name']}" in keyless.run(*by_both).refusal(5)
    missing = keyless.run(*required, "old")
    assert missing.status == 5 and f"{own['name']} has not signed the checkpoint of 5 seals" in missing.out
    for wrong in (
        ("--checkpoint", "own.pem"),
        ("--cosigner", own["public_key"]),
        ("--cosigner", "x", "--checkpoint", "old"),
    ):
        keyless.run("audit", "verify", *wrong).refusal(2)
    for wrong in ((), ("own.pem",), ("old", "--new-key", "third.pem")):
        cosigning.run("audit", "cosign", *wrong).refusal(2)
    # An export carries it along.
    assert keyless.run("audit", "export", "--output", "log.jsonl").status == 0
    manifest = keyless.run("audit", "verify", "--manifest", "log.jsonl.manifest.json", "--json").data
    assert [(kept["seals"], kept["is_extended"]) for kept in manifest["checkpoints"]] == [(5, True)]
    # Signed by an owner with the key, over other seals.
    (shell.folder / "old").write_text(printed.out.replace("switchboard/", "switchboard/x"))
    other = keyless.run("audit", "verify", "--checkpoint", "old")
    assert other.status == 5 and "Of another log is the checkpoint of 5 seals" in other.out
