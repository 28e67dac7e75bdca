"""The README is a promise: what it says of keys, commands, variables and pictures is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

from tests.generate.key_tables import README, key_table, key_table_in_readme
from tui.settings.settings import MASTER_KEY_NAMES, PREVIOUS_KEY_NAMES, SERVICE_ROLE_NAME, SWITCHBOARD_NAMES

TEXT = README.read_text(encoding="utf-8")
EXAMPLE = (README.parent / ".env.example").read_text(encoding="utf-8")
NAMES = (*MASTER_KEY_NAMES, *PREVIOUS_KEY_NAMES, *SWITCHBOARD_NAMES, SERVICE_ROLE_NAME, "DATABASE_URL")


def test_the_key_table_is_the_one_the_bindings_give() -> None:
    assert key_table_in_readme() == key_table()


def test_every_variable_is_in_the_configuration_table_and_in_the_example() -> None:
    for name in NAMES:
        assert f"`{name}`" in TEXT, name
        assert re.search(rf"^(# )?{name}=", EXAMPLE, re.MULTILINE), name


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\((docs/[^)]+)\)", TEXT)
    assert len(pictures) >= 8
    for picture in pictures:
        svg = (Path(README.parent) / picture).read_text(encoding="utf-8")
        assert "<svg" in svg
        assert "http" not in svg.replace("http://www.w3.org", "")


def test_every_document_that_is_named_is_there() -> None:
    named = re.findall(r"(?<!!)\[[^\]]*\]\((docs/[^)]+)\)", TEXT)
    assert named
    assert [one for one in named if not (README.parent / one).is_file()] == []


def test_the_sshd_block_is_the_one_of_the_document_on_ssh() -> None:
    blocks = [block for block in TEXT.split("```") if "\n    ForceCommand" in block]
    assert len(blocks) == 1
    assert f"```{blocks[0]}```" in (README.parent / "docs" / "ssh.md").read_text(encoding="utf-8")


def test_the_three_messages_people_search_for_are_explained() -> None:
    for message in (
        "ENCRYPTION_MASTER_KEY not configured",
        'relation "integration_credentials" does not exist',
        "permission denied",
    ):
        assert message in TEXT[TEXT.index("## Troubleshooting") :]
