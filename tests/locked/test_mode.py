"""What makes a console a locked one, what it is asked over SSH, and where its settings come from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tui.data.audit.export.file import NewFile
from tui.errors import ConfigError, InvalidInput
from tui.locked.export_place import export_folder, is_plain_name, new_file
from tui.locked.mode import forget_connection, forget_places, is_locked, words_over_ssh
from tui.settings.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can write root's file")
CANARY = "canary-91c2"


class TestALockedConsole:
    """The option, or else the variable."""

    @pytest.mark.parametrize(
        ("arguments", "value", "locked"),
        [
            ([], None, False),
            ([], "1", True),
            ([], " yes ", True),
            ([], "0", False),
            (["--locked"], None, True),
            (["audit", "list", "--locked"], "0", True),
            (["--locked"], "perhaps", True),
            (["--organization", "--locked"], None, True),
        ],
    )
    def test_is_one_that_was_told_so(self, arguments: list[str], value: str | None, locked: bool) -> None:
        environ = {} if value is None else {"SWITCHBOARD_LOCKED": value}
        assert is_locked(arguments, environ) is locked

    @pytest.mark.parametrize("value", ["", " ", "perhaps", "2", "-1"])
    def test_is_never_open_because_a_value_was_not_understood(self, value: str) -> None:
        with pytest.raises(InvalidInput, match="neither 1 nor 0"):
            is_locked([], {"SWITCHBOARD_LOCKED": value})

    def test_lets_nobody_choose_the_folders_it_writes_to(self) -> None:
        environ = {
            "XDG_STATE_HOME": "/a",
            "XDG_CONFIG_HOME": "/b",
            "TMPDIR": "/c",
            "TMP": "/d",
            "TEMP": "/e",
            "LANG": "C",
        }
        forget_places(environ)
        assert environ == {"LANG": "C"}


def test_only_who_connects_is_left_of_libpqs_variables() -> None:
    environ = {
        "PGHOSTADDR": "203.0.113.7",
        "PGSERVICEFILE": "/x",
        "PGSSLMODE": "disable",
        "PGUSER": "asha",
        "LANG": "C",
    }
    forget_connection(environ)
    assert environ == {"PGUSER": "asha", "LANG": "C"}


class TestACommandOverSsh:
    """Words, as sh would take them apart, and never more than words."""

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ("", []),
            ("   ", []),
            ("switchboard", []),
            ("audit list", ["audit", "list"]),
            ("switchboard --json audit list", ["--json", "audit", "list"]),
            ("switchboard switchboard", ["switchboard"]),
            ("audit list 'two words' \"it's\" a\\ b", ["audit", "list", "two words", "it's", "a b"]),
            ("audit list; id", ["audit", "list;", "id"]),
            ("$(id) `id` $HOME | sh > x & # y", ["$(id)", "`id`", "$HOME", "|", "sh", ">", "x", "&", "#", "y"]),
            ("audit list späť '\U0001f511'", ["audit", "list", "späť", "\U0001f511"]),
            (f"x {'y' * 8190}", ["x", "y" * 8190]),
        ],
    )
    def test_is_taken_apart(self, typed: str, words: list[str]) -> None:
        assert words_over_ssh({"SSH_ORIGINAL_COMMAND": typed}) == words

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ("audit 'list", "not closed"),
            ('audit "list', "not closed"),
            ("audit list \\", "not closed"),
            ("audit\nlist", "control character"),
            ("audit\tlist", "control character"),
            ("audit \x1b[2J", "control character"),
            ("audit \x7f", "control character"),
            ("audit \x85", "control character"),
            ("audit list --operator x", "--operator is not open"),
            ("audit list --operator=x", "--operator is not open"),
            ("audit \udcff", "not valid UTF-8"),
            (f"xx {'y' * 8190}", "8 KB"),
            ("é" * 4097, "8 KB"),
        ],
    )
    def test_that_is_none_is_refused(self, typed: str, sentence: str) -> None:
        with pytest.raises(InvalidInput, match=sentence) as refused:
            words_over_ssh({"SSH_ORIGINAL_COMMAND": typed})
        assert refused.value.exit_status == 2
        assert refused.value.sentence.isprintable()


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Settings]:
    """Load the settings of a locked console; `of_root` is the content of root's file."""
    folder = tmp_path / "etc"
    folder.mkdir(0o755)

    def load(environ: dict[str, str], of_root: str | None = None, mode: int = 0o640) -> Settings:
        file = folder / "env"
        if of_root is not None:
            file.write_text(of_root)
            file.chmod(mode)
        return load_settings(environ, cwd=tmp_path, locked=True, root_file=file)

    return load


