"""How a login reads on its screen: a row of the list, and everything known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.row_list import Cell, Column, Row
from tui.widgets.text_lines import TextLine
from tui.words.counts import counted
from tui.words.people.access import (
    ROLES,
    SQL_FOR_OTHERS,
    login_person,
    login_person_in_full,
    password_end,
    scope_words,
    state_words,
)
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from tui.data.access.logins import Login, LoginState
    from tui.widgets.frame import Tone

COLUMNS = (
    Column("Login", 14),
    Column("Person", 16, grows=True),
    Column("Role", 7),
    Column("Sees", 18, drops=1),
    Column("State", 17),
)
LABEL_WIDTH = 15
LETS_IN = ("removed_open", "removed_in_group", "person_inactive", "in_other_group", "role_remade")


def row_of(login: Login) -> Row:
    """Return a login as a row of the list."""
    tone: Tone = "plain" if login.is_mapped else "quiet"
    cells = (
        Cell(safe_text(login.login, 63), tone),
        Cell(safe_text(login_person(login), 80), tone),
        Cell(login.role, tone),
        Cell(safe_text(scope_words(login), 200), tone),
        Cell(safe_text(state_words(login).short, 80), state_tone(login.state)),
    )
    return Row(login.login, cells)


def state_tone(state: LoginState) -> Tone:
    """Return how a state is drawn: what lets somebody in who should not is bad."""
    if state in ("alive", "removed"):
        return "good" if state == "alive" else "quiet"
    return "bad" if state in LETS_IN else "warning"


def detail_of(login: Login, left_to_do: Sequence[str], zone: tzinfo) -> tuple[TextLine, ...]:
    """Return everything known of a login, a line each; `left_to_do` is what somebody else has to run."""
    state = state_words(login)
    facts = [
        ("Person", login_person_in_full(login)),
        ("Role", f"{login.role}: {ROLES[login.role]}"),
        ("Sees", safe_text(scope_words(login), 400)),
    ]
    if login.is_mapped:
        limit = f", {login.connection_limit} at most" if login.connection_limit is not None else ""
        facts.append(("Sessions", f"{login.sessions:,} now{limit}" if login.sessions else f"none now{limit}"))
        facts.append(("Password ends", password_end(login, zone)))
    if login.note:
        facts.append(("Note", safe_text(login.note, 500)))
    facts.append(("Added", f"{to_the_minute(login.added_at, zone)} by the login {safe_text(login.added_by, 63)}"))
    if login.removed_at is not None:
        facts.append(("Removed", to_the_minute(login.removed_at, zone)))
    lines = [TextLine(safe_text(login.login, 63))]
    if left_to_do:
        lines.append(TextLine(f"{SQL_FOR_OTHERS} ({counted(len(left_to_do), 'statement')})", "warning"))
        lines += [TextLine(safe_text(f"{statement};", 300)) for statement in left_to_do]
    elif state.what_to_do:
        lines.append(TextLine(safe_text(f"{state.sentence} {state.what_to_do}", 300), state_tone(login.state)))
    return (*lines, *(TextLine(text, label=label.ljust(LABEL_WIDTH)) for label, text in facts))
