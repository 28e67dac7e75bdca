"""A connection written as one string, as DATABASE_URL holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from tui.data.postgres.conninfo.settings import ConnectionSettings


def connection_uri(settings: ConnectionSettings) -> str:
    """Return the URI that `parse_connection_string` takes apart into these settings again.

    It holds the password in clear: for `.env` and for a session, never for a screen or a log. Everything outside the
    unreserved characters is percent-encoded (RFC 3986), so any reader of the file takes it the same way.
    """
    user = quote(settings.user or "", safe="")
    password = f":{quote(settings.password.reveal('uri'), safe='')}" if settings.password else ""
    host, port = settings.host or "", settings.port or ""
    parameters = dict(settings.parameters)
    if host.startswith(("/", "@")) or "," in host or "," in port:
        parameters |= {"host": host} | ({"port": port} if port else {})
        host = port = ""
    place = f"[{host}]" if ":" in host else quote(host, safe="")
    place += f":{port}" if port else ""
    query = f"?{urlencode(parameters, quote_via=quote, safe='')}" if parameters else ""
    at = "@" if user or password else ""
    return f"postgresql://{user}{password}{at}{place}/{quote(settings.database or '', safe='')}{query}"
