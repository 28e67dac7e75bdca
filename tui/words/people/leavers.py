"""What a leaver has and knows, what was taken from them, and what a report on them cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.counts import counted
from tui.words.people.access import scope_words, state_words
from tui.words.people.organizations import organization_name
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from tui.data.access.logins import Login
    from tui.data.permissions.leaver import LeaverReport
    from tui.data.permissions.leaving import Departure
    from tui.data.permissions.staging import ChangeKind
    from tui.models.people import Organization

NOT_TRIED = "Whether your role may remove all of them is not tried in read-only mode."
ANYWHERE = "With these nobody logs in any more, to any database of this server."
ONLY_CLAIMED = (
    "who saw a secret is what consoles and other programs said of themselves, where it is not said to be proven"
)
IN_SIGHT = "in the organisations that your login sees"
# That a leaver is not active is no news.
UNREMARKABLE = ("alive", "person_inactive")


def login_in_full(login: Login, zone: tzinfo) -> str:
    """Return what a login may see, whether it still works and who is logged in with it; as safe text."""
    words = f"{login.role}, sees {safe_text(scope_words(login), 200)}"
    if login.removed_at is not None:
        words += f"; removed {to_the_minute(login.removed_at, zone)}"
        words += ", but its role can still log in" if login.can_log_in else ""
        words += ", but is still in a group" if login.state == "removed_in_group" else ""
    elif login.state not in UNREMARKABLE:
        words += f"; {safe_text(state_words(login).short, 80)}"
    return f"{words}; {counted(login.sessions, 'open session')}" if login.sessions else words


def closes_all(report: LeaverReport, left: Sequence[str]) -> bool:
    """Whether nobody logs in with the report's logins once they are removed, `left` being what is left to others."""
    return (
        bool(report.logins.to_remove)
        and not left
        and all(login.state != "role_remade" for login in report.logins.found)
    )


def in_organization(organization: Organization, here: Organization) -> str:
    """Return "Globex: ", before what is not of the organisation that is looked at, else nothing; as safe text."""
    if organization.id == here.id:
        return ""
    return f"{safe_text(organization_name(organization.id, organization.name), 40)}: "


def to_take_words(report: LeaverReport) -> str:
    """Return what is to be taken from a leaver, in counts."""
    revokes = sum(len(held.staged_revokes()) for held in report.holdings)
    numbers, logins = sum(len(held.numbers) for held in report.holdings), len(report.logins.to_remove)
    parts = (
        (revokes, counted(revokes, "revoke")),
        (numbers, f"{counted(numbers, 'number')} returned"),
        (logins, f"{counted(logins, 'login')} removed"),
    )
    return ", ".join(words for count, words in parts if count)


def departure_words(done: Departure) -> str:
    """Return what was written for a leaver, in counts."""
    kinds: tuple[ChangeKind, ...] = ("grant", "change", "revoke")
    counts = {kind: sum(part.applied.count(kind) for part in done.parts) for kind in kinds}
    parts = [counted(number, kind) for kind, number in counts.items() if number]
    if done.numbers:
        where = "returned to the pool" if done.is_taken else "given back"
        parts.append(f"{counted(len(done.numbers), 'number')} {where}")
    if done.logins:
        parts.append(f"{counted(len(done.logins), 'login')} removed")
    if ended := sum(login.sessions_ended for login in done.logins):
        parts.append(f"{counted(ended, 'session')} ended")
    return ", ".join(parts) or "nothing"


def nothing_to_take(report: LeaverReport) -> str:
    """Say that a report lists nothing that can be taken, as far as it can tell."""
    if not report.is_whole:
        return f"There is nothing to take {IN_SIGHT}; there may be more in others."
    if report.logins.mapped:
        return "There is no permission to revoke, no number to return, and no login that you can remove."
    return "There is no permission to revoke, no number to return and no login to remove."


def about_logins(report: LeaverReport) -> list[str]:
    """Return what is to be known of a leaver's logins beside their list: which stay, and what is not known."""
    logins, notes = report.logins, []
    if not logins.is_told:
        notes.append("Which logins are theirs is shown to administrators alone.")
    elif not logins.has_any:
        notes.append("No login of this database is a person's: whoever knows a shared one goes on using it.")
    if any(login.login == logins.own for login in logins.mapped):
        own = safe_text(logins.own, 63)
        notes.append(f"{own} is your own login, which nobody removes themselves: ask another administrator.")
    elif logins.mapped and not logins.may_remove:
        notes.append("Only somebody whose login sees every organisation removes logins (`switchboard access remove`).")
    if not report.is_whole:
        notes.append(f"This is what there is {IN_SIGHT}; there may be more in others.")
    return notes
