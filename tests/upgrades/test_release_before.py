"""The release before runs against the present schema: consoles are upgraded after the database, one by one."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.support.acme import ACME, ASHA, KEY
from tests.support.commands import Outcome, contents, execute, one_line_of_json
from tests.support.database.schema import installed, shape_of
from tests.support.database.seal_tampering import KEY as SEAL_KEY
from tests.support.database.seal_tampering import check
from tests.support.run_folder import run_folder
from tests.support.servers.exotel import ExotelServer
from tests.support.terminal.forked_program import ForkedProgram, ProgramServer
from tui.data.schema.files import latest_number

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.support.servers.postgres import TestServer

FOLDER = Path(__file__).parent
RELEASES = sorted(int(path.name.removeprefix("release_")[:3]) for path in FOLDER.glob("release_*.tar.xz"))
# One of this number may be kept already: it is not released yet, or nothing of the schema has changed since.
NUMBER = next((number for number in reversed(RELEASES) if number < latest_number()), RELEASES[-1])
RELEASE = FOLDER / f"release_{NUMBER:03}.tar.xz"
DUMP = (FOLDER / f"{NUMBER:03}.sql").read_bytes()
MAIL = {"email": "desk@acme.example", "app_password": "hgfedcba87654321"}
# The dump knows a mapped login, so whoever is not mapped sees nothing.
MAPPED = """
insert into switchboard.logins (login, login_oid, user_id, role, sees_all)
select r.rolname, r.oid, %s, %s, true from pg_roles as r where r.rolname = %s
"""


class Release:
    """Commands of the release on a database that the present setup has brought up to date."""

    def __init__(self, program: ForkedProgram, conninfo: str, folder: Path, exotel: ExotelServer) -> None:
        self.program = program
        self.conninfo = conninfo
        self.folder = folder
        self.exotel = exotel
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "DATABASE_URL": conninfo,
            "ENCRYPTION_MASTER_KEY": KEY,
            "SWITCHBOARD_ORGANIZATION": str(ACME),
            **exotel.environment,
        }

    def run(self, line: str, stdin_json: object = None, *, role: str | None = None) -> Outcome:
        """Run a command to its end; `given` is JSON for its standard input, `role` a login of that name."""
        environment = dict(self.environment)
        if role is not None:
            environment["DATABASE_URL"] = make_conninfo(self.conninfo, user=role)
        stdin = b"" if stdin_json is None else json.dumps(stdin_json).encode()
        status, out, err = self.program.run(line.split(), stdin, self.folder, environment, 60)
        return Outcome(status, out.decode(), err.decode())

    def run_json(self, line: str, stdin_json: object = None, *, role: str | None = None) -> Any:
        """Run a command that has to succeed; return what it wrote as JSON."""
        outcome = self.run(f"{line} --json", stdin_json, role=role)
        assert (line, outcome.status) == (line, 0), outcome.err
        return one_line_of_json(outcome.out) if outcome.out.count("\n") == 1 else outcome.out


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedProgram]:
    """The release, unpacked and imported once."""
    folder = tmp_path_factory.mktemp("release")
    with tarfile.open(RELEASE) as archive:
        # Python 3.11.3 and before have no filters; the archive is our own.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    server = ProgramServer(run_folder() / "release", folder)
    started = ForkedProgram(server.address)
    yield started
    started.close()
    server.close()


@pytest.fixture
async def release(postgres: TestServer, program: ForkedProgram, tmp_path: Path) -> AsyncIterator[Release]:
    """The release on a database of its own that was brought up to date, with a login in each group."""
    name = postgres.create_database(prefix="before")
    conninfo = postgres.conninfo(name)
    with psycopg.connect(conninfo) as owner:
        owner.execute(DUMP)
        for role in ("admin", "support", "auditor"):
            owner.execute(f"create role old_{role} login in role switchboard_{role}".encode())
            owner.execute(MAPPED, [ASHA, role, f"old_{role}"])
    await installed(conninfo)
    with ExotelServer() as exotel:
        yield Release(program, conninfo, tmp_path, exotel)
    postgres.drop_database(name)
    postgres.drop_new_roles()


async def test_it_reads_on_writes_nothing_and_leaves_what_the_present_one_accepts(release: Release) -> None:
    """Since 013 a console only reads what a newer Switchboard has set up."""
    shape = await shape_of(release.conninfo)
    before = contents(release.conninfo)
    integrations = release.run_json("integrations list")
    assert [
        integration["integration_type"] for integration in integrations if integration["state"] != "not set up"
    ] == ["exotel_phone", "zoho_mail"]
    for line in ("integrations show zoho_mail", "permissions list", f"permissions report {ASHA}", "phone-numbers list"):
        assert release.run_json(line), line
    release.run_json("keys status")
    assert release.run_json("audit list --limit 200") and release.run_json("audit stats")["rows"]
    release.run_json("integrations list", role="old_support")
    release.run_json("phone-numbers list", role="old_support")
    assert release.run_json("audit list --limit 5", role="old_auditor")
    for line in (
        *("integrations disable exotel_phone", "phone-numbers add 08041000000", "integrations delete zoho_mail"),
        f"permissions grant {ASHA} exotel_phone --send",
    ):
        refused = release.run(f"{line} --yes --json")
        assert (line, refused.status) == (line, 2) and "newer Switchboard" in refused.err
    refused = release.run("integrations configure zoho_mail --json", MAIL)
    assert refused.status == 2 and "newer Switchboard" in refused.err
    for command in ("audit verify", "doctor"):
        # It may name what it does not know.
        outcome = release.run(command)
        assert outcome.status in (0, 5) and "Traceback" not in outcome.err, outcome.err
        assert "was altered after sealing" not in outcome.out and "removed" not in outcome.out
    assert contents(release.conninfo) == before
    release.run("audit export --output log.jsonl", role="old_auditor")
    assert (release.folder / "log.jsonl").read_bytes().count(b"\n") > 10
    open_by_the_calls_that_it_makes(release)
    assert await shape_of(release.conninfo) == shape
    assert (await check(release.conninfo, public_keys=(SEAL_KEY.public_key,))).is_well
    assert (await installed(release.conninfo)).plan.is_empty


def open_by_the_calls_that_it_makes(release: Release) -> None:
    ((integration,),) = execute(
        release.conninfo, "select id from public.integration_credentials where integration_type = 'exotel_phone'"
    )
    for purpose in ("reveal", "copy", "test", "sync"):
        ((ticket,),) = execute(release.conninfo, "select switchboard.begin_open(%s, %s)", integration, purpose)
        ((opened,),) = execute(release.conninfo, "select switchboard.open_envelope(%s)", ticket)
        assert opened.startswith("sb2.")
    execute(
        release.conninfo,
        "select switchboard.log_act(%s, %s, %s, 'success', %s)",
        *("log_exported", ACME, "none", json.dumps({"rows": 1})),
    )
