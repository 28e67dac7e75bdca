"""Why there is no connection: real refusals of a real Postgres and of the way to it, in our words."""

import asyncio
import socket
import ssl
import struct

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.acme import operator
from tui.data.postgres.conninfo.settings import make_conninfo
from tui.data.postgres.conninfo.string import parse_connection_string
from tui.data.postgres.database import Database
from tui.data.postgres.failures import translate
from tui.data.postgres.failures.connect_failures import scrubbed
from tui.errors import ConnectionFailed, InvalidInput, ServerUnsuitable

CANARY = "Canary31secret"


def text_of(failure):
    return f"{failure.sentence}\n{failure.what_to_do}\n{failure.details}"


async def failure_to_connect(conninfo, **parameters):
    """The failure of an attempt to connect."""
    try:
        connection = await psycopg.AsyncConnection.connect(conninfo, **parameters)
    except (psycopg.Error, OSError) as exc:
        return translate(exc, connecting=True)
    await connection.close()
    raise AssertionError("it connected")


@pytest.fixture
def eve(postgres):
    """Connection parameters of a role that logs in with a password over TCP."""
    postgres.create_role("eve", f"login password '{CANARY}'")
    yield conninfo_to_dict(postgres.conninfo("postgres", user="eve", password=CANARY)) | {"connect_timeout": 5}
    postgres.drop_new_roles()


