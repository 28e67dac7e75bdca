"""Which definitions may open stored credentials, and what the database and the log have of that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.acme import opened
from tests.support.commands import execute
from tests.support.database.definitions import definition
from tui.data.integrations.definitions import (
    read_recorded,
    record_definition,
    require_recorded,
    why_closed_to,
    withdraw_definition,
)
from tui.errors import NotRecorded

if TYPE_CHECKING:
    from tui.providers.declared.definition import Origin

LOG = """
select action, integration_type, details ->> 'sha256', details ->> 'before' from integration_audit_logs
 where action like 'type%' order by created_at
"""
ONE, OTHER = "ab" * 32, "cd" * 32


async def test_a_definition_of_ones_own_opens_credentials_while_exactly_it_is_recorded(keyed_database: str) -> None:
    first, second = definition(sha256=ONE), definition(sha256=OTHER)
    async with opened(keyed_database) as database:
        with pytest.raises(NotRecorded, match="acme_voice in this folder is not recorded") as refused:
            await require_recorded(database, first)
        assert "types record acme_voice` (SHA-256 abababababababab...)" in refused.value.what_to_do
        await record_definition(database, first)
        await record_definition(database, first)
        await require_recorded(database, first)
        with pytest.raises(NotRecorded, match="another than the one recorded") as refused:
            await require_recorded(database, second)
        assert "recorded is abababababababab...)" in refused.value.what_to_do
        await record_definition(database, second)
        with pytest.raises(NotRecorded):
            await require_recorded(database, first)
        assert {name: known.sha256 for name, known in (await read_recorded(database)).items()} == {"acme_voice": OTHER}
        assert await withdraw_definition(database, "acme_voice")
        assert not await withdraw_definition(database, "acme_voice")
        with pytest.raises(NotRecorded, match="is not recorded"):
            await require_recorded(database, second)
    assert execute(keyed_database, LOG) == [
        ("type_recorded", "acme_voice", ONE, None),
        ("type_recorded", "acme_voice", OTHER, ONE),
        ("type_withdrawn", "acme_voice", OTHER, None),
    ]


@pytest.mark.parametrize("origin", ["shipped", "root"])
def test_what_the_package_or_root_vouches_for_needs_no_record(origin: Origin) -> None:
    assert why_closed_to(definition(origin=origin, path=Path("/etc/x.toml")), {}) is None
    assert why_closed_to(None, {}) is None
