"""Settings from the environment and `.env`."""

import datetime
import re
from dataclasses import fields
from pathlib import Path

import pytest
from psycopg import pq

from tui.errors import ConfigError
from tui.settings.settings import LIBPQ_NAME, Settings, load_settings

CANARY = "canary-91c2"


@pytest.fixture
def load(tmp_path):
    def load(environ=None, file=None, **options):
        if file is not None:
            path = tmp_path / ".env"
            path.write_text(file)
            path.chmod(0o600)
        return load_settings(environ or {}, cwd=tmp_path, **options)

    return load


class TestSources:
    """The environment over the file, and no other file."""

    def test_a_variable_wins_over_the_file(self, load):
        settings = load({"DATABASE_URL": "a", "PGHOST": "env"}, "DATABASE_URL=b\nPGHOST=file\nPGUSER=me\n")
        assert settings.database_url == "a"
        assert settings.libpq == {"PGUSER": "me"}

    def test_an_empty_variable_covers_the_file_and_counts_as_not_set(self, load):
        settings = load({"DATABASE_URL": "", "ENCRYPTION_MASTER_KEY": ""}, "DATABASE_URL=b\nENCRYPTION_MASTER_KEY=k\n")
        assert settings.database_url is None
        assert settings.master_key == ()
        assert settings.nothing_configured

    def test_parent_folders_are_not_searched(self, tmp_path):
        (tmp_path / ".env").write_text("DATABASE_URL=b\n")
        (tmp_path / "below").mkdir()
        assert load_settings({}, cwd=tmp_path / "below").database_url is None

    def test_another_file_can_be_named_and_then_must_be_there(self, load, tmp_path):
        other = tmp_path / "other.env"
        other.touch(0o600)
        other.write_text("DATABASE_URL=there\n")
        settings = load({}, "DATABASE_URL=here\n", env_file=Path("other.env"))
        assert (settings.database_url, settings.env_file) == ("there", other)
        with pytest.raises(ConfigError, match="--env-file"):
            load({}, env_file=Path("missing.env"))

    def test_tells_which_file_was_read_and_where_it_would_write(self, load, tmp_path):
        assert load().env_file is None
        assert load().env_file_to_write == tmp_path / ".env"
        assert load({}, "").env_file == tmp_path / ".env"

    def test_nothing_is_expanded(self, load):
        assert load({"X": "no"}, "DATABASE_URL='${X}'\n").database_url == "${X}"

    @pytest.mark.parametrize("name", ["DATABASE_URL", "PGHOST", "PGSERVICE", "PGDATABASE"])
    def test_each_of_four_names_says_where_the_database_is(self, load, name):
        assert load().nothing_configured
        assert not load({name: "x"}).nothing_configured
        assert not load({}, f"{name}=x\n").nothing_configured

    def test_a_password_alone_says_nothing_of_where(self, load):
        assert load({"PGPASSWORD": "x"}).nothing_configured

    def test_knows_every_variable_of_the_libpq_in_use(self):
        names = {option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar}
        assert {name for name in names if not re.fullmatch(LIBPQ_NAME, name)} == set()


class TestUnknownNames:
    """A mistyped setting is found."""

    def test_in_the_file_it_is_an_error_that_names_the_nearest(self, load):
        with pytest.raises(ConfigError) as refused:
            load({}, f"SWITCHBOARD_ORGANISATION={CANARY}\n")
        assert "SWITCHBOARD_ORGANISATION" in refused.value.sentence
        assert "SWITCHBOARD_ORGANIZATION" in refused.value.what_to_do
        assert CANARY not in str(refused.value)

    def test_in_the_environment_all_of_them_are_one_warning(self, load):
        settings = load({f"SWITCHBOARD_PORT_{n}": CANARY for n in range(9)} | {"SWITCHBOARD_\x1b[2J": "x"})
        (warning,) = settings.warnings
        assert "SWITCHBOARD_PORT_0" in warning
        assert "7 more" in warning
        assert CANARY not in warning
        assert "\x1b" not in warning

    def test_known_names_are_no_warning(self, load):
        assert load({"SWITCHBOARD_ASCII": "1", "OTHER": "x"}).warnings == ()

    def test_what_only_the_environment_can_say_is_a_warning_in_the_file(self, load):
        (warning,) = load({}, "PGSERVICEFILE=/x\n").warnings
        assert "PGSERVICEFILE" in warning


class TestValues:
    """Each setting's values and its refusal."""

    def test_defaults_are_those_of_the_table(self, load):
        settings = load()
        assert settings.credential_format == "auto"
        assert settings.timezone is datetime.UTC
        assert settings.idle_lock == 300
        assert (settings.read_only, settings.ascii) == (False, False)
        assert settings.organization is settings.operator is settings.seal_key_file is settings.cosign_key_file is None

    def test_reads_every_setting(self, load, tmp_path):
        settings = load(
            {
                "SWITCHBOARD_CREDENTIAL_FORMAT": "legacy",
                "SWITCHBOARD_ORGANIZATION": "Zoë & Sons",
                "SWITCHBOARD_OPERATOR": "a@b.c",
                "SWITCHBOARD_READ_ONLY": "1",
                "SWITCHBOARD_TIMEZONE": "Asia/Kolkata",
                "SWITCHBOARD_IDLE_LOCK": "60",
                "SWITCHBOARD_SEAL_KEY_FILE": "seal.pem",
                "SWITCHBOARD_COSIGN_KEY_FILE": "own.pem",
                "SWITCHBOARD_ASCII": "yes",
            }
        )
        assert settings.credential_format == "legacy"
        assert (settings.organization, settings.operator) == ("Zoë & Sons", "a@b.c")
        assert (settings.read_only, settings.ascii, settings.idle_lock) == (True, True, 60)
        assert str(settings.timezone) == "Asia/Kolkata"
        assert (settings.seal_key_file, settings.cosign_key_file) == (tmp_path / "seal.pem", tmp_path / "own.pem")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SWITCHBOARD_CREDENTIAL_FORMAT", f"sb3{CANARY}"),
            ("SWITCHBOARD_READ_ONLY", f"maybe{CANARY}"),
            ("SWITCHBOARD_ASCII", "2"),
            ("SWITCHBOARD_TIMEZONE", f"Mars/{CANARY}"),
            ("SWITCHBOARD_TIMEZONE", "../../etc/passwd"),
            ("SWITCHBOARD_TIMEZONE", "Europe"),
            ("SWITCHBOARD_IDLE_LOCK", "0"),
            ("SWITCHBOARD_IDLE_LOCK", "-1"),
            ("SWITCHBOARD_IDLE_LOCK", "1e3"),
            ("SWITCHBOARD_IDLE_LOCK", "٣"),
            ("SWITCHBOARD_IDLE_LOCK", "9" * 5000),
            ("SWITCHBOARD_OPERATOR", "\udcff"),
            ("DATABASE_URL", f"{CANARY}\udcff"),
        ],
    )
    def test_refuses_a_value_that_it_does_not_understand_and_names_the_variable(self, load, name, value):
        with pytest.raises(ConfigError) as refused:
            load({name: value})
        assert name in refused.value.sentence
        assert refused.value.what_to_do
        assert CANARY not in str(refused.value)

    def test_what_is_no_time_zone_gets_the_names_it_may_mean_and_never_one_of_like_letters(self, load):
        for value, names in {
            "Asia/Kolkatta": "Asia/Kolkata;",
            "asia/kolkata": "Asia/Kolkata;",
            "Kolkata": "Asia/Kolkata;",
            "new york": "America/New_York;",
            "IST": "Asia/Kolkata (India), Europe/Dublin (Ireland) or Asia/Jerusalem (Israel);",
            "EST": "America/New_York (United States) or Australia/Sydney (Australia);",
            "ist": "Asia/Kolkata (India), ",
            "GMT+5:30": "Asia/Kolkata;",
            "UTC+0530": "Asia/Kolkata;",
            "+05:30": "Asia/Kolkata;",
            "UTC-3:30": "America/St_Johns;",
            "GMT+5": "Etc/GMT-5, which is 5 h ahead of UTC,",
            "UTC-8": "Etc/GMT+8, which is 8 h behind UTC,",
            "India": "Asia/Kolkata;",
            "germany": "Europe/Berlin or ",
            "Europe/Berln": "Europe/Berlin;",
            "america/new yorkk": "America/New_York;",
        }.items():
            with pytest.raises(ConfigError) as refused:
                load({"SWITCHBOARD_TIMEZONE": value})
            assert f"Use a whole name: {names}" in refused.value.what_to_do, value
        for value in (
            *("GMT+99", "+5:17", "Indian", "Mars/Base", "Factory", "right/Europe/Berlin", "posix/UTC", "posixrules"),
            *("Asia/Mumbai", "Asia/Pune", "Asia/Goa", "Asia/Osaka", "Europe/Milan", "Europe/Munich"),
            *("America/Atlanta", "America/Boston", "Africa/Capetown"),
        ):
            with pytest.raises(ConfigError) as refused:
                load({"SWITCHBOARD_TIMEZONE": value})
            assert refused.value.what_to_do == "Use a whole name such as Europe/Berlin, or UTC.", value

    def test_an_odd_line_of_another_program_in_the_file_is_a_warning(self, load, tmp_path):
        settings = load({}, "export FOO\nDATABASE_URL=b\n")
        assert settings.database_url == "b"
        assert settings.warnings == (f"Line 1 of {tmp_path / '.env'} is not NAME=value and was ignored.",)


class TestSecrets:
    """Settings can be printed."""

    def test_no_secret_shows_in_the_repr(self, load):
        names = ["DATABASE_URL", "ENCRYPTION_MASTER_KEY", "ENCRYPTION_MASTER_KEY_PREVIOUS", "SUPABASE_SERVICE_ROLE_KEY"]
        settings = load(dict.fromkeys(names, CANARY), f"PGPASSWORD={CANARY}\n")
        assert settings.libpq == {"PGPASSWORD": CANARY}
        assert CANARY not in repr(settings)

    def test_master_key_sources_come_with_where_they_were_set(self, load, tmp_path):
        settings = load(
            {"ENCRYPTION_MASTER_KEY": "k"}, "ENCRYPTION_MASTER_KEY_PREVIOUS=p\nSUPABASE_SERVICE_ROLE_KEY=s\n"
        )
        assert settings.master_key_sources() == (
            ("ENCRYPTION_MASTER_KEY", "k", "the environment"),
            ("ENCRYPTION_MASTER_KEY_PREVIOUS", "p", str(tmp_path / ".env")),
            ("SUPABASE_SERVICE_ROLE_KEY", "s", str(tmp_path / ".env")),
        )

    def test_every_field_has_a_line_of_documentation(self):
        source = Path(__file__).parents[2].joinpath("tui", "settings", "settings.py").read_text()
        for entry in fields(Settings):
            after = source.partition(f"\n    {entry.name}: ")[2].splitlines()[1]
            assert after.strip().startswith('"""'), entry.name
