"""One sitting at the console or one command: what was configured, and what it became."""

from __future__ import annotations

import asyncio
import copy
from functools import partial
from typing import TYPE_CHECKING

from tui.errors import (
    ConnectionFailed,
    ReadOnlyMode,
    SchemaMissing,
    SchemaNewer,
    SwitchboardError,
    UnknownOrganization,
    not_connected,
)
from tui.process.identity import Operator, login_name, source_address, user_agent
from tui.words.people.names import CLAIM, Origin, operator_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.data.keys.encryption import Keyring
    from tui.data.postgres.database import Database
    from tui.data.schema.state import SchemaState
    from tui.data.seals.marks import SealMarks
    from tui.models.people import Login, Organization
    from tui.models.server import ServerInfo
    from tui.settings.settings import Settings

AGAIN_AFTER_S = 2.0


class Session:
    """Holds the settings, the keys, and once `connect` has run the database, the operator and the organisation.

    The driver is imported by `connect`, so that a console can draw its first frame before.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str], keyring: Keyring) -> None:
        self.settings = settings
        self.environ = environ
        self.keyring = keyring
        self.operator = Operator(None, login_name(environ), source_address(environ), user_agent(environ))
        self.organization: Organization | None = None
        self.organization_may_be_short = False
        """Whether the beginning of a name or an id is enough to settle on an organisation."""
        self.server: ServerInfo | None = None
        self.schema: SchemaState | None = None
        self.log_marks: SealMarks | None = None
        """What the last check of the log in this sitting found."""
        self.database_name = "no database"
        self.is_refused = False
        """Whether the database was reached, and nobody may work there under this login or name."""
        self.names_operators = False
        """Whether whoever is spoken for is named by each request (`for_request`), so that the session names nobody."""
        self.is_key_ahead = False
        """Whether the master key is being derived with the salt that the last start kept, or was."""
        self.is_salt_asked = False
        """Whether the database was asked for its salt."""
        self._followed: Login | None = None
        # The database that was asked for, and the same once it could be connected to.
        self._requested_database: Database | None = None
        self._database: Database | None = None

    @property
    def database(self) -> Database:
        """The database. Raises ConnectionLost before `connect` has succeeded, also while it is tried again."""
        # Whoever read something may go on just when the session connects anew.
        if self._database is None:
            raise not_connected()
        return self._database

    @property
    def chosen_organization(self) -> Organization:
        """The organisation that is looked at. Raises RuntimeError before `find_organization` has settled on one."""
        if self.organization is None:
            raise RuntimeError("no organisation is chosen yet")
        return self.organization

    @property
    def is_set_up(self) -> bool:
        """Whether the database can be worked with, or at least read: where a newer Switchboard has set it up."""
        return self.schema in ("installed", "newer")

    @property
    def read_only(self) -> bool:
        """Whether nothing but the log may be written."""
        return self.settings.read_only or self.schema == "newer"

    @property
    def is_connected(self) -> bool:
        """Whether `database` can be used."""
        return self._database is not None

    async def connect(self) -> ServerInfo:
        """Connect, look whether the schema is there, and find out who the operator is.

        Raises MalformedConnectionString, ConnectionFailed and their like, and UnknownPerson for an operator whom the
        directory does not know.
        """
        from tui.data.postgres.conninfo.settings import make_conninfo
        from tui.data.postgres.conninfo.string import from_environment
        from tui.data.postgres.database import Database

        await self.close()
        self.is_refused = False
        settings = from_environment(self.settings.database_url, self.settings.libpq)
        self.database_name = settings.describe()
        database = Database(
            make_conninfo(settings, application_name=self.operator.user_agent),
            self.operator,
            read_only=self.settings.read_only,
        )
        self._requested_database = database
        self.server = await database.open()
        await self._require_requested(database)
        self.database_name = f"{self.server.database}@{'local' if self.server.is_local else self.server.host}"
        self._database = database
        await self._look_at_schema()
        await self._require_requested(database)
        if self.is_set_up or self.schema == "outdated":
            try:
                await self.find_operator()
            except SwitchboardError as failure:
                # Nobody may go on under another name than the configured one.
                self.is_refused = not failure.may_pass
                await self.close()
                raise
        return self.server

    async def _require_requested(self, database: Database) -> None:
        """Close it and raise ConnectionFailed where the session was closed meanwhile: nobody else would close it."""
        if self._requested_database is not database:
            await database.close()
            raise ConnectionFailed("The session was left while it connected.", "Connect again.")

    def for_request(self, operator: Operator, organization: Organization) -> Session:
        """Return the session, on the same connections, as it is for one request of somebody in their organisation."""
        other = copy.copy(self)
        other.operator = operator
        other.organization = organization
        other._database = self.database.acting_as(operator)
        return other

    async def find_operator(self) -> None:
        """Act from now on as the person whom the login is, else as the configured one, who is looked up.

        Raises as `require_admitted` does, and UnknownPerson.
        """
        from tui.data.directory import find_person

        database, id_or_email = self.database, self.settings.operator
        # Whoever it was is not proven by what the login was before.
        self.operator = self.operator._replace(user_id=None, label=login_name(self.environ), origin=CLAIM)
        await self._require_admitted()
        login = self._followed = database.login
        person = login.person if login is not None else None
        if person is None and id_or_email:
            try:
                person = await find_person(database, id_or_email)
            except SchemaMissing:
                if self.schema != "outdated":
                    raise
                # An earlier schema lacks the view; all that can be done there is to set it up.
                self.operator = self.operator._replace(label=id_or_email)
        if person is not None:
            self.operator = self.operator._replace(user_id=person.id, label=operator_label(person))
        if login is not None and (login.person is not None or login.vouches):
            self.operator = self.operator._replace(origin=Origin("vouched" if login.vouches else "login", login.name))
        database.operator = self.operator

    async def _require_admitted(self) -> None:
        from tui.data.login import require_admitted, with_stored_label

        login = self.database.login
        if login is not None and not (login.vouches and self.names_operators):
            login = await with_stored_label(self.database, login)
            require_admitted(login, self.settings.operator, locked=self.settings.locked)

    async def look_at_login(self) -> None:
        """Ask whom the database takes the login for by now, and go on as `follow_login` does."""
        from tui.data.login import read_login

        await self.follow_login(await read_login(self.database, self._followed))

    async def follow_login(self, login: Login | None) -> None:
        """Act as whom the login is by now; None where the database does not tell.

        Raises as `find_operator` does, and UnknownOrganization where the chosen organisation is out of sight.
        """
        from tui.data.directory import resolve_organization

        if login is None:
            return
        try:
            # Whoever was refused is refused again, also where two ask at once.
            if login != self._followed:
                self.database.login = login
                await self.find_operator()
            else:
                await self._require_admitted()
        except SwitchboardError as failure:
            self.is_refused = not failure.may_pass
            raise
        organization = self.organization
        if organization is not None and not login.sees(organization.id):
            self.organization = None
            await resolve_organization(self.database, str(organization.id))

    async def find_organization(self) -> Organization:
        """Settle on the organisation: the configured one, or the only one there is.

        Raises UnknownOrganization, which lists the ones to choose from.
        """
        from tui.data.directory import resolve_organization

        self.organization = await resolve_organization(
            self.database, self.settings.organization, may_be_short=self.organization_may_be_short
        )
        return self.organization

    async def until_back(self) -> SwitchboardError | None:
        """Ask the database that `connect` was for, every two seconds, until it lets us in.

        Returns a failure that asking again cannot mend, else None.
        """
        if self._requested_database is None:
            await asyncio.sleep(AGAIN_AFTER_S)
            return None
        refusal = await self._requested_database.until_back()
        if refusal is None and self.is_connected:
            # It may have been away to be set up anew. Where that cannot be seen, what is loaded next says why.
            try:
                await self._look_at_schema()
                await (self.look_at_login() if self.database.login is None else self.follow_login(self.database.login))
            except SwitchboardError as failure:
                if self.is_refused or isinstance(failure, UnknownOrganization):
                    return failure
        return refusal

    @property
    def seconds_to_next_try(self) -> float:
        """How long it is until the database is asked again while `until_back` waits."""
        return self._requested_database.seconds_to_next_try if self._requested_database is not None else 0.0

    async def _look_at_schema(self) -> None:
        """Find out what is installed, and whether that lets this version write."""
        from tui.data.schema.files import latest_number
        from tui.data.schema.state import schema_state, schema_state_and_login

        database = self.database
        database.latest_schema = latest_number()
        asks_login = database.info is not None and database.info.tells_login
        try:
            self.schema, database.login = await database.read(partial(schema_state_and_login, asks_login=asks_login))
        except SwitchboardError as failure:
            if not (asks_login and failure.sqlstate):
                raise
            # Something that my_login() needs is gone: the doctor says what.
            self.schema, database.login = await database.read(schema_state), None
        refusal = ReadOnlyMode if self.settings.read_only else None
        database.refusal = SchemaNewer if self.schema == "newer" else refusal

    async def close(self) -> None:
        """Close the connections; waits for nobody."""
        database, self._requested_database, self._database = self._requested_database, None, None
        if database is not None:
            await database.close()


def require_configured(session: Session) -> None:
    """Raise ConnectionFailed where nothing says which database is meant; libpq would guess one."""
    if session.settings.nothing_configured:
        looked = session.settings.places_looked_in()
        what_to_do = f"{looked} Set DATABASE_URL, or PGHOST and its like, in one of them, or name a profile."
        if session.settings.locked:
            what_to_do = "Ask the administrator of this machine to set DATABASE_URL in /etc/switchboard/env."
        raise ConnectionFailed("No database is configured.", what_to_do)


def require_installed(session: Session) -> None:
    """Raise SchemaMissing where what Switchboard needs is not in the database that the session has connected to."""
    if not session.is_set_up:
        from tui.data.schema.state import SCHEMA_SENTENCES

        what_to_do = "Run `switchboard setup`; with --dry-run it only says what it would do."
        if session.settings.locked:
            what_to_do = "Ask the administrator of this machine to run `switchboard setup`."
        raise SchemaMissing(SCHEMA_SENTENCES[session.schema or "missing"], what_to_do)
