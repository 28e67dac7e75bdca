"""What a route is given of a request, and what it needs of its body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.data.keys.credential_json import parse_credential
from tui.errors import InvalidInput
from tui.http.answers import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.data.requester import Requester
    from tui.models import Json
    from tui.session.session import Session


class Asked(NamedTuple):
    """One request: the session as whoever asks, who that is, the parameters of the path, and the body's object.

    `body` is None where there was none.
    """

    session: Session
    requester: Requester
    parameters: Mapping[str, str]
    body: Json | None

    def __repr__(self) -> str:
        return "Asked(…)"

    def object(self) -> Json:
        """Return the body's object. Raises Refused with 400 where there is none."""
        if self.body is None:
            raise Refused(400, "The body is empty.", "Send one JSON object.")
        return self.body


def parse_body(content: bytes) -> Json | None:
    """Return the one JSON object of a body, None for an empty one. Raises Refused with 400, which quotes nothing."""
    if not content.strip():
        return None
    try:
        return parse_credential(content)
    except InvalidInput:
        raise Refused(400, "The body is not one JSON object that is well formed.", "Send one, in UTF-8.") from None


def require_names(given: Mapping[str, Any], *known: str) -> None:
    """Raise Refused with 422 for a name that means nothing here: it would be left out in silence."""
    if any(name not in known for name in given):
        raise Refused(422, "The body has a name that is not known here.", f"Known are {', '.join(known)}.")
