"""System accounts that are their logins: the blocks of docs/ssh.md, on a real sshd and in a real pg_hba.conf."""

from __future__ import annotations

import pwd
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from tests.support.acme import ACME, ASHA, KEY
from tests.support.servers.debian import POSTGRES_15, DebianServer, needs
from tests.support.servers.postgres import run_schema_files
from tests.support.servers.sshd import Sshd, documented
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.commands import Outcome

pytestmark = pytest.mark.debian

RAVI, MINA = UUID(int=1), UUID(int=2)
PEOPLE = {
    "asha_admin": (ASHA, "Asha", "admin"),
    "ravi_support": (RAVI, "Ravi", "support"),
    "mina_audit": (MINA, "Mina", "auditor"),
}
ROWS = """
select distinct l.user_id, l.details ->> 'operator', l.details ->> 'operator_from', l.details -> 'claimed'
  from public.integration_audit_logs as l
 where l.action = 'log_exported' and l.details ->> 'session_user' = %s
"""
# Accounts that every Debian has and nobody uses. Four come by peer, two with a certificate, three with a password.
OF_ASHA, OF_RAVI, CLAIMS_TO_BE_RAVI, ASKS_FOR_ASHAS = "games", "news", "list", "irc"
WITH_CERTIFICATE, WITH_OTHER_CERTIFICATE = "lp", "uucp"
WITH_PASSWORD, WITH_OPEN_FILE, WITH_ROOTS_FILE = "proxy", "backup", "man"
ACCOUNTS = {
    OF_ASHA: "PGUSER=asha_admin",
    OF_RAVI: "PGUSER=ravi_support",
    CLAIMS_TO_BE_RAVI: f"PGUSER=asha_admin SWITCHBOARD_OPERATOR={RAVI}",
    ASKS_FOR_ASHAS: "PGUSER=asha_admin",
    WITH_CERTIFICATE: "PGUSER=asha_admin",
    WITH_OTHER_CERTIFICATE: "PGUSER=asha_admin",
} | {
    name: f"PGUSER=mina_audit PGPASSFILE=/etc/switchboard/pass/{name}"
    for name in (WITH_PASSWORD, WITH_OPEN_FILE, WITH_ROOTS_FILE)
}
PROFILES = {WITH_CERTIFICATE: "tls", WITH_OTHER_CERTIFICATE: "tls"} | dict.fromkeys(
    (WITH_PASSWORD, WITH_OPEN_FILE, WITH_ROOTS_FILE), "password"
)


