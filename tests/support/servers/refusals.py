"""Refusals as servers, poolers and libpq word them, and what Switchboard has to say about each.

Texts from the sources: PostgreSQL 12 to 18 (auth.c, postinit.c, postmaster.c, proc.c, md.c), PgBouncer 1.18 to 1.25
(client.c, objects.c, janitor.c, server.c, proto.c), Supavisor 1 and 2 (lib/supavisor/errors, before 2.0
client_handler.ex), libpq 18. PgBouncer gives 08P01 and Supavisor XX000 with nearly everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tui.errors import ConnectionFailed, ConnectionLost, DatabaseFailed, ServerUnsuitable

if TYPE_CHECKING:
    from tui.errors import SwitchboardError

LOGIN, SESSION, DRIVER = "login", "session", "driver"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`when`: instead of a login, at the first query behind a login, or libpq's own words without a server's.

    `sentence` and `remedy` are what the two sentences must hold at least.
    """

    source: str
    when: Literal["login", "session", "driver"]
    sqlstate: str
    text: str
    sentence: str
    remedy: str
    error: type[SwitchboardError] = ConnectionFailed


def _rows(
    source: str,
    when: Literal["login", "session", "driver"],
    rows: tuple[tuple[str, str, str, str] | tuple[str, str, str, str, type[SwitchboardError]], ...],
) -> tuple[Refusal, ...]:
    return tuple(Refusal(source, when, *row) for row in rows)


_HOST = 'host "203.0.113.9", user "eve", database "app"'

