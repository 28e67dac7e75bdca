"""What servers, poolers and libpq refuse a connection with, recognised by its words, and what to tell about it.

The texts are those of PostgreSQL 12 to 18, PgBouncer 1.18 to 1.25, Supavisor 1 and 2, and libpq 18; each is tried in
tests/support/servers/refusals.py. docs/refusals.md is made from there.
"""

from __future__ import annotations

import re

from tui.data.postgres.failures.refusal_kinds import (
    DISK_FULL,
    ENDED,
    IPV6,
    NO_DATABASE,
    NO_MEMORY,
    NO_POOL_SLOT,
    NO_SLOT,
    NOT_ADMITTED,
    OTHER_KIND,
    PASSWORD,
    POOL_BUSY,
    POOLER_BROKEN,
    POOLER_SET_UP,
    STARTING,
    TLS_WANTED,
    Kind,
)
from tui.errors import ConnectionFailed, InvalidInput, ServerUnsuitable, SwitchboardError, Unreachable

# Read from the top: a pooler repeats the server's words after its own, with several hosts the text holds one message
# for each, and in both cases the earlier row says more.
_BY_TEXT: tuple[tuple[str, type[SwitchboardError], str, str], ...] = (
    (
        "no password supplied|empty password returned",
        ConnectionFailed,
        "The server wants a password and none was given.",
        "Put it into DATABASE_URL, PGPASSWORD or ~/.pgpass.",
    ),
    (
        "ECIRCUITBREAKER|[Cc]ircuit breaker open|new connections are temporarily blocked",
        ConnectionFailed,
        "Supabase's pooler has blocked new connections after too many failed ones.",
        "Stop every program that still uses an old password, correct it here, and wait two minutes.",
    ),
    (
        "allow_list|EADDRNOTALLOWED",
        ConnectionFailed,
        "The project's network restrictions do not let this address in.",
        "Add this machine's address in Supabase under Database settings, Network Restrictions; look at Network "
        "Bans too.",
    ),
    (
        "tenant is banned|EBANNED|[Pp]roject (is )?paused",
        ConnectionFailed,
        "The project is paused or blocked.",
        "Restore it in Supabase's dashboard, which also says why.",
    ),
    (
        "enant or user not found|enant/user|ENOTFOUND|EMULTIPLEUSERS",
        ConnectionFailed,
        "Supabase's pooler does not know this user, or the project is paused.",
        "Check in the dashboard that the project runs; write the user name with the project behind it, "
        "postgres.REF, and take the host from the same page.",
    ),
    (
        "no tenant identifier|ENOIDENTIFIER|EINVALIDUSERINFO|Authentication error, reason|no username supplied|"
        "no PostgreSQL user name|username too long",
        ConnectionFailed,
        "The user name is not of the form that the server or its pooler needs.",
        "On Supabase's pooler it is postgres.REF, with the project's reference behind the dot.",
    ),
    (
        "SSL (connection is )?required|ESSLREQUIRED|TLS (is )?required|"
        "connection is insecure|requires? (an? )?(SSL|TLS|encrypt)",
        *TLS_WANTED,
    ),
    (
        "valid client certificate|certificate authentication failed|certificate required|client certificate|unknown ca",
        ConnectionFailed,
        "The server wants a client certificate that it trusts and that names this user.",
        "Give it with sslcert and sslkey; the server's administrator issues it.",
    ),
    (
        "server login has been failing|server_login_retry|server login failed|auth_query connection failed|"
        "client_login_timeout \\(server down\\)|ECHECKOUTRETRIES|EPOOLCHECKOUT|pool checkout failed|"
        "EAUTHQUERY. (authentication query failed|auth_query)|Connection failed .:error",
        Unreachable,
        "The pooler cannot reach or log in to the server behind it.",
        "Check that the server runs and the project is not paused; try again in a minute, or use the direct address.",
    ),
    ("EAUTHQUERY. user not found|no such user|auth failed", *PASSWORD),
    (
        'EAUTHQUERY|EAUTHSECRETS|EJIT|bouncer config error|no authentication method|database "" is disabled',
        *POOLER_SET_UP,
    ),
    ("query_wait_timeout|ECHECKOUTTIMEOUT|unable to check out", *POOL_BUSY),
    (
        "[Mm]ax ?[Cc]lient|EMAX|max_client_conn|client connections exceeded|max pools count|"
        "max_db_client_connections|max_user_client_connections",
        *NO_POOL_SLOT,
    ),
    ("password authentication failed|SASL authentication failed|Wrong password|password too long", *PASSWORD),
    (
        "channel binding",
        ConnectionFailed,
        "The server and this side do not agree on channel binding, which guards against somebody in between.",
        "Use TLS straight to the server; behind a pooler that ends TLS, remove channel_binding=require.",
    ),
    (
        "authentication method requirement|authentication method \\d+ not supported|SASL authentication mechanisms",
        ConnectionFailed,
        "The server asks for the password in a way that this side does not allow or know.",
        "Look at require_auth and PGREQUIREAUTH here, and at password_encryption and pg_hba.conf there.",
    ),
    (
        "pg_hba.*(no encryption|SSL off)",
        ConnectionFailed,
        "The server does not let this user in from this address without TLS, if at all.",
        "Add sslmode=require; if that is refused too, ask the server's administrator for a line in its pg_hba.conf.",
    ),
    (
        "pg_hba",
        ConnectionFailed,
        "The server does not let this user in from this address to this database.",
        "Ask the server's administrator for a line in its pg_hba.conf, or for this address among those allowed.",
    ),
    (
        "GSSAPI|GSS ",
        ConnectionFailed,
        "Kerberos (GSSAPI) between this machine and the server does not work.",
        "Add gssencmode=disable to log in with a password, or renew the ticket with kinit.",
    ),
    (
        "is not permitted to log in",
        ConnectionFailed,
        "The server does not let this user in: the role exists, but may not log in.",
        "Use another user name, or ask the server's administrator to run: alter role ... login.",
    ),
    ('authentication failed|role "" does not exist|login rejected|FATAL:  not allowed', *NOT_ADMITTED),
    ('database "" does not exist|no such database', *NO_DATABASE),
    (
        "cannot connect to invalid database",
        ConnectionFailed,
        "Somebody began to drop that database, and it can no longer be used.",
        "Connect to another one, or ask its owner to drop it and create it again.",
    ),
    (
        "not currently accepting connections",
        Unreachable,
        "The database accepts no connections at the moment: somebody has closed it.",
        "Ask the database administrator; it is opened with `alter database ... allow_connections true`.",
    ),
    (
        "permission denied for database",
        ConnectionFailed,
        "This role may not connect to that database.",
        "Ask the database administrator for the CONNECT privilege, or connect as another role.",
    ),
    ("too many (clients|connections)|connection slots", *NO_SLOT),
    ("No space left|could not extend file|Disk quota", *DISK_FULL),
    ("out of memory|no memory for|resources exhaustion|could not fork|out of shared memory", *NO_MEMORY),
    (
        "Hot standby mode is disabled",
        ServerUnsuitable,
        "The server is a standby that accepts no connections.",
        "Give the address of the primary server.",
    ),
    ("starting up|shutting down|recovery mode|not (yet )?accepting", *STARTING),
    (
        "does not support SSL",
        ConnectionFailed,
        "The server offers no TLS, so others could read the connection on its way.",
        "Turn TLS on in the server; on a network that you trust, add sslmode=disable.",
    ),
    (
        "certificate verify failed|does not match host name|could not verify server certificate|"
        "could not get server's host name|certificate has expired",
        ConnectionFailed,
        "The server's TLS certificate is not the one expected for this host.",
        "Check the host name and that sslrootcert is the certificate of the server's provider.",
    ),
    (
        'root certificate file|certificate file ""|private key file|could not load|could not read root',
        ConnectionFailed,
        "A certificate or key file for TLS is missing, unreadable, or readable by others.",
        "Check sslrootcert, sslcert and sslkey; run chmod 600 on a private key.",
    ),
    (
        "SSL error|ESSLHANDSHAKE|ALPN|during SSL exchange",
        ConnectionFailed,
        "TLS with the server could not be set up.",
        "Check host and port, and whether something in between (a proxy, a firewall) breaks TLS.",
    ),
    (
        "conversion between|client_encoding",
        ServerUnsuitable,
        "The server cannot speak UTF-8 with this database.",
        "Create the database with encoding 'UTF8'.",
    ),
    (
        "unsupported frontend protocol|protocol not supported|protocol negotiation message",
        ConnectionFailed,
        "The server speaks another version of Postgres's protocol.",
        "Remove min_protocol_version and max_protocol_version from the connection string, or upgrade the server.",
    ),
    (
        "invalid response to SSL|expected authentication request|invalid message",
        ConnectionFailed,
        "What answers at that address is not a Postgres server.",
        "Check the host and the port; the port is usually 5432.",
    ),
    (
        "definition of service|service file|nested service",
        ConnectionFailed,
        "libpq's service file has no such service, or cannot be read.",
        "Check PGSERVICE and ~/.pg_service.conf.",
    ),
    (
        "startup parameter|unrecognized configuration parameter|invalid value for parameter",
        ConnectionFailed,
        "The server or its pooler refuses a setting that the connection starts with.",
        "Remove options= from the connection string, and PGOPTIONS from the environment.",
    ),
    (
        "not in hot standby mode|session is not read-only",
        ServerUnsuitable,
        OTHER_KIND,
        "Give the address of a standby, or remove target_session_attrs from the connection string.",
    ),
    (
        "hot standby mode|session is read-only",
        ServerUnsuitable,
        OTHER_KIND,
        "Give the address of the primary server.",
    ),
    (
        "invalid \\S+ value|invalid port number|invalid integer value|invalid connection option",
        InvalidInput,
        "A setting of the connection has a value that libpq does not accept.",
        "Check the connection string and the variables that begin with PG.",
    ),
    (
        "resolve host|translate host name|Name or service not known|No address associated|nodename nor servname",
        Unreachable,
        "The host name was not found.",
        f"Check its spelling, the network, and that a Supabase project is not paused; {IPV6}",
    ),
    (
        "query_timeout",
        ConnectionFailed,
        "The pooler stopped this: it took too long.",
        "Ask for less, or try again when the server is less busy.",
    ),
    (
        "client_idle_timeout|idle transaction timeout|transaction timeout|EDBHANDLEREXITED|DbHandler exited|"
        "connection to database closed|server connection closed|server conn crashed|admin forced|KILL_CLIENT|"
        "pool terminating|EPOOLTERMINATING|suspend_timeout|server lifetime|db_termination",
        *ENDED,
    ),
    (
        "EPOOL|EPROXY|EWORKER|ESUBSCRIBE|ESTARTUP|EAUTHPROTOCOL|pause failed|FATAL:  not connected|Internal error \\(",
        *POOLER_BROKEN,
    ),
    (
        "canceling (authentication|statement)|client_login_timeout|EAUTHTIMEOUT",
        Unreachable,
        "The login took too long, and the server stopped it.",
        "Try again in a moment; if it happens again, tell the administrator of the server or its pooler.",
    ),
    ("[Tt]imed? ?out", Unreachable, "The server did not answer in time.", f"Check host, port and firewall; {IPV6}"),
    (
        "Connection refused",
        Unreachable,
        "Nothing accepts connections at that host and port.",
        "Check both, and whether the server runs.",
    ),
    (
        "unreachable|No route to host",
        Unreachable,
        "There is no route to that host from here.",
        f"Check the network; {IPV6}",
    ),
    (
        "on socket .*(No such file|Permission denied)",
        Unreachable,
        "There is no socket of a server here that this user may use.",
        "Check that the server runs, or give its host and port.",
    ),
    (
        "closed the connection unexpectedly|connection has been closed unexpectedly|Connection reset|SSL SYSCALL|"
        "Broken pipe",
        Unreachable,
        "The server, or something in between, ended the connection at once.",
        "Check host and port, and whether a firewall or the server's settings refuse this address.",
    ),
)
# Names may hold anything, also the words looked for and quotes; those that PgBouncer does not quote end the line.
_QUOTED = r'"(?:[^"]|"(?=[^\s,.:;?!)]))*"'
_UNQUOTED = r"(no such (?:user|database): ).*"


def recognise(text: str) -> Kind | None:
    """Return what a refusal's words mean, None where they are not known."""
    plain = re.sub(_QUOTED, '""', re.sub(_UNQUOTED, r"\1", text))
    for pattern, error, sentence, what_to_do in _BY_TEXT:
        # Not compiled before: a start that succeeds needs none of these 54 patterns.
        if re.search(pattern, plain, re.DOTALL):
            return error, sentence, what_to_do
    return None
