"""What each command requires, tried for real: every command against every column of docs/commands.md."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.cli.conftest import of_acme
from tests.generate.commands import (
    DOCUMENT,
    JSON_FIELDS,
    commands_document,
    commands_list,
    leaves,
    list_in_readme,
)
from tests.support.commands import Outcome, Shell
from tests.support.numbers import OLD, RAVI, add_row, create_people
from tests.support.servers.exotel import ExotelServer, exophone
from tests.support.servers.pooler import TransactionPooler
from tests.support.sitting import ASHA
from tests.support.terminal.forked_terminal import ForkedTerminal
from tui.cli.parsing import Option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers.postgres import TestServer
    from tui.cli.parsing import Command
    from tui.cli.requirements import Requirements

GROUPS = {
    "auditor": "switchboard_auditor",
    "support": "switchboard_support",
    "administrator": "switchboard_admin",
}
# One line for each command and for each option that changes what is required, in an order in which each finds what it
# is about. The demo brings a database of its own: tests/cli/test_demo.py.
LINES = (
    "schema",
    "doctor",
    "keys generate",
    "keys status",
    "integrations list",
    "integrations show exotel_phone",
    "integrations configure exotel_phone",
    "integrations test exotel_phone",
    "integrations disable exotel_phone",
    "integrations enable exotel_phone",
    "phone-numbers list",
    "phone-numbers sync --dry-run",
    "phone-numbers sync",
    "phone-numbers add 08040000000",
    f"phone-numbers edit {OLD} --name Desk",
    f"phone-numbers assign {OLD} ravi@acme.example",
    f"phone-numbers unassign {OLD}",
    f"phone-numbers primary {OLD}",
    f"phone-numbers deactivate {OLD}",
    "permissions list",
    f"permissions grant {RAVI} exotel_phone --send --dry-run",
    f"permissions grant {RAVI} exotel_phone --send",
    f"permissions copy {RAVI} asha@acme.example --dry-run",
    f"permissions copy {RAVI} asha@acme.example",
    f"permissions report {RAVI}",
    f"permissions revoke {RAVI} exotel_phone --dry-run",
    f"permissions revoke {RAVI} exotel_phone",
    "audit list",
    "audit export --output log.jsonl",
    "audit tail",
    "audit stats",
    "audit seal --new-key other.pem",
    "audit seal",
    "audit verify",
    "setup --dry-run",
    "setup",
    "integrations delete exotel_phone",
)
COLUMNS = ("auditor", "support", "no master key", "read-only mode", "read-only database", "locked", "pooler")
SIGTERM = 128 + signal.SIGTERM


@pytest.fixture(scope="module")
def office(postgres: TestServer, phone_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell on a database in which every command finds what it is about; to be cloned and not to be changed."""
    name = postgres.create_database(template=phone_template, prefix="template_office")
    conninfo = postgres.conninfo(name)
    create_people(conninfo)
    add_row(conninfo, OLD, assigned_to_user_id=ASHA)
    with ExotelServer(numbers=[exophone(f"+91{OLD[1:]}")]) as exotel:
        shell = of_acme(Shell(tmp_path_factory.mktemp("office")), conninfo).with_(**exotel.environment)
        given = json.dumps(exotel.credential(virtual_number=OLD))
        assert shell.run("integrations", "configure", "exotel_phone", stdin=given).status == 0
        for line in (
            "setup --yes --roles",
            f"permissions grant {RAVI} exotel_phone --view --yes",
            "audit seal --new-key seal.pem",
        ):
            done = shell.run(*line.split())
            assert done.status == 0, done.err
        for login, group in GROUPS.items():
            postgres.create_role(login, f"login in role {group}")
        yield shell.with_(SWITCHBOARD_SEAL_KEY_FILE=str(shell.folder / "seal.pem"))
    postgres.drop_database(name)
    postgres.drop_new_roles()


