"""Commands on a database that a newer Switchboard has set up: those that read say so, those that write are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.acme import ASHA, PHONE
from tests.support.commands import contents, execute
from tests.support.database.schema import set_up_by_a_newer_version
from tests.support.database.seal_tampering import write_log
from tui.errors import SchemaNewer

if TYPE_CHECKING:
    from tests.support.commands import Shell

NEWER = str(SchemaNewer())
READING = (
    "integrations list",
    "integrations show exotel_phone",
    "phone-numbers list",
    "permissions list",
    "audit list",
    "audit stats",
    "audit export --output log.csv",
    "keys status",
)
WRITING = (
    "integrations configure exotel_phone",
    "integrations disable exotel_phone",
    "integrations delete exotel_phone --yes",
    "phone-numbers add 08040000000",
    f"permissions grant {ASHA} exotel_phone --view --yes",
    f"permissions revoke {ASHA} exotel_phone --yes",
    "audit seal",
    "setup --yes",
    "setup --dry-run",
)


@pytest.fixture
def newer(phone_shell: Shell) -> Shell:
    """A shell on a database with exotel_phone, a log and a sealing key, which a newer version has set up."""
    conninfo = phone_shell.environment["DATABASE_URL"]
    write_log(conninfo)
    assert phone_shell.run("audit", "seal", "--new-key", "seal.pem").status == 0
    set_up_by_a_newer_version(conninfo)
    return phone_shell.with_(SWITCHBOARD_SEAL_KEY_FILE=str(phone_shell.folder / "seal.pem"))


def test_commands_that_read_go_on_and_say_it_in_one_line(newer: Shell) -> None:
    for line in READING:
        outcome = newer.run(*line.split())
        assert (line, outcome.status, outcome.err.count(NEWER)) == (line, 0, 1), outcome.err
    assert execute(
        newer.environment["DATABASE_URL"], "select 1 from integration_audit_logs where action = 'log_exported'"
    )


def test_commands_that_write_are_refused_in_one_line_and_write_nothing(newer: Shell) -> None:
    before = contents(newer.environment["DATABASE_URL"])
    for line in WRITING:
        stdin_text = json.dumps(PHONE) if "configure" in line else ""
        outcome = newer.run(*line.split(), stdin=stdin_text)
        assert (line, NEWER in outcome.refusal(2)) == (line, True), outcome.err
    assert contents(newer.environment["DATABASE_URL"]) == before


def test_the_doctor_warns_and_verify_finds_that_it_cannot_tell(newer: Shell) -> None:
    doctor = newer.run("doctor", "--json")
    assert [finding["sentence"] for finding in json.loads(doctor.out) if finding["area"] == "schema"] == [
        SchemaNewer().sentence
    ]
    assert newer.run("audit", "verify").status == 5
