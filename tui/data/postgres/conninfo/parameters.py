"""libpq's parameters, each with what Switchboard makes of it: taken, or refused because it does more than connect.

The list is that of libpq 14 to 18 (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS); one
that is not in it is refused until somebody has read what it does.
"""

from __future__ import annotations

TAKEN = frozenset(
    [
        # Where, who, and files that are only read.
        *("host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service"),
        *("require_auth", "channel_binding", "requirepeer", "scram_client_key", "scram_server_key"),
        *("krbsrvname", "gssencmode", "gsslib", "gssdelegation"),
        *("sslmode", "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslcertmode", "sslpassword"),
        *("sslrootcert", "sslcrl", "sslcrldir", "sslsni", "ssl_min_protocol_version", "ssl_max_protocol_version"),
        # How the connection is made and kept; what ours override is taken all the same.
        *("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
        *("tcp_user_timeout", "target_session_attrs", "load_balance_hosts"),
        *("min_protocol_version", "max_protocol_version"),
        # The server reads these, with the rights of the login.
        *("options", "client_encoding", "application_name", "fallback_application_name"),
    ]
)

REFUSED = {
    "sslkeylogfile": "key log",
    "replication": "replication",
    "oauth_issuer": "sign-in",
    "oauth_client_id": "sign-in",
    "oauth_client_secret": "sign-in",
    "oauth_scope": "sign-in",
}
"""The kind of mistake by parameter. A key log is a file that is written, a sign-in asks on the terminal for a code."""


def refused_kind(keyword: str, value: str) -> str | None:
    """Return the kind of mistake that a parameter is, None where it is taken."""
    if not value:
        return None
    if keyword == "sslkey" and ":" in value:
        # "engine:key" makes OpenSSL load a library (libpq-connect, sslkey).
        return "engine"
    return REFUSED.get(keyword) if keyword in REFUSED or keyword in TAKEN else "parameter"
