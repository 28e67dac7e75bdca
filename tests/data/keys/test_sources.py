"""Master keys from variables, files and commands."""

import os
import shlex
import sys
import time

import psutil
import pytest

from tests.support.waiting import wait_until
from tui.data.keys import sources as key_sources
from tui.data.keys.master_key import MasterKey
from tui.data.keys.sources import (
    COMMAND,
    FILE,
    PREVIOUS,
    PREVIOUS_FILE,
    SERVICE_ROLE,
    VALUE,
    read_keyring,
    standing_warning,
    wrapping_warnings,
)
from tui.errors import MasterKeyError

CANARY = "canary-key-5e0b"


def keyring(**values):
    return read_keyring([(name, value, "the environment") for name, value in values.items()])


def is_key(key, text):
    return key is not None and key.same_as(MasterKey(text, "test"))


@pytest.fixture
def key_file(tmp_path):
    def write(content, mode=0o600):
        path = tmp_path / "key"
        path.write_bytes(content)
        path.chmod(mode)
        return str(path)

    return write


def is_running(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def python(program):
    return shlex.join([sys.executable, "-c", program])


class TestValue:
    """The key itself in a variable."""

    @pytest.mark.parametrize("text", [CANARY, f" {CANARY}\n", f"{CANARY}\r\n", "e\u0301", "\u00e9", "x"])
    def test_is_never_trimmed_or_normalised(self, text):
        assert is_key(keyring(**{VALUE: text}).current, text)

    def test_names_where_it_came_from(self):
        assert keyring(**{VALUE: CANARY}).current.source == "ENCRYPTION_MASTER_KEY (the environment)"

    def test_an_empty_value_is_no_key(self):
        assert keyring(**{VALUE: ""}).current is None
        assert keyring().current is None

    def test_what_is_not_utf8_is_refused(self):
        with pytest.raises(MasterKeyError, match="UTF-8") as refused:
            keyring(**{VALUE: f"{CANARY}\udcff"})
        assert CANARY not in str(refused.value)


class TestTwoSources:
    """Nobody has to guess which key was used."""

    @pytest.mark.parametrize("names", [(VALUE, FILE), (VALUE, COMMAND), (FILE, COMMAND), (PREVIOUS, PREVIOUS_FILE)])
    def test_are_refused_by_name_before_either_is_read(self, names):
        with pytest.raises(MasterKeyError) as refused:
            keyring(**dict.fromkeys(names, f"/{CANARY}"))
        assert all(name in refused.value.sentence for name in names)
        assert CANARY not in str(refused.value)
        assert refused.value.exit_status == 4


class TestFile:
    """The key in a file of its own."""

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"key", "key"),
            (b"key\n", "key"),
            (b"key\r\n", "key"),
            (b"key\n\n", "key\n"),
            (b" key \n", " key "),
            (b"key\r", "key\r"),
            (b"two\nlines\n", "two\nlines"),
            ("schlüssel\n".encode(), "schlüssel"),
        ],
    )
    def test_loses_exactly_one_line_end(self, key_file, content, text):
        assert is_key(keyring(**{FILE: key_file(content)}).current, text)

    @pytest.mark.parametrize("mode", [0o604, 0o644, 0o620, 0o602, 0o666])
    def test_is_refused_when_it_is_open_to_others(self, key_file, mode):
        with pytest.raises(MasterKeyError, match="by others") as refused:
            keyring(**{FILE: key_file(CANARY.encode(), mode)})
        assert CANARY not in str(refused.value)

    def test_may_be_reached_through_a_link_as_mounted_secrets_are(self, key_file, tmp_path):
        (tmp_path / "link").symlink_to(key_file(b"key"))
        assert is_key(keyring(**{FILE: str(tmp_path / "link")}).current, "key")

    @pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"\xff" * 40, b"x" * 70_000])
    def test_is_refused_when_it_holds_no_key(self, key_file, content):
        with pytest.raises(MasterKeyError, match=FILE) as refused:
            keyring(**{FILE: key_file(content)})
        assert refused.value.__context__ is None

    def test_is_refused_when_it_is_missing_a_folder_or_a_pipe(self, tmp_path):
        os.mkfifo(tmp_path / "pipe", 0o600)
        for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe", "nul\0"):
            with pytest.raises(MasterKeyError, match=FILE):
                keyring(**{FILE: str(path)})

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
    def test_of_somebody_else_is_refused(self, key_file):
        path = key_file(b"key")
        os.chown(path, 65534, 65534)
        with pytest.raises(MasterKeyError, match="somebody else"):
            keyring(**{FILE: path})


