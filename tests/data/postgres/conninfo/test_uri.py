"""A connection written as one string: it is taken apart into the same settings again."""

from __future__ import annotations

import pytest

from tui.data.postgres.conninfo.settings import ConnectionSettings
from tui.data.postgres.conninfo.string import parse_connection_string
from tui.data.postgres.conninfo.uri import connection_uri
from tui.secret import Secret


def parts(settings: ConnectionSettings) -> tuple[object, ...]:
    password = settings.password.reveal("compare") if settings.password else None
    return settings.host, settings.port, settings.database, settings.user, password, settings.parameters


@pytest.mark.parametrize(
    "settings",
    [
        ConnectionSettings(),
        ConnectionSettings("db.example.com", "5432", "postgres", "postgres.ref", Secret("p@ss:/?#%[]é ' \"$`\\")),
        ConnectionSettings("/var/run/postgresql", None, "a db", "me"),
        ConnectionSettings("::1", "5433", "db", "me", Secret("x")),
        ConnectionSettings("a.example,b.example", "1,2", "db", "me", Secret("x"), {"target_session_attrs": "primary"}),
        ConnectionSettings(None, None, None, "me", None, {"service": "mine", "options": "-c search_path=x,y"}),
        ConnectionSettings("h", parameters={"sslmode": "verify-full", "sslrootcert": "/ca file.pem"}),
    ],
)
def test_what_is_written_is_read_again(settings: ConnectionSettings) -> None:
    uri = connection_uri(settings)
    assert parts(parse_connection_string(uri)) == parts(settings)
    assert uri.isascii()
    assert not set(uri) & set(" '\"$`\\#")
