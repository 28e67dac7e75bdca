"""Asks the API of one Exotel account by GET, and by nothing else: a POST to the same paths buys a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tui.errors import ProviderFailed
from tui.providers.exotel_hosts import DEFAULT_HOST, Asked
from tui.providers.field_kinds import as_text, host_and_port
from tui.providers.https_host import SECONDS, HttpsHost, basic
from tui.providers.request_budget import RequestBudget
from tui.providers.transport_failures import HTTPS_PORT, Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tui.providers.https_host import Response

ACCESS_STATUSES = frozenset([401, 403, 404])
"""The refusals whose body is read: a proxy that answers in Exotel's place has them as well."""

# Of 50 requests a minute for ExoPhones, the least of Exotel's limits and one for all programs of an account
# (https://developer.exotel.com/docs/advanced-config/rate-limiting), a few are left for those that make calls.
_MOST_REQUESTS, _WINDOW_SECONDS = 45, 60.0
_budgets: dict[tuple[str, str], RequestBudget] = {}


class ExotelAccount:
    """One account at one host (an HttpsHost), for the time of an `async with`.

    The key and the token travel in the Authorization header alone. v1 answers in XML where nobody asks for JSON.
    """

    def __init__(
        self,
        credential: Mapping[str, Any],
        *,
        seconds: float = SECONDS,
        budget: RequestBudget | None = None,
        waits: bool = False,
    ) -> None:
        """Raise ProviderFailed where the host or the account SID cannot stand in an address.

        `waits` is for readings for which nobody sits there: a request is sent when `budget` has room for it, by default
        the one that the process keeps for the account.
        """
        split = host_and_port(as_text(credential.get("api_host")) or DEFAULT_HOST)
        if split is None:
            raise ProviderFailed("The API host is not a host name.", f"Write it like {DEFAULT_HOST}, or name:port.")
        sid = as_text(credential.get("account_sid"))
        # Dots alone are the one segment that quoting leaves with a meaning of its own.
        if not sid.strip("."):
            raise ProviderFailed(
                "The account SID is not the name of an account.", "Copy it from Settings > API Settings."
            )
        self._sid = quote(sid, safe="")
        authorization = basic(as_text(credential.get("api_key")), as_text(credential.get("api_token")))
        endpoint = Endpoint(split[0], split[1] or HTTPS_PORT, "API host")
        self._host = HttpsHost(endpoint, "Exotel", {"Authorization": authorization}, seconds=seconds)
        self.asked = Asked(self.host, sid.strip())
        """Who is asked about what, as sentences need it."""
        self.calls = 0
        """How many requests were sent."""
        self._waits = waits
        # One for the process: several integrations may be of one account, and several tests run at a time.
        self._budget = budget or _budgets.setdefault(
            (self.host, self.asked.sid), RequestBudget(_MOST_REQUESTS, _WINDOW_SECONDS)
        )

    @property
    def host(self) -> str:
        """The host as sentences call it: with its port where that is not 443."""
        return self._host.place

    async def __aenter__(self) -> ExotelAccount:
        await self._host.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._host.__aexit__(kind, error, trace)

    async def reach(self) -> int:
        """Return the milliseconds until TLS is verified; raises ProviderFailed with the step that failed."""
        return await self._host.reach()

    async def get(self, path: str, *, most_bytes: int, **question: str | int) -> Response:
        """Ask for `path`, where {sid} is the account, with `question` as its query; raises as HttpsHost does."""
        if self._waits:
            await self._budget.wait_for_room()
        self.calls += 1
        self._budget.note()
        path = path.replace("{sid}", self._sid)
        return await self._host.get(path, most_bytes=most_bytes, question=question, refusals_read=ACCESS_STATUSES)
