"""What is said of that which a login may not see: nobody can tell from there whether it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.models.people import Login

NOT_IN_DIRECTORY = "not in the directory"


def in_sight(login: Login | None) -> str:
    """Return " that your login sees" for a sentence on everybody or every organisation, where it does not see all."""
    return " that your login sees" if login is not None and login.organizations is not None else ""


def not_in_directory(login: Login | None, otherwise: str = NOT_IN_DIRECTORY) -> str:
    """Return where somebody is of whom only the id is known; `otherwise` where the login sees everybody."""
    return f"out of your login's sight or {NOT_IN_DIRECTORY}" if in_sight(login) else otherwise
