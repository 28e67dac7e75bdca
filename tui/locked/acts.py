"""The acts of the screens that work in the locked console; whatever is not listed here is closed there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.containers import ScrollableContainer
from textual.widgets import Input

from tui.data.rights import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.dom import DOMNode

CLOSED = "That is not open in the locked console."
# Of these of Textual's every binding is open: they move a cursor or a page, and edit a line.
OPEN_CLASSES: frozenset[type[DOMNode]] = frozenset({Input, ScrollableContainer})
# A list of what is open, not of what is closed: a key that comes later is closed until somebody has looked at it.
# The id of a binding; for one without an id its class and its action.
OPEN = frozenset(
    {
        *("app.integrations", "app.permissions", "app.phone_numbers", "app.audit", "app.setup"),
        *("app.help", "app.palette", "app.organization", "app.quit", "app.interrupt", "app.nothing"),
        *("Screen.app.focus_next", "Screen.app.focus_previous", "Screen.screen.copy_text"),
        *("page.filter", "page.reload", "page.back", "page.command"),
        *("list.up", "list.down", "list.page_up", "list.page_down", "list.first", "list.last", "list.open"),
        *("list.left", "list.right", "grid.range", "grid.rows", "grid.columns"),
        *("form.tick", "form.press", "form.left", "form.right", "form.next", "form.previous"),
        *("ChooserScreen.move(-1)", "ChooserScreen.move(1)", "ChooserScreen.page(-1)", "ChooserScreen.page(1)"),
        *("integrations.edit", "integrations.add", "integrations.toggle", "integrations.delete", "integrations.copy"),
        *("integrations.test", "integrations.test_all", "integrations.secrets", "integrations.sort"),
        *("integrations.history", "integrations.versions", "integrations.restore"),
        *("versions.roll_back", "versions.test", "audit.versions"),
        *("editor.save", "editor.test", "editor.suggest", "editor.next", "editor.previous"),
        *("reveal.reveal", "reveal.copy", "connection_test.again"),
        *("NumberSyncScreen.say_how", "PermissionReviewScreen.say_how", "RevealScreen.say_how"),
        *("LeaverReviewScreen.say_how", "VersionsScreen.say_how"),
        *(f"permissions.{right}" for right in RIGHTS),
        *("permissions.revoke", "permissions.values"),
        *("permissions.take", "permissions.put", "permissions.undo", "permissions.review", "permissions.who"),
        *("permissions.sort", "permissions.users", "permissions.leaver", "permissions.add", "permissions.copy"),
        "permissions.history",
        *("review.apply", "review.drop", "access.leaver", "leaver.review", "leaver.undo", "leaver_review.apply"),
        *("numbers.assign", "numbers.unassign", "numbers.add", "numbers.edit", "numbers.primary", "numbers.switch"),
        *("numbers.sync", "numbers.view", "numbers.history", "numbers.sort", "numbers.copy", "number_sync.apply"),
        *("number_form.save", "number_form.next", "number_form.previous"),
        # Of an export the file is closed, but for a plain name in one folder: see export_place.
        *("audit.search", "audit.next", "audit.previous", "audit.jump", "audit.fold", "audit.like", "audit.follow"),
        *("audit.bars", "audit.export", "audit.copy", "audit.verify", "log_row.newer", "log_row.older", "log_row.copy"),
        "log_row.prove",
        *("filter.complete", "filter.next", "filter.previous", "filter.leave"),
        *("setup.leave", "setup.verify", "setup.keys", "setup.logins"),
        *("logins.add", "logins.edit", "logins.remove"),
        *("login_form.save", "login_form.next", "login_form.previous"),
    }
)


def bindings_of(node_type: type[DOMNode]) -> Iterator[tuple[type[DOMNode], Binding]]:
    """Return each binding that such a node has, also what it has from its bases, with the class that has declared it.

    Read from the declarations: a copy that Textual makes of a binding keeps no more than what Textual knows.
    """
    for declaring in node_type.__mro__:
        for binding in vars(declaring).get("BINDINGS", ()):
            yield declaring, binding if isinstance(binding, Binding) else Binding(*binding)


def name_of(declaring: type[DOMNode], binding: Binding) -> str:
    """Return what a binding is called in OPEN."""
    return binding.id or f"{declaring.__name__}.{binding.action}"


@cache
def is_open(node_type: type[DOMNode], action: str) -> bool:
    """Tell whether an act that a node has bound works in the locked console; one that nothing has bound does not."""
    bound = [(declaring, binding) for declaring, binding in bindings_of(node_type) if binding.action == action]
    return bool(bound) and all(
        declaring in OPEN_CLASSES or name_of(declaring, binding) in OPEN for declaring, binding in bound
    )
