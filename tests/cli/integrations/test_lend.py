"""`switchboard run`: a credential is lent to one program, in its environment and nowhere else."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.acme import ACME, KEY, PHONE, SALT, keyring
from tests.support.canaries import found_in
from tests.support.commands import execute
from tui.cli.integrations.lend import names_lent
from tui.data.keys.encryption import RowBinding
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from tests.support.commands import Shell
    from tests.support.servers.postgres import TestServer

PROGRAM = (
    "import json, os, sys; json.dump({'environ': dict(os.environ), 'argv': sys.argv, 'umask': os.umask(0), "
    "'cmdline': open('/proc/self/cmdline').read(), 'parent': os.getppid()}, sys.stdout)"
)
UNTIL_TOLD = (
    "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(9)); print('ready', flush=True); "
    "signal.pause()"
)
# What the programs of docs/key_sources.md log in or decrypt with.
OPENS_STORES = (
    *("AGE_PASSPHRASE", "CREDENTIALS_DIRECTORY", "SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "OP_SERVICE_ACCOUNT_TOKEN"),
    *("AWS_SECRET_ACCESS_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_ACCESS_TOKEN", "AZURE_CLIENT_SECRET"),
    *("BAO_TOKEN", "VAULT_TOKEN"),
)
LENT = "select details ->> 'purpose', details -> 'fields', status from integration_audit_logs where action = %s"


def test_a_program_gets_the_fields_and_none_of_the_ways_to_the_others(phone_shell: Shell, tmp_path: Path) -> None:
    shell = phone_shell.with_(
        PGHOST="nowhere", SUPABASE_JWT_SECRET="x", SWITCHBOARD_EXPORT_DIR="/tmp", MAIL_CALLER_ID="left over", KEPT="yes"
    ).with_(**dict.fromkeys(OPENS_STORES, "x"))
    ran = shell.run("run", "exotel_phone", "--prefix", "MAIL", "--", sys.executable, "-c", PROGRAM, "--json", "a b")
    assert ran.status == 0, ran.err
    seen = json.loads(ran.out)
    environ = seen["environ"]
    lent = {name: value for name, value in environ.items() if name.startswith("MAIL_")}
    assert lent == {f"MAIL_{name.upper()}": value for name, value in PHONE.items()}
    assert environ["KEPT"] == "yes" and environ["PATH"] == shell.environment["PATH"]
    withheld = ("DATABASE_URL", "PG", "ENCRYPTION_", "SWITCHBOARD_", "SUPABASE_")
    assert [name for name in environ if name.startswith(withheld)] == []
    assert set(OPENS_STORES) <= environ.keys()
    assert seen["argv"] == ["-c", "--json", "a b"]
    secrets = (PHONE["api_key"], PHONE["api_token"])
    assert not any(secret in seen["cmdline"] for secret in secrets)
    assert execute(shell.environment["DATABASE_URL"], LENT.replace("%s", "'credential_lent'")) == [
        ("run", ["account_sid", "api_key", "api_token", "api_host", "virtual_number", "caller_id"], "success")
    ]
    (tmp_path / "key").write_text(KEY)
    stored = shell.without("ENCRYPTION_MASTER_KEY").with_(ENCRYPTION_MASTER_KEY_COMMAND=f"cat {tmp_path}/key")
    ran = stored.run("run", "exotel_phone", "--", sys.executable, "-c", PROGRAM)
    assert ran.status == 0 and not set(OPENS_STORES) & json.loads(ran.out)["environ"].keys(), ran.err


def test_its_end_is_the_commands_end_and_it_is_told_of_a_broken_pipe(phone_shell: Shell) -> None:
    for program, status in (
        (("sh", "-c", "exit 37"), 37),
        (("sh", "-c", "kill -TERM $$"), -signal.SIGTERM),
        (("sh", "-c", "trap - PIPE; kill -PIPE $$; exit 1"), -signal.SIGPIPE),
    ):
        ran = phone_shell.run("run", "exotel_phone", "--", *program)
        assert ran.status in (status, 128 - status if status < 0 else status), ran
    ignored = phone_shell.run("run", "exotel_phone", "--", "sh", "-c", "grep SigIgn /proc/$$/status; umask")
    assert ignored.out.split() == ["SigIgn:", "0000000000000000", ignored.out.split()[-1]]
    assert ignored.out.split()[-1] != "0077"


def test_what_cannot_be_lent_is_refused_before_the_log_says_so(phone_shell: Shell) -> None:
    report = phone_shell.folder / "report.txt"
    report.touch(0o644)
    in_path = phone_shell.with_(PATH=f"{phone_shell.environment['PATH']}:{phone_shell.folder}")
    for arguments, status, why in (
        (["run", "exotel_phone"], 2, "PROGRAM"),
        (["run", "exotel_phone", "--", "no-such-program"], 127, "no program of that name"),
        (["run", "exotel_phone", "--", str(report / "below")], 127, "no program of that name"),
        (["run", "exotel_phone", "--", str(report)], 126, "may not be executed"),
        (["run", "exotel_phone", "--", report.name], 126, "may not be executed"),
        (["run", "exotel_phone", "--", str(report.parent)], 126, "may not be executed"),
        (["run", "exotel_phone", "--prefix", "lower", "--", "true"], 2, "--prefix"),
        *(
            (["run", "exotel_phone", "--prefix", taken, "--", "true"], 2, f"it would get {taken}_ACCOUNT_SID")
            for taken in ("SWITCHBOARD", "PG", "PGX", "SUPABASE", "ENCRYPTION")
        ),
        (["run", "exotel_sms", "--", "true"], 1, "not set up"),
        (["run", "exotel_phone", "--locked", "--", "true"], 2, "locked"),
    ):
        refused = in_path.run(*arguments)
        assert refused.status == status and why in refused.err, refused
    nobody = phone_shell.without("ENCRYPTION_MASTER_KEY").run("run", "exotel_phone", "--", "true")
    assert nobody.status == 4, nobody
    database = phone_shell.environment["DATABASE_URL"]
    assert execute(database, LENT.replace("%s", "'credential_lent'")) == []
    # What no environment can hold is known once it is open, and it is logged by then. It counts as a reveal: the
    # eleventh of both in five minutes waits.
    give(database, {**PHONE, "api_key": "before\0behind"})
    torn = phone_shell.run("run", "exotel_phone", "--", "echo", "started")
    assert (torn.status, torn.out) == (2, "") and "api_key holds a NUL" in torn.err, torn
    assert not found_in(torn.err, ["before", "behind"])
    give(database, PHONE)
    # Nor is it known before whether the system starts what may be executed.
    report.chmod(0o755)
    for line, status in (("#!/no/interpreter\n", 127), ("no program\n", 126)):
        report.write_text(line)
        ended = phone_shell.run("run", "exotel_phone", "--", str(report))
        assert (ended.status, ended.out) == (status, "") and "cannot be started" in ended.err, ended
    for _ in range(7):
        assert phone_shell.run("run", "exotel_phone", "--", "true").status == 0
    late = phone_shell.run("run", "exotel_phone", "--", "true")
    assert late.status == 1 and "More than 10 reveals and loans in 5 minutes are refused: the next" in late.err


def give(database: str, credential: dict[str, str]) -> None:
    """Store the credential past what checks it."""
    ((row_id,),) = execute(database, "select id from integration_credentials")
    binding = RowBinding(row_id, ACME, "exotel_phone")
    envelope = keyring().seal(json.dumps(credential).encode(), binding, format="sb2", salt=SALT)
    execute(database, "update integration_credentials set credentials_encrypted = %s", envelope)


def canaries() -> dict[str, str]:
    """A credential of values that are nowhere else, also where this test runs twice at a time."""
    number = f"{uuid4().int % 10**7:07}"
    return {
        "account_sid": f"canarysid{uuid4().hex}",
        "api_key": f"canary-key-{uuid4().hex}",
        "api_token": f"canary-token-{uuid4().hex}",
        "virtual_number": f"0114{number}",
        "caller_id": f"0803{number}",
    }


def test_what_is_lent_stands_in_the_environment_of_the_program_and_nowhere_else(
    acme_shell: Shell, postgres: TestServer
) -> None:
    name = str(conninfo_to_dict(acme_shell.environment["DATABASE_URL"])["dbname"])
    postgres.log_every_statement(name)
    mark = postgres.log_size()
    temporary = acme_shell.folder / "tmp"
    temporary.mkdir()
    shell = acme_shell.with_(TMPDIR=str(temporary))
    secrets, undeclared = canaries(), f"canary-undeclared-{uuid4().hex}"
    stdin_text = json.dumps({**secrets, "refresh_token": undeclared})
    saved = shell.run("integrations", "configure", "exotel_phone", stdin=stdin_text)
    assert saved.status == 0, saved.err
    with contextlib.ExitStack() as stack:
        program = stack.enter_context(shell.start_afresh("run", "exotel_phone", "--", sys.executable, "-c", UNTIL_TOLD))
        stack.callback(program.kill)
        assert program.stdout is not None and program.stdout.readline() == b"ready\n"
        traces = traces_of_processes(program.pid) | files_below(shell.folder)
        # It is in the place of Switchboard, and has nothing of what that had open.
        own = Path("/proc", str(program.pid))
        command = own.joinpath("cmdline").read_text().split("\0")
        environ = dict(pair.split("=", 1) for pair in own.joinpath("environ").read_text().split("\0") if pair)
        assert (command[1:3], sorted(file.name for file in (own / "fd").iterdir())) == (["-c", UNTIL_TOLD], [*"012"])
        assert execute(shell.environment["DATABASE_URL"], LENT.replace("%s", "'credential_lent'"))[0][2] == "success"
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=20) == 9
    lent = {name: value for name, value in environ.items() if name.startswith("EXOTEL_PHONE_")}
    assert lent == {f"EXOTEL_PHONE_{name.upper()}": value for name, value in secrets.items()}
    traces["its variables"] = "\n".join(value for name, value in environ.items() if name not in lent)
    traces |= {f"{name}, afterwards": text for name, text in files_below(shell.folder).items()}
    dump = [str(postgres.binaries / "pg_dump"), "--inserts", "--dbname", postgres.conninfo(name)]
    traces["every row"] = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    traces["the server's log"] = postgres.log_since(mark)
    assert "credential_lent" in traces["every row"] and "switchboard.open_envelope(" in traces["the server's log"]
    for place, text in traces.items():
        assert not found_in(text, (*secrets.values(), undeclared)), place


def traces_of_processes(program: int) -> dict[str, str]:
    """The command lines of all processes, and the environments of all but the program."""
    traces = {}
    for process in (folder.name for folder in Path("/proc").iterdir() if folder.name.isdigit()):
        for name in ("cmdline",) if process == str(program) else ("cmdline", "environ"):
            # It may be gone by now, or somebody else's.
            with contextlib.suppress(OSError):
                traces[f"{name} of {process}"] = Path("/proc", process, name).read_text(errors="replace")
    assert f"cmdline of {program}" in traces and f"environ of {os.getpid()}" in traces
    return traces


def files_below(folder: Path) -> dict[str, str]:
    return {str(file): file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()}


def test_no_field_of_a_declared_type_says_what_else_a_program_runs() -> None:
    for prefix, field in (("LD", "preload"), ("BASH", "env"), ("GIT", "ssh_command"), ("PG", "password")):
        with pytest.raises(InvalidInput, match=f"it would get {prefix}_{field.upper()}, of the names"):
            names_lent(prefix, [field, "token"])
    assert names_lent("ACME_VOICE", ["token", "env"]) == {"token": "ACME_VOICE_TOKEN", "env": "ACME_VOICE_ENV"}