def run(shell: Shell, line: str) -> Outcome:
    """Run a command as a script would; the one that does not end by itself is ended once it has written a row."""
    arguments = [*line.split(), "--json", "--yes"]
    if line != "audit tail":
        return shell.run(*arguments, stdin='{"caller_id": "08033755555"}')
    with ForkedTerminal(*arguments, environment=shell.environment, cwd=shell.folder, columns=200) as terminal:
        terminal.wait_for(lambda text: "}" in text)
        if terminal.process.poll() is None:
            terminal.signal(signal.SIGTERM)
        status = terminal.wait_for_exit()
        lines = terminal.bytes_since().decode().splitlines(keepends=True)
    return Outcome(0, lines[0], "") if status == SIGTERM else Outcome(status, "", "".join(lines))


def command_of(line: str) -> tuple[str, Command]:
    path = max((path for path in leaves() if f"{line} ".startswith(f"{path} ")), key=len)
    return path, leaves()[path]


def required(line: str) -> Requirements:
    """What is declared for a command line: by the option of it that says so, else by the command."""
    _, command = command_of(line)
    options = [option for option in command.params if isinstance(option, Option) and option.opts[0] in line.split()]
    return next((option.needs for option in options if option.needs), command.needs)


def login_of(column: str, needs: Requirements) -> str:
    """The login that a column is about, else the least that is enough."""
    if column in GROUPS:
        return column
    return "postgres" if needs.role == "owner" else "administrator"


def refusal(column: str, line: str) -> int:
    """The exit status with which the table says that a command line is refused, else 0."""
    needs, (_, command) = required(line), command_of(line)
    writes = needs.writes != "nothing" or needs.installs
    return {
        "auditor": 3 if needs.role not in ("none", "any") else 0,
        "support": 3 if needs.role in ("administrator", "owner") else 0,
        "no master key": 4 if needs.key == "required" else 0,
        "read-only mode": 2 if needs.writes == "data" else 0,
        "read-only database": 1 if needs.role != "none" and writes else 0,
        "locked": 0 if command.locked else 2,
        "pooler": 1 if needs.installs else 0,
    }[column]


def verdict(column: str, line: str, done: Outcome) -> str:
    """What is not as the table says; nothing where all is."""
    status = refusal(column, line)
    needs = required(line)
    if status or done.status:
        promised = {status} if status else {0, 5} if needs.finds else {0}
        failure = [json.loads(text) for text in done.err.splitlines()][-1:]
        if done.status not in promised or done.status not in needs.exit_statuses:
            return f"{line}: {done.status} in place of {promised}: {done.err}"
        if failure and failure[0].keys() != {"error", "what_to_do", "exit"}:
            return f"{line}: {done.err}"
    if status:
        # What can be shown without the key is shown first.
        return f"{line}: {done.out}" if done.out and status != 4 else ""
    written = json.loads(done.out.splitlines()[0])
    fields = written[0] if isinstance(written, list) else written
    names = ["key_id", "public_key"] if "--new-key" in line else JSON_FIELDS[command_of(line)[0]][1].split()
    return "" if list(fields) == names else f"{line}: {list(fields)} in place of {names}"


@pytest.mark.parametrize("column", COLUMNS)
async def test_every_command_does_in_each_column_what_the_table_says(
    office: Shell, postgres: TestServer, tmp_path: Path, column: str
) -> None:
    template = str(conninfo_to_dict(office.environment["DATABASE_URL"])["dbname"])
    name = postgres.create_database(template=template, prefix="column")
    shell = Shell(tmp_path, office.environment)
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
        verdicts = []
        for line in LINES:
            login = logins[login_of(column, required(line))]
            done = await asyncio.to_thread(run, shell.with_(DATABASE_URL=login), line)
            verdicts.append(verdict(column, line, done))
    postgres.drop_database(name)
    assert [text for text in verdicts if text] == []


def test_every_command_and_every_option_that_changes_what_is_required_is_tried() -> None:
    assert {command_of(line)[0] for line in LINES} == leaves().keys() - {"demo"}
    for path, command in leaves().items():
        for option in command.params:
            if isinstance(option, Option) and option.needs:
                tried = [line for line in LINES if command_of(line)[0] == path and option.opts[0] in line.split()]
                assert tried, (path, option.opts)


def test_the_documents_have_what_is_declared() -> None:
    assert commands_document() == DOCUMENT.read_text(encoding="utf-8")
    assert commands_list() == list_in_readme()
