"""Fixtures: a shell to run the program in, alone and on a database that is set up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import Shell, derived_once
from tests.support.sitting import ACME, KEY, PHONE, SALT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell in which nothing is configured."""
    return Shell(tmp_path)


@pytest.fixture
def new_acme(shell: Shell, installed_database: str) -> Shell:
    """A shell on an installed database without rows, with a master key and an organisation."""
    return shell.with_(DATABASE_URL=installed_database, ENCRYPTION_MASTER_KEY=KEY, SWITCHBOARD_ORGANIZATION=str(ACME))


@pytest.fixture
def acme(shell: Shell, keyed_database: str) -> Shell:
    """The same where the master key is recorded, as after a first write."""
    derived_once(KEY, SALT)
    return shell.with_(DATABASE_URL=keyed_database, ENCRYPTION_MASTER_KEY=KEY, SWITCHBOARD_ORGANIZATION=str(ACME))


@pytest.fixture
def with_phone(acme: Shell) -> Shell:
    """The same with exotel_phone set up."""
    saved = acme.run("integrations", "configure", "exotel_phone", stdin=json.dumps(PHONE))
    assert saved.status == 0, saved.err
    return acme
