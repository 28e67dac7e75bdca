"""What a refused or broken connection is to a person: the kinds that several texts and codes stand for."""

from __future__ import annotations

from tui.errors import (
    Advice,
    ConnectionFailed,
    ConnectionLost,
    DatabaseFailed,
    NoFreeConnection,
    SwitchboardError,
    Unreachable,
)

Kind = tuple[type[SwitchboardError], str, str]

OTHER_KIND = "The server is not of the kind that target_session_attrs asks for."
IPV6 = "db.REF.supabase.co is IPv6 only, use the pooler's host from IPv4."

PASSWORD: Kind = (
    ConnectionFailed,
    "The server refused the user name or the password.",
    "Check both; on Supabase's pooler the user name is postgres.REF, and in a connection string @ : / # ? % in the "
    "password are percent-encoded.",
)
NOT_ADMITTED: Kind = (
    ConnectionFailed,
    "The server does not let this user in with this kind of login.",
    "Check the user name, whether that role may log in, and the server's pg_hba.conf (it may insist on TLS).",
)
NO_DATABASE: Kind = (
    ConnectionFailed,
    "The server has no database of that name.",
    "Check the name after the host; on Supabase it is postgres.",
)
NO_SLOT: Kind = (
    NoFreeConnection,
    "The server has no free connection left.",
    "Try again in a moment; close other programs, or use the pooler's address.",
)
NO_POOL_SLOT: Kind = (
    NoFreeConnection,
    "The pooler has no free connection left for one more client.",
    "Try again in a moment and close other programs; in session mode (port 5432) each client holds a connection, in "
    "transaction mode (port 6543) they share them.",
)
POOL_BUSY: Kind = (
    NoFreeConnection,
    "All of the pooler's connections to the server were busy for too long.",
    "Try again in a moment; close other programs, or ask the pooler's administrator to enlarge the pool.",
)
STARTING: Kind = (
    Unreachable,
    "The server is starting or stopping, and accepts no connections yet.",
    Advice.WAIT_A_MOMENT,
)
DISK_FULL: Kind = (
    DatabaseFailed,
    "The server's disk is full; nothing was written.",
    "Tell the database administrator.",
)
NO_MEMORY: Kind = (DatabaseFailed, "The server ran out of memory or another resource.", "Try again later.")
TLS_WANTED: Kind = (
    ConnectionFailed,
    "The server accepts connections with TLS only, and this one has no TLS.",
    "Add sslmode=require, or verify-full with sslrootcert, to the connection string.",
)
POOLER_BROKEN: Kind = (
    Unreachable,
    "The pooler failed before it asked the server.",
    "Try again in a moment; if it happens again, tell the pooler's administrator, or use the direct address.",
)
POOLER_SET_UP: Kind = (
    ConnectionFailed,
    "The pooler is not set up for this login.",
    "Tell the pooler's administrator, or use the direct address.",
)
ENDED: Kind = (ConnectionLost, "The pooler ended the connection.", "Try again.")

BY_SQLSTATE: dict[str, Kind] = {"28P01": PASSWORD, "28000": NOT_ADMITTED, "3D000": NO_DATABASE}
