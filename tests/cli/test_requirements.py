"""What each command requires, tried for real: every command against the columns of docs/commands.md.

Each column is tried with every command that it refuses and a share of the others; `-m long` tries all in all. What
both auditors and support are refused is tried as support, which is nearer to being let in: that auditors have no right
that support lacks is in the access matrix (tests/data/schema/test_access.py).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
from contextlib import AsyncExitStack, contextmanager
from shutil import copyfile
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.cli.conftest import on_database
from tests.generate.commands import (
    ARCHIVE,
    DOCUMENT,
    EARLIER_KEY_ID,
    EXAMPLES,
    LIST,
    SEALED_ROW,
    UNREADABLE,
    Example,
    commands_document,
    leaves,
)
from tests.support.acme import ACME, ASHA, OTHER_KEY
from tests.support.commands import Outcome, Shell, execute
from tests.support.database.number_rows import OLD, RAVI, add_row, create_people
from tests.support.database.seal_tampering import seal
from tests.support.servers.exotel import ExotelServer, exophone
from tests.support.servers.pooler import TransactionPooler
from tests.support.terminal.forked_terminal import ForkedTerminal
from tui.cli.audit.filter import FilteredCommand
from tui.cli.parsing import Command, Option
from tui.cli.requirements import Requirements
from tui.data.seals import hours as seal_hours
from tui.data.seals.sealing_keys import read_seal_key
from tui.errors import ReadOnlyMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.servers.postgres import TestServer
    from tui.cli.output import Output
    from tui.session.session import Session

GROUPS = {
    "auditor": "switchboard_auditor",
    "support": "switchboard_support",
    "administrator": "switchboard_admin",
}
COLUMNS = ("auditor", "support", "no master key", "read-only mode", "read-only database", "locked", "pooler")
SIGTERM = 128 + signal.SIGTERM


@pytest.fixture(scope="module")
def populated_shell(
    postgres: TestServer, phone_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """A shell on a database in which every command finds what it is about; to be cloned and not to be changed."""
    name = postgres.create_database(template=phone_template, prefix="template_office")
    with populated(postgres, name, tmp_path_factory.mktemp("office")) as shell:
        yield shell
    postgres.drop_database(name)
    postgres.drop_new_roles()


@contextmanager
def populated(postgres: TestServer, name: str, folder: Path) -> Iterator[Shell]:
    """Fill a database in which the schema is installed; the shell is the owner's."""
    conninfo = postgres.conninfo(name)
    create_people(conninfo)
    add_row(conninfo, OLD, assigned_to_user_id=ASHA)
    execute(
        conninfo,
        "insert into integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
        "values (%s, %s, 'zoho_mail', 'x')",
        *(UNREADABLE, ACME),
    )
    execute(conninfo, "delete from integration_credentials where integration_type = 'zoho_mail'")
    with ExotelServer(numbers=[exophone(f"+91{OLD[1:]}")]) as exotel:
        shell = on_database(Shell(folder), conninfo).with_(**exotel.environment)
        stdin_text = json.dumps(exotel.credential(virtual_number=OLD))
        assert shell.run("integrations", "configure", "exotel_phone", stdin=stdin_text).status == 0
        for line in (
            "setup --yes --roles",
            "types new acme_mail --output .config/switchboard/types/acme_mail.toml",
            f"permissions grant {RAVI} exotel_phone --view --yes",
            f"access appoint {ASHA}",
            "audit seal --new-key seal.pem",
            "audit cosign --new-key own.pem",
        ):
            outcome = shell.run(*line.split())
            assert outcome.status == 0, outcome.err
        execute(
            conninfo,
            "insert into integration_audit_logs (id, organization_id, integration_type, action, status, created_at) "
            "values (%s, %s, 'zoho_mail', 'email_sent', 'success', '2026-01-01')",
            *(SEALED_ROW, ACME),
        )
        shell = shell.with_(
            SWITCHBOARD_SEAL_KEY_FILE=str(shell.folder / "seal.pem"),
            SWITCHBOARD_COSIGN_KEY_FILE=str(shell.folder / "own.pem"),
        )
        with pytest.MonkeyPatch.context() as patched:
            # So that there is something left to seal.
            patched.setattr(seal_hours, "SETTLED_MIN", 120)
            asyncio.run(seal(conninfo, read_seal_key(shell.folder / "seal.pem")))
        (shell.folder / "a.checkpoint").write_text(shell.run("audit", "checkpoint").out)
        assert shell.run(*["audit", "archive", "--before", "2026-02", "--output", "."]).status == 0
        (shell.folder / "a.proof").write_text(shell.run("audit", "prove", str(SEALED_ROW)).out)
        ((public_key,),) = execute(
            conninfo, "select encode(public_key, 'hex') from switchboard.keys where purpose = 'seal'"
        )
        (shell.folder / "seal.pub").write_text(public_key)
        execute(
            conninfo,
            "insert into switchboard.keys (key_id, purpose, salt, state) "
            f"values ('{EARLIER_KEY_ID}', 'master', '0123456789abcdef', 'decrypt-only')",
        )
        postgres.create_role("newcomer", f"login in role {GROUPS['auditor']}")
        for login, group in {**GROUPS, "colleague": GROUPS["support"]}.items():
            postgres.create_role(login, f"login in role {group}")
            role = group.removeprefix("switchboard_")
            added = shell.run(*f"access add {login} --person {ASHA} --role {role} --all-organizations --yes".split())
            assert added.status == 0, added.err
        yield shell


