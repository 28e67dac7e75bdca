"""The command `run`: lends a credential to one program, in its environment."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.cli.integrations.lookup import find_integration, type_argument
from tui.cli.parsing import Command, argument, command, option
from tui.cli.requirements import Requirements
from tui.data.integrations.reveal import open_fields
from tui.data.keys.sources import is_from_program
from tui.errors import InvalidInput, MasterKeyMissing, ProgramNotExecutable, ProgramNotFound
from tui.process.hardening import inherited_umask
from tui.session.openable_type import openable_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.cli.output import Output
    from tui.session.session import Session

# What leads to the database or opens other credentials is not lent with one of them.
WITHHELD = re.compile("DATABASE_URL|PG.*|ENCRYPTION_.*|SWITCHBOARD_.*|SUPABASE_.*")
# They say what else is run: the fields of a declared type may be called anything, and others may set their values.
_STEERING = re.compile("LD_.*|DYLD_.*|BASH_ENV|GIT_.*|NODE_OPTIONS|SSH_.*|SSL_.*|XDG_.*")
OPENS_STORES = re.compile(
    "AGE_.*|CREDENTIALS_DIRECTORY|SOPS_.*|OP_.*|AWS_.*|CLOUDSDK_.*|GOOGLE_.*|AZURE_.*|BAO_.*|VAULT_.*"
)
"""What the programs of docs/key_sources.md log in or decrypt with: withheld where one of them gives the master key."""
PREFIX = re.compile("[A-Z][A-Z0-9_]*")


def names_lent(prefix: str, fields: Sequence[str]) -> dict[str, str]:
    """Return the variable of each field. Raises InvalidInput where one of them is not for credentials."""
    names = {name: f"{prefix}_{name.upper()}" for name in fields}
    if wrong := next((name for name in names.values() if WITHHELD.fullmatch(name) or _STEERING.fullmatch(name)), None):
        raise InvalidInput(
            f"With the prefix {prefix} it would get {wrong}, of the names that no program gets.",
            "Give another one, such as --prefix MAIL.",
        )
    return names


class _Lending:
    """What is borrowed, called as the work of the command; the program starts once the session is closed."""

    def __init__(self, integration_type: str, prefix: str | None, program: tuple[str, ...]) -> None:
        self._type = integration_type
        self._prefix = prefix
        self._program = program
        self._path = _path_of(program[0])
        self._lent: dict[str, str] = {}
        self._names: set[str] = set()
        self._withheld = [WITHHELD]

    async def __call__(self, session: Session, out: Output) -> None:
        integration = await find_integration(session, self._type, opens_envelopes=True)
        fields = [field.name for field in (await openable_type(session, integration.integration_type)).fields]
        names = names_lent(self._prefix or integration.integration_type.upper(), fields)
        if not session.keyring.keys:
            # Before the log says that it was lent.
            raise MasterKeyMissing
        opened = await open_fields(session.database, session.keyring, integration, fields)
        for name, secret in opened.items():
            value = secret.reveal("lent to the program that was named")
            if "\0" in value:
                raise InvalidInput(
                    f"The field {name} holds a NUL, which no environment can hold.", "Correct it with the editor."
                )
            self._lent[names[name]] = value
        if is_from_program(session.keyring):
            self._withheld.append(OPENS_STORES)
        # One that the field would have, and that is not stored, is not left over from elsewhere.
        self._names = set(names.values())

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the program."""
        kept = {
            name: value
            for name, value in environ.items()
            if name not in self._names and not any(names.fullmatch(name) for names in self._withheld)
        }
        return kept | self._lent

    def start(self) -> None:
        """Become the program: its exit status and its signals are this process's.

        Raises ProgramNotFound and ProgramNotExecutable.
        """
        # Python ignores these, and a program would inherit that.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.umask(inherited_umask())
        sys.stdout.flush()
        try:
            # Neither a shell nor a parent that would hold what was lent.
            os.execve(self._path, self._program, self.environment(os.environ))  # noqa: S606
        except OSError as error:
            # Also where the interpreter that its first line names is not there.
            kind = ProgramNotFound if isinstance(error, FileNotFoundError) else ProgramNotExecutable
            raise kind(f"The program cannot be started: {error.strerror}.", "Check its file.") from None


def _path_of(program: str) -> str:
    """Return where the program is. Raises as `start`, which is before the log says that anything was lent."""
    if path := shutil.which(program):
        return path
    if shutil.which(program, os.F_OK) or (os.sep in program and Path(program).exists()):
        raise ProgramNotExecutable(
            "What the words after `--` name may not be executed.", "Check its mode and its owner."
        )
    raise ProgramNotFound("There is no program of that name.", "Check the words after `--`.")


class _LendingCommand(Command):
    """Starts the program once the session is closed, so that it holds nothing of it."""

    def work(self, ctx: click.Context) -> Any:
        """Return the work, and keep it."""
        self._lending: _Lending = super().work(ctx)
        return self._lending

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and become the program."""
        super().invoke(ctx)
        self._lending.start()


@command(cls=_LendingCommand, needs=Requirements("administrator", key="required", writes="log", starts=True))
@type_argument
@argument("program", metavar="-- PROGRAM ...", nargs=-1, required=True, type=click.UNPROCESSED)
@option("--prefix", metavar="PREFIX", help="Begin the names of the variables with this; by default the type.")
def run(integration_type: str, program: tuple[str, ...], prefix: str | None) -> Any:
    """Run a program with a credential in its environment.

    Each field is a variable, EXOTEL_SMS_API_KEY or PREFIX_API_KEY; nothing is on the command line or on disk. The log
    says first that the credential was lent, and it counts as a reveal. DATABASE_URL, PG..., ENCRYPTION_...,
    SWITCHBOARD_... and SUPABASE_... are not passed on, nor, where a program gives the master key, what such programs
    log in with. Its exit status is that of the command; 127 is a program that is not there, 126 one that cannot be
    executed.

    \b
    Example:
        switchboard run zoho_mail --prefix MAIL -- ./send-report.sh
    """
    if prefix is not None and not PREFIX.fullmatch(prefix):
        raise InvalidInput(
            "--prefix is not a capital letter and then capital letters, digits or _.", "Give one such as MAIL."
        )
    return _Lending(integration_type, prefix, program)