class TestConnecting:
    """Why there is no connection."""

    async def test_wrong_password(self, eve):
        failure = await failure_to_connect("", **eve | {"password": f"{CANARY}wrong"})
        assert isinstance(failure, ConnectionFailed)
        assert "password" in failure.sentence
        assert CANARY not in text_of(failure)

    async def test_no_password(self, eve, monkeypatch):
        monkeypatch.setenv("HOME", "/nonexistent")
        failure = await failure_to_connect("", **eve | {"password": ""})
        assert "none was given" in failure.sentence

    async def test_user_that_may_not_log_in(self, eve, postgres):
        with postgres.admin() as admin:
            admin.execute("alter role eve nologin")
        assert "does not let this user in" in (await failure_to_connect("", **eve)).sentence

    async def test_no_such_database(self, eve):
        failure = await failure_to_connect("", **eve | {"dbname": f"no {CANARY} timed out"})
        assert "no database of that name" in failure.sentence
        assert CANARY not in failure.sentence + failure.what_to_do

    async def test_no_right_to_connect(self, eve, postgres):
        name = postgres.create_database()
        with postgres.admin() as admin:
            admin.execute(f"revoke connect on database {name} from public")
        assert "may not connect" in (await failure_to_connect("", **eve | {"dbname": name})).sentence
        postgres.drop_database(name)

    async def test_no_free_connection(self, eve, postgres):
        with postgres.admin() as admin:
            admin.execute("alter role eve connection limit 0")
        assert "no free connection" in (await failure_to_connect("", **eve)).sentence

    async def test_server_without_tls(self, eve):
        failure = await failure_to_connect("", **eve, sslmode="require")
        assert isinstance(failure, ConnectionFailed)
        assert "offers no TLS" in failure.sentence
        assert "sslmode=disable" in failure.what_to_do

    async def test_option_that_the_server_does_not_know(self, eve):
        assert "refuses a setting" in (await failure_to_connect("", **eve, options="-c nonsense=1")).sentence

    async def test_primary_where_a_standby_is_wanted(self, eve):
        assert isinstance(await failure_to_connect("", **eve, target_session_attrs="standby"), ServerUnsuitable)

    async def test_value_that_libpq_does_not_accept(self, eve):
        failure = await failure_to_connect("", **eve, sslmode=CANARY)
        assert isinstance(failure, InvalidInput)
        assert CANARY not in failure.sentence + failure.what_to_do

    async def test_dead_port(self):
        assert "Nothing accepts connections" in (await failure_to_connect("host=127.0.0.1 port=1")).sentence

    async def test_several_hosts_are_told_without_places_and_without_doubles(self, eve):
        wrong = {"password": f"{CANARY}wrong"}
        places = {"host": "127.0.0.1,127.0.0.1,127.0.0.1", "port": f"{eve['port']},1,{eve['port']}"}
        failure = await failure_to_connect("", **eve | wrong | places)
        words = 'The server said: password authentication failed for user "eve"; Connection refused.'
        assert failure.what_to_do.endswith(words)
        dead_last = await failure_to_connect(
            "", **eve | wrong | {"host": "127.0.0.1,127.0.0.1", "port": f"{eve['port']},1"}
        )
        assert dead_last.answered
        assert "user name or the password" in dead_last.sentence

    async def test_name_that_does_not_exist(self):
        assert "was not found" in (await failure_to_connect("host=no-such-host.invalid")).sentence

    @pytest.mark.parametrize("host", ["h" * 64, "a..example"])
    async def test_name_that_python_refuses_to_look_up(self, host):
        with pytest.raises(ConnectionFailed, match="not a valid name"):
            await Database(f"host={host}", operator()).open()

    async def test_socket_that_is_not_there(self):
        assert "no socket of a server" in (await failure_to_connect("host=/nonexistent/folder")).sentence

    async def test_service_that_is_not_defined(self):
        assert "service file" in (await failure_to_connect(f"service={CANARY}")).sentence

    @pytest.mark.parametrize("sslmode", ["disable", "require"])
    async def test_something_that_is_no_postgres(self, sslmode):
        async def answer(reader, writer):
            await reader.read(8)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            failure = await failure_to_connect(f"host=127.0.0.1 port={port} sslmode={sslmode}")
        assert "not a Postgres server" in failure.sentence

    async def test_something_that_hangs_up(self):
        async def hang_up(_reader, writer):
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            assert "ended the connection at once" in (await failure_to_connect(f"host=127.0.0.1 port={port}")).sentence

    async def test_something_that_never_answers(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            failure = await failure_to_connect(f"host=127.0.0.1 port={silent.getsockname()[1]} connect_timeout=2")
        assert "did not answer in time" in failure.sentence

    async def test_certificate_of_somebody_else(self, tls_server):
        port, certificate = tls_server
        failure = await failure_to_connect(f"host=localhost port={port} sslmode=verify-full sslrootcert={certificate}")
        assert "certificate" in failure.sentence
        without_file = await failure_to_connect(
            f"host=localhost port={port} sslmode=verify-full sslrootcert=/no/such/file"
        )
        assert "missing, unreadable" in without_file.sentence

    def test_a_user_name_is_not_taken_for_the_servers_words(self):
        text = 'connection failed: FATAL:  no pg_hba.conf entry for host "::1", user "timed out", no encryption'
        assert "does not let this user in" in translate(psycopg.OperationalError(text)).sentence

    def test_an_operating_systems_errors_are_recognised_too(self):
        assert "was not found" in translate(socket.gaierror(-2, "whatever"), connecting=True).sentence
        assert "did not answer" in translate(TimeoutError(), connecting=True).sentence
        assert (
            "Nothing accepts" in translate(ConnectionRefusedError(111, "Connection refused"), connecting=True).sentence
        )


@pytest.fixture
async def tls_server(tmp_path):
    """A server that agrees to TLS with a certificate that names another host; and that certificate's file."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "other.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)

    async def serve(reader, writer):
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        await reader.readexactly(length - 4)
        writer.write(b"S")
        try:
            await writer.start_tls(context)
            await reader.read()
        except (ssl.SSLError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], pem


class TestScrubbing:
    """What a driver says may hold what was typed."""

    @pytest.mark.parametrize(
        "text",
        [
            f'missing "=" after "{CANARY}" in connection info string',
            f'invalid port number: "{CANARY}"',
            f'invalid URI query parameter: "{CANARY}"',
            f'invalid integer value "{CANARY}" for connection option "port"',
            f'forbidden value %00 in percent-encoded value: "{CANARY}" in URI',
            f"could not connect to postgresql://u:{CANARY}@h/d",
            f"host=h password={CANARY} dbname=d",
            f"host=h password='a b{CANARY}' dbname=d",
            f"PGPASSWORD = {CANARY}",
        ],
    )
    def test_details_hold_no_password(self, text):
        assert CANARY not in scrubbed(text)
        assert CANARY not in text_of(translate(psycopg.OperationalError(text), connecting=True))

    def test_other_words_are_kept(self):
        assert scrubbed("Connection refused") == "Connection refused"

    def test_libpqs_own_complaint_about_a_mistyped_string_is_not_passed_on(self):
        with pytest.raises(psycopg.Error) as raised:
            psycopg.connect(f"host=h {CANARY}")
        assert CANARY not in text_of(translate(raised.value, connecting=True))

    async def test_a_connection_string_that_parses_but_does_not_connect_shows_no_password(self):
        settings = parse_connection_string(f"postgresql://u:{CANARY}@127.0.0.1:1/d")
        assert CANARY not in text_of(await failure_to_connect(make_conninfo(settings, application_name="t")))
