"""The lines of docs/key_sources.md, with the real programs, and what becomes of a program that does not do its part."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.acme import KEY, SALT
from tui.data.keys.master_key import MasterKey
from tui.data.keys.sources import COMMAND, read_keyring
from tui.errors import MasterKeyError

if TYPE_CHECKING:
    from tui.data.keys.encryption import Keyring

DOCUMENT = Path(__file__).parents[3] / "docs" / "key_sources.md"


def lines() -> dict[str, str]:
    """The lines that the document says are tested, by their program."""
    rows = re.findall(r"^\|[^|]*\| `([^`]+)` \| yes \|$", DOCUMENT.read_text(encoding="utf-8"), re.M)
    return {line.split()[0]: line for line in rows}


def read(line: str) -> Keyring:
    return read_keyring([(COMMAND, line, "a test")])


def with_age(folder: Path) -> None:
    identity = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
    (folder / "identity.txt").write_text(identity)
    (recipient,) = re.findall(r"public key: (age1\S+)", identity)
    encrypt = ["age", "--encrypt", "--recipient", recipient, "--output", str(folder / "master.age")]
    subprocess.run(encrypt, input=f"{KEY}\n", text=True, check=True)


def with_systemd(folder: Path) -> None:
    encrypt = ["systemd-creds", "encrypt", "--name=switchboard", "-", str(folder / "master.cred")]
    subprocess.run(encrypt, input=f"{KEY}\n", text=True, check=True, stderr=subprocess.DEVNULL)


@pytest.mark.debian
@pytest.mark.parametrize(("program", "keep"), [("age", with_age), ("systemd-creds", with_systemd)])
def test_a_documented_line_gives_the_key(program: str, keep: object, tmp_path: Path) -> None:
    if shutil.which(program) is None or (program == "systemd-creds" and os.geteuid() != 0):
        pytest.skip(f"{program} is not here, or not for this user")
    keep(tmp_path)  # type: ignore[operator]
    key = read(lines()[program].replace("/etc/switchboard", str(tmp_path))).current
    assert key is not None and key.key_id(SALT) == MasterKey(KEY, "a test").key_id(SALT)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo the-key-itself; exit 3", r"failed \(exit status 3\)"),
        ("kill -9 $$", r"failed \(signal 9\)"),
        ("read answer < /dev/tty || exit 4", r"failed \(exit status 4\)"),
        ("read answer || exit 5", r"failed \(exit status 5\)"),
        ("true", "is empty"),
    ],
    ids=["fails", "is killed", "asks the terminal", "asks its input", "prints nothing"],
)
def test_a_program_that_does_not_do_its_part_is_a_sentence_without_what_it_printed(script: str, said: str) -> None:
    with pytest.raises(MasterKeyError, match=said) as refused:
        read(f"sh -c '{script}'")
    assert "the-key-itself" not in f"{refused.value.sentence} {refused.value.what_to_do}"


def test_two_lines_are_another_key() -> None:
    one, two = read(f"printf '%s\\n' {KEY}").current, read(f"printf '%s\\nremark\\n' {KEY}").current
    assert one is not None and two is not None and not one.same_as(two)
