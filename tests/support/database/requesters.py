"""Two organisations with people of every kind of right, for requests over HTTP, and the login that speaks for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from tests.support.acme import ACME, ASHA, GLOBEX, keyring, opened
from tests.support.database.logins import create_login
from tests.support.database.number_rows import MEENA, RAVI, create_people
from tests.support.servers.postgres import run_schema_files
from tui.data.integrations.credentials import Draft, save_credential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.servers.postgres import TestServer

VERA = UUID("00000000-0000-4000-8000-0000000e4a00")
NILS = UUID("00000000-0000-4000-8000-00000000a115")
ESHA = UUID("00000000-0000-4000-8000-00000000e54a")
CARA = UUID("00000000-0000-4000-8000-00000000ca4a")
GITA = UUID("00000000-0000-4000-8000-00000000617a")
GOPAL = UUID("00000000-0000-4000-8000-0000000906a1")
HARI = UUID("00000000-0000-4000-8000-00000000ba41")
TARA = UUID("00000000-0000-4000-8000-000000007a4a")
NOBODY = UUID("00000000-0000-4000-8000-0000000000ff")
PEOPLE = (
    (VERA, "vera@acme.example", "Vera", ACME, True),
    (NILS, "nils@acme.example", "Nils", ACME, True),
    (ESHA, "esha@acme.example", "Esha", ACME, True),
    (CARA, "cara@acme.example", "Cara", ACME, True),
    (GITA, "gita@globex.example", "Gita", GLOBEX, True),
    (GOPAL, "gopal@globex.example", "Gopal", GLOBEX, True),
    # Of no organisation, and of two.
    (HARI, "hari@example.org", "Hari", None, True),
    (TARA, "tara@example.org", "Tara", ACME, True),
    (TARA, "tara@example.org", "Tara", GLOBEX, True),
)
# On the phones of their organisation: view, configure, and when that ends.
RIGHTS = (
    (RAVI, ACME, True, True, None),
    (VERA, ACME, True, False, None),
    (ESHA, ACME, True, True, "2026-01-01"),
    (CARA, ACME, False, True, None),
    # Who has left, and whose permission has not.
    (MEENA, ACME, True, True, None),
    (GOPAL, GLOBEX, True, True, None),
    # Of another organisation than theirs: what an adopted database may have.
    (GOPAL, ACME, True, True, None),
    (HARI, ACME, True, False, None),
)
ADMINISTRATORS = ((ACME, ASHA), (GLOBEX, GITA))
GRANT = """
insert into public.user_integration_permissions (user_id, integration_id, can_view, can_configure, expires_at)
select %s, c.id, %s, %s, %s from public.integration_credentials as c
 where c.organization_id = %s and c.integration_type = 'exotel_phone'
"""
WEB = "web"


def populate(server: TestServer, conninfo: str, phones: Mapping[UUID, Mapping[str, Any]]) -> str:
    """Fill a keyed database; `phones` are the credentials of exotel_phone by organisation. Returns the login's URI."""
    create_people(conninfo, *PEOPLE)
    for group in ("admin", "support", "auditor"):
        server.create_role(f"switchboard_{group}", "nologin")
    run_schema_files(conninfo)
    asyncio.run(_save(conninfo, phones))
    with psycopg.connect(conninfo) as connection:
        for person, organization, view, configure, ends in RIGHTS:
            connection.execute(GRANT, [person, view, configure, ends, organization])
        for organization, person in ADMINISTRATORS:
            connection.execute("select switchboard.change_administrator(%s, %s, true)", [organization, person])
    return create_login(server, conninfo, WEB)


async def _save(conninfo: str, phones: Mapping[UUID, Mapping[str, Any]]) -> None:
    async with opened(conninfo) as database:
        for organization, credential in phones.items():
            draft = Draft(organization, "exotel_phone", dict(credential), None)
            await save_credential(database, keyring(), draft, None, "sb2")