def run(shell: Shell, line: str) -> Outcome:
    """Run a command as a script would; the one that does not end by itself is ended once it has written a row."""
    own, separator, program_line = line.partition(" -- ")
    arguments = [*own.split(), "--json", "--yes", *(["--"] if separator else []), *program_line.split()]
    if line != "audit tail":
        return shell.run(*arguments, stdin='{"caller_id": "08033755555"}')
    with ForkedTerminal(*arguments, environment=shell.environment, cwd=shell.folder, columns=200) as terminal:
        terminal.wait_for(lambda text: "}" in text)
        if terminal.process.poll() is None:
            terminal.signal(signal.SIGTERM)
        status = terminal.wait_for_exit()
        lines = terminal.bytes_since().decode().splitlines(keepends=True)
    return Outcome(0, lines[0], "") if status == SIGTERM else Outcome(status, "", "".join(lines))


def login_of(column: str, needs: Requirements) -> str:
    """The login that a column is about, else the least that is enough."""
    if column in GROUPS:
        return column
    return "postgres" if needs.role == "owner" else "administrator"


def refusal(column: str, example: Example) -> int:
    """The exit status with which the table says that an example is refused, else 0."""
    needs = example.needs
    writes = needs.writes != "nothing" or needs.installs
    return {
        "auditor": 3 if needs.role not in ("none", "any") else 0,
        "support": 3 if needs.role in ("administrator", "owner") else 0,
        "no master key": 4 if needs.key == "required" else 0,
        "read-only mode": 2 if needs.writes == "data" else 0,
        "read-only database": 1 if needs.role != "none" and writes else 0,
        "locked": 0 if example.locked else 2,
        "pooler": 1 if needs.installs else 0,
    }[column]


def difference(column: str, example: Example, outcome: Outcome) -> str:
    """What is not as the table says; nothing where all is."""
    refused = refusal(column, example)
    promised = {refused} if refused else {0, 5} if example.needs.finds else {0}
    if outcome.status not in promised or outcome.status not in example.needs.exit_statuses:
        return f"{example.line}: {outcome.status} in place of {promised}: {outcome.err}"
    if outcome.status and json.loads(outcome.err.splitlines()[-1]).keys() != {"error", "what_to_do", "exit"}:
        return f"{example.line}: {outcome.err}"
    if refused:
        # What can be shown without the key is shown first.
        return f"{example.line}: {outcome.out}" if outcome.out and refused != 4 else ""
    written = json.loads(outcome.out.splitlines()[0])
    fields = list(written[0] if isinstance(written, list) else written)
    as_promised = fields == example.fields.split() and isinstance(written, list) == (example.output == LIST)
    return "" if as_promised else f"{example.line}: {fields} in place of {example.fields}"


def sample(column: str) -> tuple[Example, ...]:
    """The examples that a column refuses, and a share of the others: over all columns each of them once."""
    refused = tuple(
        example
        for example in EXAMPLES
        if refusal(column, example) and not (column == "auditor" and refusal("support", example))
    )
    share = []
    for example in EXAMPLES:
        letting = [name for name in COLUMNS if not refusal(name, example)]
        # By its text, so that another example changes nothing for those that are there.
        if letting[crc32(example.line.encode()) % len(letting)] == column:
            share.append(example)
    # What is refused changes nothing, so it comes before what does.
    return refused + tuple(share)


