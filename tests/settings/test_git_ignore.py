"""Whether git would take a file along, compared with git itself where it is installed."""

import shutil
import subprocess

import pytest

from tui.errors import ConfigError
from tui.settings.git_ignore import add_to_gitignore, git_ignore_state

IGNORE_FILES = [
    ({".gitignore": ".env\n"}, "ignored"),
    ({".gitignore": ".env*\n"}, "ignored"),
    ({".gitignore": "*.env\n"}, "ignored"),
    ({".gitignore": "/.env\n"}, "not ignored"),
    ({".gitignore": "/app/.env\n"}, "ignored"),
    ({".gitignore": "app/.env\r\n"}, "ignored"),
    ({".gitignore": "app/\n"}, "ignored"),
    ({".gitignore": "app\n"}, "ignored"),
    ({".gitignore": ".env/\n"}, "not ignored"),
    ({".gitignore": "**/.env\n"}, "ignored"),
    ({".gitignore": "app/**\n"}, "ignored"),
    ({".gitignore": "app/**\n!app/.env\n"}, "not ignored"),
    ({".gitignore": "app/**/\n"}, "not ignored"),
    ({".gitignore": "*/\n!.env\n"}, "ignored"),
    ({".gitignore": "*\n!*/\n!.env\n"}, "not ignored"),
    ({".gitignore": "!*\n/*\n"}, "ignored"),
    ({".gitignore": "*.env\n!app\n"}, "ignored"),
    ({".gitignore": "ap/.env\na/.env\n"}, "not ignored"),
    ({".gitignore": "**/app/.e?v\n"}, "ignored"),
    ({".gitignore": ".[d-f]nv\n"}, "ignored"),
    ({".gitignore": ".[!d-f]nv\n"}, "not ignored"),
    ({".gitignore": ".[[e]nv\n"}, "ignored"),
    ({".gitignore": "app[!x].env\n"}, "not ignored"),
    ({".gitignore": "*[^-x].env\n*[!]x].env\n"}, "not ignored"),
    ({".gitignore": "\\[!x].env\n.[!x]nv\n"}, "ignored"),
    ({".gitignore": "*\n"}, "ignored"),
    ({".gitignore": "*\n!.env\n"}, "ignored"),
    ({".gitignore": ".env*\n!.env\n"}, "not ignored"),
    ({".gitignore": "!.env\n.env\n"}, "ignored"),
    ({".gitignore": ".env   \n"}, "ignored"),
    ({".gitignore": ".env\t\n"}, "not ignored"),
    ({".gitignore": "# .env\n#.env\n"}, "not ignored"),
    ({".gitignore": "\\.env\n"}, "ignored"),
    ({".gitignore": ".env.local\n.envrc\n"}, "not ignored"),
    ({".gitignore": ".env\n", "app/.gitignore": "!.env\n"}, "not ignored"),
    ({"app/.gitignore": "/.env\n"}, "ignored"),
    ({".git/info/exclude": ".env\n"}, "ignored"),
    ({".git/info/exclude": ".env\n", ".gitignore": "!.env\n"}, "not ignored"),
    ({".gitignore": "[\n[z-a]\n.env\\\n"}, "not ignored"),
    ({}, "not ignored"),
]


@pytest.fixture
def tree(tmp_path):
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / "app").mkdir()
    return tmp_path


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("files", "state"), IGNORE_FILES)
def test_reads_ignore_files_as_git_does(tree, files, state):
    for name, content in files.items():
        (tree / name).write_text(content, newline="")
    assert git_ignore_state(tree / "app" / ".env") == state
    if shutil.which("git"):
        for name in ("objects", "refs"):
            (tree / ".git" / name).mkdir()
        (tree / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        command = ["git", "-C", str(tree), "-c", "core.excludesFile=", "check-ignore", "-q", "app/.env"]
        assert subprocess.run(command, check=False).returncode == (0 if state == "ignored" else 1)


def test_knows_a_folder_that_is_in_no_work_tree(tmp_path):
    assert git_ignore_state(tmp_path / ".env") == "not in git"


def test_finds_the_exclude_file_of_a_linked_work_tree(tree, tmp_path_factory):
    linked = tmp_path_factory.mktemp("linked")
    private = tree / ".git" / "worktrees" / "linked"
    private.mkdir(parents=True)
    (private / "commondir").write_text("../..\n")
    (linked / ".git").write_text(f"gitdir: {private}\n")
    (tree / ".git" / "info" / "exclude").write_text(".env\n")
    assert git_ignore_state(linked / ".env") == "ignored"


def test_says_when_git_has_the_file_already(tree):
    if not shutil.which("git"):
        entry = bytes(60) + b"\x00\x08app/.env\x00"
        (tree / ".git" / "index").write_bytes(b"DIRC\x00\x00\x00\x02\x00\x00\x00\x01" + entry)
    else:
        (tree / "app" / ".env").write_text("x")
        subprocess.run(["git", "init", "-q", str(tree)], check=True)
        subprocess.run(["git", "-C", str(tree), "add", "app/.env"], check=True)
    (tree / ".gitignore").write_text(".env\n")
    assert git_ignore_state(tree / "app" / ".env") == "tracked"
    assert git_ignore_state(tree / ".env") == "ignored"


@pytest.mark.parametrize("before", [None, "", "x", "x\n", "!.env\n"])
@pytest.mark.parametrize("name", [".env", "a [1]*.env", "#x", "!x", "ends "])
def test_the_line_it_adds_makes_the_file_ignored(tree, before, name):
    if before is not None:
        (tree / "app" / ".gitignore").write_text(before)
    file = add_to_gitignore(tree / "app" / name)
    assert git_ignore_state(tree / "app" / name) == "ignored"
    assert file.read_text().startswith(before or "")
    assert git_ignore_state(tree / "app" / "other") == "not ignored"


def test_does_not_write_through_a_symbolic_link(tree, tmp_path_factory):
    target = tmp_path_factory.mktemp("elsewhere") / "file"
    target.write_text("kept")
    (tree / ".gitignore").symlink_to(target)
    with pytest.raises(ConfigError):
        add_to_gitignore(tree / ".env")
    assert target.read_text() == "kept"
