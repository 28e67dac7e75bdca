"""What passes between the wizard's steps: the connection, the key, the plan, who and where, and what was saved."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui.data.postgres.conninfo.settings import make_conninfo
from tui.data.postgres.conninfo.string import from_environment
from tui.data.postgres.conninfo.uri import connection_uri
from tui.errors import SwitchboardError
from tui.session.session import Session
from tui.settings.dotenv_file import write_env_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.data.keys.encryption import Keyring
    from tui.data.postgres.conninfo.settings import ConnectionSettings
    from tui.data.postgres.database import Database
    from tui.data.schema.plan import Plan
    from tui.models.people import Organization
    from tui.models.server import ServerInfo
    from tui.process.identity import Operator
    from tui.settings.settings import Settings
    from tui.widgets.glyphs import Glyphs


@dataclass(slots=True)
class Flow:
    """The state of one run of the wizard; steps read what earlier ones left and leave what later ones need.

    `done` holds the keys of the steps whose matter is settled. Nothing here is written anywhere until a step does so.
    """

    settings: Settings
    environ: Mapping[str, str]
    keyring: Keyring
    operator: Operator
    glyphs: Glyphs
    connection: ConnectionSettings | None = None
    database: Database | None = None
    server: ServerInfo | None = None
    plan: Plan | None = None
    organization: Organization | None = None
    operator_setting: str | None = None
    saved_connection: ConnectionSettings | None = None
    done: set[str] = field(default_factory=set)

    @property
    def env_file(self) -> Path:
        """The `.env` that is read, and written where somebody asks for it."""
        return self.settings.env_file_to_write

    async def connect(self, connection: ConnectionSettings) -> ServerInfo:
        """Connect with these settings and keep the connection for the steps that follow; an earlier one is closed.

        Raises ConnectionFailed and its like, and then there is no connection.
        """
        from tui.data.postgres.database import Database

        await self.close()
        self.connection, self.plan = connection, None
        database = Database(self.conninfo(), self.operator, read_only=self.settings.read_only)
        server = await database.open()
        self.database, self.server = database, server
        return server

    def conninfo(self) -> str:
        """Return the string for the driver; it holds the password. Raises RuntimeError without a connection."""
        if self.connection is None:
            raise RuntimeError("the connection step comes first")
        return make_conninfo(self.connection, application_name=self.operator.user_agent)

    def connected(self) -> Database:
        """Return the connection. Raises RuntimeError where an earlier step made none: a caller's mistake."""
        if self.database is None:
            raise RuntimeError("the connection step comes first")
        return self.database

    async def save(self, values: Mapping[str, str]) -> None:
        """Write names and values to `.env`, mode 0600. Raises ConfigError, and nothing is written then."""
        await asyncio.to_thread(write_env_values, self.env_file, dict(values))
        if "DATABASE_URL" in values:
            self.saved_connection = self.connection

    def session(self) -> Session:
        """Return a session with what was chosen, for the console to go on with."""
        if self.connection is None:
            raise RuntimeError("the connection step comes first")
        settings = replace(
            self.settings,
            nothing_configured=False,
            libpq={},
            database_url=connection_uri(self.connection),
            organization=str(self.organization.id) if self.organization else None,
            operator=self.operator_setting,
            profile=self.settings.profile if self._is_of_profile(self.connection) else None,
        )
        return Session(settings, self.environ, self.keyring)

    def _is_of_profile(self, connection: ConnectionSettings) -> bool:
        """Whether the file has this connection: a profile's name must not stand over another database."""
        in_file = [self.saved_connection] if self.saved_connection is not None else []
        with contextlib.suppress(SwitchboardError):
            in_file.append(from_environment(self.settings.database_url, self.settings.libpq))
        return connection_uri(connection) in map(connection_uri, in_file)

    async def close(self) -> None:
        """Close the connection; takes two seconds at most."""
        if self.database is not None:
            database, self.database, self.server = self.database, None, None
            await database.close()
