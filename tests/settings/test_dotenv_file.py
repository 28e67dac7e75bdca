"""The strict reader and the careful writer of `.env`."""

import io
import os
import re
import subprocess

import pytest
from dotenv import dotenv_values
from hypothesis import strategies as st

from tests.support.drawn import drawn
from tui.errors import ConfigError
from tui.settings.dotenv_file import read_env_file, write_env_values

CANARY = "canary-7f3a"


def is_ours(name):
    return name.startswith(("OUR", "DATABASE"))


@pytest.fixture
def env(tmp_path):
    path = tmp_path / ".env"

    def write(content):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return path

    return write


def read_as_sh(path, name):
    script = f'set -a; . "$1"; printf %s "${name}"'
    return subprocess.run(["sh", "-c", script, "sh", str(path)], capture_output=True, check=True).stdout.decode()


NODE_LINE = re.compile(
    r"(?:^|^)\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)"
    r"""(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)""",
    re.MULTILINE,
)


def read_as_node(path, name):
    """What Node's dotenv 16 makes of it: its grammar, which is this pattern, and its unquoting."""
    values_by_name = {}
    for key, raw in NODE_LINE.findall(re.sub(r"\r\n?", "\n", path.read_bytes().decode())):
        value = raw.strip()
        quote = value[:1]
        value = re.sub(r"^(['\"`])([\s\S]*)\1$", r"\2", value, flags=re.MULTILINE)
        values_by_name[key] = value.replace("\\n", "\n").replace("\\r", "\r") if quote == '"' else value
    return values_by_name[name]


def read_as_python(path, name):
    return dotenv_values(stream=io.StringIO(path.read_bytes().decode()), interpolate=False)[name]


