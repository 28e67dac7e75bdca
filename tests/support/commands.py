"""The real program as a command: started in a folder of its own, with nothing of the test's environment."""

from __future__ import annotations

import atexit
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.support.run_folder import run_folder
from tests.support.terminal.forked_program import ForkedProcess, ForkedProgram, ProgramServer

REPOSITORY = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "tui")
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: its exit status and both streams."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON; it must be one line of printable ASCII."""
        assert self.status == 0, self.err
        return one_line_of_json(self.out)

    def refusal(self, status: int) -> str:
        """Standard error of a command that was refused: one line, nothing else written, no trace."""
        assert (self.status, self.out) == (status, ""), (self.status, self.out, self.err)
        assert self.err.count("\n") == 1, self.err
        assert re.search(r"[.:] \S", self.err), self.err
        assert "Traceback" not in self.err
        return self.err


def start_program_server() -> Path:
    """Let one process fork commands for all workers of the run, unless that has been done; return its address."""
    address = run_folder() / "program"
    if not address.exists():
        atexit.register(ProgramServer(address).close)
    return address


@cache
def program() -> ForkedProgram:
    """What starts programs on a terminal by fork: one for all tests of a process."""
    return ForkedProgram(start_program_server())


class Shell:
    """Runs commands; `environment` is all that they get beside PATH, HOME and a UTF-8 locale.

    Those of one shell run in one process, one after the other, as far as that makes no difference to them.
    """

    def __init__(
        self, folder: Path, environment: dict[str, str] | None = None, program: ForkedProgram | None = None
    ) -> None:
        self.folder = folder
        self.program = program or ForkedProgram(start_program_server())
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
        } | (environment or {})

    def with_(self, **environment: str) -> Shell:
        """The same shell with more variables."""
        return Shell(self.folder, self.environment | environment, self.program)

    def without(self, *names: str) -> Shell:
        """The same shell without some variables."""
        kept = {name: value for name, value in self.environment.items() if name not in names}
        return Shell(self.folder, kept, self.program)

    def run(self, *arguments: str | bytes, stdin: str | bytes = "") -> Outcome:
        """Run a command to its end."""
        if not self.program.can_run(arguments, self.environment):
            return self._run([*PROGRAM, *arguments], stdin)
        stdin_bytes = stdin.encode() if isinstance(stdin, str) else stdin
        texts = [argument for argument in arguments if isinstance(argument, str)]
        status, out, err = self.program.run(texts, stdin_bytes, self.folder, self.environment, TIMEOUT_S)
        return Outcome(status, out.decode(), err.decode())

    def run_script(self, script: str, *arguments: str) -> Outcome:
        """Run a Python script that uses the program from within."""
        return self._run([sys.executable, "-c", script, *arguments], "")

    def _run(self, command: list[str | bytes], stdin: str | bytes) -> Outcome:
        process = subprocess.run(
            command,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            cwd=self.folder,
            env=self.environment,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Outcome(process.returncode, process.stdout.decode(), process.stderr.decode())

    def start(self, *arguments: str, waits: bool = False, stdout: int | None = None) -> ForkedProcess:
        """Start a command in a fork and leave it to the test.

        Its standard input is empty, or a pipe on which it `waits`; `stdout` is a descriptor in place of a pipe.
        """
        assert self.program.can_run(arguments, self.environment), "start it with start_afresh"
        return self.program.start_on_pipes(arguments, self.folder, self.environment, waits=waits, stdout=stdout)

    def run_into(self, path: Path, *arguments: str) -> Outcome:
        """Run a command to its end whose standard output is that file or device."""
        with path.open("wb") as file, self.start(*arguments, stdout=file.fileno()) as process:
            out, err = process.communicate(TIMEOUT_S)
        return Outcome(process.wait(), out.decode(), err.decode())

    def start_afresh(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command as a process that shares nothing, for what is about processes; it waits for its input."""
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environment,
        )


def one_line_of_json(text: str) -> Any:
    """Parse one line of printable ASCII that is JSON."""
    assert text.endswith("\n")
    line = text[:-1]
    assert line.isascii() and line.isprintable(), ascii(line)
    return json.loads(line)


def contents(conninfo: str) -> dict[str, str]:
    """A hash of every table's rows in public and switchboard, by name: equal means that nothing was written.

    Without the rows that are there only to be locked.
    """
    tables = """
        select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('public', 'switchboard') and c.relkind in ('r', 'p') and c.relname <> 'locks'
    """
    with psycopg.connect(conninfo) as connection:
        hashes = {}
        for schema, table in connection.execute(tables).fetchall():
            rows = sql.SQL("select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t")
            row = connection.execute(rows.format(sql.Identifier(schema, table))).fetchone()
            hashes[f"{schema}.{table}"] = row[0] if row else ""
        return hashes


def execute(conninfo: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Run one statement as the owner, past the program; return its rows if it has any."""
    with psycopg.connect(conninfo) as connection:
        cursor = connection.execute(statement.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []
