"""Settings of a profile: found by its name, from its file alone, and refused where the environment says otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tui.errors import ConfigError
from tui.settings.profiles import configuration_folder, is_profile_name, profile_names
from tui.settings.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "canary-91c2"
STAGING = "DATABASE_URL=postgresql://db/staging\nENCRYPTION_MASTER_KEY=of-staging\nPGUSER=asha\n"


def write(file: Path, content: str, mode: int = 0o600) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    file.chmod(mode)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Settings]:
    """Load settings where there is a profile, and a `.env` beside it that names another database."""
    write(tmp_path / "switchboard" / "staging.env", STAGING)
    write(tmp_path / ".env", "DATABASE_URL=postgresql://db/other\nSWITCHBOARD_READ_ONLY=1\n")

    def load(environ: dict[str, str] | None = None, **options: Any) -> Settings:
        return load_settings({"XDG_CONFIG_HOME": str(tmp_path)} | (environ or {}), cwd=tmp_path, **options)

    return load


def test_a_name_is_of_small_letters_digits_and_two_signs_and_never_a_path() -> None:
    for name in ("a", "prod-eu_2", "-", "a" * 40):
        assert is_profile_name(name), name
    for name in ("", "a" * 41, "Prod", "../a", "a/b", "a.b", "é", "a b", "a\n", "٣"):
        assert not is_profile_name(name), name


def test_the_folder_is_that_of_xdg_or_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/asha")
    assert configuration_folder({"XDG_CONFIG_HOME": "/etc/xdg"}) == "/etc/xdg/switchboard"
    for environ in ({}, {"XDG_CONFIG_HOME": ""}, {"XDG_CONFIG_HOME": "relative"}):
        assert configuration_folder(environ) == "/home/asha/.config/switchboard"


def test_names_are_those_of_the_files_and_none_where_there_is_no_folder(tmp_path: Path) -> None:
    for name in ("b.env", "a.env", ".env", "A.env", "keys.toml", "a.env.tmp"):
        (tmp_path / name).touch()
    assert profile_names(str(tmp_path)) == ["a", "b"]
    assert profile_names(str(tmp_path / "missing")) == []


class TestAProfile:
    """Its file in place of `.env`."""

    def test_is_named_by_the_option_or_the_variable_of_which_the_option_wins(
        self, load: Callable[..., Settings]
    ) -> None:
        for settings in (
            load(profile="staging"),
            load({"SWITCHBOARD_PROFILE": "staging"}),
            load({"SWITCHBOARD_PROFILE": "missing"}, profile="staging"),
        ):
            assert (settings.profile, settings.database_url) == ("staging", "postgresql://db/staging")
            assert settings.env_file == settings.env_file_to_write
            assert settings.env_file is not None
            assert settings.env_file.name == "staging.env"
            assert not settings.read_only
            assert settings.warnings == ()
        for settings in (load(), load({"SWITCHBOARD_PROFILE": ""})):
            assert (settings.profile, settings.database_url) == (None, "postgresql://db/other")

    def test_that_is_none_is_refused_with_those_that_are(self, load: Callable[..., Settings], tmp_path: Path) -> None:
        for name in ("missing", CANARY):
            with pytest.raises(ConfigError, match="no profile of that name") as refused:
                load(profile=name)
            assert refused.value.what_to_do == "Profiles are: staging."
            assert CANARY not in str(refused.value)
        with pytest.raises(ConfigError, match="SWITCHBOARD_PROFILE is not the name of a profile"):
            load({"SWITCHBOARD_PROFILE": "../staging"})
        (tmp_path / "switchboard" / "staging.env").unlink()
        with pytest.raises(ConfigError, match="as NAME"):
            load(profile="staging")

    def test_and_a_file_are_refused_together(self, load: Callable[..., Settings]) -> None:
        for environ, option in (({}, "staging"), ({"SWITCHBOARD_PROFILE": "staging"}, None)):
            with pytest.raises(ConfigError, match="Both --env-file and ") as refused:
                load(environ, profile=option, env_file=Path(".env"))
            assert refused.value.exit_status == 2

    def test_is_named_by_no_file_of_settings(self, load: Callable[..., Settings], tmp_path: Path) -> None:
        write(tmp_path / ".env", "SWITCHBOARD_PROFILE=staging\n")
        with pytest.raises(ConfigError, match="has no effect"):
            load()

    def test_is_refused_where_others_can_read_its_file_or_it_is_a_link(
        self, load: Callable[..., Settings], tmp_path: Path
    ) -> None:
        file = tmp_path / "switchboard" / "staging.env"
        file.chmod(0o644)
        with pytest.raises(ConfigError, match="chmod 600"):
            load(profile="staging")
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ConfigError, match="symbolic link"):
            load(profile="staging")


class TestTheNameNeverLies:
    """A variable that would lead elsewhere ends it, whatever the profile has."""

    @pytest.mark.parametrize(
        "name",
        [
            *("DATABASE_URL", "PGHOST", "PGUSER", "PGPASSWORD", "PGSERVICEFILE", "SUPABASE_SERVICE_ROLE_KEY"),
            *("ENCRYPTION_MASTER_KEY", "ENCRYPTION_MASTER_KEY_FILE", "ENCRYPTION_MASTER_KEY_COMMAND"),
            *("ENCRYPTION_MASTER_KEY_PREVIOUS", "ENCRYPTION_MASTER_KEY_PREVIOUS_FILE", "SWITCHBOARD_ORGANIZATION"),
        ],
    )
    def test_where_a_variable_differs_it_is_named_and_its_value_is_not(
        self, load: Callable[..., Settings], name: str
    ) -> None:
        with pytest.raises(ConfigError) as refused:
            load({name: CANARY}, profile="staging")
        assert refused.value.sentence == f"{name} in the environment is not as in the profile staging."
        assert refused.value.what_to_do == "Unset it, or start without the profile."
        assert CANARY not in str(refused.value)
        assert "of-staging" not in str(refused.value)

    def test_several_are_one_sentence_and_an_empty_one_that_would_cover_the_profile_is_one_of_them(
        self, load: Callable[..., Settings]
    ) -> None:
        with pytest.raises(ConfigError, match="DATABASE_URL, PGHOST and PGUSER in the environment are not") as refused:
            load({"PGUSER": "ravi", "PGHOST": "x", "DATABASE_URL": ""}, profile="staging")
        assert refused.value.what_to_do.startswith("Unset them")

    def test_what_agrees_or_says_nothing_of_the_database_is_let_through(self, load: Callable[..., Settings]) -> None:
        harmless = {"PGHOST": "", "PGUSER": "asha", "PGDATA": "/x", "SWITCHBOARD_READ_ONLY": "1"}
        settings = load({"DATABASE_URL": "postgresql://db/staging", **harmless}, profile="staging")
        assert settings.read_only


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write root's file")
def test_a_locked_profile_is_roots_and_whoever_connects_may_say_who_he_is(
    load: Callable[..., Settings], tmp_path: Path
) -> None:
    folder = tmp_path / "etc"
    write(folder / "staging.env", "DATABASE_URL=postgresql://db/of-root\n")
    of_root = {"locked": True, "root_file": folder / "env", "profile": "staging"}
    settings = load({"PGUSER": "asha", "PGPASSWORD": "x", "PGPASSFILE": "/x"}, **of_root)
    assert settings.database_url == "postgresql://db/of-root"
    assert settings.root_sets_connection
    for name in ("DATABASE_URL", "PGHOST", "SWITCHBOARD_ORGANIZATION"):
        with pytest.raises(ConfigError, match=f"{name} in the environment"):
            load({name: "x"}, **of_root)
    os.chown(folder / "staging.env", 65534, 0)
    with pytest.raises(ConfigError, match="does not belong to root"):
        load(**of_root)
