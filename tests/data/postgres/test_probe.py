"""Connection settings, what may be shown of them, and the first questions to a live server."""

import os

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from tests.support.servers.pooler import TransactionPooler
from tui.data.postgres.conninfo.settings import ConnectionSettings, make_conninfo
from tui.data.postgres.conninfo.string import parse_connection_string
from tui.data.postgres.probe import pooling_kind, probe
from tui.secret import Secret


@pytest.fixture(autouse=True)
def no_libpq_variables(monkeypatch):
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nonexistent")


class TestDescribe:
    """The place, safe to show."""

    @pytest.mark.parametrize(
        ("text", "description"),
        [
            ("postgresql://u:p@h:5433/d", "u@h:5433/d"),
            ("postgresql://u:p@h/d", "u@h:5432/d"),
            ("postgresql://u:p@[::1]/d", "u@[::1]:5432/d"),
            ("postgresql://u:p@a:1,b:2/d", "u@a:1,b:2/d"),
            ("postgresql://u@/d?host=/run/pg", "u@/run/pg:5432/d"),
            ("postgresql://u@/d", "u@local socket:5432/d"),
            ("postgresql://u:p@h", "u@h:5432/u"),
            ("service=prod user=u dbname=d", "u@service prod/d"),
        ],
    )
    def test_names_user_host_port_and_database(self, text, description):
        assert parse_connection_string(text).describe() == description

    def test_uses_what_libpq_finds_in_the_environment_and_no_control_character(self, monkeypatch):
        monkeypatch.setenv("PGHOST", "h\x1b[2J\u202e")
        monkeypatch.setenv("PGUSER", "me")
        monkeypatch.setenv("PGPASSWORD", "secret")
        assert ConnectionSettings(database="d").describe() == "me@h?[2J?:5432/d"


class TestTls:
    """No connection over a network goes without TLS silently."""

    @pytest.mark.parametrize(
        ("text", "mode"),
        [
            ("postgresql://h/d", "require"),
            ("postgresql://192.168.1.1/d", "require"),
            ("postgresql://h/d?sslrootcert=/ca", "verify-full"),
            ("postgresql://localhost/d", None),
            ("postgresql://127.1.2.3/d", None),
            ("postgresql://[::1]/d", None),
            ("postgresql:///d", None),
            ("postgresql://%2Frun/d", None),
            ("postgresql://localhost,h/d", "require"),
            ("postgresql://localhost/d?hostaddr=10.0.0.1", "require"),
            ("postgresql://localhost.example.org/d", "require"),
        ],
    )
    def test_a_mode_is_recommended_and_used_unless_everything_stays_on_this_machine(self, text, mode):
        settings = parse_connection_string(text)
        assert settings.recommended_sslmode() == mode
        assert settings.is_local == (mode is None)
        assert conninfo_to_dict(make_conninfo(settings, application_name="t")).get("sslmode") == mode

    @pytest.mark.parametrize("mode", ["disable", "prefer", "allow", "require", "verify-ca", "verify-full"])
    def test_a_chosen_mode_is_kept_and_what_it_leaves_open_is_said(self, mode):
        settings = parse_connection_string(f"postgresql://h/d?sslmode={mode}")
        assert conninfo_to_dict(make_conninfo(settings, application_name="t"))["sslmode"] == mode
        assert (settings.tls_warning() is None) == mode.startswith("verify")

    def test_a_mode_from_the_environment_is_a_chosen_one(self, monkeypatch):
        monkeypatch.setenv("PGSSLMODE", "disable")
        settings = parse_connection_string("postgresql://h/d")
        assert "sslmode" not in conninfo_to_dict(make_conninfo(settings, application_name="t"))
        assert "not encrypted" in settings.tls_warning()

    def test_the_recommended_require_comes_with_a_warning(self):
        assert "certificate" in parse_connection_string("postgresql://h/d").tls_warning()
        assert parse_connection_string("postgresql://localhost/d").tls_warning() is None


class TestConninfo:
    """What libpq is given."""

    def test_carries_timeout_keepalives_and_application_name_over_what_was_given(self):
        settings = parse_connection_string(
            "postgresql://u:p%20'x@h/d?connect_timeout=90&application_name=x&options=-ca%3Db"
        )
        values = conninfo_to_dict(make_conninfo(settings, application_name="switchboard/1 (me)"))
        assert values["password"] == "p 'x"
        assert values["connect_timeout"] == "5"
        assert values["keepalives"] == "1"
        assert values["application_name"] == "switchboard/1 (me)"
        assert values["options"] == "-ca=b"

    def test_leaves_out_what_libpq_is_to_find_by_itself(self):
        values = conninfo_to_dict(make_conninfo(ConnectionSettings(), application_name="t"))
        assert not {"host", "port", "user", "password", "dbname", "sslmode"} & set(values)