@pytest.mark.parametrize(
    "examples", [sample, pytest.param(lambda _: EXAMPLES, marks=pytest.mark.long)], ids=["", "all"]
)
@pytest.mark.parametrize("column", COLUMNS)
async def test_every_command_does_in_each_column_what_the_table_says(
    populated_shell: Shell,
    postgres: TestServer,
    tmp_path: Path,
    column: str,
    examples: Callable[[str], tuple[Example, ...]],
) -> None:
    template = str(conninfo_to_dict(populated_shell.environment["DATABASE_URL"])["dbname"])
    name = postgres.create_database(template=template, prefix="column")
    shell = Shell(tmp_path, populated_shell.environment, populated_shell.program)
    async with AsyncExitStack() as stack:
        logins = {login: postgres.conninfo(name, user=login) for login in (*GROUPS, "postgres")}
        if column == "pooler":
            for login in ("administrator", "postgres"):
                pooler = await stack.enter_async_context(TransactionPooler(logins[login]))
                logins[login] = pooler.conninfo
        elif column == "no master key":
            shell = shell.without("ENCRYPTION_MASTER_KEY")
        elif column == "read-only mode":
            shell = shell.with_(SWITCHBOARD_READ_ONLY="1")
        elif column == "locked":
            shell = shell.with_(SWITCHBOARD_LOCKED="1", SWITCHBOARD_EXPORT_DIR=str(shell.folder))
        elif column == "read-only database":
            with postgres.admin() as admin:
                statement = sql.SQL("alter database {} set default_transaction_read_only = on")
                admin.execute(statement.format(sql.Identifier(name)))
        write_files(shell.folder, populated_shell.folder)
        differences = []
        for example in examples(column):
            # The demo brings a database of its own (tests/cli/test_demo.py), and what serves needs a login that speaks
            # for others (tests/http/test_server.py).
            if example.path not in ("demo", "serve"):
                connected = shell.with_(DATABASE_URL=logins[login_of(column, example.needs)])
                outcome = await asyncio.to_thread(run, connected, example.line)
                differences.append(difference(column, example, outcome))
    postgres.drop_database(name)
    assert [text for text in differences if text] == []


# What it asks with is what `run` gives each command. It leads to this machine, so nobody is asked.
OWN_CALLER = """\
name = "own_caller"
title = "Own caller"
help = "Ask whoever runs it."

[[field]]
name = "caller_id"
label = "Caller id"
kind = "secret"
help = "It stands there."
required = true

[[field]]
name = "api_host"
label = "API host"
kind = "host"
help = "Its name."
default = "localhost"

[check]
host_field = "api_host"
auth = "bearer"
secret = "{caller_id}"

[[check.get]]
path = "/account"
yes = { status = 200, values = { "is_active" = true } }
"""


def write_files(folder: Path, made: Path | None = None) -> None:
    """Write the files that examples name; those that commands wrote are there, or copied from `made`."""
    (folder / "new.key").write_text(OTHER_KEY)
    (folder / "new.key").chmod(0o600)
    (folder / "earlier.jsonl").write_text("")
    (folder / "archive").mkdir()
    (folder / "own_caller.toml").write_text(OWN_CALLER)
    for kept in ("a.checkpoint", "a.proof", "seal.pub", ARCHIVE, ARCHIVE.replace("jsonl.gz", "seals.json")):
        if made is not None:
            copyfile(made / kept, folder / kept)
    manifest = {"rows": 0, "bytes": 0, "sha256": hashlib.sha256().hexdigest(), "format": "jsonl"}
    (folder / "earlier.jsonl.manifest.json").write_text(json.dumps(manifest))


def test_every_command_and_every_option_that_changes_what_is_required_has_an_example() -> None:
    assert {example.path for example in EXAMPLES} == leaves().keys()
    for path, command in leaves().items():
        lines = [example.line.split() for example in EXAMPLES if example.path == path]
        for option in command.params:
            if isinstance(option, Option) and option.needs:
                assert any(option.opts[0] in line for line in lines), (path, option.opts)


@pytest.mark.parametrize("kind", [Command, FilteredCommand])
def test_an_option_replaces_the_requirements_of_a_command_of_each_kind(
    kind: type[Command], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(session: Session, out: Output, **parameters: object) -> None:
        raise AssertionError("it ran")

    monkeypatch.chdir(tmp_path)
    parameters = [Option(["--write"], is_flag=True, needs=Requirements("any", writes="data"))]
    command = kind("read", callback=work, params=parameters, needs=Requirements("any"))
    with pytest.raises(ReadOnlyMode):
        command.main(["--write", "--read-only"], standalone_mode=False)


def test_the_documents_have_what_is_declared() -> None:
    assert commands_document() == DOCUMENT.read_text(encoding="utf-8")
