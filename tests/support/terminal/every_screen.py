"""The way through every screen and inner screen of the console, with the keys that open each and what it then shows."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

import tui.screens
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
from tui.screens.lock import LockScreen
from tui.screens.numbers.form import NumberForm
from tui.screens.numbers.screen import PhoneNumbersScreen
from tui.screens.numbers.sync import NumberSyncScreen
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

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Stop:
    """A screen, the keys that lead to it from the stop before, and two texts that it then shows.

    `shows` tells that it is there, `marked` (nothing for none) is what the cursor or the focus is on. Both are ASCII.
    Where `back` is given, escape is pressed before the keys and has led back once that is shown. `text` is typed last.
    """

    screen: type[Screen[Any]]
    keys: tuple[str, ...]
    shows: str
    marked: str = ""
    text: str = ""
    back: str = ""


COVERED_AFTER_S = 1
LOCK = Stop(LockScreen, (), "Press any key to continue")

# The hints of each section, which a question or another screen takes away.
LIST, GRID, NUMBERS, LOG = "space disable", "A review", "enter assign", "enter details"
# Nothing in here applies, saves or deletes; what a key reads is looked at in the tests of its screen.
WALK = (
    Stop(IntegrationsScreen, (), LIST, "Dispatch line"),
    Stop(IntegrationsScreen, ("d",), "[t] type its name to delete it"),
    Stop(IntegrationsScreen, ("/",), "filter", "f", back=LIST),
    Stop(CredentialEditor, ("enter",), "stored; leave blank", "Display name", back=LIST),
    Stop(CredentialEditor, ("tab",), "Account SID: ", "Account SID *"),
    Stop(RevealScreen, ("R",), "is written to the audit log", "API key", back=LIST),
    Stop(VersionsScreen, ("V",), "Going back", "~asha@acme.example", back=LIST),
    Stop(ConnectionTestScreen, ("t",), "1 of 1 verified", back=LIST),
    Stop(PaletteScreen, (":",), "What it does", "Edit the credential", back=LIST),
    Stop(PaletteScreen, ("down",), "What it does", "Set up this type"),
    Stop(HelpScreen, ("?",), "Keys on this screen", "Edit the credential", back=LIST),
    Stop(HelpScreen, (), "Nothing matches.", text="zzz"),
    Stop(OrganizationChooser, ("o",), "Harbour Clinics", "Harbour Clinics", back=LIST),
    Stop(ProfileChooser, ("D",), "Choose a profile", back=LIST),
    Stop(PermissionsScreen, ("2",), "this month", "V--", back=LIST),
    Stop(PermissionsScreen, ("V", "down", "right"), " 2 integrations", "VS-"),
    Stop(PermissionsScreen, ("left", "up", "s", "down", "c"), "2 staged", "*V-C", back=GRID),
    Stop(PermissionReviewScreen, ("A",), "1 grant and 1 change for 2 people", "Daniel Okafor"),
    Stop(AccessOfPersonScreen, ("enter",), "Can do now", "Exotel phone", back=GRID),
    Stop(LeaverScreen, ("L",), "Access to revoke", "Secrets to rotate"),
    Stop(LeaverReviewScreen, ("A",), "1 revoke", "Revokes ("),
    Stop(LeaverScreen, (), "Access to revoke", "Secrets to rotate", back="Secrets to rotate"),
    Stop(AccessOfPersonScreen, (), "Can do now", "Exotel phone", back="Can do now"),
    Stop(UsersOfIntegrationScreen, ("i",), "holders can use it now", "Asha Raman", back=GRID),
    Stop(PermissionsScreen, ("u", "u"), "Undid the last step", back=GRID),
    Stop(PhoneNumbersScreen, ("3",), "Vikram Shetty", "+91 11 4116 9368"),
    Stop(PersonChooser, ("enter",), "(not active)", "Asha Raman"),
    Stop(NumberForm, ("a",), "Add a number", "Number", back=NUMBERS),
    Stop(NumberForm, ("tab",), "Add a number", "Name", text="x"),
    Stop(NumberForm, (), "[d] discard changes", back="[d] discard"),
    Stop(NumberSyncScreen, ("d", "S"), "no longer listed", "new "),
    Stop(AuditScreen, ("4",), "about 12", "~Asha Ram", back=NUMBERS),
    Stop(AuditScreen, ("b",), "/month", "~Asha Ram"),
    Stop(AuditScreen, ("/",), "[call_made]", text="status:failed action:"),
    Stop(AuditScreen, ("/",), "^^^", text="foo:bar\r", back=LOG),
    Stop(AuditScreen, ("w",), "[s] status:", back=LOG),
    Stop(AuditRowScreen, ("enter",), "Operation", "Exotel phone", back=LOG),
    Stop(AuditScreen, ("ctrl+g",), "2026-01-31", back=LOG),
    Stop(AuditScreen, ("x",), "to a new file", back=LOG),
    Stop(SetupScreen, ("5",), "w setup wizard", "Credentials", back=LOG),
    Stop(MasterKeysScreen, ("m",), "Comes from", "Key active"),
    Stop(NewKeyScreen, ("c",), "I have stored a copy", "(o) Generate one"),
    Stop(RotationScreen, ("tab", "space", "enter"), "To format", "From"),
    Stop(NewKeyScreen, (), "I have stored a copy", "[x] I have stored", back="I have stored a copy"),
    Stop(MasterKeysScreen, (), "Comes from", "Key active", back="Comes from"),
    Stop(LoginsScreen, ("l",), "add the first one", back="w setup wizard"),
    Stop(LoginForm, ("a",), "make the login", "Login"),
    Stop(LoginsScreen, (), "add the first one", back="add the first one"),
    Stop(SetupScreen, ("w",), "Direct, no pooler.", "Host", back="w setup wizard"),
    Stop(SetupScreen, ("enter",), "This is the key", "(o) Keep it"),
    Stop(SetupScreen, ("enter",), "Nothing will be changed.", "< summary >"),
    Stop(SetupScreen, ("enter",), "It is installed already", "Install"),
    Stop(SetupScreen, ("enter",), "A trial credential was encrypted", "Proof"),
    Stop(SetupScreen, ("enter",), "Save both to .env", "Meridian Freight"),
    Stop(SetupScreen, ("enter",), "Which integration first?", "(o) Exotel phone"),
)


def final_screens() -> set[type[Screen[Any]]]:
    """Every screen of the console that is no base of another one of its own."""
    for module in pkgutil.walk_packages(tui.screens.__path__, "tui.screens."):
        importlib.import_module(module.name)
    ours = set(_ours(Screen))
    return {screen for screen in ours if ours.isdisjoint(_ours(screen))}


def _ours(parent: type[Screen[Any]]) -> Iterator[type[Screen[Any]]]:
    for subclass in parent.__subclasses__():
        if subclass.__module__.startswith("tui."):
            yield subclass
        yield from _ours(subclass)
