"""The proof of an installation: it passes where all is well, fails where anything is not, and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acme import OTHER_MASTER_KEY, keyring, opened
from tests.support.commands import contents, execute
from tests.support.terminal.console_driver import add
from tui.data.keys.encryption import Keyring
from tui.data.keys.master_key import MasterKey
from tui.data.setup.proof import prove

if TYPE_CHECKING:
    from tui.data.setup.findings import Finding


async def prove_installation(conninfo: str, ring: Keyring | None = None) -> list[Finding]:
    async with opened(conninfo) as database:
        return await prove(database, ring or keyring(), "auto")


async def test_it_shows_four_tables_and_a_round_trip_and_leaves_nothing_behind(installed_database: str) -> None:
    before = contents(installed_database)
    findings = await prove_installation(installed_database)
    assert [finding.state for finding in findings] == ["ok"] * 5
    assert "(sb2)" in findings[-1].sentence
    weak = (await prove_installation(installed_database, Keyring(MasterKey("a-short-old-key", "a test"))))[-1]
    assert weak.sentence.startswith("Encryption was not tried: the master key only reads.")
    assert contents(installed_database) == before


async def test_beside_another_program_the_trial_has_the_legacy_format(keyed_database: str) -> None:
    await add(keyed_database, policy="legacy")
    assert "(legacy)" in (await prove_installation(keyed_database))[-1].sentence


@pytest.mark.parametrize(
    ("statement", "title"),
    [
        ("drop table public.organization_phone_numbers cascade", "organization_phone_numbers"),
        ("alter table public.integration_audit_logs disable row level security", "integration_audit_logs"),
    ],
)
async def test_a_missing_table_and_row_security_that_is_off_fail(
    keyed_database: str, statement: str, title: str
) -> None:
    execute(keyed_database, statement)
    assert [finding.title for finding in await prove_installation(keyed_database) if finding.state == "problem"] == [
        title
    ]


async def test_a_wrong_key_fails_and_a_missing_one_is_said_not_to_have_been_tried(keyed_database: str) -> None:
    await add(keyed_database)
    assert (await prove_installation(keyed_database, keyring(OTHER_MASTER_KEY)))[-1].state == "problem"
    assert (await prove_installation(keyed_database, Keyring(None)))[-1].state == "warning"


async def test_a_trigger_that_changes_what_is_stored_is_found_out(keyed_database: str) -> None:
    execute(
        keyed_database,
        """
        create function public.meddle() returns trigger language plpgsql as
          $$ begin new.credentials_encrypted := 'x' || new.credentials_encrypted; return new; end $$;
        create trigger meddle before insert on public.integration_credentials
          for each row execute function public.meddle();
        """,
    )
    assert (await prove_installation(keyed_database))[-1].state == "problem"
