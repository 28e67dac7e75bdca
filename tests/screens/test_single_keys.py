"""No single letter acts: on every screen each printable key is held down, and the database stays as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from textual.keys import _character_to_key
from textual.widgets import Input, TextArea

from tests.support.acme import ASHA
from tests.support.commands import execute
from tests.support.database.number_rows import BANGALORE, DELHI, OLD, add_row, create_people
from tests.support.servers.exotel import API_KEY, API_TOKEN, ExotelServer, exophone
from tests.support.terminal.console_driver import ConsoleDriver, add, change, new_app, run_headless
from tests.support.terminal.every_screen import final_screens
from tui.screens.audit.row import AuditRowScreen
from tui.screens.audit.screen import AuditScreen
from tui.screens.choosers.help import HelpScreen, PaletteScreen
from tui.screens.choosers.organization import OrganizationChooser
from tui.screens.choosers.person import PersonChooser
from tui.screens.choosers.profile import ProfileChooser
from tui.screens.connection_test import ConnectionTestScreen
from tui.screens.integrations.editor import CredentialEditor
from tui.screens.integrations.reveal import RevealScreen
from tui.screens.integrations.screen import IntegrationsScreen
from tui.screens.integrations.versions import VersionsScreen
from tui.screens.numbers.form import NumberForm
from tui.screens.numbers.screen import PhoneNumbersScreen
from tui.screens.numbers.sync import NumberSyncScreen
from tui.screens.page import Page
from tui.screens.permissions.effective import AccessOfPersonScreen, UsersOfIntegrationScreen
from tui.screens.permissions.leaver import LeaverScreen
from tui.screens.permissions.leaver_review import LeaverReviewScreen
from tui.screens.permissions.review import PermissionReviewScreen
from tui.screens.permissions.screen import PermissionsScreen
from tui.screens.setup.keys.new_key import NewKeyScreen
from tui.screens.setup.keys.rotation import RotationScreen
from tui.screens.setup.keys.screen import MasterKeysScreen
from tui.screens.setup.logins.form import LoginForm
from tui.screens.setup.logins.screen import LoginsScreen
from tui.screens.setup.screen import SetupScreen
from tui.widgets.row_list import RowBody

if TYPE_CHECKING:
    from collections.abc import Mapping

PRINTABLE = [chr(code) for code in range(0x20, 0x7F)]
HELD = 4
"""How often a held key arrives: enough to answer what it opened, and what goes round (a view, a tick) comes round."""
SAME_EVERYWHERE = "app."
"""Bindings that are tried in bulk alone, on one place of each section."""

# What one key may do, by the id of its binding, and why.
NOT_PRESSED = {
    "app.quit": "ends the program: nothing is written, and what is staged is asked about first",
    "setup.leave": "the same in section 5",
}
ASKS_A_PROVIDER = {
    "integrations.test": "a test is one key by design: a row of the log, and whether the credential is verified",
    "integrations.test_all": "the same for each",
    "connection_test.again": "the same again",
    "versions.test": "the same of a kept version, which is not put back by it",
    "page.reload": "the same on a test; on a sync the numbers are listed again",
    "numbers.sync": "numbers are listed, which is a row of the log; enter writes them once they are seen",
}
MADE_BY_ASKING = (
    *(f'"action": "{name}"' for name in ("connection_tested", "numbers_synced", "credential_updated")),
    *(f'"purpose": "{name}"' for name in ("test", "sync")),
    *("switchboard.checks ", "switchboard.observations "),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A screen, the keys that lead there (first its section's), and a text that it then shows."""

    screen: type[Page]
    keys: tuple[str, ...]
    shows: str
    is_rare: bool = False
    """Whether it has the keys of another place and only another state, or takes text alone."""
    is_quick: bool = False
    """Whether it is tried in every run: one whose keys ask."""