class Server(DebianServer):
    """A Postgres 15 with a database that has three mapped logins, which lets them in as docs/ssh.md tells it to."""

    def __init__(self) -> None:
        super().__init__()
        # Else closed, since its logins need no password.
        self.server.socket_folder.chmod(0o711)
        self.database = self.create_database(prefix="logins")
        for role in ("admin", "support", "auditor"):
            self.create_role(f"switchboard_{role}", "nologin")
        run_schema_files(self.conninfo(self.database))
        with self.admin(self.database) as connection:
            connection.execute("insert into switchboard.organization_labels values (%s, 'Acme')", (ACME,))
            for login, (person, name, role) in PEOPLE.items():
                self.create_role(login, f"login in role switchboard_{role}")
                connection.execute("insert into switchboard.people_labels values (%s, %s)", (person, name))
                connection.execute(
                    "select switchboard.map_login(%s, %s, %s, null, true, false, null, 'postgres')",
                    (login, person, role),
                )
            connection.execute("alter role mina_audit password 'only hers'")
        self._let_in_as_documented()

    def settings(self) -> dict[str, str]:
        return super().settings() | {"unix_socket_permissions": "0777", "ssl_ca_file": str(self.authority)}

    def _let_in_as_documented(self) -> None:
        hba, ident = (self.server.cluster / name for name in ("pg_hba.conf", "pg_ident.conf"))
        ours = "local all postgres peer map=tests\n"
        peer = documented("\nlocal ", ("app", self.database))
        certificate = documented("\nhostssl ", ("app", self.database), ("10.0.0.5/32", "127.0.0.1/32"))
        before = hba.read_text(encoding="utf-8")
        hba.write_text(f"{ours}{peer}{certificate}{before}", encoding="utf-8")
        mapped = documented(
            "\nswitchboard   asha", ("asha   asha", f"{OF_ASHA}   asha"), ("ravi   r", f"{OF_RAVI}   r")
        )
        more = {CLAIMS_TO_BE_RAVI: "asha_admin", ASKS_FOR_ASHAS: "ravi_support", WITH_CERTIFICATE: "asha_admin"}
        lines = "".join(f"switchboard {account} {login}\n" for account, login in more.items())
        ident.write_text(f"tests root postgres\n{mapped}{lines}", encoding="utf-8")
        with self.admin() as connection:
            connection.execute("select pg_reload_conf()")

        def has_reloaded() -> bool:
            with suppress(psycopg.OperationalError), psycopg.connect(self.conninfo(self.database, user="mina_audit")):
                return False
            return True

        wait_until(has_reloaded)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    needs(POSTGRES_15 / "postgres", "postgresql-15")
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="module")
def sshd(server: Server) -> Iterator[Sshd]:
    """An sshd that lets each account in, to the console that the forced command starts with its profile."""
    socket = server.server.socket_folder
    port, database = server.port, server.database
    forced = f"\n    ForceCommand {sys.executable} -I -m tui --locked --profile"
    accounts = {
        name: line + (f"{forced} {PROFILES[name]}" if name in PROFILES else "") for name, line in ACCOUNTS.items()
    }
    by_socket = f"postgresql:///{database}?host={socket}&port={port}"
    sshd = Sshd({"DATABASE_URL": by_socket, "ENCRYPTION_MASTER_KEY": KEY}, accounts)
    etc = sshd.settings.parent
    by_tls = f"sslmode=verify-full&sslrootcert={server.authority}&hostaddr=127.0.0.1"
    for profile, more in (("tls", by_tls), ("password", "sslmode=disable")):
        file = etc / f"{profile}.env"
        shutil.copy2(sshd.settings, file)
        shutil.chown(file, 0, sshd.settings.stat().st_gid)
        file.write_text(
            f"DATABASE_URL='postgresql://localhost:{port}/{database}?{more}'\nENCRYPTION_MASTER_KEY='{KEY}'\n"
        )
    for account in (WITH_CERTIFICATE, WITH_OTHER_CERTIFICATE):
        place = sshd.home(account) / ".postgresql"
        place.mkdir(mode=0o755)
        issued = server.issuer.issue_cert(common_name=account)
        issued.cert_chain_pems[0].write_to_path(place / "postgresql.crt")
        issued.private_key_pem.write_to_path(place / "postgresql.key")
        (place / "postgresql.key").chmod(0o640)
        shutil.chown(place / "postgresql.key", 0, pwd.getpwnam(account).pw_gid)
    (etc / "pass").mkdir(mode=0o755)
    for account, owner, mode in (
        (WITH_PASSWORD, WITH_PASSWORD, 0o400),
        (WITH_OPEN_FILE, "root", 0o640),
        (WITH_ROOTS_FILE, "root", 0o600),
    ):
        file = etc / "pass" / account
        file.write_text(f"localhost:{port}:{database}:mina_audit:only hers\n")
        file.chmod(mode)
        shutil.chown(file, owner, pwd.getpwnam(account).pw_gid)
    with sshd:
        yield sshd


def test_an_account_is_the_person_of_its_login_and_gets_no_other(server: Server, sshd: Sshd) -> None:
    assert sshd.test_configuration() == ""

    def export(account: str) -> Outcome:
        return sshd.ask("audit export", account=account)

    with ThreadPoolExecutor(4) as threads:
        outcomes = dict(zip(ACCOUNTS, threads.map(export, ACCOUNTS), strict=True))
    refused = {
        CLAIMS_TO_BE_RAVI: (2, "another operator is named"),
        ASKS_FOR_ASHAS: (1, "Peer authentication failed"),
        WITH_OTHER_CERTIFICATE: (1, "certificate authentication failed"),
        # libpq ignores a file that others could read, and root's own is not readable.
        WITH_OPEN_FILE: (1, "group or world access"),
        WITH_ROOTS_FILE: (1, "no password supplied"),
    }
    for account, outcome in outcomes.items():
        status, words = refused.get(account, (0, ""))
        assert outcome.status == status, (account, outcome)
        assert words in outcome.err, (account, outcome)
    with server.admin(server.database) as connection:
        rows = {login: connection.execute(ROWS, [login]).fetchall() for login in PEOPLE}
    assert rows == {
        "asha_admin": [(ASHA, "Asha", "login", None)],
        "ravi_support": [(RAVI, "Ravi", "login", None)],
        "mina_audit": [(MINA, "Mina", "login", None)],
    }
