"""Which definition files are read, and what becomes of those that are somebody else's or come too late."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.definition_files import GOOD
from tui.errors import UnknownType
from tui.providers import integration_type, registry, type_file_mistakes
from tui.providers.declared.files import MOST_FILES, read_types
from tui.providers.validation import form_values, validate
from tui.settings.type_folders import TypeFolders, type_folders, use_type_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHIPPED = ["plivo", "smtp_imap", "twilio", "whatsapp_cloud"]
BUILT_IN = {"zoho_mail": "Zoho Mail"}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="files of root and of others are made by root alone")


def write(folder: Path, name: str, text: str | None = None, mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.toml"
    file.write_text(
        GOOD.replace("acme_voice", name).replace("Acme voice", f"Title of {name}") if text is None else text
    )
    file.chmod(mode)
    return file


def sentences(tmp_path: Path, *, root: Path | None = None) -> tuple[list[str], list[str]]:
    """The names of the definitions in tmp_path, and what is said, without the folder."""
    folders = TypeFolders(user=str(tmp_path), root=str(root) if root else None)
    read = read_types(folders, BUILT_IN)
    said = [mistake.sentence for file in read.mistakes for mistake in file.mistakes]
    return [name for name in read.definitions if name not in SHIPPED], [s.replace(f"{tmp_path}/", "") for s in said]


def test_a_file_with_a_mistake_leaves_the_others_working(tmp_path: Path) -> None:
    write(tmp_path, "alpha")
    write(tmp_path, "beta", "name = 1")
    write(tmp_path, "gamma")
    write(tmp_path, ".hidden", "an editor's")
    (tmp_path / "notes.txt").write_text("no definition")
    names, said = sentences(tmp_path)
    assert names == ["alpha", "gamma"]
    assert [sentence.partition(":")[0] for sentence in said] == ["Line 1 of beta.toml"] * 4


def test_what_is_no_plain_file_of_ones_own_is_refused(tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere", "link")
    (tmp_path / "link.toml").symlink_to(elsewhere)
    (tmp_path / "folder.toml").mkdir()
    # Opening it must not wait for a writer.
    os.mkfifo(tmp_path / "pipe.toml")
    write(tmp_path, "written_by_others", mode=0o666)
    write(tmp_path, "read_by_others", mode=0o644)
    write(tmp_path, "large", GOOD + "#" * 64_000)
    write(tmp_path, "closed").chmod(0)
    names, said = sentences(tmp_path)
    assert names == (["closed"] if os.geteuid() == 0 else []) + ["read_by_others"]
    assert [sentence for sentence in said if "closed" not in sentence] == [
        "folder.toml is a folder. Put a file there.",
        "large.toml is larger than 64 kB. Check that it is the right file.",
        "link.toml is a symbolic link. Put the file itself there.",
        "pipe.toml is not a plain file. Put a plain file there.",
        "written_by_others.toml can be written by others than its owner. Run: chmod go-w written_by_others.toml",
    ]


@needs_root
def test_somebody_elses_file_is_refused(tmp_path: Path) -> None:
    os.chown(write(tmp_path, "theirs"), 65534, 65534)
    _, said = sentences(tmp_path)
    assert said == [
        "theirs.toml belongs to somebody else. It must belong to the user who runs Switchboard, or to root."
    ]


def test_no_file_takes_the_name_or_the_title_of_an_earlier_type(tmp_path: Path) -> None:
    write(tmp_path, "zoho_mail")
    write(tmp_path, "twilio")
    write(tmp_path, "twilio_2", GOOD.replace("acme_voice", "twilio_2").replace("Acme voice", "tWILIO"))
    write(tmp_path, "zoho_2", GOOD.replace("acme_voice", "zoho_2").replace("Acme voice", "Zoho Mail"))
    names, said = sentences(tmp_path)
    assert names == []
    assert said == [
        "twilio.toml declares twilio, which a file of the package declares already. Give it another one.",
        "twilio_2.toml has the title of the type twilio, or one that looks like it. Give it another one.",
        "zoho_2.toml has the title of the type zoho_mail, or one that looks like it. Give it another one.",
        "zoho_mail.toml declares zoho_mail, which is a built-in type. Give it another one.",
    ]


@pytest.mark.parametrize(
    "title", ["TwiIio", "Twi1io", "Twilio\u2122", "T\u1d21ilio", "\uff34wilio", "Twi-l\u00edo ", "Tvvilio"]
)
def test_a_title_that_looks_like_another_is_refused(tmp_path: Path, title: str) -> None:
    write(tmp_path, "acme", GOOD.replace("acme_voice", "acme").replace("Acme voice", title))
    names, (said,) = sentences(tmp_path)
    assert names == [] and "of the type twilio, or one that looks like it" in said


def test_titles_of_other_scripts_and_other_titles_are_fine(tmp_path: Path) -> None:
    for name, title in (
        ("a", "\u0926\u0932"),
        ("b", "\u0926\u093f\u0932"),
        ("c", "\u65e5\u672c Voice"),
        ("d", "Twilio 2"),
    ):
        write(tmp_path, name, GOOD.replace("acme_voice", name).replace("Acme voice", title))
    assert sentences(tmp_path) == (["a", "b", "c", "d"], [])


@needs_root
def test_roots_files_come_before_the_users_and_behind_the_shipped_ones(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, "acme", mode=0o644)
    write(root, "plivo", mode=0o644)
    write(tmp_path, "acme")
    names, said = sentences(tmp_path, root=root)
    assert names == ["acme"]
    assert said == [
        "root/plivo.toml declares plivo, which a file of the package declares already. Give it another one.",
        "acme.toml declares acme, which a file of root declares already. Give it another one.",
    ]
    read = read_types(TypeFolders(root=str(root)), BUILT_IN)
    assert read.definitions["acme"].origin == "root"


@needs_root
def test_a_folder_that_others_may_write_to_is_not_roots(tmp_path: Path) -> None:
    root = tmp_path / "root"
    os.chown(write(root, "theirs", mode=0o644), 65534, 65534)
    assert sentences(tmp_path, root=root)[1] == [
        "root/theirs.toml does not belong to root. Run: chown root root/theirs.toml"
    ]
    root.chmod(0o777)
    assert sentences(tmp_path, root=root)[1] == [
        f"{root} can be written by others than root. Run: chown root {root}; chmod go-w {root}".replace(
            f"{tmp_path}/", ""
        )
    ]


def test_a_folder_has_so_many_files_at_most(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 1):
        write(tmp_path, f"f{number}", "")
    _, said = sentences(tmp_path)
    assert said[0].endswith(f"has more than {MOST_FILES} files; the others are not read.")
    assert len({sentence for sentence in said if "name is missing" in sentence}) == MOST_FILES


def test_the_locked_console_reads_no_folder_of_the_users() -> None:
    environ = {"XDG_CONFIG_HOME": "/home/asha/.config"}
    open_, locked = (type_folders(environ, locked=locked) for locked in (False, True))
    assert (open_.root, open_.user) == ("/etc/switchboard/types", "/home/asha/.config/switchboard/types")
    assert (locked.root, locked.user) == ("/etc/switchboard/types", None)


@pytest.fixture
def types(tmp_path: Path) -> Iterator[Path]:
    """A folder that types are read from for one test."""
    use_type_folders(TypeFolders(user=str(tmp_path)))
    yield tmp_path
    use_type_folders(TypeFolders())


def test_a_declared_type_is_one_like_any_other(types: Path) -> None:
    assert "acme_voice" not in registry()
    write(types, "acme_voice", GOOD.replace("[check]", '[[field]]\nname = "kept"\nhidden = true\n\n[check]'))
    write(types, "broken", "x")
    use_type_folders(TypeFolders(user=str(types)))
    type_ = integration_type("acme_voice")
    assert [file.path.name for file in type_file_mistakes()] == ["broken.toml"]
    with pytest.raises(UnknownType, match="'broken', as its file has a mistake"):
        integration_type("broken")
    assert type_.definition
    assert type_.definition.origin == "user"
    assert (type_.test is not None, type_.list_numbers is not None, type_.observe is not None) == (True, True, True)
    assert form_values(type_, {"account_id": "AC123", "auth_token": "t"}) == {"account_id": "AC123", "auth_token": ""}
    wrong = validate(type_, {"account_id": "BC1", "auth_token": "t", "kept": 1})
    assert wrong.problems == {"account_id": "A value of the form AC[0-9]{3}, such as AC123."}
    assert wrong.warnings == {}
    assert validate(type_, {}).problems == {
        "account_id": "It is required, such as AC123.",
        "auth_token": "It is required.",
    }


def test_what_is_not_confirmed_is_said_where_the_values_are_typed() -> None:
    assert "Not confirmed with a real account: No live account" in integration_type("twilio").help
    mailbox = integration_type("smtp_imap")
    assert mailbox.refused_again_after_h is None
    assert mailbox.test_unwatched is not None