PLACES = {
    "integrations": Place(IntegrationsScreen, ("1", "g"), "space disable", is_quick=True),
    "a type that is not set up": Place(IntegrationsScreen, ("1", "G"), "enter set up", is_rare=True),
    "versions": Place(VersionsScreen, ("1", "g", "V"), "fingerprint", is_quick=True),
    "secrets": Place(RevealScreen, ("1", "g", "R"), "API token"),
    "connection test": Place(ConnectionTestScreen, ("1", "g", "t"), "1 of 1 verified", is_rare=True),
    "credential editor": Place(CredentialEditor, ("1", "g", "enter"), "stored; leave blank", is_rare=True),
    "organisations": Place(OrganizationChooser, ("1", "o"), "Globex", is_rare=True),
    "profiles": Place(ProfileChooser, ("1", "D"), "Choose a profile", is_rare=True),
    "help": Place(HelpScreen, ("1", "question_mark"), "Enable / disable", is_rare=True),
    "palette": Place(PaletteScreen, ("1", "colon"), "Enable / disable", is_rare=True),
    "grid with something staged": Place(PermissionsScreen, ("2", "g", "v"), "1 staged"),
    "grid": Place(PermissionsScreen, ("2", "g"), "Asha Rao", is_rare=True),
    "grid with everybody selected": Place(
        PermissionsScreen, ("2", "g", "vertical_line"), "everybody listed (3)", is_rare=True
    ),
    "review": Place(PermissionReviewScreen, ("2", "g", "v", "A"), "1 grant for 1 person"),
    "access of a person": Place(AccessOfPersonScreen, ("2", "g", "enter"), "L leaver report", is_rare=True),
    "users of an integration": Place(UsersOfIntegrationScreen, ("2", "g", "i"), "can use it now", is_rare=True),
    "leaver report": Place(LeaverScreen, ("2", "g", "L"), "Access to revoke", is_rare=True),
    "review of a leaver": Place(LeaverReviewScreen, ("2", "g", "L", "A"), "Phone numbers (1)"),
    "grid after an apply": Place(PermissionsScreen, ("2", "g", "v", "A", "enter"), "u undoes all of it", is_rare=True),
    "a number that is assigned": Place(PhoneNumbersScreen, ("3", "g"), "to the pool"),
    "a number that is not active": Place(PhoneNumbersScreen, ("3", "g", "j"), "d activate"),
    "a number that is free": Place(PhoneNumbersScreen, ("3", "G"), "nobody: it is free", is_rare=True),
    "people": Place(PersonChooser, ("3", "g", "enter"), "Ravi Kumar", is_rare=True),
    "name of a number": Place(NumberForm, ("3", "g", "e"), "can send and receive SMS", is_rare=True),
    "type of a number": Place(NumberForm, ("3", "g", "e", "tab"), "can send and receive SMS", is_rare=True),
    "abilities of a number": Place(NumberForm, ("3", "g", "e", "tab", "tab"), "can send and receive SMS", is_rare=True),
    "sync of numbers": Place(NumberSyncScreen, ("3", "S"), "1 new"),
    "log": Place(AuditScreen, ("4", "g"), "Exotel phone set up", is_rare=True),
    "filter of the log": Place(AuditScreen, ("4", "slash"), "enter apply", is_rare=True),
    "row of the log": Place(AuditRowScreen, ("4", "g", "enter"), "Written by", is_rare=True),
    "doctor": Place(SetupScreen, ("5",), "Self-service", is_rare=True),
    "master keys": Place(MasterKeysScreen, ("5", "m"), "Key active"),
    "new master key": Place(NewKeyScreen, ("5", "m", "c"), "I have stored a copy", is_rare=True),
    "change of the master key": Place(
        RotationScreen, ("5", "m", "c", "tab", "space", "enter"), "To format", is_rare=True
    ),
    "logins": Place(LoginsScreen, ("5", "l"), "role is gone", is_quick=True),
    "login": Place(LoginForm, ("5", "l", "e"), "sees all organisations", is_rare=True),
    "new login": Place(LoginForm, ("5", "l", "a"), "make the login", is_rare=True),
    "wizard": Place(SetupScreen, ("5", "w"), "The server is PostgreSQL", is_rare=True),
    "wizard's key": Place(SetupScreen, ("5", "w", "enter"), "This is the key", is_rare=True),
    "wizard's plan": Place(SetupScreen, ("5", "w", "enter", "enter"), "nothing will be changed", is_rare=True),
}