class TestCommand:
    """The key from a program's standard output."""

    def test_gives_the_key_without_one_line_end(self):
        assert is_key(keyring(**{COMMAND: "printf ' key\\n\\n'"}).current, " key\n")

    def test_is_run_without_a_shell(self):
        assert is_key(keyring(**{COMMAND: "echo $HOME; echo '`id` a  b' | cat"}).current, "$HOME; echo `id` a  b | cat")

    @pytest.mark.parametrize(
        "command",
        [
            python(f"import sys; print('{CANARY}'); sys.exit('{CANARY}')"),
            python(f"import os; print('{CANARY}', flush=True); os.kill(os.getpid(), 9)"),
            python(f"import sys; sys.stdout.buffer.write(b'\\xff{CANARY}')"),
            python("pass"),
            python(f"print('{CANARY}' * 10_000)"),
            f"no-such-program-{CANARY} x",
            f"/{CANARY}/x",
            f"'{CANARY}",
            "   ",
            f"nul\0{CANARY}",
        ],
    )
    def test_that_fails_is_reported_without_a_word_of_it(self, command, capfd):
        with pytest.raises(MasterKeyError, match=COMMAND) as refused:
            keyring(**{COMMAND: command})
        assert CANARY not in str(refused.value)
        assert capfd.readouterr() == ("", "")
        assert refused.value.__context__ is None or CANARY not in str(refused.value.__context__)

    def test_has_no_input_to_wait_for(self):
        assert is_key(keyring(**{COMMAND: python("import sys; print(repr(sys.stdin.read()))")}).current, "''")

    @pytest.mark.parametrize(
        "program",
        [
            "import time; print('key', flush=True); time.sleep(600)",
            "import os, time; print('key', flush=True); os.close(1); time.sleep(600)",
            "while True: print('key' * 10_000)",
        ],
    )
    def test_that_does_not_end_is_ended(self, program, monkeypatch):
        monkeypatch.setattr(key_sources, "COMMAND_TIMEOUT_S", 0.5)
        started = time.monotonic()
        with pytest.raises(MasterKeyError, match=COMMAND):
            keyring(**{COMMAND: python(program)})
        assert time.monotonic() - started < 5

    def test_that_leaves_a_child_with_its_output_is_ended_with_the_child(self, tmp_path, monkeypatch):
        monkeypatch.setattr(key_sources, "COMMAND_TIMEOUT_S", 2.0)
        pid_file = tmp_path / "pid"
        program = f"import subprocess; open({str(pid_file)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
        with pytest.raises(MasterKeyError, match="did not end"):
            keyring(**{COMMAND: python(program)})
        wait_until(lambda: not is_running(int(pid_file.read_text())), timeout=5)

    def test_that_floods_is_stopped_before_its_time_is_over(self):
        started = time.monotonic()
        with pytest.raises(MasterKeyError, match="too long"):
            keyring(**{COMMAND: "yes"})
        assert time.monotonic() - started < 5


class TestPreviousKeys:
    """Earlier keys, still opened and never written with."""

    def test_the_variable_holds_exactly_one(self):
        (previous,) = keyring(**{VALUE: "now", PREVIOUS: "a\nb"}).previous
        assert is_key(previous, "a\nb")

    def test_the_file_holds_one_on_each_line(self, key_file):
        ring = keyring(**{VALUE: "now", PREVIOUS_FILE: key_file(b"one\r\n\ntwo \nnow\n")})
        assert [is_key(key, text) for key, text in zip(ring.previous, ["one", "two "], strict=True)] == [True, True]
        assert ring.previous[1].source.endswith("line 3")


class TestWhatStandsRoundTheKey:
    """Quotes and line breaks that another reader of the same variable would take off."""

    def test_is_part_of_it_and_named_together_with_the_other_reading(self):
        for text, wrapping in {
            "'key'": "quotes",
            '"key"': "quotes",
            "\u201ckey\u201d": "quotes",
            "key\n": "line break",
            "key\r\n": "line break",
            " key": "blanks",
            "\ufeffkey": "byte order mark",
            "'key": "quotes",
            "key\u201d": "quotes",
            "\u201ekey\u201c": "quotes",
            "'key'\n": "line break and quotes",
            "'key\n'": "quotes and line break",
        }.items():
            ring = keyring(**{VALUE: text})
            assert is_key(ring.current, text)
            assert is_key(ring.current.without_wrapping(), "key"), ascii(text)
            assert ring.current.wrapping == wrapping
            words = wrapping.replace("line", "a line").replace("byte", "a byte")
            (warning,) = wrapping_warnings(ring)
            assert (
                f"The master key from {ring.current.source} begins or ends with {words}, and that is part" in warning[0]
            )
            (warning,) = wrapping_warnings(keyring(**{VALUE: "now", PREVIOUS: text}))
            assert f"The earlier key from {PREVIOUS} (the environment) begins or ends with {words}," in warning[0]
            assert "key" not in repr(ring.current.without_wrapping()).lower().replace("masterkey", "")
        for text in ("key", "k'e'y", "'", "''", "\"'", "a b"):
            ring = keyring(**{VALUE: text})
            assert ring.current.without_wrapping() is None, text
            assert wrapping_warnings(ring) == []


class TestServiceRoleKey:
    """The key of last resort."""

    def test_is_the_master_key_where_there_is_no_other_and_says_so_for_good(self):
        ring = keyring(**{SERVICE_ROLE: "role key"})
        assert is_key(ring.current, "role key")
        assert "would lose every credential" in standing_warning(ring)[0]

    @pytest.mark.parametrize("name", [VALUE, COMMAND])
    def test_gives_way_to_any_other_source(self, name):
        ring = keyring(**{SERVICE_ROLE: "role key", name: "printf x" if name == COMMAND else "x"})
        assert is_key(ring.current, "x")
        assert standing_warning(ring) is None

    def test_does_not_stand_in_for_a_source_that_fails(self):
        with pytest.raises(MasterKeyError):
            keyring(**{SERVICE_ROLE: "role key", FILE: "/no/such/file"})
