"""Fixtures: a shell to run the program in, alone and on a database that is set up."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.acme import ACME, ASHA, KEY, PHONE
from tests.support.commands import Shell, start_program_server
from tests.support.database.number_rows import OLD, add_row, create_people
from tests.support.servers.exotel import ExotelServer
from tests.support.terminal.forked_program import ForkedProgram

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers.postgres import TestServer


@pytest.fixture(scope="module")
def program() -> ForkedProgram:
    """The process in which the commands of a module run."""
    return ForkedProgram(start_program_server())


@pytest.fixture
def shell(tmp_path: Path, program: ForkedProgram) -> Shell:
    """A shell in which nothing is configured."""
    return Shell(tmp_path, program=program)


def on_database(shell: Shell, conninfo: str) -> Shell:
    """The shell with a database, a master key and an organisation."""
    return shell.with_(DATABASE_URL=conninfo, ENCRYPTION_MASTER_KEY=KEY, SWITCHBOARD_ORGANIZATION=str(ACME))


@contextmanager
def shell_on_clone(postgres: TestServer, template: str, shell: Shell) -> Iterator[Shell]:
    """The shell on a database of its own with what the template holds."""
    with postgres.own_database(template=template, prefix="clone") as name:
        yield on_database(shell, postgres.conninfo(name))


@pytest.fixture
def new_acme_shell(shell: Shell, installed_database: str) -> Shell:
    """A shell on an installed database without rows, with a master key and an organisation."""
    return on_database(shell, installed_database)


@pytest.fixture
def acme_shell(shell: Shell, keyed_database: str) -> Shell:
    """The same where the master key is recorded, as after a first write."""
    return on_database(shell, keyed_database)


@pytest.fixture(scope="session")
def phone_template(postgres: TestServer, keyed_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of a database in which exotel_phone was set up, to be cloned and not to be changed."""
    name = postgres.create_database(template=keyed_template, prefix="template_phone")
    shell = on_database(Shell(tmp_path_factory.mktemp("phone")), postgres.conninfo(name))
    saved = shell.run("integrations", "configure", "exotel_phone", stdin=json.dumps(PHONE))
    assert saved.status == 0, saved.err
    return name


@pytest.fixture
def phone_shell(shell: Shell, postgres: TestServer, phone_template: str) -> Iterator[Shell]:
    """A shell on a database with a recorded master key and exotel_phone set up."""
    with shell_on_clone(postgres, phone_template, shell) as on_clone:
        yield on_clone


@pytest.fixture
def office_shell(phone_shell: Shell) -> Shell:
    """The same with a directory and a number that is assigned: every list has a row."""
    fill_office(phone_shell.environment["DATABASE_URL"])
    return phone_shell


def fill_office(conninfo: str) -> None:
    """Add a directory and a number that is assigned."""
    create_people(conninfo)
    add_row(conninfo, OLD, assigned_to_user_id=ASHA, display_name="=1+1")


@pytest.fixture
def exotel() -> Iterator[ExotelServer]:
    """An Exotel account; a module may give it numbers."""
    with ExotelServer() as server:
        yield server


@pytest.fixture
def exotel_shell(acme_shell: Shell, exotel: ExotelServer) -> Shell:
    """A shell whose exotel_phone is that account."""
    shell = acme_shell.with_(**exotel.environment)
    stdin_text = json.dumps(exotel.credential(virtual_number=OLD))
    saved = shell.run("integrations", "configure", "exotel_phone", stdin=stdin_text)
    assert saved.status == 0, saved.err
    return shell