REFUSALS = (
    *_rows(
        "PostgreSQL",
        LOGIN,
        (
            ("28P01", 'password authentication failed for user "eve"', "refused the user name", "postgres.REF"),
            ("28000", f"no pg_hba.conf entry for {_HOST}, no encryption", "without TLS", "sslmode=require"),
            ("28000", f"no pg_hba.conf entry for {_HOST}, SSL off", "without TLS", "sslmode=require"),
            ("28000", f"no pg_hba.conf entry for {_HOST}, SSL encryption", "from this address", "pg_hba.conf"),
            ("28000", f"no pg_hba.conf entry for {_HOST}, GSS encryption", "from this address", "pg_hba.conf"),
            ("28000", f"pg_hba.conf rejects connection for {_HOST}, no encryption", "without TLS", "pg_hba.conf"),
            ("28000", f"pg_hba.conf rejects connection for {_HOST}, SSL encryption", "from this address", "pg_hba"),
            ("28000", 'role "eve" does not exist', "does not let this user in", "user name"),
            ("28000", 'role "eve" is not permitted to log in', "may not log in", "alter role"),
            ("28000", "connection requires a valid client certificate", "client certificate", "sslcert"),
            ("28000", 'certificate authentication failed for user "eve"', "client certificate", "sslkey"),
            ("28000", 'Peer authentication failed for user "eve"', "does not let this user in", "pg_hba.conf"),
            ("28000", 'LDAP authentication failed for user "eve"', "does not let this user in", "user name"),
            ("28000", 'GSSAPI authentication failed for user "eve"', "Kerberos", "kinit"),
            ("28000", "SCRAM channel binding check failed", "channel binding", "channel_binding"),
            ("28000", "no PostgreSQL user name specified in startup packet", "user name is not of the form", ".REF"),
            ("3D000", 'database "app" does not exist', "no database of that name", "postgres"),
            ("3D000", 'cannot connect to invalid database "app"', "began to drop", "another one"),
            ("42501", 'permission denied for database "app"', "may not connect", "CONNECT"),
            (
                "55000",
                'database "app" is not currently accepting connections',
                "somebody has closed it",
                "allow_connections",
            ),
            ("53300", "sorry, too many clients already", "no free connection", "Try again"),
            (
                "53300",
                "remaining connection slots are reserved for roles with the SUPERUSER attribute",
                "no free connection",
                "pooler's address",
            ),
            (
                "53300",
                "remaining connection slots are reserved for non-replication superuser connections",
                "no free connection",
                "pooler's address",
            ),
            (
                "53300",
                'remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections"'
                " role",
                "no free connection",
                "close other programs",
            ),
            ("53300", 'too many connections for role "eve"', "no free connection", "close other programs"),
            ("53300", 'too many connections for database "app"', "no free connection", "close other programs"),
            ("57P03", "the database system is starting up", "starting or stopping", "Wait a moment"),
            ("57P03", "the database system is shutting down", "starting or stopping", "Wait a moment"),
            ("57P03", "the database system is in recovery mode", "starting or stopping", "Wait a moment"),
            (
                "57P03",
                "the database system is not yet accepting connections",
                "starting or stopping",
                "Wait a moment",
            ),
            (
                "57P03",
                "the database system is not accepting connections\nDETAIL:  Hot standby mode is disabled.",
                "standby",
                "primary",
                ServerUnsuitable,
            ),
            (
                "53100",
                "could not write init file: No space left on device",
                "disk is full",
                "administrator",
                DatabaseFailed,
            ),
            ("53200", "out of memory", "ran out of memory", "Try again", DatabaseFailed),
            (
                "53000",
                "could not fork new process for connection: Cannot allocate memory",
                "ran out of memory",
                "later",
                DatabaseFailed,
            ),
            ("42704", 'unrecognized configuration parameter "nonsense"', "refuses a setting", "options="),
            ("22023", 'invalid value for parameter "DateStyle": "x"', "refuses a setting", "PGOPTIONS"),
            (
                "0A000",
                "conversion between UTF8 and MULE_INTERNAL is not supported",
                "cannot speak UTF-8",
                "encoding 'UTF8'",
                ServerUnsuitable,
            ),
            (
                "0A000",
                "unsupported frontend protocol 3.2: server supports 3.0 to 3.0",
                "another version of Postgres's protocol",
                "max_protocol_version",
            ),
            (
                "57014",
                "canceling authentication due to timeout",
                "login took too long",
                "administrator of the server",
            ),
            (
                "57014",
                "canceling statement due to statement timeout",
                "login took too long",
                "administrator of the server",
            ),
            ("28000", 'role "a"too many clients already"" does not exist', "does not let this user in", "user name"),
            ("28P01", 'password authentication failed for user "pg_hba ""SSL required"', "refused the user", "both"),
        ),
    ),
    *_rows(
        "PostgreSQL",
        SESSION,
        (
            (
                "57P01",
                "terminating connection due to administrator command",
                "ended",
                "Check the network",
                ConnectionLost,
            ),
            (
                "57P02",
                "terminating connection because of crash of another server process",
                "ended",
                "Check the network",
                ConnectionLost,
            ),
            (
                "57P05",
                "terminating connection due to idle-session timeout",
                "ended",
                "Check the network",
                ConnectionLost,
            ),
            (
                "25P03",
                "terminating connection due to idle-in-transaction timeout",
                "ended",
                "Check the network",
                ConnectionLost,
            ),
            (
                "25P04",
                "terminating connection due to transaction timeout",
                "ended",
                "Check the network",
                ConnectionLost,
            ),
            (
                "40001",
                "terminating connection due to conflict with recovery",
                "ended",
                "Check the network",
                ConnectionLost,
            ),
            (
                "57P03",
                "the database system is in recovery mode",
                "starting or stopping",
                "Wait a moment",
                ConnectionLost,
            ),
        ),
    ),
    *_rows(
        "PgBouncer",
        LOGIN,
        (
            ("08P01", "no such database: app", "no database of that name", "Check the name"),
            ("08P01", "no such database: MaxClients", "no database of that name", "Check the name"),
            ("08P01", "no such database: pg_hba, no encryption", "no database of that name", "Check the name"),
            ("08P01", "no such user: SSL required", "refused the user name", "Check both"),
            ("08P01", "no such user: pg_hba", "refused the user name", "Check both"),
            ("08P01", "no such user", "refused the user name", "Check both"),
            ("08P01", "no such user: eve", "refused the user name", "Check both"),
            ("08P01", "auth failed", "refused the user name", "Check both"),
            ("28P01", "password authentication failed", "refused the user name", "Check both"),
            ("08P01", "SASL authentication failed", "refused the user name", "Check both"),
            ("08P01", "no more connections allowed (max_client_conn)", "no free connection", "close other programs"),
            ("08P01", "client connections exceeded (max_db_client_connections)", "no free connection", "Try again"),
            ("08P01", "client connections exceeded (max_user_client_connections)", "no free connection", "Try again"),
            ("08P01", "SSL required", "with TLS only", "sslmode=require"),
            ("08P01", "login rejected", "does not let this user in", "pg_hba.conf"),
            ("08P01", "not allowed", "does not let this user in", "user name"),
            ("08P01", "certificate authentication failed", "client certificate", "sslcert"),
            ("08P01", "unsupported startup parameter: search_path", "refuses a setting", "options="),
            ("08P01", "unsupported startup parameter in options: lock_timeout", "refuses a setting", "options="),
            ("08P01", "bouncer config error", "not set up for this login", "the pooler's administrator"),
            ("08P01", "bouncer resources exhaustion", "ran out of memory", "Try again", DatabaseFailed),
            ("08P01", 'database "app" is disabled', "not set up for this login", "the pooler's administrator"),
            ("08P01", "client_login_timeout (server down)", "cannot reach or log in", "direct address"),
            ("08P01", "client_login_timeout", "login took too long", "administrator of the server"),
            ("57P01", "server shutting down", "starting or stopping", "Wait a moment"),
            ("08P01", "pgbouncer is shutting down", "starting or stopping", "Wait a moment"),
            ("08P01", "server login failed: wrong password type", "cannot reach or log in", "direct address"),
            (
                "08P01",
                'server login has been failing, cached error: password authentication failed for user "eve" '
                "(server_login_retry)",
                "cannot reach or log in",
                "that the server runs",
            ),
            (
                "08P01",
                "server login has been failing, try again later (server_login_retry)",
                "cannot reach or log in",
                "in a minute",
            ),
        ),
    ),
    *_rows(
        "PgBouncer",
        SESSION,
        (
            ("08P01", "query_wait_timeout", "busy for too long", "enlarge the pool"),
            ("08P01", "query_timeout", "took too long", "Ask for less"),
            ("08P01", "client_idle_timeout", "pooler ended the connection", "Try again", ConnectionLost),
            ("08P01", "idle transaction timeout", "pooler ended the connection", "Try again", ConnectionLost),
            ("08P01", "transaction timeout", "pooler ended the connection", "Try again", ConnectionLost),
            ("08P01", "server conn crashed?", "pooler ended the connection", "Try again", ConnectionLost),
            ("08P01", "admin forced disconnect", "pooler ended the connection", "Try again", ConnectionLost),
            ("08P01", "server login failed: wrong password type", "cannot reach or log in", "direct address"),
            ("28P01", 'password authentication failed for user "eve"', "refused the user name", "Check both"),
            ("3D000", 'database "app" does not exist', "no database of that name", "Check the name"),
            ("53300", "sorry, too many clients already", "no free connection", "Try again"),
            ("08P01", "out of memory", "ran out of memory", "Try again later"),
        ),
    ),
    *_rows(
        "Supavisor",
        LOGIN,
        (
            ("XX000", "Tenant or user not found", "does not know this user", "that the project runs"),
            ("XX000", "(ENOTFOUND) tenant/user postgres.ref not found", "does not know this user", "postgres.REF"),
            (
                "XX000",
                "(EMULTIPLEUSERS) multiple users matched for postgres.ref, check tenant configuration",
                "does not know this user",
                "same page",
            ),
            ("XX000", "(EBANNED) tenant is banned: project paused", "paused or blocked", "Restore it"),
            (
                "XX000",
                "(EADDRNOTALLOWED) address not in tenant allow_list: {203, 0, 113, 9}",
                "network restrictions",
                "Network Restrictions",
            ),
            (
                "XX000",
                "Address not in tenant allow_list: {203, 0, 113, 9}",
                "network restrictions",
                "Network Bans",
            ),
            ("XX000", "SSL connection is required", "with TLS only", "sslmode=require"),
            ("XX000", "(ESSLREQUIRED) SSL connection is required for user: eve", "with TLS only", "sslmode=require"),
            (
                "XX000",
                "(ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked",
                "blocked new connections",
                "two minutes",
            ),
            (
                "XX000",
                "Circuit breaker open: failed to retrieve database credentials after multiple attempts, new "
                "connections are temporarily blocked",
                "blocked new connections",
                "old password",
            ),
            (
                "XX000",
                "(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: 15",
                "no free connection",
                "port 6543",
            ),
            (
                "XX000",
                "MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size",
                "no free connection",
                "port 6543",
            ),
            ("XX000", "(EMAXCONN) max client connections reached, limit: 200", "no free connection", "close other"),
            ("XX000", "Max client connections reached", "no free connection", "close other programs"),
            ("XX000", "(EMAXPOOLSREACHED) max pools count reached", "no free connection", "Try again"),
            (
                "XX000",
                "(EAUTHQUERY) authentication query failed: connection to database not available",
                "cannot reach or log in",
                "not paused",
            ),
            ("XX000", "(EAUTHQUERY) auth_query connection failed: timeout", "cannot reach or log in", "not paused"),
            ("XX000", "(EAUTHQUERY) auth_query secret check timed out", "cannot reach or log in", "not paused"),
            ("XX000", "(EAUTHQUERY) user not found in the database", "refused the user name", "Check both"),
            (
                "XX000",
                "(EAUTHQUERY) unsupported or invalid secret format",
                "not set up for this login",
                "the pooler's administrator",
            ),
            (
                "XX000",
                "(EAUTHSECRETS) failed to retrieve authentication secrets: :timeout",
                "not set up for this login",
                "direct address",
            ),
            ("28P01", 'password authentication failed for user "eve"', "refused the user name", "postgres.REF"),
            ("XX000", 'Authentication error, reason: "Invalid format for user or db_name"', "user name is not", ".REF"),
            (
                "XX000",
                "(ENOIDENTIFIER) no tenant identifier provided (external_id or sni_hostname required)",
                "user name is not of the form",
                "postgres.REF",
            ),
            ("08006", "(EAUTHTIMEOUT) timeout while waiting for message", "login took too long", "Try again"),
            ("08006", "(ESSLHANDSHAKE) SSL handshake failed: :closed", "TLS with the server", "proxy"),
            (
                "XX000",
                "(ESUBSCRIBERETRIES) failed to subscribe to tenant after multiple retries. Terminating",
                "pooler failed",
                "Try again",
            ),
            ("XX000", "(EWORKERNOTFOUND) worker processes (manager/pool) not found", "pooler failed", "Try again"),
            ("XX000", "(EPROXYSTARTFAILED) failed to start proxy connection", "pooler failed", "Try again"),
        ),
    ),
    *_rows(
        "Supavisor",
        SESSION,
        (
            (
                "XX000",
                "(ECHECKOUTTIMEOUT) unable to check out connection from the pool after 60000ms in Transaction mode",
                "busy for too long",
                "enlarge the pool",
            ),
            (
                "XX000",
                "(ECHECKOUTRETRIES) failed to check out a connection after multiple retries",
                "cannot reach or log in",
                "direct address",
            ),
            (
                "XX000",
                "(EDBHANDLEREXITED) connection to database closed. Check logs for more information",
                "pooler ended the connection",
                "Try again",
                ConnectionLost,
            ),
            (
                "XX000",
                "DbHandler exited. Check logs for more information",
                "pooler ended the connection",
                "Try again",
                ConnectionLost,
            ),
            (
                "53300",
                "remaining connection slots are reserved for roles with the SUPERUSER attribute",
                "no free connection",
                "Try again",
            ),
        ),
    ),
    *_rows(
        "libpq",
        DRIVER,
        (
            ("", "Connection refused", "Nothing accepts connections", "whether the server runs"),
            ("", "Connection timed out", "in time", "firewall"),
            ("", "Network is unreachable", "no route to that host", "IPv6"),
            (
                "",
                'could not translate host name "db.ref.supabase.co" to address: Name or service not known',
                "was not found",
                "paused",
            ),
            ("", "fe_sendauth: no password supplied", "none was given", "PGPASSWORD"),
            ("", "server does not support SSL, but SSL was required", "offers no TLS", "sslmode=disable"),
            ("", "SSL error: certificate verify failed", "not the one expected", "sslrootcert"),
            (
                "",
                'server certificate for "other.example" does not match host name "db.example"',
                "not the one expected",
                "host name",
            ),
            ("", 'root certificate file "/no/such/file" does not exist', "missing, unreadable", "sslrootcert"),
            ("", "SSL error: tlsv13 alert certificate required", "client certificate", "sslcert"),
            ("", "SSL error: wrong version number", "TLS with the server", "proxy"),
            (
                "",
                "channel binding is required, but server did not offer an authentication method that supports channel "
                "binding",
                "channel binding",
                "channel_binding=require",
            ),
            (
                "",
                'authentication method requirement "scram-sha-256" failed: server requested a cleartext password',
                "asks for the password in a way",
                "require_auth",
            ),
            (
                "",
                "none of the server's SASL authentication mechanisms are supported",
                "asks for the password in a way",
                "pg_hba.conf",
            ),
            ("", "server doesn't support GSSAPI encryption, but it was required", "Kerberos", "gssencmode=disable"),
            ("", "received invalid response to SSL negotiation: H", "not a Postgres server", "5432"),
            ("", "expected authentication request from server, but received H", "not a Postgres server", "5432"),
            ("", "session is read-only", "target_session_attrs", "the primary server", ServerUnsuitable),
            ("", "server is in hot standby mode", "target_session_attrs", "the primary server", ServerUnsuitable),
            ("", "session is not read-only", "target_session_attrs", "remove target_session_attrs", ServerUnsuitable),
            ("", "server is not in hot standby mode", "target_session_attrs", "of a standby", ServerUnsuitable),
            ("", "server closed the connection unexpectedly", "ended the connection at once", "firewall"),
            ("", "SSL connection has been closed unexpectedly", "ended the connection at once", "firewall"),
        ),
    ),
)
