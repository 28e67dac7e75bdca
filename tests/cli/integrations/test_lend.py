"""`switchboard run`: a credential is lent to one program, in its environment and nowhere else."""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING

from tests.support.acme import PHONE
from tests.support.commands import execute

if TYPE_CHECKING:
    from tests.support.commands import Shell

PROGRAM = (
    "import json, os, sys; json.dump({'environ': dict(os.environ), 'argv': sys.argv, 'umask': os.umask(0), "
    "'cmdline': open('/proc/self/cmdline').read(), 'parent': os.getppid()}, sys.stdout)"
)
LENT = "select details ->> 'purpose', details -> 'fields', status from integration_audit_logs where action = %s"


def test_a_program_gets_the_fields_and_none_of_the_ways_to_the_others(phone_shell: Shell) -> None:
    shell = phone_shell.with_(
        PGHOST="nowhere", SUPABASE_JWT_SECRET="x", SWITCHBOARD_EXPORT_DIR="/tmp", MAIL_CALLER_ID="left over", KEPT="yes"
    )
    ran = shell.run("run", "exotel_phone", "--prefix", "MAIL", "--", sys.executable, "-c", PROGRAM, "--json", "a b")
    assert ran.status == 0, ran.err
    seen = json.loads(ran.out)
    environ = seen["environ"]
    lent = {name: value for name, value in environ.items() if name.startswith("MAIL_")}
    assert lent == {f"MAIL_{name.upper()}": value for name, value in PHONE.items()}
    assert environ["KEPT"] == "yes" and environ["PATH"] == shell.environment["PATH"]
    withheld = ("DATABASE_URL", "PG", "ENCRYPTION_", "SWITCHBOARD_", "SUPABASE_")
    assert [name for name in environ if name.startswith(withheld)] == []
    assert seen["argv"] == ["-c", "--json", "a b"]
    secrets = (PHONE["api_key"], PHONE["api_token"])
    assert not any(secret in seen["cmdline"] for secret in secrets)
    assert execute(shell.environment["DATABASE_URL"], LENT.replace("%s", "'credential_lent'")) == [
        ("run", ["account_sid", "api_key", "api_token", "api_host", "virtual_number", "caller_id"], "success")
    ]


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
    for arguments, status, why in (
        (["run", "exotel_phone"], 2, "PROGRAM"),
        (["run", "exotel_phone", "--", "no-such-program"], 2, "no program of that name"),
        (["run", "exotel_phone", "--prefix", "lower", "--", "true"], 2, "--prefix"),
        (["run", "exotel_sms", "--", "true"], 1, "not set up"),
        (["run", "exotel_phone", "--locked", "--", "true"], 2, "locked"),
    ):
        refused = phone_shell.run(*arguments)
        assert refused.status == status and why in refused.err, refused
    nobody = phone_shell.without("ENCRYPTION_MASTER_KEY").run("run", "exotel_phone", "--", "true")
    assert nobody.status == 4, nobody
    database = phone_shell.environment["DATABASE_URL"]
    assert execute(database, LENT.replace("%s", "'credential_lent'")) == []
    # It counts as a reveal: the eleventh of both in five minutes waits.
    for _ in range(10):
        assert phone_shell.run("run", "exotel_phone", "--", "true").status == 0
    late = phone_shell.run("run", "exotel_phone", "--", "true")
    assert late.status == 1 and "the next is possible in" in late.err
