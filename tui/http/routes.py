"""Every route: its method and path, what answers it, what its body is, and with which statuses it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tui.http import integrations, phone_numbers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.http.answers import Answer
    from tui.http.request import Asked

SETTINGS = "/api/v1/settings"
HEALTH = "/healthz"
OPENAPI = "/openapi.json"

CREDENTIAL: dict[str, Any] = {
    "type": "object",
    "description": "The fields of the integration type. One that is left out stays as it is, a secret among them; null "
    "removes it. They may stand under `credentials`, beside `display_name`.",
    "properties": {"display_name": {"type": ["string", "null"], "maxLength": 255}, "credentials": {"type": "object"}},
    "additionalProperties": True,
}
ASSIGNEE: dict[str, Any] = {
    "type": "object",
    "properties": {"user_id": {"type": ["string", "null"], "format": "uuid"}},
    "required": ["user_id"],
    "additionalProperties": False,
}
# What any request that needs a token may be answered with.
_ANY = (401, 403, 429, 503)


class Route(NamedTuple):
    """A route; `asks_provider` is whether it opens a credential or asks a provider, which is limited more."""

    method: str
    path: str
    answer: Callable[[Asked], Awaitable[Answer]]
    statuses: tuple[int, ...]
    body: dict[str, Any] | None = None
    needs_body: bool = False
    asks_provider: bool = False

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.answer.__doc__ or "").split("\n", maxsplit=1)[0]


ROUTES = (
    Route("GET", f"{SETTINGS}/integrations", integrations.list_all, (200, *_ANY)),
    Route("GET", f"{SETTINGS}/integrations/{{type}}", integrations.show, (200, 404, 409, *_ANY)),
    Route(
        *("POST", f"{SETTINGS}/integrations/{{type}}", integrations.configure, (200, 400, 404, 409, 422, *_ANY)),
        body=CREDENTIAL,
        needs_body=True,
        asks_provider=True,
    ),
    Route(
        *("POST", f"{SETTINGS}/integrations/{{type}}/test", integrations.test, (200, 400, 404, 409, 422, *_ANY)),
        body=CREDENTIAL,
        asks_provider=True,
    ),
    Route("DELETE", f"{SETTINGS}/integrations/{{type}}", integrations.delete, (200, 404, 409, *_ANY)),
    Route("GET", f"{SETTINGS}/phone-numbers", phone_numbers.list_all, (200, *_ANY)),
    Route(
        *("POST", f"{SETTINGS}/phone-numbers/{{id}}/assign", phone_numbers.assign, (200, 400, 404, 409, 422, *_ANY)),
        body=ASSIGNEE,
        needs_body=True,
    ),
)
