"""What the wizard and the doctor report: a state, one sentence and what to do; and what needs no query to be judged."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from tui.data.schema.preflight import OLDEST_VERSION, why_unwritable
from tui.errors import ConfigError
from tui.settings.dotenv_file import read_env_file
from tui.settings.git_ignore import git_ignore_state

if TYPE_CHECKING:
    from pathlib import Path

    from tui.data.postgres.conninfo.settings import ConnectionSettings
    from tui.models.server import ServerInfo
    from tui.settings.git_ignore import GitIgnoreState

FindingState = Literal["ok", "warning", "problem"]

SESSION_POOLER = "Use the direct connection or the session pooler (port 5432) for that."


class Subject(Enum):
    """What a finding is about: the area that groups it, and its title where it has no name of its own."""

    CONNECTION = ("connection", "Connection")
    FAILURE = ("connection", "Failure")
    SERVER = ("connection", "Server")
    TLS = ("connection", "TLS")
    POOLER = ("connection", "Pooler")
    ROLE = ("connection", "Role")
    OPERATOR = ("connection", "Operator")
    SCHEMA = ("schema", "Schema")
    DRIFT = ("schema", "Drift")
    FOREIGN = ("schema", "Of others")
    ACCEPTED = ("schema", "Accepted")
    DIRECTORY = ("schema", "Directory")
    TYPE = ("schema", "Types")
    HOLE = ("access", "Hole")
    GROUPS = ("access", "Roles")
    LOGINS = ("access", "Logins")
    CLAIMS = ("access", "Claims")
    SEALS = ("access", "Seals")
    MASTER_KEY = ("key", "Master key")
    AROUND_THE_KEY = ("key", "Around the key")
    KEY_AGE = ("key", "Age of the key")
    CREDENTIALS = ("key", "Credentials")
    SERVICE_ROLE = ("key", "Service role")
    COPY_OF_THE_KEY = ("key", "Copy of the key")
    ENV_FILE = ("files", ".env")
    GIT = ("files", "git")
    TABLE = ("proof", "table")
    ENCRYPTION = ("proof", "encryption")


@dataclass(frozen=True, slots=True)
class Finding:
    """How one thing stands in a sentence, and what to do about it (empty where nothing is to do).

    `name` is given where the subject is one of several: a file, a table, a hole. `query` shows the thing in the
    database, where a query can.
    """

    subject: Subject
    state: FindingState
    sentence: str
    what_to_do: str = ""
    query: str = ""
    name: str = ""

    @property
    def area(self) -> str:
        """The group in which the doctor lists it."""
        return self.subject.value[0]

    @property
    def title(self) -> str:
        """The thing in a word or two."""
        return self.name or self.subject.value[1]


def server_findings(
    server: ServerInfo, settings: ConnectionSettings | None, *, reads_only: bool = False
) -> list[Finding]:
    """Say what the connection, its TLS, the pooler in between, the server and the role are like; nothing secret.

    Where nothing is to be written (`reads_only`) a standby is as good as any server.
    """
    return [
        Finding(
            Subject.CONNECTION, "ok", f"Connected to database {server.database} on {_place(server)} as {server.role}."
        ),
        _version(server, reads_only=reads_only),
        _tls(server, settings),
        _pooling(server),
        _role(server),
    ]


def blocking_finding(server: ServerInfo) -> Finding | None:
    """Return what makes this server unusable for Switchboard, None where nothing does."""
    version = _version(server)
    return version if version.state == "problem" else None


def env_file_findings(env_file: Path) -> list[Finding]:
    """Say whether `.env` is closed to others and whether git would take it along."""
    try:
        present = read_env_file(env_file, lambda _: False) is not None
    except ConfigError as failure:
        return [Finding(Subject.ENV_FILE, "problem", failure.sentence, failure.what_to_do, name=env_file.name)]
    if not present:
        absent = f"There is no {env_file.name} here: settings come from elsewhere."
        return [Finding(Subject.ENV_FILE, "ok", absent, name=env_file.name)]
    closed = f"{env_file.name} is closed to others (mode {stat.S_IMODE(env_file.stat().st_mode):04o})."
    return [
        Finding(Subject.ENV_FILE, "ok", closed, name=env_file.name),
        git_finding(env_file.name, git_ignore_state(env_file)),
    ]


def git_finding(name: str, state: GitIgnoreState) -> Finding:
    """Say whether git would take the file of that name along."""
    match state:
        case "not in git":
            return Finding(Subject.GIT, "ok", f"{name} is in no git work tree, so it cannot be committed from here.")
        case "ignored":
            return Finding(Subject.GIT, "ok", f"git ignores {name}.")
        case "tracked":
            return Finding(
                Subject.GIT,
                "problem",
                f"{name} is committed in git, so everybody with the repository has what is in it.",
                f"Run git rm --cached {name}, add it to .gitignore, and replace every secret in it.",
            )
        case "not ignored":
            return Finding(
                Subject.GIT,
                "problem",
                f"git does not ignore {name}, so the next commit may include it.",
                f"Add the line /{name} to .gitignore.",
            )


def _place(server: ServerInfo) -> str:
    if not server.host or server.host.startswith(("/", "@")):
        return "this machine"
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{host}:{server.port}"


def _version(server: ServerInfo, *, reads_only: bool = False) -> Finding:
    if reads_only and server.in_recovery and server.version >= OLDEST_VERSION:
        sentence = (
            f"The server is PostgreSQL {server.version_text}, a standby: everything is as new as it has replayed."
        )
        return Finding(Subject.SERVER, "ok", sentence)
    if problem := why_unwritable(server):
        return Finding(Subject.SERVER, "problem", problem.sentence, problem.what_to_do)
    return Finding(Subject.SERVER, "ok", f"The server is PostgreSQL {server.version_text}.")


def _tls(server: ServerInfo, settings: ConnectionSettings | None) -> Finding:
    warning = settings.tls_warning() if settings else None
    if server.is_local:
        how = f"{server.tls}, on this machine" if server.tls else "not needed, it stays on this machine"
        return Finding(Subject.TLS, "ok", f"Encryption: {how}.")
    if server.tls is None:
        return Finding(
            Subject.TLS,
            "warning",
            "NOT encrypted: everybody between here and the server can read the connection.",
            "Choose verify-full, or at least require.",
        )
    if warning:
        return Finding(
            Subject.TLS,
            "warning",
            f"Encrypted ({server.tls}) but NOT verified: it may not be the right server.",
            "Choose verify-full and give the provider's CA file (sslrootcert).",
        )
    return Finding(Subject.TLS, "ok", f"Encrypted with {server.tls}, and the server's certificate was checked.")


def _pooling(server: ServerInfo) -> Finding:
    if server.pooling == "transaction":
        return Finding(
            Subject.POOLER,
            "warning",
            "A transaction pooler is in between: fine for daily work, not for installing.",
            SESSION_POOLER,
        )
    kind = "A session pooler is in between, which is fine." if server.pooling == "session" else "Direct, no pooler."
    return Finding(Subject.POOLER, "ok", kind)


def _role(server: ServerInfo) -> Finding:
    if server.superuser:
        return Finding(Subject.ROLE, "ok", f"The role {server.role} is a superuser: it may do everything.")
    if server.create_in_database and server.create_in_public:
        return Finding(Subject.ROLE, "ok", f"The role {server.role} may create schemas and tables, so it may install.")
    lacking = [
        what
        for what, allowed in (
            (f"database {server.database}", server.create_in_database),
            ("schema public", server.create_in_public),
        )
        if not allowed
    ]
    return Finding(
        Subject.ROLE,
        "warning",
        f"The role {server.role} may not install: no CREATE on {', '.join(lacking)}.",
        "Daily work does not need it; install as the owner of the database.",
    )
