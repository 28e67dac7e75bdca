"""A stand-in for Exotel that the demo's largest organisation tests its phone integration against and syncs from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.servers.exotel import ExotelServer, exophone
from tui.data.integrations.credentials import Draft, load_credential, save_credential
from tui.demo.sample_organizations import ORGANIZATIONS

if TYPE_CHECKING:
    from tui.data.keys.encryption import Keyring
    from tui.data.postgres.database import Database

MERIDIAN = ORGANIZATIONS[0]


def demo_exotel() -> ExotelServer:
    """Return a server, not started, that lists a known, a renamed and a new number."""
    return ExotelServer(
        numbers=[exophone("+911141169368"), exophone("+918047180101", name="Dispatch"), exophone("+918047180155")]
    )


async def point_demo_at(exotel: ExotelServer, database: Database, keyring: Keyring) -> None:
    """Save that server's credential as the organisation's phone integration."""
    base = await load_credential(database, keyring, MERIDIAN.id, "exotel_phone")
    fields = exotel.credential(virtual_number="01141169368")
    draft = Draft(MERIDIAN.id, "exotel_phone", fields, "Dispatch line")
    await save_credential(database, keyring, draft, base, "sb2")