class TestReading:
    """What is read, and what is refused because readers differ."""

    @pytest.mark.parametrize(
        ("line", "value"),
        [
            ("OUR=plain", "plain"),
            ("export OUR=plain", "plain"),
            ("  OUR=plain", "plain"),
            ("OUR='a b # $c \"d\" `e` \\f'", 'a b # $c "d" `e` \\f'),
            ('OUR="it\'s # fine"', "it's # fine"),
            ("OUR='x'   # a remark", "x"),
            ("OUR=postgresql://u:p@h/d?a=b", "postgresql://u:p@h/d?a=b"),
            ("OUR=", ""),
            ("OUR=  # later", ""),
            ("OUR=''", ""),
            ("OUR=schlüssel=", "schlüssel="),
        ],
    )
    def test_reads_what_every_reader_reads_the_same(self, env, line, value):
        path = env(f"# first\n\n{line}\nOTHER=1\n")
        assert read_env_file(path, is_ours) == {"OUR": value}
        if "later" not in line:
            assert read_as_python(path, "OUR") == read_as_node(path, "OUR") == read_as_sh(path, "OUR") == value

    @pytest.mark.parametrize(
        "line",
        [
            f"OUR={CANARY}#x",
            f"OUR={CANARY} # remark",
            f"OUR={CANARY}$x",
            f"OUR={CANARY} two",
            f"OUR={CANARY}\u00a0two",
            f"OUR={CANARY}'x",
            f'OUR={CANARY}"x',
            f"OUR=`{CANARY}`",
            f"OUR={CANARY}\\x",
            f"OUR={CANARY} ",
            f"OUR= {CANARY}",
            f"OUR ={CANARY}",
            f"OUR='{CANARY}\\\\x'",
            f"OUR='{CANARY}\\'x'",
            f'OUR="{CANARY}$x"',
            f'OUR="{CANARY}`x"',
            f'OUR="{CANARY}\\nx"',
            f"OUR='{CANARY}\nx'",
            f"OUR='{CANARY}\x1b[31m'",
            f"OUR='{CANARY}'#x",
            f"OUR='{CANARY}",
            f"OUR='{CANARY}'x",
            f"'OUR'={CANARY}",
            f"OUR-NAME={CANARY}",
            f"OUR {CANARY}",
            f"OUR: {CANARY}",
            "export OUR",
            f"'OUR={CANARY}",
            f"OUR={CANARY}\nOUR={CANARY}2",
        ],
    )
    def test_refuses_what_readers_differ_on_without_repeating_the_value(self, env, line):
        with pytest.raises(ConfigError) as refused:
            read_env_file(env(f"FIRST=1\n{line}\n"), is_ours)
        assert CANARY not in str(refused.value)
        assert "\x1b" not in str(refused.value)
        assert refused.value.exit_status == 2

    def test_names_the_line_the_variable_and_the_quoted_form(self, env):
        with pytest.raises(ConfigError) as refused:
            read_env_file(env("\n\nOTHER=1\n\nOUR=a b\n"), is_ours)
        assert "Line 5 of" in refused.value.sentence
        assert "OUR='...'" in refused.value.what_to_do

    def test_reads_a_connection_string_with_several_parameters_as_other_programs_left_it(self, env):
        path = env("OUR=postgresql://u:p@h/d?a=b&c=d\n")
        assert read_env_file(path, is_ours) == {"OUR": "postgresql://u:p@h/d?a=b&c=d"}
        assert read_as_python(path, "OUR") == read_as_node(path, "OUR") == "postgresql://u:p@h/d?a=b&c=d"

    def test_reads_windows_line_ends_and_a_byte_order_mark(self, env):
        path = env(b"\xef\xbb\xbfOUR=one\r\nOUR2='two'\r\n")
        assert read_env_file(path, is_ours) == {"OUR": "one", "OUR2": "two"}

    def test_leaves_the_values_of_other_programs_alone(self, env):
        assert read_env_file(env("TITLE=My app # 1\nTITLE=again\nOUR=x\n"), is_ours) == {"OUR": "x"}

    def test_expands_no_variable(self, env):
        assert read_env_file(env("OUR='${HOME}'\n"), is_ours) == {"OUR": "${HOME}"}

    def test_refuses_bytes_that_are_not_utf8_and_keeps_none_of_them(self, env):
        with pytest.raises(ConfigError, match="Line 2") as refused:
            read_env_file(env(b"OUR=x\nOUR2=\xff\n"), is_ours)
        assert refused.value.__context__ is None

    def test_refuses_a_file_of_utf16_whole(self, env):
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            with pytest.raises(ConfigError, match=r"\.env is not UTF-8 text\. Save the file as UTF-8\."):
                read_env_file(env("X=1\nOUR=x\n".encode(encoding)), is_ours)

    def test_an_odd_line_of_another_program_is_a_doubt_that_names_it_and_not_the_end(self, env):
        key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqh\n-----END PRIVATE KEY-----"
        last = "OUR='postgresql://app:pw@127.0.0.1:5432/d'\n"
        for lines, said in {
            f"PRIVATE_KEY={key}\nexport FOO\n": "Lines 2, 3 and 4 of",
            "TITLE='open\n": "Line 1 of",
            "TITLE='a\nX=it's\nY='b\n": "Lines 1 and 3 of",
            "X=1\n={CANARY}\n": "Line 2 of",
            b"# caf\xe9\nX=\xff\n": "Lines 1 and 2 of",
            "a\nb\nc\nd\ne\n": "Lines 1, 2, 3 and 2 more of",
            "FOO BAR=1\n": "Line 1 of",
            f"PRIVATE_KEY='{key}'\n": None,
            b"NAME=M\xfcller\n": "Line 1 of .* cannot be read as UTF-8",
            b"# f\xfcr OUR\n": "Line 1 of .* cannot be read as UTF-8",
            b"X OUR=\xfc\n": "Line 1 of .* cannot be read as UTF-8",
            "watch_file $OUR\nunset OUR\n": "Lines 1 and 2 of .* are not NAME=value",
            '{\n"OUR": "x"\n}\n': "Lines 1, 2 and 3 of .* are not NAME=value",
        }.items():
            content = (lines if isinstance(lines, bytes) else lines.encode()) + last.encode()
            path, doubts = env(content), []
            values = read_env_file(path, is_ours, warnings=doubts)
            assert values == {"OUR": "postgresql://app:pw@127.0.0.1:5432/d"}, lines
            assert len(doubts) == (said is not None), lines
            assert all(re.match(said, doubt) and "ignored" in doubt and "MII" not in doubt for doubt in doubts), doubts
            write_env_values(path, {"OUR": "x", "OUR2": "y"})
            assert path.read_bytes() == content.replace(last.encode(), b"OUR='x'\nOUR2='y'\n")

    def test_takes_a_missing_file_and_a_folder_for_no_file(self, tmp_path):
        assert read_env_file(tmp_path / ".env", is_ours) is None
        (tmp_path / ".env").mkdir()
        assert read_env_file(tmp_path / ".env", is_ours) is None