class Tables:
    """Every row of a database, but whether a credential is verified, and what is there only to be locked."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        tables = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname in ('public', 'switchboard') and tablename <> 'locks'"
        )
        left_out = "'{is_verified,last_verified_at,updated_at,updated_by}'::text[]"
        self._connection = connection
        self._query = " union all ".join(
            f"select '{table} ' || (to_jsonb(t) - {left_out})::text from {table} as t" for (table,) in tables
        )

    def rows(self) -> frozenset[str]:
        """Each row with its table before it."""
        return frozenset(row for (row,) in self._connection.execute(self._query.encode()))


async def until_quiet(console: ConsoleDriver) -> None:
    """Wait until nothing is read or written, or a question waits for its answer."""

    def is_quiet() -> bool:
        busy = [
            worker
            for worker in console.app.workers
            if worker.is_running and worker.group in ("load", "write", "wizard")
        ]
        return not busy or console.page.prompt.is_asking

    if not is_quiet():
        await console.wait_for(is_quiet)


async def go_to(console: ConsoleDriver, place: Place) -> None:
    """Go to a place from any other, losing what is typed or staged."""

    def is_away() -> bool:
        is_in_wizard = isinstance(console.page, SetupScreen) and console.page.wizard is not None
        return (
            console.page.prompt.is_asking
            or console.page.is_filtering
            or len(console.app.screen_stack) > 1
            or is_in_wizard
        )

    while is_away():
        assert console.app.is_running, "a key has ended the program"
        await console.press("d" if console.page.prompt.is_asking and "discard" in console.text else "escape")
        await until_quiet(console)
    await console.press(place.keys[0])
    await until_quiet(console)
    await console.press("escape", "escape")
    console.page.forget_unsaved()
    for key in place.keys[1:]:
        await console.press(key)
        await until_quiet(console)
    await console.wait_for(place.shows)
    assert type(console.page) is place.screen


def position(console: ConsoleDriver) -> tuple[object, ...]:
    """Return what tells places apart: another result means that a key has led away."""
    lists = [len(body.rows) for body in console.page.query(RowBody)]
    return type(console.page), console.page.prompt.is_asking, console.page.is_filtering, console.app.focused, lists


def meanings(console: ConsoleDriver) -> dict[str, str]:
    """The printable keys that do something here, each with the id of its binding; where one types, none does."""
    if isinstance(console.app.focused, Input | TextArea):
        return {}
    active = console.page.active_bindings
    keys = {character: _character_to_key(character) for character in PRINTABLE}
    return {character: active[key].binding.id or "" for character, key in keys.items() if key in active}


async def acts_of_single_keys(
    console: ConsoleDriver, tables: Tables, place: Place, *, first: bool
) -> list[tuple[object, ...]]:
    """Hold each key down, and then press those without a meaning; return the keys that did something to the tables."""
    await go_to(console, place)
    before, at, bound = tables.rows(), position(console), meanings(console)
    acts: list[tuple[object, ...]] = []
    tried = [key for key, name in bound.items() if first or not name.startswith(SAME_EVERYWHERE)]
    for keys in (*tried, "".join(key for key in PRINTABLE if key not in bound)):
        meaning = bound.get(keys, "")
        if meaning in NOT_PRESSED:
            continue
        if position(console) != at:
            await go_to(console, place)
            before = tables.rows()
        await (console.press(*keys * HELD) if len(keys) == 1 else console.type(keys))
        await until_quiet(console)
        after = tables.rows()
        changed = after ^ before
        if meaning in ASKS_A_PROVIDER:
            changed = {row for row in changed if not any(text in row for text in MADE_BY_ASKING)}
        if changed or console.app.clipboard in (API_KEY, API_TOKEN):
            acts.append((keys, meaning, sorted(changed)))
        before = after
    return acts


async def check(conninfo: str, exotel: ExotelServer, places: Mapping[str, Place], *, everywhere: bool) -> None:
    """Try the places, and with `everywhere` at the first of them the keys that are bound on every screen as well."""
    exotel.numbers = [exophone(DELHI), exophone("+918047180101")]
    create_people(conninfo)
    credential = exotel.credential(virtual_number=OLD)
    await add(conninfo, credential={**credential, "caller_id": OLD})
    await change(conninfo, credential)
    add_row(conninfo, OLD, assigned_to_user_id=ASHA, number_type="local")
    add_row(conninfo, "+912248971500", is_active=False)
    add_row(conninfo, BANGALORE, is_primary=True)
    execute(
        conninfo,
        "insert into switchboard.logins (login, login_oid, user_id, role) values ('eve', 1, %s, 'admin')",
        ASHA,
    )
    async with run_headless(new_app(conninfo)) as console:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            tables = Tables(connection)
            await console.wait_for("● active")
            acts = {
                name: await acts_of_single_keys(console, tables, place, first=everywhere and number == 0)
                for number, (name, place) in enumerate(places.items())
            }
    assert {name: keys for name, keys in acts.items() if keys} == {}


async def test_no_printable_key_that_is_held_down_acts(keyed_database: str, exotel: ExotelServer) -> None:
    quick = {name: place for name, place in PLACES.items() if place.is_quick}
    await check(keyed_database, exotel, quick, everywhere=False)


@pytest.mark.long
@pytest.mark.parametrize("is_rare", [False, True])
@pytest.mark.parametrize("section", "12345")
async def test_no_printable_key_acts_in_any_place(
    keyed_database: str, exotel: ExotelServer, section: str, is_rare: bool
) -> None:
    places = {name: place for name, place in PLACES.items() if (place.keys[0], place.is_rare) == (section, is_rare)}
    await check(keyed_database, exotel, places, everywhere=is_rare or section == "1")


def test_every_screen_is_among_the_places() -> None:
    assert {screen for screen in final_screens() if issubclass(screen, Page)} == {
        place.screen for place in PLACES.values()
    }