class TestPasswordFile:
    """libpq would write its warning onto the screen."""

    @pytest.fixture
    def pgpass(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        path = tmp_path / ".pgpass"
        path.write_text("*:*:*:*:x\n")
        return path

    @pytest.mark.parametrize(("mode", "quiet"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False)])
    def test_is_looked_at_as_libpq_does(self, pgpass, mode, quiet, capfd):
        pgpass.chmod(mode)
        assert (ConnectionSettings().pgpass_problem() is None) == quiet
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect("host=127.0.0.1 port=1")
        assert ("WARNING" not in capfd.readouterr().err) == quiet

    def test_that_is_a_folder_makes_libpq_warn_too(self, pgpass, capfd):
        pgpass.unlink()
        pgpass.mkdir()
        assert ConnectionSettings().pgpass_problem() is not None
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect("host=127.0.0.1 port=1")
        assert "WARNING" in capfd.readouterr().err

    def test_does_not_matter_where_a_password_is_given(self, pgpass, monkeypatch):
        pgpass.chmod(0o644)
        assert ConnectionSettings(password=Secret("x")).pgpass_problem() is None
        monkeypatch.setenv("PGPASSWORD", "x")
        assert ConnectionSettings().pgpass_problem() is None

    def test_can_be_another_one(self, pgpass, tmp_path, monkeypatch):
        monkeypatch.setenv("PGPASSFILE", str(tmp_path / "missing"))
        pgpass.chmod(0o644)
        assert ConnectionSettings().pgpass_problem() is None
        assert ConnectionSettings(parameters={"passfile": str(pgpass)}).pgpass_problem() is not None


class TestProbe:
    """What the server says about itself and the role."""

    async def test_tells_everything_in_one_round_trip(self, empty_database, postgres):
        async with await psycopg.AsyncConnection.connect(
            empty_database, autocommit=True, prepare_threshold=None, row_factory=dict_row
        ) as connection:
            await connection.execute("begin")
            info = await probe(connection)
            await connection.execute("commit")
        assert info.version // 10000 == 18
        assert info.role == "postgres"
        assert info.database == conninfo_to_dict(empty_database)["dbname"]
        assert (info.pooling, info.is_local, info.tls) == ("direct", True, None)
        assert (info.superuser, info.create_role) == (True, True)
        assert (info.create_in_database, info.create_in_public) == (True, True)
        assert (info.in_recovery, info.read_only) == (False, False)

    async def test_tells_what_a_plain_role_may_not(self, empty_database, postgres):
        postgres.create_role("plain", "login")
        database = conninfo_to_dict(empty_database)["dbname"]
        async with await psycopg.AsyncConnection.connect(
            postgres.conninfo(database, user="plain"), options="-c default_transaction_read_only=on"
        ) as connection:
            info = await probe(connection)
        assert info.role == "plain"
        assert not any([info.superuser, info.create_role, info.create_in_database, info.create_in_public])
        assert info.read_only

    async def test_copes_with_a_database_without_the_schema_public(self, empty_database):
        async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as connection:
            await connection.execute("drop schema public")
            assert not (await probe(connection)).create_in_public

    async def test_asks_postgres_16_the_same(self, empty_database16):
        async with await psycopg.AsyncConnection.connect(empty_database16) as connection:
            assert (await probe(connection)).version // 10000 == 16


class TestPooling:
    """What stands between us and the server."""

    async def test_two_backends_that_stay_the_same_are_direct(self, empty_database):
        assert await pooling_kind(empty_database) == "direct"

    async def test_one_backend_for_two_connections_is_a_transaction_pooler(self, postgres, empty_database):
        target = conninfo_to_dict(empty_database)["dbname"]
        async with TransactionPooler(postgres.conninfo(target)) as pooler:
            assert await pooling_kind(pooler.conninfo) == "transaction"
            async with await psycopg.AsyncConnection.connect(pooler.conninfo, autocommit=True) as connection:
                assert (await probe(connection)).pooling == "transaction"

    async def test_a_backend_of_its_own_under_another_name_is_a_session_pooler(self, postgres, empty_database):
        target = conninfo_to_dict(empty_database)["dbname"]
        async with TransactionPooler(postgres.conninfo(target), sessions=True) as pooler:
            assert await pooling_kind(pooler.conninfo) == "session"
            async with await psycopg.AsyncConnection.connect(pooler.conninfo, autocommit=True) as connection:
                assert (await probe(connection)).pooling == "session"