class TestWhoMayReadIt:
    """Owner, mode and kind of the file."""

    @pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
    def test_accepts_a_file_closed_to_others(self, env, mode):
        path = env("OUR=x\n")
        path.chmod(mode)
        assert read_env_file(path, is_ours) == {"OUR": "x"}

    @pytest.mark.parametrize("mode", [0o604, 0o606, 0o620, 0o602, 0o644, 0o660, 0o666])
    def test_refuses_a_file_open_to_others(self, env, mode):
        path = env("OUR=x\n")
        path.chmod(mode)
        with pytest.raises(ConfigError, match="by others than its owner") as refused:
            read_env_file(path, is_ours)
        assert "chmod 600" in refused.value.what_to_do

    def test_allows_the_group_to_read_only_where_root_owns_the_file(self, env):
        path = env("OUR=x\n")
        path.chmod(0o640)
        if os.geteuid() == 0:
            assert read_env_file(path, is_ours) == {"OUR": "x"}
        else:
            with pytest.raises(ConfigError, match="can be read by others"):
                read_env_file(path, is_ours)

    def test_refuses_a_symbolic_link(self, env, tmp_path):
        target = env("OUR=x\n").rename(tmp_path / "real")
        (tmp_path / ".env").symlink_to(target)
        with pytest.raises(ConfigError, match="symbolic link"):
            read_env_file(tmp_path / ".env", is_ours)
        with pytest.raises(ConfigError, match="symbolic link"):
            write_env_values(tmp_path / ".env", {"OUR": "y"})
        assert target.read_text() == "OUR=x\n"

    def test_refuses_a_pipe_without_waiting_for_a_writer(self, tmp_path):
        os.mkfifo(tmp_path / ".env", 0o600)
        with pytest.raises(ConfigError, match="not a plain file"):
            read_env_file(tmp_path / ".env", is_ours)


class TestWriting:
    """Values that are set in a file which other programs read as well."""

    def test_makes_a_new_file_that_only_its_owner_can_read(self, tmp_path):
        path = tmp_path / ".env"
        before = os.umask(0)
        try:
            write_env_values(path, {"OUR": "x y"})
        finally:
            os.umask(before)
        assert path.read_bytes() == b"OUR='x y'\n"
        assert path.stat().st_mode & 0o7777 == 0o600
        assert [file.name for file in tmp_path.iterdir()] == [".env"]

    def test_keeps_every_other_line_byte_for_byte(self, env):
        path = env("# top\n\nMY_OUR='1'\n\n  export OUR='1' # old\nTITLE=My  app # x\nlast=1")
        write_env_values(path, {"OUR": "a#b", "OUR2": "2"})
        assert path.read_text() == ("# top\n\nMY_OUR='1'\n\n  export OUR='a#b'\nTITLE=My  app # x\nlast=1\nOUR2='2'\n")

    def test_replaces_several_names_in_any_order(self, env):
        path = env("OUR1=1\nx=1\nOUR2=2\ny=2\nOUR3=3")
        write_env_values(path, {"OUR3": "third", "OUR1": "the first", "OUR2": ""})
        assert path.read_text() == "OUR1='the first'\nx=1\nOUR2=''\ny=2\nOUR3='third'"

    def test_keeps_windows_line_ends_and_the_byte_order_mark(self, env):
        path = env(b"\xef\xbb\xbfOUR=1\r\nx=1")
        write_env_values(path, {"OUR": "2", "OUR2": "3"})
        assert path.read_bytes() == b"\xef\xbb\xbfOUR='2'\r\nx=1\r\nOUR2='3'\r\n"

    def test_closes_a_file_that_was_open_to_others(self, env):
        path = env("OUR=1\n")
        path.chmod(0o644)
        write_env_values(path, {"OUR": "2"})
        assert path.stat().st_mode & 0o7777 == 0o600

    @pytest.mark.parametrize("value", ['it\'s "both"', "a\nb", "a\x00b", "it's $x", "\\\\'", "\ud800"])
    def test_refuses_what_no_notation_carries_to_every_reader_and_writes_nothing(self, env, value):
        path = env("OUR=1\n")
        with pytest.raises(ConfigError) as refused:
            write_env_values(path, {"OUR": value})
        assert value not in str(refused.value)
        assert path.read_text() == "OUR=1\n"
        assert [file.name for file in path.parent.iterdir()] == [".env"]

    def test_refuses_a_file_that_it_cannot_read_strictly(self, env):
        path = env("OUR='open\n")
        with pytest.raises(ConfigError):
            write_env_values(path, {"OUR": "x"})
        assert path.read_text() == "OUR='open\n"

    def test_says_what_is_wrong_with_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(ConfigError, match="folder"):
            write_env_values(tmp_path / "no" / ".env", {"OUR": "x"})

    @drawn(30, 300, value=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40))
    def test_every_reader_reads_back_what_was_written(self, tmp_path_factory, value):
        path = tmp_path_factory.mktemp("env") / ".env"
        try:
            write_env_values(path, {"OUR": value})
        except ConfigError:
            assert "'" in value or "\\\\" in value or value.endswith("\\")
            return
        assert read_env_file(path, is_ours) == {"OUR": value}
        assert read_as_python(path, "OUR") == value
        assert read_as_node(path, "OUR") == value
        assert read_as_sh(path, "OUR") == value
