"""The table of keys, made from the bindings: `python -m tests.generate.key_tables` writes it into docs/keys.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

from tui.app import SwitchboardApp
from tui.screens.audit.row import AuditRowScreen
from tui.screens.audit.screen import AuditScreen
from tui.screens.choosers.key_table import keys_by_binding
from tui.screens.connection_test import ConnectionTestScreen
from tui.screens.integrations.editor import CredentialEditor
from tui.screens.integrations.reveal import RevealScreen
from tui.screens.integrations.screen import IntegrationsScreen
from tui.screens.integrations.versions import VersionsScreen
from tui.screens.numbers.form import NumberForm
from tui.screens.numbers.screen import PhoneNumbersScreen
from tui.screens.numbers.sync import NumberSyncScreen
from tui.screens.page import Page
from tui.screens.permissions.effective import AccessOfPersonScreen
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
from tui.screens.setup.wizard.master_key import MasterKeyStep
from tui.widgets.filter_line import FilterLine
from tui.widgets.grid import Grid
from tui.widgets.row_list import RowBody

if TYPE_CHECKING:
    from collections.abc import Iterable


def _is_of_grid(binding: BindingType) -> bool:
    """Whether the binding is of the grid alone, and not of every list."""
    return isinstance(binding, Binding) and (binding.id or "").startswith("grid.")


DOCUMENT = Path(__file__).parents[2] / "docs" / "keys.md"
BAR = "\\|"
BEGIN, END = "<!-- keys -->\n", "<!-- /keys -->"
PLACES = (
    ("Everywhere", (*SwitchboardApp.BINDINGS, *Page.BINDINGS)),
    ("In a list", RowBody.BINDINGS),
    ("Integrations", IntegrationsScreen.BINDINGS),
    ("Permissions", (*PermissionsScreen.BINDINGS, *(binding for binding in Grid.BINDINGS if _is_of_grid(binding)))),
    ("Review of permissions", PermissionReviewScreen.BINDINGS),
    ("Effective access", AccessOfPersonScreen.BINDINGS),
    ("Leaver report", LeaverScreen.BINDINGS),
    ("Review of a leaver", LeaverReviewScreen.BINDINGS),
    ("Secrets of an integration", RevealScreen.BINDINGS),
    ("Versions of an integration", VersionsScreen.BINDINGS),
    ("Credential editor", CredentialEditor.BINDINGS),
    ("Connection test", ConnectionTestScreen.BINDINGS),
    ("Phone numbers", PhoneNumbersScreen.BINDINGS),
    ("Form of a number", NumberForm.BINDINGS),
    ("Sync of numbers", NumberSyncScreen.BINDINGS),
    ("Audit", AuditScreen.BINDINGS),
    ("Filter of the log", FilterLine.BINDINGS),
    ("Row of the log", AuditRowScreen.BINDINGS),
    ("Setup", SetupScreen.BINDINGS),
    ("Master keys", MasterKeysScreen.BINDINGS),
    ("A new master key", NewKeyScreen.BINDINGS),
    ("Change of the master key", RotationScreen.BINDINGS),
    ("Logins", LoginsScreen.BINDINGS),
    ("Form of a login", LoginForm.BINDINGS),
    ("Master key in the wizard", MasterKeyStep.BINDINGS),
)


def key_table() -> str:
    """Return the table as Markdown."""
    rows = ["| where | keys | id | what |", "|---|---|---|---|"]
    for place, bindings in PLACES:
        for keys, _, binding in keys_by_binding(_bindings(bindings)):
            spelled, what = keys.replace("|", BAR), binding.tooltip or binding.description
            rows.append(f"| {place} | {spelled} | {binding.id} | {what} |")
    return "\n".join(rows) + "\n"


def key_table_in_document() -> str:
    """Return the table that docs/keys.md has now."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


def _bindings(bindings: Iterable[object]) -> list[Binding]:
    return [binding for binding in bindings if isinstance(binding, Binding)]


def main() -> None:
    """Put the table into docs/keys.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(text[: text.index(BEGIN)] + BEGIN + key_table() + text[text.index(END) :], encoding="utf-8")


if __name__ == "__main__":
    main()