class TestSettings:
    """Root's file over the environment, and no other file."""

    @as_root
    def test_a_file_in_the_working_folder_is_not_read(self, load: Callable[..., Settings], tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("DATABASE_URL=b\nnonsense\n")
        settings = load({})
        assert settings.locked
        assert settings.nothing_configured
        assert settings.env_file is None

    @as_root
    def test_what_root_says_wins(self, load: Callable[..., Settings]) -> None:
        of_root = "DATABASE_URL=root\nSWITCHBOARD_READ_ONLY=1\nPGUSER=of_root\nSWITCHBOARD_EXPORT_DIR=/srv\n"
        of_others = {
            "DATABASE_URL": "other",
            "SWITCHBOARD_READ_ONLY": "0",
            "PGUSER": "other",
            "PGAPPNAME": "x",
            "SWITCHBOARD_TIMEZONE": "Asia/Kolkata",
            "SWITCHBOARD_EXPORT_DIR": "/tmp",
        }
        settings = load(of_others, of_root)
        assert (settings.database_url, settings.read_only) == ("root", True)
        assert settings.libpq == {"PGUSER": "of_root"}
        assert load({}, "DATABASE_URL=postgresql://db/x\n").root_sets_connection
        assert str(settings.timezone) == "Asia/Kolkata"
        assert str(settings.export_dir) == "/srv"

    @as_root
    def test_an_empty_line_of_roots_covers_the_environment(self, load: Callable[..., Settings]) -> None:
        assert load({"SWITCHBOARD_OPERATOR": "x"}, "SWITCHBOARD_OPERATOR=\n").operator is None

    @as_root
    def test_a_key_command_of_the_environment_is_refused(self, load: Callable[..., Settings]) -> None:
        with pytest.raises(ConfigError, match="not open in the locked console") as refused:
            load({"ENCRYPTION_MASTER_KEY_COMMAND": CANARY})
        assert CANARY not in str(refused.value)

    @as_root
    def test_a_key_command_of_roots_runs_where_it_names_its_program_whole(self, load: Callable[..., Settings]) -> None:
        settings = load({"ENCRYPTION_MASTER_KEY_COMMAND": "evil"}, "ENCRYPTION_MASTER_KEY_COMMAND='/bin/echo x'\n")
        assert [key.value for key in settings.master_key] == ["/bin/echo x"]
        with pytest.raises(ConfigError, match="whole path"):
            load({}, "ENCRYPTION_MASTER_KEY_COMMAND='echo x'\n")

    @as_root
    @pytest.mark.parametrize("mode", [0o660, 0o602, 0o604])
    def test_a_file_that_others_could_write_or_read_is_refused(self, load: Callable[..., Settings], mode: int) -> None:
        with pytest.raises(ConfigError, match="by others"):
            load({}, "DATABASE_URL=x\n", mode)

    @as_root
    def test_a_file_or_a_folder_of_somebody_else_is_refused(
        self, load: Callable[..., Settings], tmp_path: Path
    ) -> None:
        load({}, "DATABASE_URL=x\n")
        os.chown(tmp_path / "etc" / "env", 65534, 0)
        with pytest.raises(ConfigError, match="does not belong to root"):
            load({})
        os.chown(tmp_path / "etc" / "env", 0, 0)
        os.chown(tmp_path / "etc", 65534, 0)
        with pytest.raises(ConfigError, match="by others than root"):
            load({})
        os.chown(tmp_path / "etc", 0, 0)
        (tmp_path / "etc").chmod(0o775)
        with pytest.raises(ConfigError, match="by others than root"):
            load({})

    @as_root
    def test_a_link_is_refused_as_file_and_as_folder(self, load: Callable[..., Settings], tmp_path: Path) -> None:
        (tmp_path / "real").write_text("DATABASE_URL=x\n")
        (tmp_path / "real").chmod(0o600)
        (tmp_path / "etc" / "env").symlink_to(tmp_path / "real")
        with pytest.raises(ConfigError, match="symbolic link"):
            load({})
        (tmp_path / "linked").symlink_to(tmp_path / "etc")
        with pytest.raises(ConfigError):
            load_settings({}, cwd=tmp_path, locked=True, root_file=tmp_path / "linked" / "env")

    def test_no_file_of_settings_locks_anything(self, tmp_path: Path) -> None:
        file = tmp_path / ".env"
        file.write_text("SWITCHBOARD_LOCKED=1\n")
        file.chmod(0o600)
        with pytest.raises(ConfigError, match="has no effect"):
            load_settings({}, cwd=tmp_path)


class TestTheFolderForExports:
    """A plain name, in one folder."""

    @pytest.mark.parametrize("name", ["log.csv", "log", "späť 1.jsonl", "-x"])
    def test_takes_a_plain_name(self, name: str) -> None:
        assert is_plain_name(name)

    @pytest.mark.parametrize("name", ["log.csv.part", "log.csv.manifest.json"])
    def test_takes_none_that_stands_in_the_way_of_another(self, name: str) -> None:
        assert not is_plain_name(name)

    @pytest.mark.parametrize(
        "name", ["", ".", "..", ".bashrc", "/log", "a/log", "../log", "log/", "a\nb", "a\0b", "a\x1b[2J", "a\u202eb"]
    )
    def test_takes_no_other(self, name: str) -> None:
        assert not is_plain_name(name)

    def test_is_missing_until_it_is_set(self) -> None:
        with pytest.raises(InvalidInput, match="SWITCHBOARD_EXPORT_DIR is not set") as refused:
            export_folder(Settings(locked=True))
        assert "ssh HOST audit export --format csv > log.csv" in refused.value.what_to_do

    @pytest.mark.parametrize("folder", ["relative", "missing", "file", "link"])
    def test_is_a_plain_folder_named_whole(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "file").touch()
        (tmp_path / "relative").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "relative")
        path = Path(folder) if folder == "relative" else tmp_path / folder
        with pytest.raises(InvalidInput, match="SWITCHBOARD_EXPORT_DIR is not the whole path"):
            export_folder(Settings(locked=True, export_dir=path))

    def test_stays_the_one_that_was_opened(self, tmp_path: Path) -> None:
        folder, elsewhere = tmp_path / "exports", tmp_path / "elsewhere"
        folder.mkdir()
        elsewhere.mkdir()
        file = new_file(Settings(locked=True, export_dir=folder), Path("log"))
        file.prepare()
        folder.rename(tmp_path / "moved")
        folder.symlink_to(elsewhere)
        file.publish({})
        assert sorted(path.name for path in (tmp_path / "moved").iterdir()) == ["log", "log.manifest.json"]
        assert not list(elsewhere.iterdir())

    def test_that_became_a_link_meanwhile_is_not_followed(self, tmp_path: Path) -> None:
        folder, elsewhere = tmp_path / "exports", tmp_path / "elsewhere"
        folder.mkdir()
        elsewhere.mkdir()
        file = new_file(Settings(locked=True, export_dir=folder), Path("log"))
        folder.rmdir()
        folder.symlink_to(elsewhere)
        with pytest.raises(Exception, match="log could not be written"):
            file.prepare()
        assert not list(elsewhere.iterdir())

    def test_leaves_no_descriptor_behind(self, tmp_path: Path) -> None:
        def open_descriptors() -> int:
            return len(list(Path("/proc/self/fd").iterdir()))

        before = open_descriptors()
        for end in ("publish", "discard", "taken"):
            file = NewFile(tmp_path / ("publish" if end == "taken" else end))
            if end == "taken":
                with pytest.raises(InvalidInput):
                    file.prepare()
                continue
            file.prepare()
            file.publish({}) if end == "publish" else file.discard()
        assert open_descriptors() == before
