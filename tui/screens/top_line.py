"""What the top line says of the session: whose it is, where, and how the connection is; a profile in its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.frame import Part, Tone
from tui.words.people.organizations import WITHOUT_ORGANIZATION, organization_name
from tui.words.people.profiles import profile_colour, profile_label
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.process.identity import Operator
    from tui.session.console_connection import Health
    from tui.session.session import Session
    from tui.settings.configuration import Colour
    from tui.widgets.glyphs import Glyphs

TONES: dict[Colour, Tone] = {
    "none": "plain",
    "red": "bad",
    "yellow": "warning",
    "green": "good",
    "blue": "blue",
    "magenta": "magenta",
    "cyan": "cyan",
}


def top_line_parts(
    session: Session, health: Health, profile_colours: Mapping[str, Colour], glyphs: Glyphs
) -> tuple[Part, ...]:
    """Return the parts: organisation, profile or else database, operator, whether nothing is written, connection."""
    organization, profile = session.organization, session.settings.profile
    name = organization_name(organization.id, organization.name) if organization else WITHOUT_ORGANIZATION
    return (
        Part("Switchboard", give=9, whole=True),
        Part(safe_text(name, 60), give=2),
        profile_part(profile, profile_colours) if profile else Part(safe_text(session.database_name, 60), give=3),
        Part(operator_words(session.operator), give=4, at_right=True),
        Part(
            "READ-ONLY: newer schema" if session.schema == "newer" else "READ-ONLY" if session.read_only else "",
            at_right=True,
        ),
        Part(f"{glyphs.good if health.state == 'connected' else glyphs.warning} {health.words}", at_right=True),
    )


def operator_words(operator: Operator) -> str:
    """Return who the operator is, marked unless the login proves it."""
    name, origin = safe_text(operator.label, 60), operator.origin
    if origin.is_proven:
        return f"{name}, proven"
    return safe_text(origin.mark(name), 130)


def profile_part(name: str, chosen: Mapping[str, Colour]) -> Part:
    """Return the name, with a word where it is red; `chosen` has the colours that somebody chose."""
    colour = profile_colour(name, chosen)
    return Part(profile_label(name, colour), TONES[colour], give=1)
